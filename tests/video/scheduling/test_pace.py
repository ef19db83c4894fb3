"""The pace controller: a machine that costs what the test says, no clock."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from car_video.config import SamRefineConfig, SegmentConfig
from car_video.config.video import KeyframeConfig, VideoConfig
from car_video.errors import ConfigError
from car_video.types import Frame
from car_video.video.scheduling.levels import (
    LADDER,
    Level,
    at_level,
    ladder_for,
    spacing_at,
)
from car_video.video.scheduling.pace import Pace
from car_video.video.segmenter import VideoSegmenter
from tests.segment.colour_model import BOTH, PLAIN, ColourModel


def drive(
    pace: Pace,
    frames: int,
    speed: Callable[[int], float],
    outside: float | Callable[[int], float] = 0.0,
    noise: float = 0.0,
    bent: Callable[[int], float] = lambda level: 1.0,
) -> tuple[list[int], list[float]]:
    """Levels and seconds of each frame on a machine.

    Args:
        speed: seconds that a full keyframe takes, by number of frame.
        outside: seconds of each frame that pass elsewhere.
        noise: largest part by which a frame is slower or faster.
        bent: how much dearer each level really is than the ladder says.
    """
    chance = random.Random(0)
    levels, spent, since = [], [], 0
    for number in range(frames):
        level = pace.ladder[pace.level]
        keyframe = since % level.every == 0
        since = 1 if keyframe else since + 1
        work = level.work()[0 if keyframe else 1] * bent(pace.level)
        seconds = work * speed(number) * (1 + noise * chance.uniform(-1, 1))
        levels.append(pace.level)
        elsewhere = outside(number) if callable(outside) else outside
        spent.append(seconds + elsewhere)
        pace.step(seconds, keyframe)
        pace.outside(elsewhere)
    return levels, spent


def rate(spent: list[float]) -> float:
    return len(spent) / sum(spent)


def test_the_ladder_goes_down() -> None:
    costs = [level.cost() for level in LADDER]
    assert costs == sorted(costs, reverse=True)
    assert len(set(costs)) == len(LADDER)


@pytest.mark.parametrize("target", [0.5, 1.5, 2.2, 4.0, 8.0, 12.0])
def test_it_finds_the_best_level_that_is_in_time(target: float) -> None:
    pace = Pace(target)
    levels, spent = drive(pace, 600, lambda _: 1.0)
    best = next((n for n, level in enumerate(LADDER) if level.cost() <= 1.05 / target), None)
    assert levels[-1] in (best, best + 1)
    assert rate(spent[300:]) >= target / 1.05
    assert len(set(levels[300:])) == 1


def test_a_machine_that_is_quick_enough_loses_nothing() -> None:
    levels, _ = drive(Pace(30), 500, lambda _: 0.03, noise=0.3)
    assert set(levels) == {0}


def test_a_machine_that_can_never_keep_up_gets_the_last_level() -> None:
    levels, _ = drive(Pace(500), 200, lambda _: 1.0)
    assert levels[-1] == len(LADDER) - 1


def test_load_that_comes_and_goes() -> None:
    pace = Pace(5)
    levels, spent = drive(pace, 2000, lambda n: 0.9 if 500 <= n < 1000 else 0.15)
    assert set(levels[:500]) == {0}
    assert levels[990] > 0
    assert rate(spent[700:1000]) > 5 / 1.05
    assert levels[-1] == 0


@pytest.mark.parametrize("target", [2.0, 4.0, 12.0])
@pytest.mark.parametrize("number", [0, 1, 100])
@pytest.mark.parametrize("spike", [1.0, 5.0])
def test_what_happens_once_outside_does_not_count(
    target: float, number: int, spike: float
) -> None:
    """A preview window opens on the first frame, a disk stops for a moment on another."""

    def outside(frame: int) -> float:
        return spike if frame == number else 0.001

    levels, _ = drive(Pace(target), 600, lambda _: 0.5, outside)
    undisturbed, _ = drive(Pace(target), 600, lambda _: 0.5, 0.001)
    assert levels == undisturbed


def test_quality_comes_back_after_seconds_that_were_lost() -> None:
    def outside(frame: int) -> float:
        return 1.0 if 50 <= frame < 55 else 0.001

    levels, _ = drive(Pace(8), 3000, lambda _: 0.1, outside)
    assert max(levels[50:200]) > 0
    assert levels[-1] == 0


def test_tracks_are_given_up_last_and_never_at_one_blow() -> None:
    pace = Pace(500)
    levels, _ = drive(pace, 100, lambda _: 1.0)
    assert len(LADDER) - 2 in levels
    assert levels[-1] == len(LADDER) - 1


@settings(deadline=None, max_examples=20)
@given(
    st.lists(st.tuples(st.floats(0, 2), st.booleans()), min_size=2, max_size=60),
    st.integers(1, 59),
)
def test_a_pace_is_stored_as_plain_data(costs: list[tuple[float, bool]], cut: int) -> None:
    whole, first, second = Pace(4), Pace(4), Pace(4)
    for seconds, keyframe in costs[:cut]:
        whole.step(seconds, keyframe)
        first.step(seconds, keyframe)
    second.restore(json.loads(json.dumps(first.state())))
    for seconds, keyframe in costs[cut:]:
        assert second.step(seconds, keyframe) == whole.step(seconds, keyframe)


@pytest.mark.parametrize("change", [{"level": 99}, {"level": "x"}, {"_calm": None}])
def test_damaged_data_is_refused(change: dict[str, object]) -> None:
    state = {**Pace(4).state(), **change}
    with pytest.raises((TypeError, ValueError)):
        Pace(4).restore(state)


def test_what_passes_outside_counts() -> None:
    alone, _ = drive(Pace(10), 300, lambda _: 0.08)
    with_encoder, spent = drive(Pace(10), 300, lambda _: 0.08, outside=0.05)
    assert alone[-1] == 0
    assert with_encoder[-1] > 0
    assert rate(spent[150:]) > 10 / 1.05


@pytest.mark.parametrize("target", [1.3, 3.0, 5.0, 7.0])
def test_it_does_not_swing(target: float) -> None:
    """Noise, and a ladder that is wrong about its levels: ever fewer changes."""
    pace = Pace(target)
    levels, _ = drive(
        pace, 6000, lambda _: 1.0, noise=0.3, bent=lambda n: 1.3 if n % 2 else 0.8
    )
    changes = np.flatnonzero(np.diff(levels))
    assert (changes > 3000).sum() <= 12
    assert len(changes) <= 40


@settings(deadline=None, max_examples=50)
@given(
    st.lists(st.tuples(st.floats(0, 5), st.booleans()), min_size=1, max_size=300),
    st.floats(0.1, 100),
)
def test_any_costs_give_a_level(costs: list[tuple[float, bool]], target: float) -> None:
    first, second = Pace(target), Pace(target)
    for seconds, keyframe in costs:
        level = first.step(seconds, keyframe)
        assert 0 <= level < len(LADDER)
        assert second.step(seconds, keyframe) == level


@pytest.mark.parametrize("target", [0.0, -1.0, float("nan"), float("inf")])
def test_impossible_targets(target: float) -> None:
    with pytest.raises(ConfigError, match="target_fps"):
        VideoConfig(target_fps=target)
    with pytest.raises(ConfigError, match="target_fps"):
        Pace(target)


def test_a_target_is_for_streams() -> None:
    with pytest.raises(ConfigError, match="mode is online"):
        VideoConfig(mode="offline", target_fps=5.0)


def test_settings_are_never_raised() -> None:
    segment = SegmentConfig(sam=SamRefineConfig(side=512))
    video = VideoConfig(keyframes=KeyframeConfig(interval=1 / 6, side=256))
    ladder = ladder_for(segment, video.keyframes)
    assert at_level(segment, video, ladder[0]) == (segment, video)
    for level in ladder:
        bounded, spaced = at_level(segment, video, level)
        assert bounded.sam.side <= 512
        assert bounded.proposal.size <= segment.proposal.size
        assert spaced.keyframes.side <= 256
        assert spaced.keyframes.interval == video.keyframes.interval
        assert spacing_at(level, video.keyframes) in (1, level.every)
    assert spacing_at(ladder[0], video.keyframes) == 1
    assert spacing_at(ladder[1], video.keyframes) == ladder[1].every > 4
    costs = [level.cost() for level in ladder]
    assert costs == sorted(costs, reverse=True)


@pytest.mark.parametrize("refine", ["none", "crf"])
def test_without_sam_the_grid_and_the_refinement_are_all_there_is(refine: str) -> None:
    ladder = ladder_for(SegmentConfig(refine=refine), KeyframeConfig())
    assert {level.every for level in ladder} == {1}
    assert ladder[-1].size == 256
    assert not ladder[-1].refine


def at(number: int) -> Frame:
    return Frame(number, number / 10, np.roll(BOTH, number, 1))


def test_a_segmenter_changes_its_level_and_keeps_the_masks() -> None:
    """A clock that says every frame takes a second; the grid of memory changes under way."""
    config = replace(PLAIN, mode="refer", proposal=replace(PLAIN.proposal, size=512))
    segmenter = VideoSegmenter(
        ColourModel(), ["a red ball", "a green frog"], config, VideoConfig(target_fps=2.0)
    )
    ticks = iter(range(1000))
    segmenter.stopwatch = lambda: float(next(ticks))
    sizes = []
    for number in range(8):
        frame = at(number)
        found = segmenter.step(frame)
        sizes.append(segmenter.image.config.proposal.size)
        assert found.present.all()
        for mask, colour in zip(found.masks, ((255, 0, 0), (0, 255, 0)), strict=True):
            truth = (frame.image == colour).all(-1)
            assert (mask & truth).sum() / (mask | truth).sum() > 0.8
    assert sizes[0] == 512
    assert sizes[-1] == 256
    assert segmenter.maps.memory.memory.grid == (43, 64)


def test_memory_survives_another_grid() -> None:
    config = replace(PLAIN, mode="refer")
    segmenter = VideoSegmenter(ColourModel(), ["a red ball"], config)
    for number in range(3):
        segmenter.step(at(number))
    segmenter.image.config = replace(config, proposal=replace(config.proposal, size=48))
    segmenter.step(at(3))
    assert segmenter.maps.memory.labels is not None
    assert segmenter.maps.memory.known is not None
    assert segmenter.maps.memory.labels.shape[-1] == 8 * 12
    assert segmenter.maps.memory.known[0, 0, :4].tolist() == [True] * 4
    labels = segmenter.maps.memory.labels[0, 0].unflatten(-1, (8, 12))
    truth = (at(2).image == (255, 0, 0)).all(-1)[::8, ::8]
    assert ((labels[1] > 0.5).numpy() == truth).mean() > 0.9


@pytest.mark.usefixtures("colour_sam")
def test_tracks_survive_every_level_but_the_last() -> None:
    """SAM's grid, the grid of memory and the spacing of keyframes change under way."""
    torch.set_num_threads(1)
    config = replace(PLAIN, mode="refer", refine="sam", sam=SamRefineConfig(side=256, points=4))
    ladder = (
        Level(1, 256, 256, 96),
        Level(2, 192, 128, 96),
        Level(2, 128, 64, 48),
        Level(3, 256, 128, 96),
        Level(1, 256, 128, 48, refine=False),
        Level(1, 256, 128, 96),
    )
    segmenter = VideoSegmenter(ColourModel(), ["a red ball", "a blue bird"], config)
    ages = []
    for number in range(12):
        if number % 2 == 0:
            segmenter.apply(ladder[number // 2])
        found = segmenter.step(at(number))
        truth = (at(number).image == (255, 0, 0)).all(-1)
        assert found.present.tolist() == [True, False]
        assert (found.masks[0] & truth).sum() > 0.7 * found.masks[0].sum() > 0
        assert segmenter.tracker is not None
        state = segmenter.tracker.state
        ages.append(None if state is None else round(10 * float(state.tracks.age[0, 0])))
    assert ages[:8] == list(range(8))
    assert ages[8:10] == [None, None]
    assert ages[10:] == [0, 1]


@pytest.mark.usefixtures("colour_sam")
def test_presence_means_the_same_at_the_last_level() -> None:
    """Without tracks its score is that of a track that says nothing, not language's alone."""
    config = replace(PLAIN, mode="refer", refine="sam", sam=SamRefineConfig(side=256, points=4))
    segmenter = VideoSegmenter(ColourModel(), ["a red ball"], config)
    for number in range(3):
        segmenter.step(at(number))
    segmenter.apply(Level(1, 256, 128, 96, refine=False))
    for number in range(3, 8):
        low = segmenter.step(at(number))
    alone = VideoSegmenter(ColourModel(), ["a red ball"], replace(config, refine="none"))
    for number in range(8):
        plain = alone.step(at(number))
    assert low.scores[0] == pytest.approx(min(1.0, float(plain.scores[0]) ** 0.5), abs=2e-3)


@pytest.mark.usefixtures("colour_sam")
def test_a_level_without_any_target() -> None:
    config = replace(PLAIN, refine="sam", sam=SamRefineConfig(side=128, points=2))
    segmenter = VideoSegmenter(ColourModel(), ["a blue bird"], config)
    for side in (128, 64, 128):
        segmenter.apply(Level(1, side, 64, 96))
        found = segmenter.step(Frame(0, 0.0, np.full((64, 96, 3), 128, np.uint8)))
        assert not found.present.any()
