"""Names of colours, and masks that should have them."""

from __future__ import annotations

import colorsys
import math
from dataclasses import replace
from typing import Literal

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from car_video.config import ExpressionConfig
from car_video.segment.cues.colour import ColourCue, balanced, colour_maps, memberships, to_lab
from car_video.segment.cues.colour_places import shipped_colour_places
from car_video.segment.segmenter import ImageSegmenter
from car_video.text.parsing.colours import (
    TERMS,
    TargetColour,
    target_colours,
)
from car_video.text.parsing.garments import PLACES
from tests.segment.colour_model import PLAIN, ColourModel


def test_lab_is_that_of_the_tables() -> None:
    """CIELAB of sRGB primaries under D65 (Lindbloom)."""
    rgb = torch.tensor([[1.0, 1, 1], [1, 0, 0], [0, 1, 0], [0, 0, 1], [0, 0, 0]])
    expected = torch.tensor(
        [[100, 0, 0], [53.2, 80.1, 67.2], [87.7, -86.2, 83.2], [32.3, 79.2, -107.9], [0, 0, 0]]
    )
    torch.testing.assert_close(to_lab(rgb), expected, atol=0.2, rtol=0)


@pytest.mark.parametrize(
    ("code", "term"),
    [
        ("101010", "black"), ("f8f8f8", "white"), ("888888", "grey"), ("c81e1e", "red"),
        ("1f7a1f", "green"), ("2040c0", "blue"), ("ffe020", "yellow"), ("ff7a10", "orange"),
        ("6b4423", "brown"), ("ff9eb5", "pink"), ("7a2a90", "purple"), ("e0c8a0", "beige"),
    ],
)  # fmt: skip
def test_typical_colours_have_their_names(code: str, term: str) -> None:
    rgb = torch.tensor(list(bytes.fromhex(code))) / 255
    names = memberships(rgb)[: len(TERMS) - 2]  # without dark and light
    assert TERMS[int(names.argmax())] == term
    assert float(names.max()) == 1


def test_dark_and_light_are_lightness() -> None:
    dark, light = (
        memberships(torch.linspace(0, 1, 9)[:, None].expand(9, 3))[:, TERMS.index(term)]
        for term in ("dark", "light")
    )
    assert bool((dark.diff() <= 0).all())
    assert bool((light.diff() >= 0).all())
    assert float(dark[0]) > 0.99
    assert float(light[-1]) > 0.99


def test_light_of_one_colour_is_taken_out() -> None:
    grey = torch.rand(1, 20, 30).expand(3, -1, -1)
    warm = grey * torch.tensor([1.0, 0.9, 0.75])[:, None, None]
    even = balanced(warm)
    assert float((even[0] - even[2]).abs().max()) < 0.02
    assert float(even.max()) <= 1
    assert bool(torch.isfinite(balanced(torch.zeros(3, 4, 5))).all())


def picture() -> Tensor:
    """Red on the left, blue on the right, with white and black to balance by."""
    pixels = torch.zeros(1, 3, 40, 80)
    pixels[:, 0, :, :40] = 0.8
    pixels[:, 2, :, 40:] = 0.8
    pixels[..., :4, :] = 1
    pixels[..., -4:, :] = 0
    return pixels


def mask(left: int, right: int) -> Tensor:
    logits = torch.full((40, 80), -3.0)
    logits[4:36, left:right] = 3.0
    return logits


def test_masks_of_the_colour_are_preferred() -> None:
    cue = ColourCue.of([target_colours("a red car"), target_colours("a car"), ()])
    assert cue is not None
    candidates = torch.stack([mask(0, 40), mask(40, 80), mask(0, 80)]).expand(3, -1, -1, -1)
    match = cue.on_picture(picture()).match(candidates)
    known = shipped_colour_places()
    none = float(torch.exp(known.offset[PLACES.index("whole")]))
    assert match[0].tolist() == pytest.approx([1, none, 1], abs=0.03)  # half of it is red
    assert bool((match[1:] == 1).all())
    assert torch.equal(
        cue.on_picture(picture())[torch.tensor([0])].match(candidates[:1]), match[:1]
    )


def test_no_query_asks_for_a_colour() -> None:
    assert ColourCue.of([target_colours("a car"), ()]) is None


@given(
    seed=st.integers(0, 1000),
    among=st.integers(1, 3),
    place=st.sampled_from(["whole", "part"]),
    weight=st.floats(0.1, 1),
)
@settings(deadline=None, max_examples=25)
def test_match_is_the_naive_count(
    seed: int, among: int, place: Literal["whole", "part"], weight: float
) -> None:
    rng = np.random.default_rng(seed)
    pixels = torch.from_numpy(rng.random((1, 3, 12, 16))).float()
    terms = tuple(np.array(TERMS)[rng.choice(len(TERMS), 2, replace=False)].tolist())
    logits = torch.from_numpy(rng.normal(size=(1, 2, 12, 16))).float()
    cue = ColourCue.of([[TargetColour(terms, place, among)]], weight)
    assert cue is not None
    found = cue.on_picture(pixels).match(logits)[0]
    maps = colour_maps(pixels)
    for number in range(2):
        inside = [
            max(float(maps[TERMS.index(term), y, x]) for term in terms)
            for y in range(12)
            for x in range(16)
            if logits[0, number, y, x] > 0
        ]
        covered = min(1.0, among * sum(inside) / len(inside))
        known, at = shipped_colour_places(), PLACES.index(place)
        odds = float(known.slope[at]) * covered + float(known.offset[at])
        expected = math.exp(weight * min(0.0, odds))
        assert float(found[number]) == pytest.approx(expected, abs=1e-4)


def test_hues_around_the_circle_get_neighbouring_names() -> None:
    names = []
    for hue in np.linspace(0, 1, 24, endpoint=False):
        rgb = torch.tensor(colorsys.hsv_to_rgb(hue, 1, 0.9))
        names.append(TERMS[int(memberships(rgb)[: len(TERMS) - 2].argmax())])
    changes = sum(a != b for a, b in zip(names, names[1:] + names[:1], strict=True))
    assert {"red", "yellow", "green", "blue"} <= set(names)
    assert changes == len(set(names))  # each name is one arc


def test_colours_of_one_place_share_it() -> None:
    """A dog that is all black is no black and white one."""
    both = ColourCue.of([target_colours("a red and blue car")])
    assert both is not None
    whole, half = (
        both.on_picture(picture())
        .match(torch.stack([mask(0, 80), mask(0, 40)])[None])[0]
        .tolist()
    )
    assert whole == pytest.approx(1)
    assert half < 0.6


@pytest.mark.parametrize(("refine", "matched"), [("none", False), ("sam", True)])
def test_colours_are_matched_only_where_there_are_candidates(
    refine: Literal["none", "sam"], matched: bool
) -> None:
    config = replace(PLAIN, refine=refine, expression=ExpressionConfig(noun_weight=0.0))
    segmenter = ImageSegmenter(ColourModel(), ["a red ball"], config)
    found = segmenter.recur(segmenter.encode(np.full((48, 64, 3), 99, np.uint8)))
    assert (found.cues is not None) == matched
