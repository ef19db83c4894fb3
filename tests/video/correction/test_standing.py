"""A result that goes on from the corrected frame is not exchanged for one that does not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from car_video.types import Frame
from car_video.video.correction.answers import Answer
from car_video.video.correction.change import Change, Mended
from car_video.video.correction.follower import Followed
from car_video.video.correction.meanings import Whole
from car_video.video.correction.propagation import SeenFrame
from car_video.video.correction.standing import Continuity

SIZE = (72, 96)
NOISE = np.random.default_rng(0).integers(0, 255, (90, 120, 3), np.uint8)
PERSON, COAT, LEGS, POLE = (
    (slice(20, 60), slice(30, 50)),
    (slice(20, 40), slice(30, 50)),
    (slice(40, 60), slice(30, 50)),
    (slice(0, 72), slice(80, 86)),
)


def picture(shift: int) -> np.ndarray:
    """One that moves to the right."""
    return np.ascontiguousarray(NOISE[:72, 20 - shift : 116 - shift])


def mask(*places: tuple[slice, slice], shift: int = 0) -> np.ndarray:
    found = np.zeros(SIZE, bool)
    for place in places:
        found[place] = True
    return np.roll(found, shift, 1)


def way(before: np.ndarray, shift: int = 4) -> Continuity:
    one = Continuity(picture(0), before)
    one.move(picture(shift))
    return one


def test_what_moves_with_the_picture_goes_on() -> None:
    moved = mask(PERSON, shift=4)
    assert way(mask(PERSON)).stays(moved, mask(PERSON))
    assert not way(mask(PERSON)).stays(mask(PERSON), moved)


def test_a_thing_is_not_exchanged_for_its_part() -> None:
    whole, part = mask(PERSON, shift=4), mask(COAT, shift=4)
    assert way(mask(PERSON)).stays(whole, part)
    assert not way(mask(PERSON)).stays(part, whole)


def test_of_two_alike_the_one_that_stands_goes_on() -> None:
    moved = mask(PERSON, shift=4)
    assert way(mask(PERSON)).stays(moved, moved)


def test_nothing_goes_on_where_nothing_is() -> None:
    """Else a thing that is too fast would be exchanged for another one."""
    assert not way(mask(PERSON)).stays(mask(), mask())
    assert not way(mask(PERSON)).stays(mask(POLE), mask((slice(0, 10), slice(0, 10))))
    assert not way(mask((slice(0, 72), slice(0, 0)))).stays(mask(PERSON), mask(COAT))


def test_it_goes_on_from_the_last_frame() -> None:
    """Also over a frame on which the thing is not to be seen."""
    one = way(mask(PERSON))
    one.keep(mask())
    one.move(picture(8))
    assert one.stays(mask(PERSON, shift=8), mask(COAT, shift=8))
    one.keep(mask(COAT, shift=8))
    one.move(picture(12))
    assert not one.stays(mask(PERSON, shift=12), mask(COAT, shift=12))


class Slipping:
    """A follower that finds what it is told to; it resembles what was corrected, as ever."""

    def __init__(self, found: np.ndarray) -> None:
        self._found = found

    def begin(self, *_: Any) -> None: ...

    def step(self, *_: Any) -> Followed:
        logits = torch.from_numpy(self._found).float() - 0.5
        return Followed(logits, 1.0, bool(self._found.any()))

    def resemblance(self, *_: Any) -> float:
        return 0.4


def seen(number: int) -> SeenFrame:
    image = picture(4 * number)
    return SeenFrame(Frame(number, number / 24, image), None, image)  # type: ignore[arg-type]


def carried(
    corrected: np.ndarray, found: np.ndarray, standing: np.ndarray
) -> tuple[np.ndarray, bool]:
    whole = Whole(Slipping(found), corrected)  # type: ignore[arg-type]
    whole.begin(seen(0))
    answer, agrees = whole.on(seen(1), 1 / 24, Answer(standing, 0.9))
    return answer.mask, agrees


def test_what_slipped_to_a_part_takes_no_whole_away() -> None:
    """Of a woman her coat was followed, through all frames (docs/corrections.md)."""
    whole, part = mask(PERSON, shift=4), mask(COAT, shift=4)
    assert carried(mask(PERSON), part, whole)[1]
    found, agrees = carried(mask(PERSON), whole, part)
    assert not agrees
    np.testing.assert_array_equal(found, whole)


def test_a_thing_that_is_lost_takes_away_only_what_is_elsewhere() -> None:
    """A woman half behind a pole: the half that was clicked is lost, and she is not."""
    assert carried(mask(COAT), mask(), mask(PERSON, shift=4))[1]
    assert not carried(mask(COAT), mask(), mask(POLE))[1]


@pytest.mark.parametrize(
    ("part", "pointed", "stays"),
    [(POLE, False, True), (LEGS, False, False), (POLE, True, False)],
)
def test_a_change_that_slips_leaves_results_alone(
    part: tuple[slice, slice], pointed: bool, stays: bool
) -> None:
    """The part that came was followed to something else; nobody had pointed to it."""
    change = Change.between(mask(COAT), mask(PERSON))
    followers = [Slipping(mask(one, shift=4)) for one in (PERSON, part)]
    mended = Mended(followers[0], lambda: followers[1], change, pointed)  # type: ignore[arg-type,return-value]
    mended.begin(seen(0))
    answer, agrees = mended.on(seen(1), 1 / 24, Answer(mask(COAT, shift=4), 0.9))
    assert agrees == stays
    assert stays or (answer.mask == mask(COAT, part, shift=4)).all()
