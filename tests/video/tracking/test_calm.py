"""When masks move with the picture alone."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from torch import Tensor

from car_video.config.video import KeyframeConfig
from car_video.video.tracking.calm import is_calm, looks_the_same

SIZE = (6, 8)


@pytest.mark.parametrize(("overlap", "calm"), [([0.95, 1.0], True), ([0.94, 1.0], False)])
def test_every_mask_must_be_where_it_should_be(overlap: list[float], calm: bool) -> None:
    config = KeyframeConfig(calm=0.95, calm_seconds=0.08)
    assert bool(is_calm(torch.tensor(overlap), config)) == calm


def one_changed(masks: NDArray[np.bool_], colours: list[NDArray[np.uint8]]) -> float:
    """The greatest part of a mask's pixels that change their colour class, pixel by pixel."""
    greatest, brightest = 0.0, 1
    for mask, picture in zip(masks, colours, strict=True):
        inside = picture[mask.any(0)]
        brightest = max(brightest, int(inside.max(initial=1)))
    for before, now in masks.swapaxes(0, 1):
        counts: list[dict[tuple[int, ...], float]] = [{}, {}]
        for place, (mask, picture) in enumerate(zip((before, now), colours, strict=True)):
            for pixel in picture[mask]:
                colour = tuple(int(value) * 255 // brightest // 64 for value in pixel)
                counts[place][colour] = counts[place].get(colour, 0.0) + 1 / mask.sum()
        all_colours = {*counts[0], *counts[1]}
        differences = (abs(counts[0].get(c, 0) - counts[1].get(c, 0)) for c in all_colours)
        greatest = max(greatest, sum(differences) / 2)
    return greatest


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_as_pixel_by_pixel(seed: int) -> None:
    random = np.random.default_rng(seed)
    masks = random.random((2, 3, *SIZE)) < random.random()
    colours = [
        random.choice([0, 7, 15, 63, 64, 200], (*SIZE, 3)).astype(np.uint8) for _ in range(2)
    ]
    change = one_changed(masks, colours)
    logits = [torch.from_numpy(mask * 2.0 - 1) for mask in masks]
    before, now = zip(logits, colours, strict=True)
    assert looks_the_same(before, now, change + 1e-9)
    assert change == 0 or not looks_the_same(before, now, change - 1e-9)


def test_other_thumbnails_do_not_look_the_same() -> None:
    def seen(rows: int) -> tuple[Tensor, NDArray[np.uint8]]:
        return torch.ones(1, *SIZE), np.zeros((rows, 8, 3), np.uint8)

    assert looks_the_same(seen(6), seen(6), 0.25)
    assert not looks_the_same(seen(6), seen(5), 0.25)


@pytest.mark.parametrize("brightness", [1.0, 0.2, 0.05])
def test_what_vanishes_in_the_dark_is_seen(brightness: float) -> None:
    mask = torch.full((1, *SIZE), -1.0)
    mask[:, 2:5, 2:6] = 1
    empty = np.full((*SIZE, 3), int(90 * brightness), np.uint8)
    here = empty.copy()
    here[2:5, 2:6] = int(255 * brightness)
    assert looks_the_same((mask, here), (mask, here), 0.25)
    assert not looks_the_same((mask, here), (mask, empty), 0.25)
