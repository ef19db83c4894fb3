"""Presence and score over the frames."""

from __future__ import annotations

import numpy as np

from car_video.corrections import Correction
from car_video.page.timeline import COLUMNS, row, timeline_svg, weakest_frame
from car_video.page.work import HandMade, RunOptions, StoredFrame, Work
from car_video.types import FramePrediction


def work_of(scores: dict[int, float], stride: int = 1, **more) -> Work:
    """One expression; a score below one half is not present."""
    frames = {}
    for index, score in scores.items():
        here = np.array([score >= 0.5])
        masks = np.repeat(here, 4).reshape(1, 2, 2)
        frames[index] = StoredFrame.of(
            FramePrediction(index, 0.1 * index, ("a <b>",), masks, np.float32([score]), here)
        )
    return Work(("a <b>",), RunOptions("fast", stride=stride), frames, True, **more)


def test_a_row_shows_score_absence_and_what_is_not_known():
    found = row(work_of({0: 0.9, 1: 0.9, 2: 0.1, 3: 0.6}), 0, 6)
    assert found.spans == ((0, 1, 0.9), (3, 3, 0.6))
    assert found.unknown == ((4, 5),)
    assert found.by_hand == ()


def test_what_is_hand_made_shows_at_once():
    gone = {(1, 0): HandMade(Correction(1, 0, absent=True))}
    found = row(work_of({0: 0.9, 1: 0.9, 2: 0.9}, pending=gone), 0, 3)
    assert found.spans == ((0, 0, 0.9), (2, 2, 0.9))
    assert found.by_hand == (1,)


def test_frames_between_those_of_a_stride_are_no_gaps():
    assert row(work_of({0: 0.9, 3: 0.8}, stride=3), 0, 6).unknown == ()


def test_a_long_clip_shows_its_weakest_frames():
    scores = dict.fromkeys(range(6000), 0.95)
    scores[3000] = 0.55
    spans = row(work_of(scores), 0, 6000).spans
    assert (COLUMNS // 2, COLUMNS // 2, 0.55) in spans


def test_the_weakest_frames_come_one_after_the_other():
    scores = dict.fromkeys(range(100), 0.95)
    scores |= {20: 0.6, 21: 0.55, 70: 0.7}
    work = work_of(scores)
    assert weakest_frame(work, 0) == 21
    assert weakest_frame(work, 0, after=21) == 70
    assert weakest_frame(work, 0, after=33) == 21


def test_hand_made_frames_are_not_weak():
    steps = ((Correction(2, 0, absent=True),),)
    assert weakest_frame(work_of({1: 0.9, 2: 0.5, 3: 0.8}, steps=steps), 0) == 3


def test_what_is_never_there_is_weakest_where_it_nearly_is():
    assert weakest_frame(work_of({1: 0.1, 2: 0.4, 3: 0.2}), 0) == 2
    assert weakest_frame(Work(("a",)), 0) is None


def test_the_html_holds_no_foreign_markup():
    html = timeline_svg(work_of({0: 0.9, 1: 0.9}), 2, 1, 0, ["red"])
    assert "<b>" not in html
    assert "a &lt;b&gt;" in html
    assert 'style="left:75.000%"' in html
    assert timeline_svg(Work(), 2, 0, 0, []) == ""
