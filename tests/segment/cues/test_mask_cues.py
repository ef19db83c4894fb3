"""What speaks for masks beside the maps."""

from __future__ import annotations

import math

import pytest
import torch

from car_video.segment.cues.mask_cues import BORDER_WEIGHT, MaskCues, border_contact


def mask(rows: slice, columns: slice) -> torch.Tensor:
    logits = torch.full((8, 10), -5.0)
    logits[rows, columns] = 5.0
    return logits


INSIDE = mask(slice(2, 5), slice(2, 6))
GROUND = mask(slice(4, 8), slice(0, 10))
ALL = mask(slice(0, 8), slice(0, 10))


def test_border_contact_is_counted_in_sides() -> None:
    found = border_contact(torch.stack([INSIDE, GROUND, ALL]))
    assert found.tolist() == [0.0, pytest.approx(1 + 0.5 + 0.5), 4.0]


def test_only_things_pay_for_the_border() -> None:
    cues = MaskCues.of(["a red bus", "the road"], None).on_picture(torch.zeros(1, 3, 8, 10))
    factors = cues.match(torch.stack([INSIDE, GROUND]).expand(2, -1, -1, -1))
    expected = [1.0, math.exp(-2 * BORDER_WEIGHT)]
    torch.testing.assert_close(factors, torch.tensor([expected, [1.0, 1.0]]))
    torch.testing.assert_close(
        cues[torch.tensor([1])].match(GROUND[None, None]), torch.ones(1, 1)
    )


def test_what_may_move_by_itself() -> None:
    nouns = ["a dog", "the road", "the car", "the old trees", "a man"]
    texts = [*nouns[:2], "the parked car", "the old trees", "a man sitting on a bench"]
    cues = MaskCues.of(nouns, None, texts).on_picture(torch.zeros(1, 3, 8, 10))
    assert cues.moving is not None
    assert cues.moving.tolist() == [True, False, False, False, False]
    assert cues[torch.tensor([2, 0])].moving.tolist() == [False, True]  # type: ignore[union-attr]
    assert MaskCues.of(nouns[1:2], None).moving is None
