"""Tracks that a video memory carries from frame to frame."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from car_video.config import SegmentConfig
from car_video.config.video import KeyframeConfig, VideoConfig
from car_video.errors import ConfigError
from car_video.video.segmenter import VideoSegmenter
from car_video.video.state.tensors import from_bytes, to_bytes
from car_video.video.tracking import memory_propagation
from car_video.video.tracking.memory_propagation import MemoryPropagation
from tests.segment.colour_model import ColourModel
from tests.video.colour_memory import ColourMemory
from tests.video.colour_sam import ColourSam
from tests.video.conftest import NAMES, PLAIN, WITH_SAM, frame, iou, red_at

SPARSE = VideoConfig(tracker="colours", keyframes=KeyframeConfig(interval=10.0))
EVERY = VideoConfig(tracker="colours")
GREEN = (slice(40, 60), slice(60, 84))


@pytest.fixture
def memory(monkeypatch: pytest.MonkeyPatch) -> ColourMemory:
    """In place of one with weights."""
    made = ColourMemory()
    monkeypatch.setattr(memory_propagation, "load_video_memory", lambda name, device: made)
    return made


def segmenter(video: VideoConfig = SPARSE, names: list[str] = NAMES) -> VideoSegmenter:
    return VideoSegmenter(ColourModel(), names, WITH_SAM, video, mask_model=ColourSam())


def propagation(of: VideoSegmenter) -> MemoryPropagation:
    assert of.tracker is not None
    assert isinstance(of.tracker.propagation, MemoryPropagation)
    return of.tracker.propagation


def test_between_keyframes_the_memory_answers(memory: ColourMemory) -> None:
    video = segmenter()
    for number in range(6):
        found = video.step(frame(number))
        assert found.present.all()
        assert iou(found.masks[0], red_at(number)) > 0.8
        assert iou(found.masks[1], GREEN) > 0.8
    assert memory.encoded == 6, "each frame once"
    assert memory.shown == [0, 0], "the tracks have agreed with it since"
    assert memory.followed == 5 * 2


def test_what_jumps_is_followed_where_the_flow_would_lose_it(memory: ColourMemory) -> None:
    """40 pixels, eight times as far as the flow looks."""
    video = segmenter(names=NAMES[:1])
    video.step(frame(0))
    video.step(frame(1))
    found = video.step(replace(frame(21), time=frame(2).time))
    assert iou(found.masks[0], red_at(21)) > 0.8
    assert video.schedule.frames > 0, "language has not seen this frame"


def test_what_is_gone_is_not_followed_and_found_again(memory: ColourMemory) -> None:
    video = segmenter(EVERY)
    for number in range(3):
        video.step(frame(number))
    for number in range(3, 7):
        found = video.step(frame(number, red=False))
    assert found.present.tolist() == [False, True]
    assert not found.masks[0].any()
    for number in range(7, 10):
        found = video.step(frame(number))
    assert found.present.all()
    assert iou(found.masks[0], red_at(9)) > 0.8
    assert propagation(video).memories[0] is not None


def test_a_memory_that_the_tracks_contradict_is_shown_their_mask(memory: ColourMemory) -> None:
    video = segmenter(EVERY)
    video.step(frame(0))
    held = propagation(video).memories[0]
    assert held is not None
    blue = {"colour": torch.tensor([0.0, 0.0, 1.0])}
    propagation(video).memories[0] = replace(held, shown={0: blue})
    found = video.step(frame(1))
    assert iou(found.masks[0], red_at(1)) > 0.8
    assert memory.shown == [0, 0, 1]


def test_a_cut_forgets_and_expressions_come_and_go(memory: ColourMemory) -> None:
    video = segmenter()
    for number in range(3):
        video.step(frame(number))
    green = propagation(video).memories[1]
    video.set_expressions([NAMES[1], "a blue car"])
    assert propagation(video).memories == [green, None]
    found = video.step(frame(3))
    assert iou(found.masks[0], GREEN) > 0.8
    assert memory.encoded == 4
    video.step(frame(4, tint=100))
    assert propagation(video).frame == 0, "a new scene"


@pytest.mark.parametrize("settings", [SPARSE, EVERY], ids=["sparse", "every frame"])
def test_a_stored_state_goes_on_to_the_bit(memory: ColourMemory, settings: VideoConfig) -> None:
    whole, first = segmenter(settings), segmenter(settings)
    for number in range(4):
        whole.step(frame(number))
        first.step(frame(number))
    state, _ = from_bytes(to_bytes(first.state_dict(), 3))
    second = segmenter(settings)
    second.load_state_dict(state)
    for number in range(4, 8):
        expected, found = whole.step(frame(number)), second.step(frame(number))
        np.testing.assert_array_equal(found.masks, expected.masks)
        np.testing.assert_array_equal(found.scores, expected.scores)
    other = VideoSegmenter(ColourModel(), NAMES, WITH_SAM, mask_model=ColourSam())
    with pytest.raises(ConfigError, match="with other tracker: colours, here flow"):
        other.load_state_dict(state)


def test_a_damaged_memory_is_refused(memory: ColourMemory) -> None:
    video = segmenter()
    video.step(frame(0))
    held = propagation(video)
    with pytest.raises(ConfigError, match="its memory is not whole"):
        held.load_state_dict({"frame": torch.tensor(0), "0.here.and": torch.zeros(1)})


@pytest.mark.parametrize(
    ("segment", "message"),
    [
        (PLAIN, "needs segment.refine: sam"),
        (replace(PLAIN, refine="crf"), "nothing is tracked"),
    ],
)
def test_without_tracks_there_is_nothing_to_carry(segment: SegmentConfig, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        VideoSegmenter(ColourModel(), NAMES, segment, SPARSE)


@pytest.mark.parametrize(
    "more", [{"mode": "offline"}, {"mode": "per-frame"}, {"target_fps": 8.0}]
)
def test_modes_that_cannot_work(more: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=r"video\.tracker must be flow unless"):
        VideoConfig(tracker="sam2", **more)


@pytest.mark.slow
def test_with_the_network_of_sam_2(tmp_path: Path) -> None:
    """Random weights follow nothing; but all of it fits together."""
    from tests.models import hub_networks

    hub_networks.sam2_video().save_pretrained(tmp_path)
    video = segmenter(VideoConfig(tracker=f"sam2:{tmp_path}"))
    for number in range(8):
        found = video.step(frame(number))
        assert found.masks.shape == (2, 72, 96)
        assert iou(found.masks[0], red_at(number)) > 0.8, "language and SAM decide"
    assert any(name.startswith("tracker.propagation.0.") for name in video.state_dict())
