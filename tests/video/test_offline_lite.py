"""Batches with the real networks, in float32: the same to rounding."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from car_video.config import ProposalConfig, SamRefineConfig, SegmentConfig
from car_video.config.video import OfflineConfig, VideoConfig
from car_video.types import Frame
from car_video.video.offline import OfflineSegmenter
from car_video.video.segmenter import VideoSegmenter

torch.set_num_threads(1)
PICTURE = Path(__file__).resolve().parents[2] / "docs" / "pictures" / "person.png"
SMALL = SegmentConfig(
    proposal=ProposalConfig(size=128), sam=SamRefineConfig(side=192), presence_threshold=0.05
)


def close(one: Tensor, other: Tensor) -> None:
    torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-4 * float(other.abs().max()))


@pytest.mark.slow
def test_three_frames_at_once_are_three_frames(
    monkeypatch: pytest.MonkeyPatch, lite: Any, mobile_sam: Any
) -> None:
    monkeypatch.setattr(
        "car_video.segment.segmenter.load_mask_model", lambda name, device: mobile_sam
    )
    with Image.open(PICTURE) as picture:
        photo = np.asarray(picture.convert("RGB").resize((200, 140)))
    frames = [Frame(n, float(n), photo[10:130, 4 * n : 4 * n + 160].copy()) for n in range(3)]
    seen: list[list[tuple[Tensor, Tensor, Tensor, Tensor]]] = []
    answers = []
    for batch in (1, 3):
        video = VideoConfig(mode="offline", offline=OfflineConfig(3, batch))
        segmenter = VideoSegmenter(lite, ["the person"], SMALL, video)
        parts: list[tuple[Tensor, Tensor, Tensor, Tensor]] = []
        follow = segmenter.follow

        def noted(observation, *times, follow=follow, parts=parts):  # type: ignore[no-untyped-def]
            logits, scores = follow(observation, *times)
            frame = observation.frame
            parts.append(
                (logits, torch.from_numpy(scores), frame.embedding.tokens, frame.features)
            )
            return logits, scores

        monkeypatch.setattr(segmenter, "follow", noted)
        late = OfflineSegmenter(segmenter)
        answers.append([p for frame in frames for _, p in late.push(frame)])
        seen.append(parts)
    assert len(seen[0]) == len(seen[1]) == len(answers[0]) == len(answers[1]) == 3
    for alone, together in zip(*seen, strict=True):
        for one, other in zip(together, alone, strict=True):
            close(one, other)
    for alone, together in zip(*answers, strict=True):
        assert together.present.tolist() == alone.present.tolist() == [True]
        assert (together.masks == alone.masks).mean() > 0.999
        assert alone.masks.sum() > 100
