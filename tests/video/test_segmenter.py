"""The streaming entry: frames in, predictions of the same number and time out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from car_video.config import (
    AutomaticConfig,
    ExpressionConfig,
    ProposalConfig,
    SamRefineConfig,
    SegmentConfig,
)
from car_video.config.video import KeyframeConfig, TrackConfig, VideoConfig
from car_video.errors import ExpressionError
from car_video.segment.segmenter import ImageSegmenter
from car_video.types import Frame
from car_video.video.segmenter import VideoSegmenter
from car_video.video.stream import segment_stream
from car_video.video.thumbnail import shrink
from car_video.video.tracking.tracker import Tracker
from tests.segment.colour_model import ColourModel
from tests.video import conftest
from tests.video.colour_sam import ColourSam
from tests.video.conftest import CONFIGS, SIDE, WITH_SAM, iou, red_at

CONFIG = SegmentConfig(
    scale="model",  # everyday phrases have no colours
    refine="none",
    background=("sky",),
    proposal=ProposalConfig(size=96, affinity=False),
    expression=ExpressionConfig(noun_weight=0.0),
)
NAMES = ["a red ball", "a green frog"]
PER_FRAME = VideoConfig(mode="per-frame")


def frame(number: int, *, red: bool = True) -> Frame:
    """A red square that moves 8 pixels a frame; every third frame a green one as well."""
    image = np.full((64, 96, 3), 128, np.uint8)
    if red:
        image[8:32, 8 * number : 8 * number + 24] = (255, 0, 0)
    if number % 3 == 0:
        image[40:60, 60:84] = (0, 255, 0)
    return Frame(10 + 2 * number, number / 12.5, image)


def test_each_frame_is_answered_in_turn() -> None:
    segmenter = VideoSegmenter(ColourModel(), NAMES, CONFIG, PER_FRAME)
    for number in range(6):
        given = frame(number)
        found = segmenter.step(given)
        assert (found.index, found.time) == (given.index, given.time)
        assert found.expressions == tuple(NAMES)
        assert found.masks.shape == (2, given.height, given.width)
        assert found.present.tolist() == [True, number % 3 == 0]
        truth = (given.image == (255, 0, 0)).all(-1)
        assert (found.masks[0] & truth).sum() / (found.masks[0] | truth).sum() > 0.85


def test_a_target_may_leave_and_come_back() -> None:
    segmenter = VideoSegmenter(ColourModel(), ["a red ball"], CONFIG, PER_FRAME)
    seen = [segmenter.step(frame(n, red=n not in (2, 3))) for n in range(5)]
    assert [bool(p.present[0]) for p in seen] == [True, True, False, False, True]
    assert [bool(p.masks.any()) for p in seen] == [True, True, False, False, True]


def faint(number: int) -> Frame:
    """A scene of its own size, in which a ball is hardly red, or is not there (number 2)."""
    image = np.full((64, 96 + 16 * (number > 2), 3), 128, np.uint8)
    if number != 2:
        image[8:40, 8:48] = (150, 122, 122) if number < 3 else (255, 0, 0)
    return Frame(number, number / 12.5, image)


def test_what_is_assumed_to_be_there_is_taken_where_it_is_likest() -> None:
    asked = ["a red ball"]
    config = replace(CONFIG, presence_threshold=0.999)
    plain = VideoSegmenter(ColourModel(), asked, config)
    sure = VideoSegmenter(ColourModel(), asked, replace(config, assume_present=True))
    first, answer = plain.step(faint(0)), sure.step(faint(0))
    assert answer.scores.tolist() == first.scores.tolist(), "it is as unsure as before"
    assert not first.present[0]
    assert answer.present[0]
    assert answer.masks[0, 20, 20]
    still = ImageSegmenter(ColourModel(), asked, replace(config, assume_present=True))
    assert still.segment(faint(0).image).present.all()
    best = float(sure.presence.best[0])
    sure.step(faint(3))  # a cut: another size
    assert float(sure.presence.best[0]) >= best > 0
    sure.reset()
    assert float(sure.presence.best[0]) == 0


def test_the_first_frame_is_that_of_the_image_segmenter() -> None:
    given = frame(0)
    image = ImageSegmenter(ColourModel(), NAMES, CONFIG).segment(given.image)
    video = VideoSegmenter(ColourModel(), NAMES, CONFIG).step(given)
    np.testing.assert_array_equal(video.masks, image.masks)
    np.testing.assert_array_equal(video.scores, image.scores)


def test_after_a_reset_a_stream_is_a_new_one() -> None:
    segmenter = VideoSegmenter(ColourModel(), NAMES, CONFIG)
    before = [segmenter.step(frame(n)) for n in range(3)]
    segmenter.reset()
    after = [segmenter.step(frame(n)) for n in range(3)]
    for first, second in zip(before, after, strict=True):
        np.testing.assert_array_equal(first.masks, second.masks)
        np.testing.assert_array_equal(first.scores, second.scores)


def test_frames_may_change_their_size() -> None:
    segmenter = VideoSegmenter(ColourModel(), NAMES, CONFIG)
    for shape in ((64, 96), (1, 1), (96, 64), (16, 16), (64, 96)):
        found = segmenter.step(Frame(0, 0.0, np.zeros((*shape, 3), np.uint8)))
        assert found.masks.shape == (2, *shape)
        assert not found.present.any()


def test_other_expressions_from_the_next_frame_on() -> None:
    segmenter = VideoSegmenter(ColourModel(), ["a red ball"], CONFIG)
    first = segmenter.step(frame(0))
    segmenter.set_expressions(["a green frog"])
    second = segmenter.step(frame(0))
    assert (first.expressions, second.expressions) == (("a red ball",), ("a green frog",))
    assert not (first.masks & second.masks).any()
    assert second.present.all()


@pytest.mark.parametrize("names", [[], [""], ["a dog", "  "]])
def test_expressions_that_say_nothing(names: list[str]) -> None:
    with pytest.raises(ExpressionError):
        VideoSegmenter(ColourModel(), names, CONFIG)
    segmenter = VideoSegmenter(ColourModel(), NAMES, CONFIG)
    with pytest.raises(ExpressionError):
        segmenter.set_expressions(names)
    assert segmenter.step(frame(0)).expressions == tuple(NAMES)


def test_predictions_of_earlier_frames_stay_as_they_are() -> None:
    segmenter = VideoSegmenter(ColourModel(), NAMES, replace(CONFIG, mode="refer"))
    first = segmenter.step(frame(0))
    kept = first.masks.copy(), first.scores.copy()
    segmenter.step(frame(4))
    np.testing.assert_array_equal(first.masks, kept[0])
    np.testing.assert_array_equal(first.scores, kept[1])


@pytest.fixture(params=list(CONFIGS))
def config(request: pytest.FixtureRequest, colour_sam: ColourSam) -> SegmentConfig:
    """With mask candidates and without."""
    return CONFIGS[request.param]


def test_online_answers_in_turn(config: SegmentConfig) -> None:
    segmenter = VideoSegmenter(ColourModel(), NAMES, config)
    for number in range(12):
        given = conftest.frame(number)
        found = segmenter.step(given)
        assert (found.index, found.time) == (given.index, given.time)
        assert found.present.tolist() == [True, True]
        assert iou(found.masks[0], red_at(number)) > 0.75
        assert iou(found.masks[1], (slice(40, 60), slice(60, 84))) > 0.75


def test_online_a_target_may_leave_and_come_back(config: SegmentConfig) -> None:
    """Presence lags by a few frames, which is why it does not blink."""
    segmenter = VideoSegmenter(ColourModel(), ["a red ball"], config)
    present = []
    for number in range(24):
        here = not 8 <= number < 16
        found = segmenter.step(conftest.frame(number, red=here, green=False))
        present.append(bool(found.present[0]))
        assert present[-1] == bool(found.masks[0].any())
        if here and present[-1]:
            assert iou(found.masks[0], red_at(number)) > 0.5
    assert present[:8] == [True] * 8
    assert present[12:16] == [False] * 4
    assert present[-6:] == [True] * 6


def test_online_presence_does_not_blink() -> None:
    """A target that pales on single frames: away per frame, still here online."""
    frames = [conftest.frame(number) for number in range(9)]
    for given in frames[3::4]:
        given.image[red_at((given.index - 10) // 2)] = (255, 110, 110)
    alone = VideoSegmenter(ColourModel(), ["a red ball"], CONFIG, PER_FRAME)
    assert [bool(alone.step(f).present[0]) for f in frames] == [n % 4 != 3 for n in range(9)]
    online = VideoSegmenter(ColourModel(), ["a red ball"], CONFIG)
    assert all(online.step(given).present[0] for given in frames)


def test_per_frame_is_the_image_segmenter(config: SegmentConfig) -> None:
    video = VideoSegmenter(ColourModel(), NAMES, config, PER_FRAME)
    image = ImageSegmenter(ColourModel(), NAMES, config)
    for number in range(4):
        given = frame(number)
        alone, found = image.segment(given.image), video.step(given)
        np.testing.assert_array_equal(found.masks, alone.masks)
        np.testing.assert_array_equal(found.scores, alone.scores)


@pytest.mark.parametrize("mode", ["per-frame", "online"])
def test_an_answer_does_not_depend_on_later_frames(config: SegmentConfig, mode: str) -> None:
    video = VideoConfig(mode=mode)  # type: ignore[arg-type]
    segmenter = VideoSegmenter(ColourModel(), NAMES, config, video)
    answers = [segmenter.step(conftest.frame(n)) for n in range(6)]
    kept = [(a.masks.copy(), a.scores.copy(), a.present.copy()) for a in answers]
    other = VideoSegmenter(ColourModel(), NAMES, config, video)
    for number in range(6):
        found = other.step(conftest.frame(number))
        np.testing.assert_array_equal(found.masks, kept[number][0])
        np.testing.assert_array_equal(found.scores, kept[number][1])
    for number in range(6, 12):
        segmenter.step(conftest.frame(number, red=False, green=number % 2 == 0))
    for answer, (masks, scores, present) in zip(answers, kept, strict=True):
        np.testing.assert_array_equal(answer.masks, masks)
        np.testing.assert_array_equal(answer.scores, scores)
        np.testing.assert_array_equal(answer.present, present)


def test_after_a_cut_a_stream_is_a_new_one(config: SegmentConfig) -> None:
    used = VideoSegmenter(ColourModel(), NAMES, config)
    for number in range(5):
        used.step(conftest.frame(number))
    fresh = VideoSegmenter(ColourModel(), NAMES, config)
    for number in range(3):
        given = conftest.frame(number, red=number > 0, tint=100)
        found, wanted = used.step(given), fresh.step(given)
        np.testing.assert_array_equal(found.masks, wanted.masks)
        np.testing.assert_array_equal(found.scores, wanted.scores)


def test_after_a_change_of_size_a_stream_is_a_new_one(config: SegmentConfig) -> None:
    used = VideoSegmenter(ColourModel(), NAMES, config)
    for number in range(5):
        used.step(conftest.frame(number))
    fresh = VideoSegmenter(ColourModel(), NAMES, config)
    for number in range(3):
        upright = Frame(
            0, 0.0, np.ascontiguousarray(conftest.frame(number).image.swapaxes(0, 1))
        )
        found, wanted = used.step(upright), fresh.step(upright)
        np.testing.assert_array_equal(found.masks, wanted.masks)
        np.testing.assert_array_equal(found.scores, wanted.scores)


def test_between_keyframes_language_sees_nothing(colour_sam: ColourSam) -> None:
    model = ColourModel()
    video = VideoConfig(keyframes=KeyframeConfig(interval=4 / 24, side=128))
    segmenter = VideoSegmenter(model, ["a red ball"], WITH_SAM, video)
    for number in range(12):
        found = segmenter.step(conftest.frame(number))
        assert iou(found.masks[0], red_at(number)) > 0.6
    assert model.frames == 3
    assert [side == SIDE for side in colour_sam.sides] == [True, False, False, False] * 3
    assert all(side <= 128 for side in colour_sam.sides if side < SIDE)


@pytest.mark.parametrize(
    ("names", "config", "seen"),
    [
        (["a red ball"], WITH_SAM, [0, 6, 12]),
        (["a red ball", "a green ball"], WITH_SAM, [0, 3, 6, 9, 12]),  # one is missed
        (["the leftmost red ball"], WITH_SAM, [0, 3, 6, 9, 12]),  # another one may come
        (["red balls"], WITH_SAM, [0, 3, 6, 9, 12]),
        (["a red ball"], CONFIG, [0, 3, 6, 9, 12]),  # nothing follows it
    ],
)
def test_while_all_are_followed_language_may_rest(
    colour_sam: ColourSam, names: list[str], config: SegmentConfig, seen: list[int]
) -> None:
    keyframes = KeyframeConfig(interval=3 / 24, followed_interval=6 / 24, side=128)
    video = VideoConfig(keyframes=keyframes)
    segmenter = VideoSegmenter(ColourModel(), names, config, video)
    asked = []
    for number in range(13):
        found = segmenter.step(conftest.frame(number, green=False))
        assert found.present.tolist() == [True, False][: len(names)]
        asked += [number] * (segmenter.schedule.frames == 0)
    assert asked == seen


def test_what_is_doubted_is_followed_but_not_shown(
    colour_sam: ColourSam, monkeypatch: pytest.MonkeyPatch
) -> None:
    segmenter = VideoSegmenter(ColourModel(), NAMES, WITH_SAM)
    segmenter.step(conftest.frame(0))
    with monkeypatch.context() as patch:
        patch.setattr(Tracker, "against", lambda _: np.array([-3.0, 0.0], np.float32))
        doubted = segmenter.step(conftest.frame(1))
    assert doubted.present.tolist() == [False, True]
    assert not doubted.masks[0].any()
    assert doubted.scores[0] < doubted.scores[1] / 10
    assert segmenter.presence.present.all()
    assert not segmenter.tracker.trackless().any()  # type: ignore[union-attr]
    assert segmenter.step(conftest.frame(2)).present.all()


def test_a_lost_track_makes_a_keyframe_at_once(colour_sam: ColourSam) -> None:
    model = ColourModel()
    video = VideoConfig(keyframes=KeyframeConfig(interval=8.0, side=128))
    segmenter = VideoSegmenter(model, ["a red ball"], WITH_SAM, video)
    language, present = [], []
    for number in range(8):
        before = model.frames
        found = segmenter.step(conftest.frame(number, red=number != 5, green=False))
        language.append(model.frames - before)
        present.append(bool(found.present[0]))
    assert language == [1, 0, 0, 0, 0, 1, 0, 1]  # and soon again, to see whether it is back
    assert present == [True] * 5 + [False, False, True]


def test_a_track_lost_in_calm_makes_a_keyframe_at_once(colour_sam: ColourSam) -> None:
    """Where the mask model would not have looked: what lies under the mask has changed."""
    model = ColourModel()
    keyframes = KeyframeConfig(interval=8.0, side=128, calm=0.6, calm_seconds=0.08)
    segmenter = VideoSegmenter(
        model, ["a red ball"], WITH_SAM, VideoConfig(keyframes=keyframes)
    )
    language, looks = [], []
    for number in range(5):
        before = model.frames, len(colour_sam.sides)
        segmenter.step(conftest.frame(number, red=number != 4, green=False))
        language.append(model.frames - before[0])
        looks.append(len(colour_sam.sides) - before[1])
    assert language == [1, 0, 0, 0, 1]
    assert looks[:4] == [1, 1, 0, 1], "without the change, the last one would be another 0"


@pytest.mark.parametrize(
    ("doubt", "gap", "seen"),
    [(0.5, 1, [1, 0, 1, 0]), (0.5, 3, [1, 0, 0, 0]), (0.0, 1, [1, 0, 0, 0])],
)
def test_a_track_in_doubt_makes_a_keyframe(
    colour_sam: ColourSam, doubt: float, gap: float, seen: list[int]
) -> None:
    model = ColourModel()
    keyframes = KeyframeConfig(interval=100.0, side=128, doubt=doubt, min_interval=gap, cut=1.0)
    segmenter = VideoSegmenter(
        model, ["a red ball"], WITH_SAM, VideoConfig(keyframes=keyframes)
    )
    language = []
    for number, half in enumerate((22, 22, 6, 6)):  # smaller than flow can tell
        image = conftest.canvas().copy()
        image[32 - half : 32 + half, 48 - half : 48 + half] = (255, 0, 0)
        before = model.frames
        segmenter.step(Frame(number, float(number), image))
        language.append(model.frames - before)
    assert language == seen


@pytest.mark.parametrize(
    ("newborn", "seen"), [(1, [1, 0, 0, 0, 0]), (2, [1, 1, 0, 0, 0]), (3, [1, 1, 1, 0, 0])]
)
def test_language_sees_the_first_frames_of_a_track(
    colour_sam: ColourSam, newborn: int, seen: list[int]
) -> None:
    model = ColourModel()
    video = VideoConfig(keyframes=KeyframeConfig(interval=8.0, side=128, newborn=newborn))
    segmenter = VideoSegmenter(model, ["a red ball"], WITH_SAM, video)
    language = []
    for number in range(5):
        before = model.frames
        segmenter.step(conftest.frame(number))
        language.append(model.frames - before)
    assert language == seen


def test_without_candidates_ordinary_frames_take_one_step(monkeypatch) -> None:
    segmenter = VideoSegmenter(
        ColourModel(), NAMES, CONFIG, VideoConfig(keyframes=KeyframeConfig(interval=3 / 24))
    )
    steps = []
    recur = segmenter.image.recur

    def spy(view, start=None, max_steps=None):
        steps.append(max_steps)
        return recur(view, start, max_steps)

    monkeypatch.setattr(segmenter.image, "recur", spy)
    for number in range(7):
        assert segmenter.step(conftest.frame(number)).present.all()
    assert steps == [None, 1, 1, None, 1, 1, None]


def sizes(value: object, seen: set[int]) -> list[tuple[int, ...]]:
    """Shapes of all tensors and arrays that an object holds on to."""
    if hasattr(value, "shape"):
        return [tuple(value.shape)]
    if id(value) in seen or isinstance(value, ColourSam | ColourModel | ImageSegmenter):
        return []
    seen.add(id(value))
    parts = value if isinstance(value, list | tuple | set) else []
    if isinstance(value, dict):
        parts = list(value.values())
    elif hasattr(value, "__dict__"):
        parts = list(vars(value).values())
    return [shape for part in parts for shape in sizes(part, seen)]


@pytest.mark.slow
@pytest.mark.parametrize("every", [0, 3])
def test_state_does_not_grow(config: SegmentConfig, every: int) -> None:
    video = VideoConfig(keyframes=KeyframeConfig(interval=every / 24, side=128))
    segmenter = VideoSegmenter(ColourModel(), NAMES, config, video)
    held = []
    for number in range(60):
        segmenter.step(conftest.frame(number, red=number % 30 < 20))
        held.append(sizes(segmenter, set()))
    assert len(held[-1]) > 5
    full = 10 * max(1, every)  # the memory is full
    assert all(sorted(entry) == sorted(held[full]) for entry in held[full:])


def test_evidence_of_every_frame_that_language_sees(config: SegmentConfig) -> None:
    """With tracks that is a keyframe, with maps it is every frame."""
    video = VideoConfig(keyframes=KeyframeConfig(interval=1.0))
    segmenter = VideoSegmenter(ColourModel(), NAMES, config, video)
    found = [segmenter.step(conftest.frame(number)).extras for number in range(3)]
    maps = config.refine == "none"
    assert ["evidence" in extras for extras in found] == [True, maps, maps]
    for extras in found[: 3 if maps else 1]:
        assert np.isfinite(extras["evidence"]["words"]).all()
        assert extras["evidence"]["words"].shape == (len(NAMES),)


@pytest.mark.parametrize("count", [1, 16])
def test_any_number_of_tracks(colour_sam: ColourSam, count: int) -> None:
    video = VideoConfig(tracks=TrackConfig(count=count))
    segmenter = VideoSegmenter(ColourModel(), NAMES, WITH_SAM, video)
    for number in range(4):
        found = segmenter.step(conftest.frame(number))
        assert iou(found.masks[0], red_at(number)) > 0.75


def test_shrink_takes_means_of_areas() -> None:
    image = np.random.default_rng(0).integers(0, 256, (8, 16, 3)).astype(np.uint8)
    small = shrink(image, 4)
    assert small.shape == (2, 4, 3)
    means = image.reshape(2, 4, 4, 4, 3).mean((1, 3))
    assert abs(small - means).max() <= 0.5 + 1e-4
    np.testing.assert_array_equal(shrink(image, 16), image)
    read_only = image.copy()
    read_only.flags.writeable = False
    np.testing.assert_array_equal(shrink(read_only, 4), small)


@pytest.mark.parametrize("mode", ["online", "offline", "per-frame"])
def test_automatic_masks_refine_maps_without_tracks(colour_sam: ColourSam, mode: str) -> None:
    """CaR's rule knows no prompts, so nothing is followed; each frame is asked about once."""
    parts = AutomaticConfig(points_per_side=4, stability=0.0, iou=0.3)
    sam = SamRefineConfig(side=SIDE, rule="automatic", automatic=parts)
    config = replace(WITH_SAM, sam=sam, presence_threshold=0.05)
    frames = [conftest.frame(number) for number in range(3)]
    video = VideoConfig(mode=mode)  # type: ignore[arg-type]
    answers = list(segment_stream(ColourModel(), frames, NAMES, config, video))
    assert colour_sam.prompts == 16 * len(frames)
    for number, (_, prediction) in enumerate(answers):
        assert iou(prediction.masks[0], red_at(number)) > 0.5
