"""Offline: every frame once and in order, whatever the window; the future mends the past."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from car_video.config.video import OfflineConfig, VideoConfig
from car_video.errors import ConfigError
from car_video.types import Frame, FramePrediction
from car_video.video.observation import encode_frames, to_half, to_single
from car_video.video.offline import OfflineSegmenter, SecondPass
from car_video.video.presence import smooth_presence
from car_video.video.segmenter import VideoSegmenter
from car_video.video.stream import StreamSegmenter, segment_stream
from car_video.video.thumbnail import shrink
from car_video.video.tracking.likeness import look_of
from tests.segment.colour_model import ColourModel
from tests.video import conftest
from tests.video.colour_sam import ColourSam
from tests.video.conftest import CONFIGS, NAMES, SIZE, WITH_SAM, canvas, iou, red_at

pytestmark = pytest.mark.usefixtures("colour_sam")


FINE = replace(WITH_SAM, sam=replace(WITH_SAM.sam, side=384))


def offline(window: int = 64, batch: int = 1) -> VideoConfig:
    return VideoConfig(mode="offline", offline=OfflineConfig(window, batch))


def run(
    frames: list[Frame], video: VideoConfig, kind: str = "tracks", names: list[str] = NAMES
) -> list[tuple[Frame, FramePrediction]]:
    config = FINE if kind == "fine" else CONFIGS[kind]
    return list(segment_stream(ColourModel(), frames, names, config, video))


def assert_same(
    one: list[tuple[Frame, FramePrediction]], other: list[tuple[Frame, FramePrediction]]
) -> None:
    for (_, a), (_, b) in zip(one, other, strict=True):
        np.testing.assert_array_equal(a.masks, b.masks)
        np.testing.assert_array_equal(a.scores, b.scores)
        np.testing.assert_array_equal(a.present, b.present)


@given(
    number=st.integers(0, 9),
    window=st.integers(2, 14),
    cut=st.integers(0, 12),
    kind=st.sampled_from(["tracks", "maps"]),
)
@settings(
    deadline=None, max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_every_frame_once_and_in_order(number: int, window: int, cut: int, kind: str) -> None:
    frames = [conftest.frame(n, tint=100 * (n >= cut)) for n in range(number)]
    found = run(frames, offline(window), kind)
    assert [given_frame for given_frame, _ in found] == frames
    assert [(p.index, p.time) for _, p in found] == [(f.index, f.time) for f in frames]
    for given_frame, prediction in found:
        assert prediction.masks.shape == (2, *SIZE)
        assert prediction.present.all()
        moved = red_at((given_frame.index - 10) // 2)
        assert iou(prediction.masks[0], moved) > 0.7


def test_no_frame_no_answer() -> None:
    assert run([], offline()) == []


def test_a_window_larger_than_the_clip_changes_nothing() -> None:
    frames = [conftest.frame(n) for n in range(4)]
    assert_same(run(frames, offline(4)), run(frames, offline(1000)))


@pytest.mark.parametrize("batch", [1, 3, 9])
def test_answers_lag_by_no_more_than_a_window(batch: int) -> None:
    pulled = 0

    def endless() -> Iterator[Frame]:
        nonlocal pulled
        while True:
            pulled += 1
            yield conftest.frame(pulled - 1)

    stream = segment_stream(ColourModel(), endless(), NAMES, WITH_SAM, offline(4, batch))
    for given_out in range(1, 10):
        next(stream)
        assert pulled - given_out < 4


def test_a_cut_closes_the_window() -> None:
    """The two sides of a cut are as two clips."""
    first = [conftest.frame(n) for n in range(5)]
    second = [conftest.frame(n, red=n > 1, tint=100) for n in range(6)]
    apart = run(first, offline()) + run(second, offline())
    assert_same(run(first + second, offline()), apart)


def test_a_change_of_size_closes_the_window() -> None:
    first = [conftest.frame(n) for n in range(3)]
    upright = np.ascontiguousarray(conftest.frame(0).image.swapaxes(0, 1))
    second = [Frame(n, 0.0, upright) for n in range(2)]
    found = run(first + second, offline())
    assert [p.masks.shape[1:] for _, p in found] == [SIZE] * 3 + [SIZE[::-1]] * 2


def test_on_a_steady_clip_it_is_online() -> None:
    frames = [conftest.frame(n) for n in range(6)]
    for (_, late), (_, at_once) in zip(
        run(frames, offline()), run(frames, VideoConfig()), strict=True
    ):
        np.testing.assert_array_equal(late.masks, at_once.masks)


def mistaken(number: int) -> Frame:
    """Two objects; for four frames the wrong one is redder than the right one."""
    image = canvas()[:64]
    early = number < 4
    image[red_at(number)] = (255, 105, 105) if early else (255, 0, 0)
    image[40:60, 60:84] = (255, 0, 0) if early else (100, 100, 255)
    return Frame(number, number / 24, image)


def test_the_future_mends_the_past() -> None:
    frames = [mistaken(n) for n in range(16)]
    wrong = (slice(40, 60), slice(60, 84))
    at_once = run(frames[:2], VideoConfig(), "fine", ["a red ball"])
    assert iou(at_once[1][1].masks[0], wrong) > 0.8
    late = run(frames, offline(), "fine", ["a red ball"])
    for number, (_, prediction) in enumerate(late):
        assert iou(prediction.masks[0], red_at(number)) > 0.8


def test_presence_is_seen_from_both_sides() -> None:
    """Online an absence is noticed late; offline its middle is where it is."""
    frames = [conftest.frame(n, red=not 5 <= n < 13, green=False) for n in range(18)]
    late = [bool(p.present[0]) for _, p in run(frames, offline(), names=["a red ball"])]
    back = [bool(p.present[0]) for _, p in run(frames[::-1], offline(), names=["a red ball"])]
    assert late[:5] == late[13:] == [True] * 5
    assert not any(late[8:10])
    assert not any(back[8:10])


def impostor(number: int) -> Frame:
    """From 6 to 11 something else is where the red square is."""
    given_frame = conftest.frame(0, green=False)
    if 6 <= number < 12:
        given_frame.image[red_at(0)] = PINK
    return Frame(number, number / 8, given_frame.image)


PINK = (255, 105, 105)  # language takes it for red


@pytest.mark.parametrize("window", [64, 8, 3])
def test_what_takes_the_place_of_a_thing_is_doubted(
    window: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the windows: what was seen before them is known, from a stored state too."""

    def looked(logits: Any, there: Any, thumbnail: Any, features: Any) -> Any:
        look = look_of(logits, there, thumbnail, features)
        other = (thumbnail == PINK).all(-1).any()
        return replace(look, appearance=look.appearance * (0.0 if other else 1.0))

    def make() -> tuple[StreamSegmenter, VideoSegmenter]:
        segmenter = VideoSegmenter(ColourModel(), ["a red ball"], WITH_SAM, offline(window))
        return StreamSegmenter(segmenter), segmenter

    monkeypatch.setattr("car_video.video.offline.look_of", looked)
    (stream, segmenter), shown = make(), []
    for number in range(18):
        if number == 9 and window == 3:
            state = stream.state_dict()
            assert state is not None
            stream, segmenter = make()
            stream.load_state_dict(state)
        shown += [one for _, one in stream.push(impostor(number))]
        assert segmenter.tracker is not None
        assert not segmenter.tracker.trackless().any(), "tracks know nothing of doubts"
    shown += [one for _, one in stream.finish()]
    assert [bool(one.present[0]) for one in shown] == [True] * 6 + [False] * 6 + [True] * 6
    for number, one in enumerate(shown):
        assert one.masks.any() == one.present.any()
        assert (one.scores[0] < 0.1) == (6 <= number < 12)


