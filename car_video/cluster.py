"""Tasks on a Ray cluster, by workers that keep what they have loaded.

When a worker dies, another does its task.

Files must be on a file system that all machines of the cluster share.
"""

from __future__ import annotations

import logging
import os
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import chain
from typing import Any, Generic, TypeVar

from car_video.errors import CarVideoError, ConfigError

TaskT = TypeVar("TaskT")
ResultT = TypeVar("ResultT")

TRIES = 3
"""Workers that may die of one task: then it is the task's fault, or its frames do not fit."""


class WorkerLostError(CarVideoError):
    """Every worker that had a task has died, or its machine was lost."""


@dataclass(frozen=True)
class Cluster:
    """What to ask Ray for.

    Attributes:
        workers: at most; None takes one per processor core of the cluster, or per GPU.
        device: ``cpu``, ``cuda`` or ``auto``, which takes GPUs where the cluster has some.
        tries: workers that may die of one task.
    """

    workers: int | None = None
    device: str = "cpu"
    tries: int = TRIES


def need_ray() -> None:
    """Raises ConfigError where Ray is not installed."""
    try:
        installed = find_spec("ray") is not None
    except ValueError:  # sys.modules says None: it must not be imported
        installed = False
    if not installed:
        raise ConfigError(
            "engine 'ray' needs the extra: pip install 'car-video[ray]'; or use --engine local"
        )


def run_on_cluster(
    make_worker: Callable[[], Callable[[TaskT], ResultT]],
    tasks: Iterable[TaskT],
    cluster: Cluster,
    lost: Callable[[TaskT], TaskT] = lambda task: task,
) -> Generator[tuple[TaskT, ResultT | CarVideoError | OSError], None, None]:
    """Results in order of completion; close it to end the workers.

    Tasks are taken from their source when there is room.
    Joins the cluster that ``RAY_ADDRESS`` names or the caller has initialised; without one a
    local cluster of this machine is started for the time of the run. Where there is no task
    nothing is started.

    Args:
        make_worker: called once in each worker, with its first task; travels by pickle, as
            tasks and results do.
        tasks: each is done once.
        cluster: what to ask for.
        lost: what another worker is to do when the one with this task has died.

    Returns:
        Tasks as they came, each with its result, or with the error that users can fix.

    Raises:
        Exception: what a worker has raised that is no such error.
    """
    waiting = iter(tasks)
    first = next(waiting, None)
    if first is None:
        return
    import ray

    own = not ray.is_initialized()
    if own:
        local = not os.environ.get("RAY_ADDRESS")
        ray.init(
            include_dashboard=False,
            log_to_driver=False,
            logging_level=logging.ERROR,
            **({"num_cpus": cluster.workers} if local and cluster.workers else {}),
        )
    try:
        yield from _Run(ray, make_worker, cluster, lost).results(chain([first], waiting))
    finally:
        if own:
            ray.shutdown()


@dataclass
class _Pending(Generic[TaskT]):
    """A task on its way: as it came, as it is to be done now, and how many have died of it."""

    task: TaskT
    now: TaskT
    deaths: int = 0


class _Run(Generic[TaskT, ResultT]):
    """The workers of one run."""

    def __init__(
        self,
        ray: Any,
        make_worker: Callable[[], Callable[[TaskT], ResultT]],
        cluster: Cluster,
        lost: Callable[[TaskT], TaskT],
    ) -> None:
        self._ray, self._cluster, self._lost = ray, cluster, lost
        resources = ray.cluster_resources()
        wants_gpu = cluster.device.startswith("cuda")
        on_gpu = wants_gpu or (cluster.device == "auto" and resources.get("GPU", 0) >= 1)
        there = int(resources.get("GPU" if on_gpu else "CPU", 1))
        # More would wait for room for ever, each with a task.
        self._most = max(1, min(cluster.workers or there, there))
        self._actor = ray.remote(num_cpus=1, num_gpus=int(on_gpu))(_Actor)
        self._made = ray.put(make_worker)
        self._idle: list[Any] = []

    def results(
        self, tasks: Iterator[TaskT]
    ) -> Iterator[tuple[TaskT, ResultT | CarVideoError | OSError]]:
        again: deque[_Pending[TaskT]] = deque()
        running: dict[Any, tuple[Any, _Pending[TaskT]]] = {}
        ended = False
        while True:
            while len(running) < self._most and (again or not ended):
                if again:
                    pending = again.popleft()
                else:
                    task = next(tasks, None)
                    ended = task is None
                    if task is None:
                        break
                    pending = _Pending(task, task)
                actor = self._idle.pop() if self._idle else self._actor.remote(self._made)
                running[actor.work.remote(pending.now)] = (actor, pending)
            if not running:
                return
            done, _ = self._ray.wait(list(running))
            for reference in done:
                actor, pending = running.pop(reference)
                try:
                    result = self._ray.get(reference)
                except self._ray.exceptions.RayTaskError:  # a fault of the worker's code
                    raise
                except self._ray.exceptions.RayError as error:
                    pending.deaths += 1
                    if pending.deaths < self._cluster.tries:
                        pending.now = self._lost(pending.now)
                        again.append(pending)
                        continue
                    line = " ".join(str(error).split())[:300]
                    result = WorkerLostError(f"the ray worker was lost: {line}")
                else:
                    self._idle.append(actor)
                yield pending.task, result


class _Actor:
    """Holds a worker, and through it the model, between tasks."""

    def __init__(self, make_worker: Callable[[], Callable[[Any], Any]]) -> None:
        self._make = make_worker
        self._worker: Callable[[Any], Any] | None = None

    def work(self, task: Any) -> Any:
        """The result, or an error that users can fix."""
        try:
            if self._worker is None:
                self._worker = self._make()
            return self._worker(task)
        except (CarVideoError, OSError) as error:
            return error
