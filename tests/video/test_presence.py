"""Presence over time: smoothing, two thresholds, and a clip seen from both sides."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from car_video.config.video import PresenceConfig
from car_video.errors import ConfigError
from car_video.video.presence import (
    USUAL_AGREEMENT,
    PresenceFilter,
    doubting,
    past_weight,
    smooth_presence,
    track_presence,
)
from car_video.video.state.selection import NEW

STEP = 1 / 24


def keeps(part: float) -> float:
    """The time constant that leaves this part of a score from frame to frame."""
    return STEP / -math.log(part)


def rows(*values: float) -> np.ndarray:
    return np.array(values, np.float32)[:, None]


def run(scores: np.ndarray, threshold: float, config: PresenceConfig) -> list[list[bool]]:
    presence = PresenceFilter(scores.shape[1], threshold, config)
    return [presence.step(row, STEP)[1].tolist() for row in scores]


def test_without_smoothing_or_hysteresis_it_is_the_threshold() -> None:
    config = PresenceConfig(time_constant=0.0, stay=1.0)
    scores = rows(0.4, 0.5, 0.49, 0.8, 0.0)
    assert run(scores, 0.5, config) == [[False], [True], [False], [True], [False]]


def test_a_present_target_stays_so_down_to_a_lower_threshold() -> None:
    config = PresenceConfig(time_constant=0.0, stay=0.5)
    scores = rows(0.3, 0.6, 0.3, 0.26, 0.24, 0.3, 0.5)
    expected = [False, True, True, True, False, False, True]
    assert run(scores, 0.5, config) == [[here] for here in expected]


def test_smoothing_is_a_running_mean() -> None:
    presence = PresenceFilter(2, 0.5, PresenceConfig(time_constant=keeps(0.75)))
    given_scores = np.random.default_rng(0).random((9, 2)).astype(np.float32)
    expected = given_scores[0].astype(float)
    for number, row in enumerate(given_scores):
        if number:
            expected = 0.75 * expected + 0.25 * row
        np.testing.assert_allclose(presence.step(row, STEP)[0], expected, atol=1e-6)


def test_one_weak_frame_does_not_blink_and_a_reset_forgets() -> None:
    presence = PresenceFilter(1, 0.5, PresenceConfig(time_constant=keeps(0.5), stay=0.5))
    here = [bool(presence.step(row, STEP)[1][0]) for row in rows(0.9, 0.9, 0.0, 0.9)]
    assert here == [True] * 4
    presence.reset()
    scores, present = presence.step(np.array([0.3], np.float32), STEP)
    assert scores.tolist() == pytest.approx([0.3])
    assert not present[0]


def test_earlier_answers_stay_as_they_are() -> None:
    presence = PresenceFilter(1, 0.5, PresenceConfig())
    scores, present = presence.step(np.array([0.9], np.float32), STEP)
    for _ in range(5):
        presence.step(np.array([0.0], np.float32), STEP)
    assert scores.tolist() == pytest.approx([0.9])
    assert present.tolist() == [True]


SCORES = st.lists(st.lists(st.floats(0, 1, width=16), min_size=2, max_size=2), min_size=1)
CONFIGS = st.builds(PresenceConfig, st.sampled_from([0.0, 0.06, 0.4]), st.floats(0, 1))


@given(SCORES, st.floats(0.05, 1), CONFIGS)
@settings(deadline=None, max_examples=60)
def test_a_clip_backwards_is_the_same_clip(
    scores: list[list[float]], threshold: float, config: PresenceConfig
) -> None:
    clip = np.array(scores, np.float32)
    smooth, present = smooth_presence(clip, [STEP] * len(clip), threshold, config)
    back, back_present = smooth_presence(clip[::-1], [STEP] * len(clip), threshold, config)
    np.testing.assert_array_equal(smooth, back[::-1])
    np.testing.assert_array_equal(present, back_present[::-1])
    assert smooth.dtype == np.float32
    assert smooth.min() >= clip.min() - 1e-6
    assert smooth.max() <= clip.max() + 1e-6
    assert present[smooth >= threshold].all()
    assert not present[smooth < config.stay * threshold].any()


@given(SCORES, st.floats(0.05, 1), CONFIGS)
@settings(deadline=None, max_examples=30)
def test_expressions_do_not_know_of_each_other(
    scores: list[list[float]], threshold: float, config: PresenceConfig
) -> None:
    clip = np.array(scores, np.float32)
    together = run(clip, threshold, config)
    alone = [run(clip[:, [query]], threshold, config) for query in (0, 1)]
    assert together == [[a[0], b[0]] for a, b in zip(*alone, strict=True)]


def test_offline_fills_a_gap_that_is_weak_from_one_side() -> None:
    """A rise that hysteresis sees only from behind counts from its start."""
    config = PresenceConfig(time_constant=0.0, stay=0.5)
    scores = rows(0.3, 0.3, 0.9, 0.3, 0.1)
    assert run(scores, 0.5, config) == [[False], [False], [True], [True], [False]]
    _, present = smooth_presence(scores, [STEP] * 5, 0.5, config)
    assert present[:, 0].tolist() == [True, True, True, True, False]


def test_a_clip_goes_on_from_the_frame_before_it() -> None:
    config = PresenceConfig(time_constant=0.0, stay=0.5)
    scores = rows(0.3, 0.3, 0.1)
    _, alone = smooth_presence(scores, [STEP] * 3, 0.5, config)
    assert not alone.any()
    for there in (True, False):
        before = (np.float32([0.9]), np.array([there]))
        _, present = smooth_presence(scores, [STEP] * 3, 0.5, config, before)
        assert present[:, 0].tolist() == [there, there, False]
    slow = PresenceConfig(time_constant=keeps(0.5), stay=1.0)
    last = (np.float32([0.9]), np.array([False]))
    smooth, _ = smooth_presence(scores, [STEP] * 3, 0.5, slow, last)
    forward = [0.6, 0.45, 0.275]  # half of the score before, half of the frame's
    backward = [0.25, 0.2, 0.1]
    np.testing.assert_allclose(smooth[:, 0], np.mean([forward, backward], 0), atol=1e-6)


@given(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1))
@settings(deadline=None, max_examples=60)
def test_language_and_track_speak_for_presence_together(
    score: float, agreement: float, other: float
) -> None:
    def of(a: float, b: float) -> float:
        return float(track_presence(np.float32([a]), np.float32([b]))[0])

    found = of(score, agreement)
    assert 0 <= found <= 1
    assert of(max(score, other), agreement) >= found
    assert of(score, max(agreement, other)) >= found
    assert of(score, 0.0) == 0  # without a track no target is present
    assert of(score, USUAL_AGREEMENT) == pytest.approx(score**0.5, abs=1e-5)


def test_what_is_doubted_is_not_shown() -> None:
    scores, present = rows(0.9, 0.8, 0.1)[:, 0], np.array([True, True, False])
    against = np.array([0.0, -2.0, 0.0], np.float32)
    shown, seen = doubting(scores, present, against)
    np.testing.assert_allclose(shown, [0.9, 0.8 * np.exp(-2), 0.1], rtol=1e-6)
    assert shown.dtype == np.float32
    assert seen.tolist() == [True, False, False]


def test_the_default_keeps_three_tenths_from_frame_to_frame_at_24_frames_per_second() -> None:
    for number in range(1, 2000):
        passed = number / 24 - (number - 1) / 24
        assert np.float32(past_weight(passed, PresenceConfig())) == np.float32(0.3)


@pytest.mark.parametrize("fps", [6, 12, 48, 120])
def test_smoothing_depends_on_seconds_and_not_on_the_frame_rate(fps: int) -> None:
    """The same step of a score: half a second later it is forgotten as much at any rate."""
    config = PresenceConfig(time_constant=0.4)
    presence = PresenceFilter(1, 0.5, config)
    presence.step(np.float32([1.0]), 1.0)
    for _ in range(fps // 2):
        scores, _ = presence.step(np.float32([0.0]), 1 / fps)
    assert scores[0] == pytest.approx(math.exp(-0.5 / 0.4), abs=1e-4)


def test_after_a_long_gap_the_past_has_no_say() -> None:
    presence = PresenceFilter(1, 0.5, PresenceConfig())
    presence.step(np.float32([1.0]), STEP)
    scores, _ = presence.step(np.float32([0.25]), 3600.0)
    assert scores[0] == 0.25


def test_gaps_of_a_clip_count_in_both_directions() -> None:
    config = PresenceConfig(time_constant=keeps(0.5))
    scores = rows(1.0, 0.0, 1.0)
    smooth, _ = smooth_presence(scores, [STEP, STEP, 1000.0], 0.5, config)
    # forward: 1, 0.5, 1 (the past is long gone); backward: 0.5, 0, 1
    np.testing.assert_allclose(smooth[:, 0], [0.75, 0.25, 1.0], atol=1e-6)


def assumed(queries: int = 1, config: PresenceConfig | None = None) -> PresenceFilter:
    return PresenceFilter(queries, 0.5, config or PresenceConfig(), assumed=True)


@given(
    st.lists(st.floats(0.0625, 1, width=16), min_size=1, max_size=12),
    st.sampled_from([1, 0.5, 0.25, 0.125]),
)
def test_an_assumed_target_is_judged_by_its_own_best(values: list[float], part: float) -> None:
    """How sure language is of a word makes no difference, and it is never absent throughout."""
    whole, faint = assumed(), assumed()
    scores = rows(*values)
    found = [
        (whole.step(row, STEP)[1][0], faint.step(row * np.float32(part), STEP)[1][0])
        for row in scores
    ]
    assert all(one == other for one, other in found)
    assert found[0][0], "it is the best so far"


@given(st.lists(st.floats(0, 1, width=16), max_size=12))
def test_an_assumed_target_that_was_sure_once_is_as_any_other(values: list[float]) -> None:
    scores = rows(1.0, *values)
    plain = run(scores, 0.5, PresenceConfig())
    presence = assumed()
    assert [presence.step(row, STEP)[1].tolist() for row in scores] == plain


def test_the_best_score_outlives_a_scene_and_goes_with_its_expression() -> None:
    presence = assumed(2, PresenceConfig(time_constant=0.0))
    presence.step(np.array([0.8, 0.2], np.float32), STEP)
    presence.reset()
    _, present = presence.step(np.array([0.3, 0.15], np.float32), STEP)
    assert present.tolist() == [False, True], "0.8 was seen in another scene"
    presence.select([1, NEW])
    assert presence.best.tolist() == pytest.approx([0.2, 0.0])
    again = assumed(2)
    again.load_state_dict(presence.state_dict())
    assert again.best.tolist() == presence.best.tolist()
    plain = PresenceFilter(2, 0.5, PresenceConfig())
    assert "best" not in plain.state_dict()
    for one, other in ((plain, presence), (presence, plain)):
        with pytest.raises(ConfigError, match="another assume_present"):
            one.load_state_dict(other.state_dict())


def test_a_clip_with_a_threshold_for_each_target() -> None:
    config = PresenceConfig(time_constant=0.0, stay=0.5)
    scores = np.array([[0.3, 0.3], [0.1, 0.1], [0.3, 0.3]], np.float32)
    threshold = np.array([0.5, 0.25], np.float32)
    _, present = smooth_presence(scores, [STEP] * 3, threshold, config)
    assert present.tolist() == [[False, True], [False, False], [False, True]]
