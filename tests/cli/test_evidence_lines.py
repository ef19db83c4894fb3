"""What --verbose says."""

from __future__ import annotations

import numpy as np

from car_video.cli.evidence_lines import evidence_lines
from car_video.types import FramePrediction


def prediction(**extras: object) -> FramePrediction:
    return FramePrediction(
        7,
        0.28,
        ("a dog", "the sky", "a cat"),
        np.ones((3, 4, 4), bool) * np.array([1, 0, 0], bool)[:, None, None],
        np.array([0.93, 0.4, 0.0], np.float32),
        np.array([True, False, False]),
        dict(extras),
    )


def test_parts_of_every_expression() -> None:
    nothing = float("nan")
    evidence = {
        "words": np.array([2.0, -1.0, nothing]),
        "noun": np.array([5.04, nothing, nothing]),
        "together": np.array([3.5, -1.0, nothing]),
    }
    assert list(evidence_lines(prediction(evidence=evidence))) == [
        "frame 7 (0.28 s), a dog: words +2.0, noun +5.0, together +3.5; here (0.93)",
        "frame 7 (0.28 s), the sky: words -1.0, noun unknown, together -1.0; not here (0.40)",
        "frame 7 (0.28 s), a cat: dropped; not here (0.00)",
    ]


def test_frames_that_language_has_not_seen_are_silent() -> None:
    assert list(evidence_lines(prediction())) == []
