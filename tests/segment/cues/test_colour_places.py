"""Colours of clothes count where the clothes are."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from car_video.errors import ConfigError
from car_video.segment.cues.colour import ColourCue
from car_video.segment.cues.colour_places import (
    BANDS,
    VIEWS,
    ColourPlaces,
    band_numbers,
    colour_odds,
    group_of,
    read_colour_places,
    shipped_colour_places,
    view_numbers,
)
from car_video.text.parsing.colours import target_colours
from car_video.text.parsing.garments import PLACES, ZONES


def box(top: int, bottom: int, left: int, right: int, size: int = 40) -> Tensor:
    """A mask [size, size], 1 in a rectangle; bottom and right are outside."""
    mask = torch.zeros(size, size)
    mask[top:bottom, left:right] = 1
    return mask


@given(
    seed=st.integers(0, 10_000),
    views=st.lists(st.sampled_from(VIEWS), min_size=2, max_size=2),
)
@settings(deadline=None, max_examples=40)
def test_odds_are_the_naive_count(seed: int, views: list[str]) -> None:
    rng = np.random.default_rng(seed)
    places = {"whole": box(3, 33, 8, 20), "cut": box(10, 40, 8, 20), "any": box(8, 18, 2, 38)}
    masks = torch.stack([places[view] for view in views])[None]
    masks = masks * torch.from_numpy(rng.uniform(0.6, 1, masks.shape)).float()
    has = torch.from_numpy(rng.random((1, 3, 40, 40))).float()
    places = torch.from_numpy(rng.choice(len(PLACES), (1, 3)))
    among = torch.from_numpy(rng.integers(1, 3, (1, 3)))
    known = shipped_colour_places()
    found = colour_odds(masks, has, places, among)
    for number, view in enumerate(views):
        v = VIEWS.index(view)  # type: ignore[arg-type]
        rows = [y for y in range(40) if float(masks[0, number, y].max()) > 0]
        for colour in range(3):
            total = coloured = 0.0
            for y in rows:
                band = (y - rows[0]) * BANDS // (rows[-1] + 1 - rows[0])
                weight = float(known.profiles[v, int(places[0, colour]), band])
                for x in range(40):
                    inside = weight * float(masks[0, number, y, x])
                    total += inside
                    coloured += inside * float(has[0, colour, y, x])
            at = int(places[0, colour])
            share = min(1.0, int(among[0, colour]) * coloured / total)
            expected = float(known.slope[at]) * share + float(known.offset[at])
            assert float(found[0, number, colour]) == pytest.approx(expected, abs=1e-4)


def test_views_of_masks() -> None:
    feet = box(5, 40, 10, 20)
    feet[30:, 12:18] = 0  # two legs
    lower = torch.zeros(40, 40)
    lower[5:39, 5:20] = 1
    lower[39, 10:13] = 1  # the tip of a foot
    expected = {
        "whole": [box(3, 33, 8, 20), lower],
        "cut": [box(10, 40, 8, 20), feet],
        "any": [
            box(8, 18, 2, 38),
            box(0, 40, 8, 20),
            box(0, 30, 8, 20),
            box(0, 0, 0, 0),
            box(5, 24, 8, 18),  # hidden below a table
        ],
    }
    for view, masks in expected.items():
        names = [VIEWS[int(number)] for number in view_numbers(torch.stack(masks))]
        assert names == [view] * len(masks)


def test_bands_go_from_the_highest_pixel_to_the_lowest() -> None:
    bands = band_numbers(
        torch.stack([box(4, 36, 0, 9), box(10, 12, 3, 5), torch.zeros(40, 40)])
    )
    assert bands[0, 4:36].tolist() == [n // 2 for n in range(32)]
    assert bands[1, 10:12].tolist() == [0, BANDS // 2]
    assert bool(((bands >= 0) & (bands < BANDS)).all())


def person(upper: tuple[int, int, int], lower: tuple[int, int, int]) -> Tensor:
    """Somebody in two colours before a grey wall: [3, 64, 32]; there is white and black."""
    picture = torch.full((64, 32, 3), 120.0)
    picture[0], picture[1] = 255, 0
    picture[8:60, 10:22] = torch.tensor([200.0, 160.0, 140.0])
    picture[14:34, 10:22] = torch.tensor(upper).float()
    picture[34:56, 10:22] = torch.tensor(lower).float()
    return picture.permute(2, 0, 1) / 255


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("the man in a white shirt and black trousers", True),
        ("the man in black trousers", True),
        ("the man in a black shirt and white trousers", False),
        ("the man with white pants", False),
    ],
)
def test_the_same_colours_the_other_way_round(text: str, first: bool) -> None:
    """The share of the whole mask is the same for both people."""
    light, dark = (240, 240, 240), (15, 15, 15)
    pixels = torch.cat([person(light, dark), person(dark, light)], 2)[None]
    masks = torch.full((2, 64, 64), -1.0)
    masks[0, 8:60, 10:22] = 1
    masks[1, 8:60, 42:54] = 1
    cue = ColourCue.of([target_colours(text)])
    assert cue is not None
    one, other = cue.on_picture(pixels).match(masks[None])[0].tolist()
    likely, unlikely = (one, other) if first else (other, one)
    assert likely > 0.9
    assert unlikely < 0.6


def test_things_that_are_not_worn_count_as_before() -> None:
    """A cue with and without clothes in other rows."""
    pixels = torch.rand(1, 3, 30, 30, generator=torch.Generator().manual_seed(0))
    logits = torch.randn(1, 4, 30, 30, generator=torch.Generator().manual_seed(1))
    alone = ColourCue.of([target_colours("a red car")])
    beside = ColourCue.of([target_colours("a red car"), target_colours("a man in a blue coat")])
    assert alone is not None
    assert beside is not None
    expected = alone.on_picture(pixels).match(logits)
    found = beside.on_picture(pixels).match(logits.expand(2, -1, -1, -1))
    torch.testing.assert_close(found[:1], expected)
    assert not torch.equal(found[1:], expected)


def test_what_ships_is_sensible() -> None:
    known = shipped_colour_places()
    assert known.profiles.shape == (len(VIEWS), len(PLACES), BANDS)
    assert bool(((known.profiles >= 0) & (known.profiles <= 1)).all())
    assert bool((known.profiles[VIEWS.index("any")] == 1).all())
    assert bool((known.profiles[:, [PLACES.index("whole"), PLACES.index("part")]] == 1).all())
    assert bool((known.slope > 0).all())
    assert bool((known.offset < 0).all())  # a colour that is not there speaks against
    assert bool((known.slope + known.offset > 0).all())
    whole = known.profiles[VIEWS.index("whole")]
    middles = [
        float((whole[PLACES.index(zone)] * torch.arange(BANDS)).sum())
        / float(whole[PLACES.index(zone)].sum())
        for zone in ("hat", "upper", "trousers", "shoes")
    ]
    assert middles == sorted(middles)


def made() -> dict[str, Any]:
    """The contents of the shipped file."""
    known = shipped_colour_places()
    lines = {
        group_of(place): {"slope": float(known.slope[n]), "offset": float(known.offset[n])}
        for n, place in enumerate(PLACES)
    }
    profiles = {
        view: {zone: known.profiles[v, z].tolist() for z, zone in enumerate(ZONES)}
        for v, view in enumerate(VIEWS[:-1])
    }
    return {"form": 1, "lines": lines, "profiles": profiles}


@pytest.mark.parametrize(
    "change",
    [
        lambda data: data.pop("form"),
        lambda data: data.update(form=0),
        lambda data: data["profiles"].pop("cut"),
        lambda data: data["profiles"]["cut"].pop("hair"),
        lambda data: data["profiles"]["cut"].update(hair=[1.0]),
        lambda data: data["lines"]["whole"].update(slope="steep"),
        lambda data: data["lines"].pop("clothes"),
        lambda data: data["lines"]["part"].update(slope=float("nan")),
        lambda data: data["lines"]["part"].update(offset=float("inf")),
        lambda data: data["lines"]["part"].update(offset=10**400),
        lambda data: data["profiles"]["whole"].update(hair=[7.0] * 16),
    ],
)
def test_a_damaged_file_is_refused(
    tmp_path: Path, change: Callable[[dict[str, Any]], object]
) -> None:
    path, data = tmp_path / "colours.json", made()
    path.write_text(json.dumps(data))
    again = read_colour_places(path)
    assert isinstance(again, ColourPlaces)
    torch.testing.assert_close(again.profiles, shipped_colour_places().profiles)
    torch.testing.assert_close(again.slope, shipped_colour_places().slope)
    change(data)
    path.write_text(json.dumps(data))
    with pytest.raises(ConfigError, match=r"colour numbers '.*' is damaged"):
        read_colour_places(path)
