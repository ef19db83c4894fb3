"""Queries in the race of the next frame: survivors, and those whose frame score has risen."""

from __future__ import annotations

import pytest
import torch

from car_video.video.map_memory.carry_over import MARGIN, CarryOver


def scores(*values: float) -> torch.Tensor:
    return torch.tensor(values)


def test_everyone_starts() -> None:
    assert CarryOver(3).start(scores(0, 0, 0)).tolist() == [0, 1, 2]


def test_the_dropped_stay_out_until_the_frame_looks_more_like_them() -> None:
    carried = CarryOver(3)
    carried.end(torch.tensor([0, 2]), scores(0.9, 0.2, 0.5))
    assert carried.start(scores(0.9, 0.2, 0.5)).tolist() == [0, 2]
    assert carried.start(scores(0.9, 0.2 + 0.9 * MARGIN, 0.5)).tolist() == [0, 2]
    assert carried.start(scores(0.9, 0.2 + 1.1 * MARGIN, 0.5)).tolist() == [0, 1, 2]


def test_survivors_stay_however_little_the_frame_looks_like_them() -> None:
    carried = CarryOver(2)
    carried.end(torch.tensor([1]), scores(0.5, 0.5))
    assert carried.start(scores(0.0, 0.0)).tolist() == [1]


def test_what_a_query_must_be_better_than_is_its_score_when_it_was_dropped() -> None:
    carried = CarryOver(2)
    carried.end(torch.tensor([0]), scores(0.9, 0.3))
    for score in (0.1, 0.34, 0.2):  # frames that leave it out change nothing
        carried.end(torch.tensor([0]), scores(0.9, score))
    assert carried.start(scores(0.9, 0.3 + 0.9 * MARGIN)).tolist() == [0]
    assert carried.start(scores(0.9, 0.3 + 1.1 * MARGIN)).tolist() == [0, 1]


def test_who_is_admitted_again_is_in_until_dropped_again() -> None:
    carried = CarryOver(2)
    carried.end(torch.tensor([0]), scores(0.9, 0.3))
    again = carried.start(scores(0.9, 0.6))
    carried.end(again, scores(0.9, 0.6))
    assert carried.start(scores(0.9, 0.1)).tolist() == [0, 1]
    carried.end(torch.tensor([0]), scores(0.9, 0.6))
    assert carried.start(scores(0.9, 0.6)).tolist() == [0]
    assert carried.start(scores(0.9, 0.6 + 1.1 * MARGIN)).tolist() == [0, 1]


def test_a_reset_lets_everyone_in() -> None:
    carried = CarryOver(2)
    carried.end(torch.tensor([0]), scores(0.9, 0.3))
    carried.reset()
    assert carried.start(scores(0.0, 0.0)).tolist() == [0, 1]


@pytest.mark.parametrize("wobble", [0.0, 0.02, 0.04])
def test_a_score_that_wobbles_does_not_let_a_query_come_and_go(wobble: float) -> None:
    carried = CarryOver(2)
    carried.end(torch.tensor([0]), scores(0.9, 0.3))
    for frame in range(20):
        score = scores(0.9, 0.3 + wobble * (-1) ** frame)
        start = carried.start(score)
        assert start.tolist() == [0]
        carried.end(start, score)
