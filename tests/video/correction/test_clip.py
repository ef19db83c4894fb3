"""Corrections of a run that is done: only what changes is read again."""

from __future__ import annotations

import numpy as np
import pytest

from car_video.corrections import Correction
from car_video.errors import CorrectionError
from car_video.types import Frame, FramePrediction
from car_video.video.correction.clip import correct_clip
from car_video.video.correction.corrector import Corrector, Reach, reach
from car_video.video.segmenter import VideoSegmenter
from tests.segment.colour_model import ColourModel
from tests.video import conftest
from tests.video.conftest import NAMES, WITH_SAM
from tests.video.correction.scenes import (
    COUNT,
    FPS,
    GREEN_BOX,
    RED,
    answers,
    assert_same,
    clip,
    index,
    story,
    uncorrected,
)

pytestmark = pytest.mark.usefixtures("colour_sam")

LONG = 22
"""Frames of which those at both ends are out of reach of a correction."""


RED_AND_MORE = np.zeros(conftest.SIZE, bool)
RED_AND_MORE[conftest.red_at(5)] = True
RED_AND_MORE[46:54, 6:20] = True


class Run:
    """A run that is done; what is read of its source is noted."""

    def __init__(self, names: list[str], count: int = COUNT, fps: int = FPS) -> None:
        self.frames = {frame.index: frame for frame in clip(count, fps)}
        before = uncorrected(tuple(names), count, fps)
        self.predictions = {one.index: one for one in before}
        segmenter = VideoSegmenter(ColourModel(), names, WITH_SAM)
        self.corrector = Corrector(segmenter.image, segmenter.video)
        self.read: list[int] = []
        self.corrected: list[tuple[int, int]] = []

    def frame_at(self, number: int) -> Frame:
        self.read.append(number)
        return self.frames[number]

    def correct(self, *given: Correction) -> list[int]:
        """Indices of the frames that change, from now on."""
        self.read = []
        found = list(
            correct_clip(self.corrector, self.frame_at, self.predictions, given, self.corrected)
        )
        for one in given:
            names = next(iter(self.predictions.values())).expressions
            self.corrected.append((one.frame, one.number(names)))
        self.predictions |= {one.index: one for one in found}
        return [one.index for one in found]

    @property
    def answers(self) -> list[FramePrediction]:
        return [self.predictions[number] for number in sorted(self.predictions)]


@pytest.mark.parametrize(
    "given",
    [
        [Correction(index(2), 0, absent=True), Correction(index(6), 0, [(70, 50, True)])],
        *(
            pytest.param(given, marks=pytest.mark.slow)
            for given in (
                [Correction(index(5), 0, box=GREEN_BOX)],
                [Correction(index(5), 0, absent=True)],
                [Correction(index(0), 0, box=GREEN_BOX), Correction(index(11), 1, absent=True)],
                [Correction(index(5), 0, mask=RED_AND_MORE, mends=True)],
            )
        ),
    ],
)
def test_it_is_as_if_they_had_been_there_from_the_beginning(given: list[Correction]) -> None:
    run = Run(NAMES)
    run.correct(*given)
    for one, other in zip(run.answers, answers(clip(), given, NAMES), strict=True):
        assert_same(one, other)


def test_one_after_the_other() -> None:
    run = Run(RED)
    run.correct(Correction(index(5), 0, box=GREEN_BOX))
    assert story(run.answers) == "g" * COUNT
    run.correct(Correction(index(9), 0, absent=True))
    # Frames that are nearer to the earlier correction stay.
    assert story(run.answers) == "gggggggg----"


@pytest.mark.parametrize(
    ("fps", "each_way"),
    [(24, 3), *(pytest.param(*p, marks=pytest.mark.slow) for p in ((48, 5), (6, 2)))],
)
def test_only_frames_that_may_change_are_read(fps: int, each_way: int) -> None:
    """A tenth of a second on either side, at least two frames."""
    run = Run(RED, LONG, fps)
    mask = run.predictions[index(15)].masks[0].copy()
    mask[:, mask.any(0).argmax()] = False
    changed = run.correct(Correction(index(15), 0, mask=mask))
    assert changed == [index(15)]
    assert sorted(run.read) == [index(n) for n in range(15 - each_way, 16 + each_way)]


def test_a_mistake_of_some_frames_is_mended_and_no_more() -> None:
    run = Run(RED, LONG)
    for number in range(12, 17):
        one = run.predictions[index(number)]
        masks = one.masks.copy()
        masks[0] = False
        masks[0, 40:60, 60:84] = True
        run.predictions[index(number)] = FramePrediction(
            one.index, one.time, one.expressions, masks, one.scores, one.present
        )
    left = 4 + 2 * 14
    changed = run.correct(Correction(index(14), 0, box=(left, 8, 20, 20)))
    assert story(run.answers) == "r" * LONG
    assert changed == [index(n) for n in range(12, 17)]
    assert sorted(set(run.read)) == [index(n) for n in range(9, 20)]


def test_nothing_changes_where_one_of_them_is_wrong() -> None:
    run = Run(RED)
    for wrong in (
        Correction(index(5), 0, [(100, 1, True)]),
        Correction(index(5) + 1, 0, absent=True),
        Correction(index(5), 3, absent=True),
    ):
        with pytest.raises(CorrectionError):
            run.correct(Correction(index(2), 0, box=GREEN_BOX), wrong)
    assert story(run.answers) == "r" * COUNT


def test_the_nearest_correction_decides() -> None:
    assert reach(10, [10]) == Reach(0, None)
    assert reach(10, [4, 10, 20]) == Reach(8, 15)
    assert reach(10, [4, 5, 10, 13, 20]) == Reach(8, 11)
    for one, other in ((3, 4), (3, 5), (3, 6)):
        both = [one, other]
        owners = [[reach(own, both).holds(n) for own in both] for n in range(10)]
        assert all(sum(own) == 1 for own in owners)


def test_frames_of_the_scene() -> None:
    np.testing.assert_array_equal(clip()[3].image, conftest.frame(3).image)
