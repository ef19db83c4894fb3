"""Threads give way to other programs, and come back."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from car_video.models import numerics
from car_video.models.free_cores import FreeCores, busy_seconds, threads_for

STAT = """cpu  1000 0 200 9000 40 0 10 5 0 0
cpu0 500 10 100 4000 20 3 4 5 70 0
cpu1 500 0 100 5000 20 0 6 0 0 0
cpu11 9 9 9 9 9 9 9 9 9 9
intr 12345 0 0
"""


def test_idle_time_and_other_cores_do_not_count() -> None:
    assert busy_seconds(STAT, {0}, 0.01) == pytest.approx(6.22)
    assert busy_seconds(STAT, {0, 1}, 0.01) == pytest.approx(12.28)
    assert busy_seconds(STAT, {1, 2}, 0.01) == pytest.approx(6.06)


@given(st.integers(1, 64), st.integers(1, 64), st.floats(0, 64))
def test_there_is_always_a_thread_and_never_too_many(
    most: int, cores: int, others: float
) -> None:
    found = threads_for(most, cores, others)
    assert 1 <= found <= most
    assert found >= threads_for(most, cores, others + 1)
    if others == 0:
        assert found == min(most, cores)


class Machine:
    """Two cores, an own program and others that are as busy as they are told."""

    def __init__(self) -> None:
        self.now = self.own = self.others = 0.0

    def pass_by(self, seconds: float, own: float, others: float) -> None:
        self.now += seconds
        self.own += own * seconds
        self.others += others * seconds

    def text(self) -> str:
        ticks = round((self.own + self.others) * os.sysconf("SC_CLK_TCK"))
        first = min(os.sched_getaffinity(0))
        return f"cpu{first} {ticks} 0 0 0 0 0 0 0 0 0\n"

    def count(self) -> FreeCores:
        return FreeCores(self.text, lambda: self.own, lambda: self.now)


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    if not hasattr(os, "sched_getaffinity"):
        pytest.skip("the system does not say which cores a program may run on")
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1})
    return Machine()


def test_threads_give_way_and_come_back(machine: Machine) -> None:
    cores = machine.count()
    assert cores.step(2) == 2  # nothing is known yet
    machine.pass_by(1, own=1, others=1)
    assert cores.step(2) == 1
    machine.pass_by(0.1, own=1, others=0)
    assert cores.step(2) == 1  # too short to count
    machine.pass_by(1, own=1, others=0.1)
    assert cores.step(2) == 2
    machine.pass_by(1, own=2, others=0)
    assert cores.step(2) == 2
    assert cores.step(1) == 1


@pytest.mark.parametrize("text", ["cpu0 one two\n", None])
def test_a_system_without_these_statistics_changes_nothing(
    machine: Machine, text: str | None, tmp_path: Path
) -> None:
    read = (tmp_path / "none").read_text if text is None else lambda: text
    cores = FreeCores(read, lambda: 0.0, lambda: machine.now)
    for _ in range(3):
        assert cores.step(2) == 2
        machine.pass_by(1, own=0, others=2)


def test_the_program_gets_its_threads_back(monkeypatch: pytest.MonkeyPatch) -> None:
    class Busy:
        def step(self, most: int) -> int:
            return max(1, most - 1)

    monkeypatch.setattr(numerics, "FREE_CORES", Busy())
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        with numerics.standard_torch():
            assert torch.get_num_threads() == 1
            with numerics.standard_torch():
                assert torch.get_num_threads() == 1
        assert torch.get_num_threads() == 2
        with pytest.raises(KeyError), numerics.standard_torch():
            raise KeyError
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)
