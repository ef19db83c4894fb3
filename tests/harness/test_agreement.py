"""What the pipeline says does not depend on the geometry of a model's embeddings."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from benchmarks.shared_encodings import Encodings, SharedSam
from car_video import VideoSegmenter, load_preset, read_frames
from car_video.models.pair import ModelPair, as_pair
from car_video.models.sam.mobile_sam import MobileSam
from car_video.segment.resizing import to_cells, to_pixels
from tests.harness.clip_geometry import moved
from tests.harness.outcomes import Distance, distance, outcomes

pytestmark = pytest.mark.slow  # both models look at whole pictures

CLIP = Path(__file__).resolve().parents[2] / "examples" / "person.mp4"
SECONDS = 1.0, 4.2
"""Frames of the clip: one without the person, one with him."""


@pytest.fixture(scope="module")
def plain_route(lite: ModelPair, mobile_sam: MobileSam) -> Distance:
    """Between lite and lite in CLIP's geometry, both with the dense map."""
    cpu = torch.device("cpu")
    sam = SharedSam(mobile_sam, "mobile", Encodings())
    pictures = [next(iter(read_frames(CLIP, start=start))).image for start in SECONDS]
    own = lite.proposer
    model = moved(own, to_cells(to_pixels(pictures[1], cpu, 1920), 768, own.stride))
    first, second = (
        outcomes(one, sam, pictures, ["a person", "a chair"])  # type: ignore[arg-type]
        for one in (own, model)
    )
    return distance(first, second)


def test_masks_by_the_dense_map(plain_route: Distance) -> None:
    """Of the person where he is not and where he is, and of the chair there."""
    assert min(plain_route.mask[:3]) >= 0.99


def test_presence_by_the_dense_map(plain_route: Distance) -> None:
    assert plain_route.score <= 0.01


def test_tracks_by_the_dense_map(lite: ModelPair, mobile_sam: MobileSam) -> None:
    """A person comes in: masks, and when and how surely he is said to be present."""
    sam = SharedSam(mobile_sam, "mobile", Encodings())
    frames = list(read_frames(CLIP, start=2.0, end=4.2, stride=12))
    own, cpu = lite.proposer, torch.device("cpu")
    model = moved(own, to_cells(to_pixels(frames[-1].image, cpu, 1920), 512, own.stride))
    config = load_preset("fast")
    first, second = (
        [segmenter.step(frame) for frame in frames]
        for segmenter in (
            VideoSegmenter(
                as_pair(one),  # type: ignore[arg-type]
                ["a person in dark clothes", "a dog"],
                config.segment,
                config.video,
                mask_model=sam,
            )
            for one in (own, model)
        )
    )
    shown = np.array([one.present for one in first])
    assert shown.any()
    assert not shown.all()
    assert np.array_equal(shown, [one.present for one in second])
    for one, other in zip(first, second, strict=True):
        np.testing.assert_allclose(other.scores, one.scores, atol=0.01)
        for a, b in zip(one.masks, other.masks, strict=True):
            assert (a & b).sum() >= 0.99 * (a | b).sum()
