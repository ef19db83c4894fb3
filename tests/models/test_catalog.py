"""What the catalog says of a model beside its name."""

from __future__ import annotations

import pytest

from car_video import ImageSegmenter, VideoSegmenter
from car_video.config import SegmentConfig, load_preset, preset_names
from car_video.models.catalog import (
    ModelInfo,
    available_models,
    check_name,
    default_config,
    default_preset,
)
from car_video.models.pair import ModelPair
from tests.models.clip.families import tiny_model


@pytest.mark.parametrize("info", available_models(), ids=lambda info: info.name)
def test_every_model_names_a_preset(info: ModelInfo) -> None:
    assert info.preset in preset_names()
    assert info.preset == ("default" if info.name == "lite" else "clip")


def test_any_model_of_open_clip_has_that_of_clip() -> None:
    assert check_name("ViT-B-16:laion2b_s34b_b88k").preset == "clip"


def test_a_model_of_a_program_has_the_defaults() -> None:
    assert default_preset("my own network") == "default"
    assert default_config("my own network") == default_config("lite") == load_preset("default")


def test_segmenters_take_the_preset_of_their_model() -> None:
    model = tiny_model("vit")
    pair = ModelPair("clip-b16-l14", model, model)
    image = ImageSegmenter(pair, ["a dog"])
    assert image.queries.background == load_preset("voc").segment.background
    assert image.config == load_preset("clip").segment
    assert VideoSegmenter(pair, ["a dog"]).image.config == image.config
    plain = ImageSegmenter(pair, ["a dog"], SegmentConfig())
    assert plain.config.background == SegmentConfig().background, "what is given counts"
