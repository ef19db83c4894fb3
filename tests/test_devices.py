"""The whole pipeline on every device that this machine has, against the CPU in float32.

On the CPU itself this says that the same input gives the same masks twice.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from car_video import ImageSegmenter, VideoSegmenter, load_model
from car_video.config import ProposalConfig, SamRefineConfig, SegmentConfig
from car_video.models.pair import ModelPair
from tests.models.clip.families import FAMILIES, tiny_model

PICTURE = Path(__file__).resolve().parents[1] / "docs" / "pictures" / "person.png"
SMALL = SegmentConfig(
    proposal=ProposalConfig(size=160), sam=SamRefineConfig(side=256), presence_threshold=0.05
)
pytestmark = pytest.mark.slow  # loads a second model, and each test runs twice

ROUNDING = 0.01  # of the pixels: another device adds up in another order


@pytest.fixture(scope="module")
def photo() -> np.ndarray:
    with Image.open(PICTURE) as picture:
        return np.asarray(picture.convert("RGB").resize((240, 140)))


@lru_cache
def loaded(device: torch.device) -> ModelPair:
    """Another one than that of all tests, on the CPU too: two are compared."""
    return load_model("lite", str(device), "float32")


def alike(found: np.ndarray, expected: np.ndarray) -> bool:
    return bool((found != expected).mean() <= ROUNDING)


@pytest.mark.parametrize("refine", ["sam", "crf", "none"])
def test_pictures(device: torch.device, lite: Any, photo: np.ndarray, refine: str) -> None:
    config = replace(SMALL, refine=refine)
    expected = ImageSegmenter(lite, ["the person", "a table"], config).segment(photo)
    found = ImageSegmenter(loaded(device), ["the person", "a table"], config).segment(photo)
    assert expected.masks.any()
    assert alike(found.masks, expected.masks)
    np.testing.assert_allclose(found.scores, expected.scores, atol=1e-2)


def test_videos(device: torch.device, lite: Any, photo: np.ndarray) -> None:
    frames = [photo[4:124, 4 * n : 4 * n + 200].copy() for n in range(3)]
    on_cpu = VideoSegmenter(lite, ["the person"], SMALL)
    on_device = VideoSegmenter(loaded(device), ["the person"], SMALL)
    for frame in frames:
        expected, found = on_cpu.step(frame), on_device.step(frame)
        assert alike(found.masks, expected.masks)
        assert found.present.tolist() == expected.present.tolist()
    assert expected.masks.any()


@pytest.mark.parametrize("family", FAMILIES)
def test_clip_families(device: torch.device, photo: np.ndarray, family: str) -> None:
    config = replace(SMALL, refine="crf", proposal=ProposalConfig(size=96))
    answers = []
    for place in (torch.device("cpu"), device):
        model = tiny_model(family, place)
        pair = ModelPair(family, model, model)
        answers.append(ImageSegmenter(pair, ["a person", "a table"], config).segment(photo))
    assert alike(answers[1].masks, answers[0].masks)
    np.testing.assert_allclose(answers[1].scores, answers[0].scores, atol=1e-2)
