"""Masks do not depend on torch's state: default dtype and device, autocast, inference mode."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from car_video.config import VideoConfig
from car_video.segment.segmenter import ImageSegmenter
from car_video.types import FramePrediction
from car_video.video.segmenter import VideoSegmenter
from car_video.video.stream import segment_stream
from tests.models.contract import WORLDS
from tests.segment.colour_model import ColourModel
from tests.video.conftest import CONFIGS, NAMES, frame

FRAMES = 3


def images(config: str) -> list[FramePrediction]:
    segmenter = ImageSegmenter(ColourModel(), NAMES, CONFIGS[config])
    return [segmenter.segment(frame(number).image) for number in range(FRAMES)]


def steps(config: str) -> list[FramePrediction]:
    segmenter = VideoSegmenter(ColourModel(), NAMES, CONFIGS[config])
    found = [segmenter.step(frame(number)) for number in range(FRAMES)]
    state = segmenter.state_dict()
    segmenter.load_state_dict(state)
    segmenter.set_expressions([*NAMES, "a blue box"])
    return [*found, segmenter.step(frame(FRAMES))]


def offline(config: str) -> list[FramePrediction]:
    frames = (frame(number) for number in range(FRAMES))
    video = VideoConfig(mode="offline")
    stream = segment_stream(ColourModel(), frames, NAMES, CONFIGS[config], video)
    return [prediction for _, prediction in stream]


@pytest.mark.parametrize("way", [images, steps, offline])
@pytest.mark.parametrize("config", CONFIGS)
@pytest.mark.usefixtures("colour_sam")
def test_same_masks_in_every_world(way, config):  # type: ignore[no-untyped-def]
    plain = way(config)
    assert any(one.masks.any() for one in plain)
    for world, enter in WORLDS.items():
        with enter():
            found = way(config)
        for one, other in zip(found, plain, strict=True):
            assert np.array_equal(one.masks, other.masks), world
            assert np.array_equal(one.scores, other.scores), world


@pytest.mark.usefixtures("colour_sam")
def test_a_stream_gives_the_program_its_own_state_between_frames() -> None:
    stream = iter(segment_stream(
        ColourModel(), (frame(number) for number in range(FRAMES)), NAMES, CONFIGS["tracks"],
        VideoConfig(mode="offline"),
    ))  # fmt: skip
    with WORLDS["default float64"]():
        for _ in stream:
            assert torch.get_default_dtype() is torch.float64
