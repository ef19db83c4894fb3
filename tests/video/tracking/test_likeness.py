"""What is shown at the place of a thing has to look like it; what is elsewhere need not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from car_video.video.tracking.colours import COLOURS
from car_video.video.tracking.likeness import (
    PLACES,
    USUAL_SECONDS,
    Likeness,
    Look,
    look_of,
)

OLD, YOUNG = torch.tensor([True]), torch.tensor([False])
STEP = 0.5


def look(thing: int, place: int = 0, *, colour: int | None = None, there: bool = True) -> Look:
    """One of several things that have nothing in common, at one of three places."""
    mask = torch.zeros(1, PLACES, PLACES, dtype=torch.bool)
    mask[:, :, 5 * place : 5 * place + 5] = True
    colours = F.one_hot(torch.tensor([thing if colour is None else colour]), COLOURS).float()
    features = F.one_hot(torch.tensor([thing]), 8).float()
    return Look(colours, mask.flatten(1), torch.tensor([there]), features)


def glanced(one: Look) -> Look:
    return replace(one, appearance=None)


def seen(*looks: Look, proven: torch.Tensor = OLD) -> Likeness:
    likeness = Likeness.unknown(1, 8, torch.zeros(1))
    for one in looks:
        likeness.step(one, proven, STEP)
    return likeness


def test_what_takes_the_place_is_doubted_until_the_thing_is_back() -> None:
    assert not seen(look(0), look(0)).doubted
    likeness = seen(look(0), look(0), *[look(1)] * 20)
    assert likeness.doubted
    assert float(likeness.against.exp()) < 0.01
    likeness.step(look(0), OLD, STEP)
    assert not likeness.doubted


def test_a_thing_may_change_its_colours_or_its_appearance() -> None:
    """Light turns, people turn round; only both together make another thing."""
    assert not seen(look(0), replace(look(1), colours=look(0).colours)).doubted
    half = (look(0).colours + look(1).colours) / 2
    assert not seen(look(0), replace(look(0), colours=half)).doubted
    assert seen(look(0), replace(look(1), colours=half)).doubted
    less = 0.6 * look(0).colours + 0.4 * look(1).colours
    assert not seen(look(0), replace(look(1), colours=less)).doubted, "it may be half covered"


def test_what_is_elsewhere_is_not_doubted() -> None:
    likeness = seen(look(0), look(1, 2))
    assert not likeness.doubted
    likeness.step(look(0, 2), OLD, STEP)
    assert not likeness.doubted, "it is how it usually looks"


def test_a_cover_that_moves_is_followed() -> None:
    wide = replace(look(1), place=look(1, 0).place | look(1, 1).place)
    likeness = seen(look(0), look(1), wide, look(1, 1))
    assert likeness.doubted
    likeness.step(look(1, 0), OLD, STEP)
    assert not likeness.doubted, "where the cover is not any more"


def test_the_usual_look_is_known_as_well_as_the_last_one() -> None:
    """The last look is of a part that was still to be seen."""
    likeness = seen(*[look(0)] * 10)
    for _ in range(4):
        likeness = slowly(likeness)
    assert float(likeness.colours[0, 0, 1]) == pytest.approx(0.8, abs=0.01)
    assert float(likeness.colours[0, 1, 1]) < 0.2
    likeness.step(look(0), OLD, STEP)
    assert not likeness.doubted


def slowly(likeness: Likeness) -> Likeness:
    """A fifth more of thing 1, in a twentieth of the time of the mean."""
    part = float(likeness.colours[0, 0, 1]) + 0.2
    mixed = (1 - part) * look(0).colours + part * look(1).colours
    turned = F.normalize((1 - part) * look(0).appearance + part * look(1).appearance, dim=-1)
    likeness.step(Look(mixed, look(0).place, OLD, turned), OLD, USUAL_SECONDS / 20)
    assert not likeness.doubted
    return likeness


def test_young_tracks_and_none_are_not_believed() -> None:
    assert not seen(look(0), look(1), proven=YOUNG).doubted
    likeness = seen(look(0, there=False), look(1))
    assert not likeness.doubted
    likeness.step(look(0), OLD, STEP)
    assert likeness.doubted
    likeness.step(look(1, there=False), OLD, STEP)
    assert likeness.doubted, "nobody has seen that it is back"


def test_between_language_frames_colours_tell() -> None:
    likeness = seen(look(0))
    likeness.glance(glanced(look(0)))
    assert not likeness.doubted
    likeness.glance(glanced(look(1)))
    assert likeness.doubted
    torch.testing.assert_close(likeness.colours[:, 0], look(0).colours)
    likeness.glance(glanced(look(1, 2)))
    assert not likeness.doubted, "elsewhere"
    likeness = seen(look(0))
    likeness.glance(glanced(look(1)))
    likeness.glance(glanced(look(0)))
    assert not likeness.doubted


def test_colours_do_not_end_the_doubt_of_two_things_of_one_colour() -> None:
    likeness = seen(look(0), look(0))
    part = 0.8 * look(0).colours + 0.2 * look(1).colours
    turned = replace(look(1), colours=part, appearance=-look(0).appearance)  # type: ignore[operator]
    likeness.step(turned, OLD, STEP)
    assert likeness.doubted
    likeness.glance(glanced(replace(look(1), colours=part)))
    assert likeness.doubted
    likeness.glance(glanced(look(0)))
    assert not likeness.doubted


def test_expressions_do_not_know_of_each_other() -> None:
    both = Likeness.unknown(2, 8, torch.zeros(1))
    for one, other in ((look(0), look(2)), (look(1), look(2))):
        assert one.appearance is not None
        assert other.appearance is not None
        pair = Look(
            torch.cat([one.colours, other.colours]),
            torch.cat([one.place, other.place]),
            torch.cat([one.there, other.there]),
            torch.cat([one.appearance, other.appearance]),
        )
        both.step(pair, torch.tensor([True, True]), STEP)
    assert both.doubted.tolist() == [True, False]


def test_it_goes_through_its_state() -> None:
    likeness = seen(look(0), look(1))
    again = Likeness.from_state(likeness.state_dict(), 1, torch.device("cpu"))
    for other in (likeness, again):
        other.step(look(1), OLD, STEP)
    assert torch.equal(again.against, likeness.against)
    assert again.doubted


def test_the_look_of_masks() -> None:
    logits = torch.full((2, 64, 64), -1.0)
    logits[0, :32] = 1
    picture = np.zeros((64, 64, 3), np.uint8)
    picture[:32] = 255
    features = torch.zeros(4, 8, 8)
    features[1, :4], features[2, 4:] = 1, 1
    found = look_of(logits, torch.tensor([True, False]), picture, features)
    assert found.appearance is not None
    torch.testing.assert_close(found.appearance[0], torch.tensor([0.0, 1, 0, 0]))
    assert found.place[0].reshape(PLACES, PLACES)[: PLACES // 2].all()
    assert not found.place[0].reshape(PLACES, PLACES)[PLACES // 2 :].any()
    assert not found.place[1].any()
    assert float(found.colours[0, -1]) == 1
    assert look_of(logits, torch.tensor([True, False]), picture).appearance is None


def test_a_place_is_a_sixteenth_of_the_picture() -> None:
    logits = torch.full((3, 64, 64), -1.0)
    for mask, column in enumerate((0, 3, 4)):
        logits[mask, :, column] = 1
    there = torch.ones(3, dtype=torch.bool)
    first, beside, next_one = look_of(logits, there, np.zeros((64, 64, 3), np.uint8)).place
    assert (first & beside).any()
    assert not (first & next_one).any()
