"""The quality gate: on the shipped clip the default run keeps the masks that were looked at.

``person/NNNNN.png`` are masks of version 0.1.0 for frames 40 to 44 of ``examples/person.mp4``,
checked by eye: the whole man and nothing else. This run begins at frame 42, theirs at 35.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from car_video.eval.metrics import region_similarity
from PIL import Image

from car_video import Frame, VideoSegmenter, read_frames

CLIP = Path(__file__).resolve().parents[2] / "examples" / "person.mp4"
ALL_STORED = sorted((Path(__file__).parent / "person").glob("*.png"))
STORED = ALL_STORED[2:]
J_OF_VERSION_0_1 = 1.0
J_BETWEEN_KEYFRAMES = 0.96  # measured 0.976, less the rounding of another machine
TOLERANCE = 0.02  # of J: less is rounding of another machine


@pytest.mark.slow
def test_the_person_keeps_the_mask(lite_default: Any) -> None:
    truth = {int(file.stem): np.asarray(Image.open(file), bool) for file in STORED}
    segmenter = VideoSegmenter(lite_default, ["a person"])
    scores = []
    for frame in read_frames(CLIP, start=4.2, end=4.5):
        prediction = segmenter.step(frame)
        assert prediction.present.all()
        scores.append(region_similarity(prediction.masks[0], truth.pop(frame.index)))
    assert not truth, "a stored mask has no frame"
    assert np.mean(scores) >= J_OF_VERSION_0_1 - TOLERANCE, scores


@pytest.mark.slow
def test_the_mask_between_keyframes(lite_default: Any) -> None:
    """From frame 35 on, as the stored masks were made; three of the five lie between keyframes,
    where borders are coarser (J 0.976 in all, 28 November 2026)."""
    truth = {int(file.stem): np.asarray(Image.open(file), bool) for file in ALL_STORED}
    segmenter = VideoSegmenter(lite_default, ["a person"])
    scores, keyframes = [], 0
    for frame in read_frames(CLIP, start=3.5, end=4.5):
        mask = segmenter.step(frame).masks[0]
        if frame.index in truth:
            scores.append(region_similarity(mask, truth.pop(frame.index)))
            keyframes += segmenter.schedule.frames == 0
    assert not truth, "a stored mask has no frame"
    assert keyframes < len(scores)
    assert np.mean(scores) >= J_BETWEEN_KEYFRAMES, scores


@pytest.mark.slow
def test_a_box_over_the_person_is_nobody(lite_default: Any) -> None:
    """Language takes an upright grey box for a person; it is not the one who was there, and he
    is seen again on the frame on which the box is gone."""
    segmenter = VideoSegmenter(lite_default, ["a person"])
    place, present = np.zeros((1, 1), bool), []
    for frame in read_frames(CLIP, start=3.5, end=5.5):
        image = frame.image.copy()
        if 13 <= len(present) < 17:
            rows, columns = np.nonzero(place)
            box = slice(rows.min(), rows.max() + 9), slice(columns.min() - 9, columns.max() + 9)
            image[box] = 100
        prediction = segmenter.step(Frame(frame.index, frame.time, image))
        place = prediction.masks[0] if len(present) < 13 else place
        present.append(bool(prediction.present[0]))
    assert present == [True] * 13 + [False] * 4 + [True] * (len(present) - 17)


def test_what_is_not_there_is_absent(lite_default: Any) -> None:
    """Nobody is in the room before 3 s."""
    segmenter = VideoSegmenter(lite_default, ["a person"])
    for frame in read_frames(CLIP, start=1.0, end=1.1):
        assert not segmenter.step(frame).present.any()
