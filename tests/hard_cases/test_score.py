import numpy as np
import pytest

from tests.hard_cases.generate import Moment
from tests.hard_cases.score import QueryScore, Tally, by_kind

SHAPE = (40, 120)


class Crossing:
    """Two squares that pass each other in 21 frames; the first is named."""

    kind, name, expressions = "crossing", "two squares", ("the square", "the other")
    length = 21

    def at(self, frame: int) -> Moment:
        masks = np.zeros((2, *SHAPE), bool)
        masks[0, 5:25, 5 * frame : 5 * frame + 20] = True
        masks[1, 10:30, 100 - 5 * frame : 120 - 5 * frame] = True
        masks[0] &= ~masks[1]
        image = np.zeros((*SHAPE, 3), np.uint8)
        return Moment(
            image, masks, masks[::-1].copy(), masks.mean((1, 2)) * masks[0].size / 400
        )


class Return:
    """A square that is there, away for five frames, and there again."""

    kind, name, expressions = "leave", "a square", ("the square",)
    length = 15

    def at(self, frame: int) -> Moment:
        here = not 5 <= frame < 10
        masks = np.zeros((1, *SHAPE), bool)
        masks[0, 5:25, 5:25] = here
        image = np.zeros((*SHAPE, 3), np.uint8)
        return Moment(image, masks, np.zeros_like(masks), np.array([float(here)]))


def run(case, predict) -> list[QueryScore]:
    tally = Tally(case)
    for frame in range(case.length):
        truth = case.at(frame)
        tally.add(truth, *predict(frame, truth))
    return tally.scores()


def perfect(frame, truth):
    return truth.masks, truth.visibility > 0


def test_perfect_predictions_score_one():
    for score in [*run(Crossing(), perfect), *run(Return(), perfect)]:
        assert (score.presence, score.j) == (1, 1)
        assert score.identity_kept in (True, None)
    for score in run(Crossing(), perfect):
        assert (score.identity_kept, score.stayed) == (True, True)
    assert run(Return(), perfect)[0].delays == (0,)


def test_swapped_after_the_crossing_is_neither_kept_nor_stayed():
    def swapped(frame, truth):
        masks = truth.masks if frame < 10 else truth.masks[::-1]
        return masks, np.ones(2, bool)

    for score in run(Crossing(), swapped):
        assert score.crossing == ("named", "other")
        assert not score.identity_kept
        assert score.stayed is False
        assert score.presence == 1


def test_always_on_the_other_stays_but_is_not_kept():
    for score in run(Crossing(), lambda _, truth: (truth.masks[::-1], np.ones(2, bool))):
        assert score.crossing == ("other", "other")
        assert score.identity_kept is False
        assert score.stayed
        assert score.j < 0.2


def test_nothing_predicted_is_on_neither():
    for score in run(Crossing(), lambda _, truth: (truth.masks, np.zeros(2, bool))):
        assert score.crossing == ("neither", "neither")
        assert score.identity_kept is False
        assert score.stayed is None
        assert (score.presence, score.j) == (0, 0)


def test_always_present_is_wrong_while_the_target_is_away():
    (score,) = run(Return(), lambda _, truth: (np.ones((1, *SHAPE), bool), np.ones(1, bool)))
    assert score.presence == pytest.approx(10 / 15)
    assert score.j == pytest.approx(400 / (40 * 120))
    assert score.delays == (5,)  # never J 0.5: the whole stay


def test_late_recovery():
    def late(frame, truth):
        return truth.masks, np.array([truth.visibility[0] > 0 and frame not in (10, 11, 12)])

    (score,) = run(Return(), late)
    assert score.delays == (3,)
    assert score.presence == pytest.approx(12 / 15)
    assert score.j == pytest.approx(7 / 10)


def test_masks_of_another_shape_are_refused():
    with pytest.raises(ValueError, match=r"want \(1, 40, 120\)"):
        run(Return(), lambda *_: (np.zeros((2, *SHAPE), bool), np.ones(2, bool)))


def test_means_by_kind():
    scores = [
        QueryScore("leave", "a", "x", 1.0, 0.5, None, (0, 4)),
        QueryScore("crossing", "b", "x", 0.5, 0.7, ("named", "named"), ()),
        QueryScore("crossing", "b", "y", 0.7, np.nan, ("other", "other"), ()),
    ]
    leave, cross, total = by_kind(scores)
    assert (leave.kind, leave.presence, leave.delay) == ("leave", 1.0, 2.0)
    assert np.isnan(leave.identity_kept)
    assert (cross.expressions, cross.identity_kept, cross.stayed, cross.j) == (2, 0.5, 1.0, 0.7)
    assert np.isnan(cross.delay)
    assert (total.kind, total.j, total.presence) == (
        "all",
        pytest.approx(0.6),
        pytest.approx(2.2 / 3),
    )
