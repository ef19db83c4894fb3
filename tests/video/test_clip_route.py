"""Every mode goes through the CLIP route: random weights, every kind of tower.

Masks of random weights mean nothing. What is tested is that every mode and every refinement
runs with a model whose maps come from Grad-CAM and whose classifier sees prompted pictures, and
that the answer has the promised form.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch

from car_video import ImageSegmenter, VideoSegmenter, segment_stream
from car_video.config import Config, SegmentConfig, load_preset
from car_video.config.calibration import Calibration
from car_video.config.segment import Refine
from car_video.errors import ConfigError
from car_video.models.pair import ModelPair
from car_video.models.sam.base import MaskModel
from car_video.models.sam.registry import load_mask_model
from car_video.types import Frame, FramePrediction
from tests.models.clip.families import FAMILIES, tiny_model

EXPRESSIONS = ["a red ball", "a green frog"]
SIZE = 72, 96
GENERATOR = np.random.default_rng(0)
FRAMES = [
    Frame(n, n / 24, GENERATOR.integers(0, 256, (*SIZE, 3)).astype(np.uint8)) for n in range(2)
]
REFINEMENTS: tuple[Refine, ...] = ("sam", "crf", "none")
FAST = load_preset("fast").video
VIDEOS = {
    "online": Config().video,
    "fast": FAST,
    "offline": replace(Config().video, mode="offline"),
    "per-frame": replace(Config().video, mode="per-frame"),
}


@cache
def pair(family: str, classifier: str = "") -> ModelPair:
    """The preset of CLIP models is found by the name."""
    model = tiny_model(family)
    return ModelPair("clip-b16", model, tiny_model(classifier) if classifier else model)


@cache
def sam() -> MaskModel:
    return load_mask_model("mobile", pair("vit").device)


def settings(refine: Refine) -> SegmentConfig:
    """Those of the preset, on small pictures."""
    clip = load_preset("clip").segment
    return replace(
        clip,
        refine=refine,
        proposal=replace(clip.proposal, size=96),
        sam=replace(clip.sam, side=128, points=2),
    )


def assert_promised(found: FramePrediction) -> None:
    assert found.masks.shape == (2, *SIZE)
    assert found.masks.dtype == bool
    assert found.scores.shape == found.present.shape == (2,)
    assert np.isfinite(found.scores).all()
    assert ((found.scores >= 0) & (found.scores <= 1)).all()
    assert not found.masks[~found.present].any()


EACH_WITH_EACH = [
    # Each family and each refinement in the quick tests, all pairs in the slow ones.
    pytest.param(family, refine, marks=() if quick else pytest.mark.slow)
    for number, family in enumerate(FAMILIES)
    for refine in REFINEMENTS
    for quick in [number == 0 or refine == "none"]
]


@pytest.mark.parametrize(("family", "refine"), EACH_WITH_EACH)
def test_a_picture(family: str, refine: Refine) -> None:
    segmenter = ImageSegmenter(pair(family), EXPRESSIONS, settings(refine), sam())
    assert segmenter.config.classifier.prompts, "the CLIP route prompts pictures"
    assert_promised(segmenter.segment(FRAMES[0].image))


@pytest.mark.parametrize(("family", "refine"), EACH_WITH_EACH)
@pytest.mark.parametrize("mode", VIDEOS)
def test_a_video(family: str, refine: Refine, mode: str) -> None:
    frames = segment_stream(
        pair(family), FRAMES, EXPRESSIONS, settings(refine), VIDEOS[mode], mask_model=sam()
    )
    found = [prediction for _, prediction in frames]
    assert [one.index for one in found] == [0, 1]
    for one in found:
        assert_promised(one)


@pytest.mark.parametrize("classifier", FAMILIES[1:])
def test_two_models(classifier: str) -> None:
    """CaR's pair: another model classifies."""
    segmenter = VideoSegmenter(
        pair("vit", classifier), EXPRESSIONS, settings("none"), mask_model=sam()
    )
    for frame in FRAMES:
        assert_promised(segmenter.step(frame))


@pytest.mark.parametrize("family", FAMILIES)
def test_regions_that_are_given(family: str) -> None:
    masks = np.zeros((3, *SIZE), bool)
    masks[0, 10:40, 10:50] = masks[1, 30:, 60:] = True  # the third is empty
    segmenter = ImageSegmenter(pair(family), EXPRESSIONS, settings("none"), sam())
    odds = segmenter.region_odds(FRAMES[0].image, masks)
    assert odds.shape == (3, 2)
    assert odds.dtype == np.float32
    assert np.isfinite(odds).all()


def with_centre(file: Path, centre: list[float]) -> SegmentConfig:
    """Settings with a calibration that has nothing else, in this file."""
    made = Calibration(
        "clip-b16", made="2026-11-28", data="x", log_loss=0.5, centre=tuple(centre)
    )
    made.save(file)
    return replace(settings("none"), calibration=str(file))


@pytest.mark.parametrize("family", ["vit", "resnet"])
def test_a_centre_of_pictures_counts_in_the_maps(family: str, tmp_path: Path) -> None:
    plain = ImageSegmenter(pair(family), EXPRESSIONS, settings("none"))
    pixels = FRAMES[0].image
    middle = np.roll(plain.picture_embedding(pixels), 1)
    found = []
    for number, centre in enumerate((0 * middle, middle)):
        file = tmp_path / f"{number}.json"
        config = with_centre(file, centre.tolist())
        segmenter = ImageSegmenter(pair(family), EXPRESSIONS, config)
        found.append(segmenter.recur(segmenter.encode(pixels), max_steps=1).maps)
    without = plain.recur(plain.encode(pixels), max_steps=1).maps
    assert torch.equal(found[0], without), "bit for bit"
    assert not torch.equal(found[1], without)


def test_a_centre_of_another_model(tmp_path: Path) -> None:
    config = with_centre(tmp_path / "c.json", [1.0, 2.0])
    with pytest.raises(ConfigError, match="centre has 2 numbers"):
        ImageSegmenter(pair("vit"), EXPRESSIONS, config)