def test_presence_goes_on_from_the_frame_before_a_window(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    given_before: list[Any] = []

    def spied(*args: Any) -> Any:
        given_before.append(args[4])
        return smooth_presence(*args)

    monkeypatch.setattr("car_video.video.offline.smooth_presence", spied)
    segmenter = VideoSegmenter(ColourModel(), NAMES, WITH_SAM, offline(3))
    late = OfflineSegmenter(segmenter)
    for number in range(3):
        list(late.push(conftest.frame(number)))
    held = segmenter.presence.scores
    assert held is not None
    for number in range(3, 9):
        list(late.push(conftest.frame(number, tint=100 * (number >= 6))))  # a cut at 6
    assert [scores is None for scores, _ in given_before] == [True, False, True]
    np.testing.assert_array_equal(given_before[1][0], held)
    assert [there.tolist() for _, there in given_before] == [
        [False, False],
        [True, True],
        [False, False],
    ]


def test_the_second_pass_goes_back_with_the_times_between_the_frames(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    passed: list[float] = []
    step = SecondPass.step

    def spied(self: SecondPass, observation: Any, seconds: float) -> Any:
        passed.append(seconds)
        return step(self, observation, seconds)

    monkeypatch.setattr(SecondPass, "step", spied)
    times = [0.0, 0.1, 0.4, 0.5]
    run([replace(conftest.frame(n), time=time) for n, time in enumerate(times)], offline())
    assert passed == pytest.approx([0.0, 0.1, 0.3, 0.1])


def test_the_second_pass_lets_go_of_what_has_left() -> None:
    segmenter = VideoSegmenter(ColourModel(), NAMES, WITH_SAM, offline())
    back = SecondPass(segmenter)
    for number in range(8):
        given_frame = conftest.frame(number, red=number < 2)
        (encoded,) = encode_frames(segmenter.image, [given_frame])
        seen = back.step(segmenter.observe(encoded, shrink(given_frame.image)), 1 / 24)
        if number == 1:
            assert not back.tracker.trackless().any()
    assert back.tracker.trackless().tolist() == [True, False]
    assert seen.parents[1, 0] == 0


def test_half_precision_is_only_for_waiting() -> None:
    segmenter = VideoSegmenter(ColourModel(), NAMES, WITH_SAM)
    given_frame = conftest.frame(0)
    (encoded,) = encode_frames(segmenter.image, [given_frame])
    observation = segmenter.observe(encoded, shrink(given_frame.image))
    waiting = to_half(observation).frame
    assert waiting.embedding.tokens.dtype == torch.float16
    assert waiting.features is not None
    assert waiting.features.dtype == torch.float16
    back = to_single(to_half(observation)).frame
    assert back.features is not None
    assert observation.frame.features is not None
    torch.testing.assert_close(back.features, observation.frame.features, atol=1e-3, rtol=1e-3)
    assert back.embedding.tokens.dtype == torch.float32
    assert observation.frame.features.dtype == torch.float32  # the given one stays


def test_the_window_is_all_that_waits() -> None:
    segmenter = VideoSegmenter(ColourModel(), NAMES, WITH_SAM, offline(5))
    late = OfflineSegmenter(segmenter)
    for number in range(13):
        list(late.push(conftest.frame(number)))
        assert len(late.window) == (number + 1) % 5
    assert len(list(late.finish())) == 3
    assert list(late.finish()) == []


def test_without_candidates_answers_come_at_once(colour_sam: ColourSam) -> None:
    segmenter = VideoSegmenter(
        ColourModel(), NAMES, replace(WITH_SAM, refine="none"), offline()
    )
    late = OfflineSegmenter(segmenter)
    for number in range(3):
        ((given_frame, prediction),) = late.push(conftest.frame(number))
        assert given_frame.index == prediction.index == 10 + 2 * number
    assert colour_sam.prompts == 0


def turned(number: int) -> Frame:
    """Another size."""
    given_frame = conftest.frame(number)
    upright = np.ascontiguousarray(given_frame.image.swapaxes(0, 1))
    return replace(given_frame, image=upright)


@pytest.mark.slow
@given(
    number=st.integers(0, 9),
    batch=st.integers(2, 10),
    window=st.integers(2, 10),
    cut=st.integers(0, 9),
    turn=st.integers(0, 9),
    away=st.integers(0, 9),
)
@settings(
    deadline=None, max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_batches_change_nothing(
    number: int, batch: int, window: int, cut: int, turn: int, away: int
) -> None:
    """Whatever happens inside of one: a cut, another size, an object that comes and goes."""
    frames = [
        turned(n) if n >= turn else conftest.frame(n, red=n != away, tint=100 * (n >= cut))
        for n in range(number)
    ]
    one_by_one = run(frames, offline(window))
    together = run(frames, offline(window, batch))
    assert [given_frame for given_frame, _ in together] == frames
    assert_same(one_by_one, together)


def test_batches_halve_where_memory_runs_out(
    monkeypatch: pytest.MonkeyPatch, colour_sam: ColourSam
) -> None:
    frames = [conftest.frame(number) for number in range(9)]
    expected = run(frames, offline(9, 8))
    sizes: list[int] = []

    def small(image: Any, given: Sequence[Frame]) -> Any:
        sizes.append(len(given))
        if len(given) > 2:
            raise torch.OutOfMemoryError
        return encode_frames(image, given)

    monkeypatch.setattr("car_video.video.offline.encode_frames", small)
    segmenter = VideoSegmenter(ColourModel(), NAMES, WITH_SAM, offline(9, 8))
    stream = StreamSegmenter(segmenter)
    found = [answer for one in frames for answer in stream.push(one)]
    found += stream.finish()
    assert sizes == [8, 4, 2, 2, 4, 2, 2, 1]
    assert stream.notices == ["out of memory: no more than 2 frames were encoded at once"]
    assert len(found) == 9
    assert_same(found, expected)


def test_both_encoders_see_batches(colour_sam: ColourSam) -> None:
    """As many frames as are wanted, of one size, and none that the window has no room for."""
    model = ColourModel()
    frames = [conftest.frame(n, tint=100 * (n >= 12)) for n in range(15)]
    frames += [turned(n) for n in range(15, 22)]
    list(segment_stream(model, frames, NAMES, WITH_SAM, offline(8, 5)))
    # The cut after 12 empties the window, so that the 3 after it leave room for 5.
    assert colour_sam.batches == [5, 3, 5, 2, 5, 2]
    assert model.batches == colour_sam.batches


def test_what_waits_is_bounded_with_batches(colour_sam: ColourSam) -> None:
    segmenter = VideoSegmenter(ColourModel(), NAMES, WITH_SAM, offline(7, 3))
    late = OfflineSegmenter(segmenter)
    for number in range(16):
        list(late.push(conftest.frame(number)))
        assert len(late.waiting) < 3
        assert len(late.window) + len(late.waiting) < 7
        for kept in late.window:  # nothing of a batch stays with its frames
            seen = kept.observation.frame
            assert seen.features is not None
            for part in (seen.embedding.tokens, seen.features):
                assert part.untyped_storage().nbytes() == part.nbytes
    assert sum(colour_sam.batches) == 16 - len(late.waiting)
    assert len(list(late.finish())) == 2
    assert list(late.finish()) == []


def test_state_can_be_taken_while_frames_wait_for_the_encoders() -> None:
    """After a cut inside a batch: the answers before it are out, the rest is not begun."""
    frames = [conftest.frame(n, tint=100 * (n >= 4)) for n in range(11)]

    def make(batch: int) -> StreamSegmenter:
        segmenter = VideoSegmenter(ColourModel(), NAMES, WITH_SAM, offline(5, batch))
        return StreamSegmenter(segmenter)

    straight, states = [], {}
    stream = make(3)
    for given_frame in frames:
        for done in stream.push(given_frame):
            straight.append(done)
            states[done[0].index] = stream.state_dict()
    straight += list(stream.finish())
    kept = [index for index, state in states.items() if state is not None]
    assert kept == [frames[3].index, frames[8].index]
    for place in (3, 8):
        state = states[frames[place].index]
        assert state is not None
        second = make(2)
        second.load_state_dict(state)
        again = [done for rest in frames[place + 1 :] for done in second.push(rest)]
        again += list(second.finish())
        assert_same(again, straight[place + 1 :])


def test_sizes_of_batches_are_checked() -> None:
    for batch in (0, 257):
        with pytest.raises(ConfigError, match=r"offline\.batch must be from 1 to 256"):
            OfflineConfig(batch=batch)
