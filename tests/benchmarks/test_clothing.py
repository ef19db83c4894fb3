"""The scenes of two people are what they are said to be."""

from __future__ import annotations

import numpy as np

from benchmarks.clothing import SPOKEN, iou, scenes
from car_video.text.parsing.colours import TERMS
from tests.tools.test_fit_colours import COLOURS, dataset  # noqa: F401
from tools.fit_colours.fitting import pairs
from tools.fit_colours.photos import people


def test_the_one_who_is_meant_wears_it(dataset) -> None:  # type: ignore[no-untyped-def]  # noqa: F811
    everyone = list(people(dataset))
    some = pairs(everyone, 40)
    shown = list(scenes(dataset, some))
    spoken = [pair for pair in some if pair.zone in SPOKEN]
    assert len(shown) == len(spoken) > 20
    sides = set()
    for pair, (text, picture, masks) in zip(spoken, shown, strict=True):
        term = TERMS[pair.term]
        assert text.startswith("the woman in") and term in text  # noqa: PT018
        colour = np.array(COLOURS[term])
        near = np.abs(picture.astype(int) - colour).max(-1) < 30
        lies = [int((near & mask).sum()) for mask in masks]
        assert lies[0] > 0
        assert not (masks[0] & masks[1]).any()
        assert masks.sum((1, 2)).tolist() == [360 * 80, 360 * 80]
        sides.add(bool(masks[0, :, : picture.shape[1] // 2].any()))
    assert sides == {False, True}  # on either side in turn


def test_iou() -> None:
    one, other = np.array([[1, 1, 0]], bool), np.array([[0, 1, 1]], bool)
    assert iou(one, other) == 1 / 3
    assert iou(one & False, other & False) == 0
