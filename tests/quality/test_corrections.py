"""Corrections with the bundled models on the shipped clip: a box, and the frames around it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from car_video.eval.metrics import region_similarity
from PIL import Image

from car_video import Correction, load_preset, read_frames, segment_stream
from car_video.types import FramePrediction

pytestmark = pytest.mark.slow  # tests/video/correction has the same with made-up models

CLIP = Path(__file__).resolve().parents[2] / "examples" / "person.mp4"
STORED = Path(__file__).parent / "person"
FRAMES = range(41, 44)
TRUTH = {n: np.asarray(Image.open(STORED / f"{n:05}.png"), bool) for n in FRAMES}
MIDDLE = 42


def answers(lite: Any, expression: str, *given: Correction) -> dict[int, FramePrediction]:
    frames = read_frames(CLIP, start=4.1, end=4.4)
    preset = load_preset("fast")
    stream = segment_stream(lite, frames, [expression], preset, corrections=given)
    return {frame.index: prediction for frame, prediction in stream}


def box_of(mask: np.ndarray) -> tuple[int, int, int, int]:
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    x, y = int(columns[0]), int(rows[0])
    return x, y, int(columns[-1]) - x + 1, int(rows[-1]) - y + 1


def test_a_box_around_the_person_takes_an_expression_there(lite_default: Any) -> None:
    """It names nothing that is there; before and after the corrected frame it is the person."""
    box = Correction(MIDDLE, 0, box=box_of(TRUTH[MIDDLE]))
    found = answers(lite_default, "a submarine", box)
    scores = {n: region_similarity(one.masks[0], TRUTH[n]) for n, one in found.items()}
    assert list(scores) == list(FRAMES)
    assert min(scores.values()) > 0.85, scores


def test_what_is_right_stays_as_it_was(lite_default: Any) -> None:
    plain = answers(lite_default, "a person")
    hand = TRUTH[MIDDLE] & plain[MIDDLE].masks[0]
    found = answers(lite_default, "a person", Correction(MIDDLE, 0, mask=hand))
    np.testing.assert_array_equal(found[MIDDLE].masks[0], hand)
    for number in set(FRAMES) - {MIDDLE}:
        np.testing.assert_array_equal(found[number].masks, plain[number].masks)
