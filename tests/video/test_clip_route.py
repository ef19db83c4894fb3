"""The default video mode goes through the CLIP route: random weights, every kind of tower.

Masks of random weights mean nothing. What is tested is that every mode and every refinement
runs with a model whose maps come from Grad-CAM and whose classifier sees prompted pictures, and
that the answer has the promised form.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import torch

from car_video import VideoSegmenter, segment_stream
from car_video.config import Config, ProposalConfig, SamRefineConfig, SegmentConfig
from car_video.models.pair import ModelPair
from car_video.types import Frame
from tests.models.clip.families import FAMILIES, tiny_model

EXPRESSIONS = ["a red ball", "a green frog"]
SMALL = SegmentConfig(proposal=ProposalConfig(size=96), sam=SamRefineConfig(side=128, points=2))
GENERATOR = np.random.default_rng(0)
FRAMES = [
    Frame(n, n / 24, GENERATOR.integers(0, 256, (72, 96, 3)).astype(np.uint8)) for n in range(3)
]


@cache
def pair(family: str) -> ModelPair:
    model = tiny_model(family)
    return ModelPair(family, model, model)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("refine", ["sam", "crf", "none"])
def test_the_default_mode(family: str, refine: str) -> None:
    config = replace(SMALL, refine=refine)
    segmenter = VideoSegmenter(pair(family), EXPRESSIONS, config)
    assert segmenter.image.config.classifier.prompts, "the CLIP route prompts pictures"
    for frame in FRAMES:
        prediction = segmenter.step(frame)
        assert prediction.masks.shape == (2, 72, 96)
        assert np.isfinite(prediction.scores).all()
        assert not prediction.masks[~prediction.present].any()


@pytest.mark.parametrize("mode", ["per-frame", "online", "offline"])
def test_every_mode(mode: str) -> None:
    video = replace(Config().video, mode=mode)
    frames = segment_stream(pair("vit"), FRAMES, EXPRESSIONS, SMALL, video)
    found = [prediction for _, prediction in frames]
    assert [p.index for p in found] == [0, 1, 2]
    assert all(torch.isfinite(torch.from_numpy(p.scores)).all() for p in found)
