"""Tasks on a local Ray cluster of two workers; what becomes of one that dies."""

from __future__ import annotations

import os
import signal
import sys
from dataclasses import dataclass, replace
from functools import partial

import pytest

from car_video.cluster import Cluster, WorkerLostError, need_ray, run_on_cluster
from car_video.errors import ConfigError, ModelError


@dataclass(frozen=True)
class Task:
    number: int
    kill: bool = False
    again: bool = False


class Squares:
    """Takes some tasks and fails at others."""

    def __init__(self, factor: int) -> None:
        self.factor = factor
        self.done = 0

    def __call__(self, task: Task) -> tuple[int, bool]:
        if task.kill:
            os.kill(os.getpid(), signal.SIGKILL)
        if task.number == 13:
            raise ModelError("no thirteen")
        if task.number == 14:
            raise ZeroDivisionError("a bug")
        self.done += 1
        return self.factor * task.number**2, task.again


def results(tasks, lost=lambda task: task, tries=2):
    found = run_on_cluster(partial(Squares, 10), tasks, Cluster(2, tries=tries), lost)
    return {task.number: result for task, result in found}


def test_no_task_needs_no_cluster(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    assert results([]) == {}
    with pytest.raises(ConfigError, match=r"car-video\[ray\]"):
        need_ray()


@pytest.mark.slow
@pytest.mark.usefixtures("ray_cluster")
def test_errors_are_results_and_a_dead_worker_has_a_successor():
    tasks = [Task(1), Task(2, kill=True), Task(13), Task(4), Task(5)]
    found = results(tasks, lambda task: replace(task, kill=False, again=True))
    assert isinstance(found[13], ModelError)
    assert str(found.pop(13)) == "no thirteen"
    assert found == {1: (10, False), 2: (40, True), 4: (160, False), 5: (250, False)}


@pytest.mark.slow
@pytest.mark.usefixtures("ray_cluster")
def test_a_task_that_kills_every_worker_is_given_up():
    found = results([Task(1, kill=True), Task(2)])
    assert isinstance(found[1], WorkerLostError)
    assert "lost" in str(found[1])
    assert "\n" not in str(found[1])
    assert found[2] == (40, False)


@pytest.mark.slow
@pytest.mark.usefixtures("ray_cluster")
def test_a_bug_of_a_worker_is_raised():
    with pytest.raises(ZeroDivisionError, match="a bug"):
        results([Task(14)])
