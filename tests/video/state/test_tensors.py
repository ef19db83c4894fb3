"""A segmenter that takes over another's state goes on exactly as that one does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from car_video.config import ProposalConfig, SamRefineConfig, SegmentConfig
from car_video.config.video import (
    KeyframeConfig,
    MemoryConfig,
    OfflineConfig,
    TrackConfig,
    VideoConfig,
)
from car_video.errors import ConfigError
from car_video.types import Frame, FramePrediction
from car_video.video.segmenter import VideoSegmenter
from car_video.video.state.tensors import (
    State,
    as_text,
    from_bytes,
    from_text,
    to_bytes,
)
from car_video.video.stream import StreamSegmenter, segment_stream
from tests.models.hub_networks import KINDS, network
from tests.segment.colour_model import PLAIN, ColourModel
from tests.video.conftest import CONFIGS, WITH_SAM

NAMES = ["a red ball", "a green frog"]
SMALL = SegmentConfig(
    proposal=ProposalConfig(size=96),
    sam=SamRefineConfig(side=128),
    presence_threshold=0.05,  # tracks are the point, not whether the square is a ball
)


def moving(number: int, height: int = 72, width: int = 96) -> Frame:
    """A red square that moves, a green one that comes and goes, on noise that stands still."""
    image = np.random.default_rng(0).integers(90, 130, (height, width, 3)).astype(np.uint8)
    side, step = height // 3, height // 10
    image[side : 2 * side, step * number : step * number + side] = (220, 20, 20)
    if number % 4 != 3:
        image[2 * side : 3 * side, width - 2 * side : width - side] = (20, 200, 20)
    return Frame(5 + 2 * number, number / 25, image)


def assert_same(left: FramePrediction, right: FramePrediction) -> None:
    assert left.index == right.index
    np.testing.assert_array_equal(left.masks, right.masks)
    np.testing.assert_array_equal(left.scores, right.scores)
    np.testing.assert_array_equal(left.present, right.present)


def assert_continued(
    make: Callable[[], VideoSegmenter], frames: list[Frame], cut: int
) -> State:
    first = make()
    straight = [first.step(frame) for frame in frames[:cut]]
    taken = first.state_dict()
    data = to_bytes(taken, frames[cut - 1].index)
    straight += [first.step(frame) for frame in frames[cut:]]
    assert to_bytes(taken, frames[cut - 1].index) == data, "later frames leave it as it was"
    state, index = from_bytes(data)
    assert index == frames[cut - 1].index
    second = make()
    second.load_state_dict(state)
    assert to_bytes(second.state_dict(), index) == data
    for frame, wanted in zip(frames[cut:], straight[cut:], strict=True):
        assert_same(second.step(frame), wanted)
    assert any(prediction.masks.any() for prediction in straight)
    return state


@pytest.mark.parametrize("cut", [1, 3, 7])
@pytest.mark.parametrize("every", [0, 3])
def test_maps_go_on(cut: int, every: int) -> None:
    video = VideoConfig(keyframes=KeyframeConfig(interval=every / 25))
    frames = [moving(n) for n in range(9)]
    state = assert_continued(
        lambda: VideoSegmenter(ColourModel(), NAMES, PLAIN, video), frames, cut
    )
    assert "maps.memory.labels" in state
    assert all(type(value) is torch.Tensor for value in state.values())


@pytest.mark.usefixtures("colour_sam")
@pytest.mark.parametrize("kind", CONFIGS)
def test_a_state_that_is_taken_changes_nothing(kind: str) -> None:
    one, other = (VideoSegmenter(ColourModel(), NAMES, CONFIGS[kind]) for _ in range(2))
    for number in range(4):
        assert_same(one.step(moving(number)), other.step(moving(number)))
        assert one.state_dict()


@pytest.mark.parametrize("every", [pytest.param(0, marks=pytest.mark.slow), 4])
def test_tracks_go_on(lite_default: Any, every: int) -> None:
    """With ``lite`` and SAM; 4 / 25 s: the state is taken between two keyframes."""
    video = VideoConfig(keyframes=KeyframeConfig(interval=every / 25, side=128))
    frames = [moving(n) for n in range(5)]
    state = assert_continued(
        lambda: VideoSegmenter(lite_default, NAMES, SMALL, video), frames, 2
    )
    assert state["tracker.tracks.logits"].shape[:2] == (2, 3)


@pytest.mark.usefixtures("colour_sam")
def test_tracks_of_one_kind_go_on() -> None:
    """What tells them apart is part of the state, and so is what several things share."""
    names = ["the red ball", "the green ball", "the red ball and the green ball"]
    frames = [moving(n) for n in range(4)]
    state = assert_continued(lambda: VideoSegmenter(ColourModel(), names, WITH_SAM), frames, 2)
    kind = state["tracker.tracks.kind"]
    assert kind.shape == (2, 3)
    assert bool((kind < 0).any())


@pytest.mark.parametrize(
    "kind", [KINDS[0], *(pytest.param(kind, marks=pytest.mark.slow) for kind in KINDS[1:])]
)
def test_tracks_of_any_mask_model_go_on(kind: str, tmp_path: Path) -> None:
    network(kind).save_pretrained(tmp_path / kind)
    sam = SamRefineConfig(model=str(tmp_path / kind), points=2)
    config = replace(PLAIN, refine="sam", sam=sam, presence_threshold=0.0)
    video = VideoConfig(keyframes=KeyframeConfig(interval=2 / 25))
    frames = [moving(n) for n in range(5)]
    state = assert_continued(
        lambda: VideoSegmenter(ColourModel(), NAMES, config, video), frames, 3
    )
    assert state["tracker.tracks.logits"].shape[:2] == (2, 3)
    offline = segment_stream(
        ColourModel(), frames, NAMES, config, replace(video, mode="offline")
    )
    assert [frame.index for frame, _ in offline] == [frame.index for frame in frames]


@pytest.mark.usefixtures("colour_sam")
def test_turns_go_on() -> None:
    """Five expressions share the prompts of a frame: the turns are part of the state."""
    names = [*NAMES, "a blue car", "a grey wall", "a dog"]
    video = VideoConfig(tracks=TrackConfig(prompts=8))
    frames = [moving(n) for n in range(4)]
    state = assert_continued(
        lambda: VideoSegmenter(ColourModel(), names, WITH_SAM, video), frames, 2
    )
    assert state["tracker.turns.waited"].any()


def test_a_vanished_target_is_looked_for_as_soon_after_a_resume() -> None:
    first = stepped()
    first.schedule.language_ran(vanished=True)
    second = VideoSegmenter(ColourModel(), NAMES, PLAIN)
    second.load_state_dict(first.state_dict())
    for _ in range(12):
        for schedule in (first.schedule, second.schedule):
            schedule.advance(1 / 25)
        assert second.schedule.due(2.0) == first.schedule.due(2.0)
        if first.schedule.due(2.0):
            first.schedule.language_ran(vanished=False)
            second.schedule.language_ran(vanished=False)
    assert second.schedule.retry == first.schedule.retry < 2.0


@pytest.mark.slow
def test_level_and_costs_of_a_wanted_rate_go_on() -> None:
    """A clock that says every frame takes a second: both segmenters go down alike."""
    config = replace(PLAIN, proposal=replace(PLAIN.proposal, size=512))

    def make() -> VideoSegmenter:
        segmenter = VideoSegmenter(ColourModel(), NAMES, config, VideoConfig(target_fps=2.0))
        ticks = iter(range(1000))
        segmenter.stopwatch = lambda: float(next(ticks))
        return segmenter

    state = assert_continued(make, [moving(n) for n in range(6)], 4)
    second = make()
    second.load_state_dict(state)
    assert second.pace is not None
    assert second.pace.level > 0
    assert second.image.config.proposal.size == second.pace.ladder[second.pace.level].size < 512


def test_the_time_of_the_last_frame_goes_on() -> None:
    first, second = stepped(), VideoSegmenter(ColourModel(), NAMES, PLAIN)
    second.load_state_dict(first.state_dict())
    late = replace(moving(3), time=0.9)
    assert_same(second.step(late), first.step(late))


def test_states_of_another_version_are_refused() -> None:
    state = stepped().state_dict()
    about = from_text(state["about"])
    with pytest.raises(ConfigError, match="other format"):
        stepped().load_state_dict({**state, "about": as_text({**about, "format": 2})})


def test_damaged_descriptions_are_refused() -> None:
    state, other = stepped().state_dict(), stepped()
    about = from_text(state["about"])
    for name in ("schedule", "time", "next", "size"):
        for value in ("x", [1], {"level": 1}):
            if (name, value) != ("size", [1]):  # may be one
                with pytest.raises(ConfigError, match="damaged"):
                    other.load_state_dict({**state, "about": as_text({**about, name: value})})


def test_before_the_first_frame_there_is_little() -> None:
    def make() -> VideoSegmenter:
        return VideoSegmenter(ColourModel(), NAMES, PLAIN)

    fresh, other = make(), make()
    other.step(moving(0))
    other.load_state_dict(fresh.state_dict())
    for number in range(3):
        assert_same(other.step(moving(number)), fresh.step(moving(number)))


def test_per_frame_keeps_nothing() -> None:
    video = VideoConfig(mode="per-frame")
    segmenter = VideoSegmenter(ColourModel(), NAMES, PLAIN, video)
    segmenter.step(moving(0))
    assert segmenter.state_dict() == {}
    segmenter.load_state_dict({})
    online = VideoSegmenter(ColourModel(), NAMES, PLAIN)
    with pytest.raises(ConfigError, match="per-frame"):
        segmenter.load_state_dict(online.state_dict())
    with pytest.raises(ConfigError, match="lacks 'about'"):
        online.load_state_dict({})


def stepped(names: list[str] = NAMES, video: VideoConfig | None = None) -> VideoSegmenter:
    segmenter = VideoSegmenter(ColourModel(), names, PLAIN, video)
    for number in range(3):
        segmenter.step(moving(number))
    return segmenter


@pytest.mark.parametrize(
    "names", [["a red ball"], [*NAMES, "a blue car"], ["a red ball", "a frog"]]
)
def test_states_of_other_expressions_are_refused(names: list[str]) -> None:
    segmenter = stepped(names)
    with pytest.raises(ConfigError, match="other expressions") as error:
        segmenter.load_state_dict(stepped().state_dict())
    assert "\n" not in str(error.value)
    assert_same(
        segmenter.step(moving(0)), VideoSegmenter(ColourModel(), names, PLAIN).step(moving(0))
    )


def test_every_key_is_needed_and_no_other() -> None:
    state = stepped().state_dict()
    assert len(state) > 8
    other = stepped()
    for key in state:
        with pytest.raises(ConfigError):
            other.load_state_dict({k: v for k, v in state.items() if k != key})
    with pytest.raises(ConfigError, match="alien"):
        stepped().load_state_dict({**state, "alien": torch.zeros(1)})


def test_tensors_of_other_kinds_are_refused() -> None:
    state, other = stepped().state_dict(), stepped()
    for key, value in state.items():
        for wrong in (value[None], value.to(torch.complex64)):
            with pytest.raises(ConfigError):
                other.load_state_dict({**state, key: wrong})


def test_states_on_another_grid_are_refused() -> None:
    state = stepped().state_dict()
    rows, columns = state["maps.memory.memory.grid"].tolist()
    other = {**state, "maps.memory.memory.grid": torch.tensor([rows + 1, columns])}
    with pytest.raises(ConfigError, match="other settings"):
        stepped().load_state_dict(other)
    fewer = VideoConfig(memory=MemoryConfig(recent_seconds=()))
    with pytest.raises(ConfigError, match=r"memory.recent_seconds"):
        stepped(video=fewer).load_state_dict(state)


@pytest.mark.usefixtures("colour_sam")
def test_tracks_of_other_counts_are_refused() -> None:
    first = VideoSegmenter(ColourModel(), NAMES, WITH_SAM)
    first.step(moving(0))
    other = VideoConfig(tracks=TrackConfig(count=2))
    with pytest.raises(ConfigError, match="logits"):
        VideoSegmenter(ColourModel(), NAMES, WITH_SAM, other).load_state_dict(
            first.state_dict()
        )
    maps = VideoSegmenter(ColourModel(), NAMES, replace(WITH_SAM, refine="none"))
    with pytest.raises(ConfigError, match="other tracks"):
        maps.load_state_dict(first.state_dict())


@pytest.mark.parametrize("data", [b"", b"x" * 40, b"\xff" * 8])
def test_files_that_are_none(data: bytes) -> None:
    with pytest.raises(ConfigError, match="damaged"):
        from_bytes(data)


def test_files_that_are_cut_off() -> None:
    data = to_bytes(stepped().state_dict(), 7)
    assert from_bytes(data)[1] == 7
    for length in (10, len(data) // 2, len(data) - 1):
        with pytest.raises(ConfigError, match="damaged"):
            from_bytes(data[:length])


@pytest.mark.usefixtures("colour_sam")
def test_offline_goes_on_at_the_end_of_a_window() -> None:
    """``tests/cli/test_resume.py`` has it with ``lite``."""
    video = VideoConfig(mode="offline", offline=OfflineConfig(window=2))

    def make() -> StreamSegmenter:
        return StreamSegmenter(VideoSegmenter(ColourModel(), NAMES, WITH_SAM, video))

    frames = [moving(n) for n in range(5)]
    straight, states = [], {}
    stream = make()
    for frame in frames:
        for done, prediction in stream.push(frame):
            straight.append(prediction)
            states[done.index] = stream.state_dict()
    straight += [prediction for _, prediction in stream.finish()]
    whole = [index for index, state in states.items() if state is not None]
    assert whole == [frames[1].index, frames[3].index]
    state = states[frames[1].index]
    assert state is not None
    second = make()
    second.load_state_dict(state)
    again = [p for frame in frames[2:] for _, p in second.push(frame)]
    again += [p for _, p in second.finish()]
    for left, right in zip(again, straight[2:], strict=True):
        assert_same(left, right)
