"""The simulated plan: sums that can be done by hand."""

from __future__ import annotations

import random

import pytest

from benchmarks.scale import HOUR, lengths, parts, simulate

FOR_EVER = 1e12


def test_without_deaths_workers_take_turns():
    plan = simulate([3.0, 1.0, 1.0, 1.0, 5.0], 2, FOR_EVER, 60.0)
    assert (plan.wall, plan.lost, plan.idle) == (8.0, 0.0, 5.0)


@pytest.mark.parametrize("saved", [float("inf"), 20.0])
def test_work_is_done_and_what_is_lost_is_done_twice(saved):
    restart, work = 60.0, [HOUR] * 40
    plan = simulate(work, 1, 10 * HOUR, restart, saved)
    deaths = (plan.wall - sum(work) - plan.lost) / restart
    assert deaths == pytest.approx(round(deaths))
    assert round(deaths) >= 1
    assert 0 < plan.lost <= round(deaths) * min(saved, HOUR)


def test_parts_are_all_of_a_video():
    rng = random.Random(0)
    videos = lengths(1000.0, 30.0, rng)
    assert sum(videos) == pytest.approx(1000.0)
    found = parts(200.0, 5.0, 8.0, rng)
    assert sum(found) == pytest.approx(200.0)
    assert min(found[:-1]) >= 8.0
