"""AP as Cityscapes' script computes it: its numbers on made-up pictures, rules by hand."""

from __future__ import annotations

import numpy as np
import pytest
from car_video.eval.metrics.cityscapes_ap import (
    CLASSES,
    VOID,
    cityscapes_precision,
    match_cityscapes,
)
from numpy.typing import NDArray

SIZE = (48, 64)
Found = list[tuple[int, float, NDArray[np.bool_]]]


def picture(seed: int) -> tuple[NDArray[np.int32], Found]:
    """Objects, groups, void and small objects that overlap, and masks near some of them."""
    generator = np.random.default_rng(seed)
    truth = np.full(SIZE, 7, np.int32)
    found: Found = []
    for count in range(int(generator.integers(0, 9))):
        y, x = generator.integers(0, 40, 2)
        h, w = generator.integers(5, 30, 2)
        number = int(generator.choice([*CLASSES, *VOID, 17]))
        named = number >= 24 and generator.random() < 0.75
        truth[y : y + h, x : x + w] = 1000 * number + count if named else number
        for _ in range(int(generator.integers(0, 4))):
            mask = np.zeros(SIZE, bool)
            dy, dx = generator.integers(-2, 3, 2).clip(-y, None)
            mask[y + dy : y + h, max(0, x + dx) : x + w] = True
            wrong = generator.random() < 0.2
            label = int(generator.choice(list(CLASSES))) if wrong else number
            found.append((label, float(generator.integers(0, 8)) / 8, mask))
    return truth, found


GOLDEN = {
    "AP": 0.24313537855167316,
    "AP50": 0.4704639668367347,
    "person": 0.2536111111111111,
    "rider": 0.07504464285714287,
    "car": 0.031695011337868485,
    "truck": 0.38807359307359307,
    "bus": 0.2447955747955748,
    "train": 0.5556249999999999,
    "motorcycle": 0.15957142857142856,
    "bicycle": 0.23666666666666664,
}
"""What cityscapesScripts 2.3.0 says of the first 40 pictures."""


def test_numbers_of_the_official_script() -> None:
    ours = cityscapes_precision([match_cityscapes(*picture(seed)) for seed in range(40)])
    assert ours == pytest.approx(GOLDEN, abs=1e-12)


def box(*corners: int) -> NDArray[np.bool_]:
    """Rows and columns from, to."""
    mask = np.zeros(SIZE, bool)
    top, bottom, left, right = corners
    mask[top:bottom, left:right] = True
    return mask


CAR = box(0, 20, 0, 20)
"""An object of 400 pixels."""

RULES: dict[str, tuple[list[tuple[int, NDArray[np.bool_]]], Found, float | None]] = {
    "found": ([(26001, CAR)], [(26, 0.5, CAR)], 1.0),
    "nothing annotated": ([], [(26, 0.5, CAR)], None),
    "nothing predicted": ([(26001, CAR)], [], 0.0),
    "an empty mask is none": ([(26001, CAR)], [(26, 0.5, box(0, 0, 0, 0))], 0.0),
    "half of it is no match": ([(26001, CAR)], [(26, 0.5, box(0, 20, 0, 10))], 0.0),
    "a class without instances": ([(26001, CAR)], [(26, 0.5, CAR), (7, 0.9, CAR)], 1.0),
    "a small object does not count": ([(26001, box(0, 9, 0, 11))], [], None),
    "a group is passed over": (
        [(26001, CAR), (26, box(30, 48, 0, 30))],
        [(26, 0.5, CAR), (26, 0.9, box(30, 40, 0, 30))],
        1.0,
    ),
    "void is passed over": (
        [(26001, CAR), (4, box(30, 48, 0, 30))],
        [(26, 0.5, CAR), (26, 0.9, box(30, 40, 0, 30))],
        1.0,
    ),
    "caravans with numbers are not void": (
        [(26001, CAR), (29001, box(30, 48, 0, 30))],
        [(26, 0.5, CAR), (26, 0.9, box(30, 40, 0, 30))],
        0.25,  # the step to the next point counts half
    ),
    "a second match is wrong": ([(26001, CAR)], [(26, 0.9, CAR), (26, 0.5, CAR)], 1.0),
    "a surer mistake": ([(26001, CAR)], [(26, 0.5, CAR), (26, 0.9, ~CAR)], 0.25),
}


@pytest.mark.parametrize("name", RULES)
def test_rules(name: str) -> None:
    objects, found, wanted = RULES[name]
    truth = np.full(SIZE, 7, np.int32)
    for number, mask in objects:
        truth[mask] = number
    ours = cityscapes_precision([match_cityscapes(truth, found)])
    assert (ours and ours["AP"]) == wanted
