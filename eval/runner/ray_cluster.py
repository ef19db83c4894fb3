"""Work on a Ray cluster: one actor per worker, each with the model loaded once.

The data and the output folder must be on a file system that all machines share.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Sequence
from typing import Any

from ..benchmarks.base import Item
from .job import Job, Outcome


def run_ray(job: Job, items: Sequence[Item], workers: int) -> Iterator[Outcome]:
    """Outcomes in order of completion from ``workers`` actors.

    Joins the cluster that ``RAY_ADDRESS`` names or the caller has initialised; without one a
    local cluster of this machine is started for the time of the run.
    :func:`~.engines.need_engine` has seen that ray is installed.
    """
    import ray

    own_cluster = not ray.is_initialized()
    if own_cluster:
        resources = {} if os.environ.get("RAY_ADDRESS") else {"num_cpus": workers}
        ray.init(
            include_dashboard=False,
            log_to_driver=False,
            logging_level=logging.ERROR,
            **resources,
        )
    try:
        yield from _run_actors(ray, job, items, workers)
    finally:
        if own_cluster:
            ray.shutdown()


def _run_actors(ray: Any, job: Job, items: Sequence[Item], workers: int) -> Iterator[Outcome]:
    actor_class = ray.remote(num_cpus=1)(Worker)
    shared_job = ray.put(job)
    idle = [actor_class.remote(shared_job) for _ in range(workers)]
    queue = list(items)
    running: dict[Any, tuple[Any, Item]] = {}
    while queue or running:
        while queue and idle:
            actor = idle.pop()
            item = queue.pop(0)
            running[actor.work.remote(item)] = (actor, item)
        done, _ = ray.wait(list(running))
        for reference in done:
            actor, item = running.pop(reference)
            try:
                yield ray.get(reference)
            except ray.exceptions.RayError as error:
                line = " ".join(str(error).split())[:300]
                yield Outcome(item.key, None, f"the ray worker was lost: {line}")
                actor = actor_class.remote(shared_job)
            idle.append(actor)


class Worker:
    """A ray actor: holds the job, and through it the model, between items."""

    def __init__(self, job: Job) -> None:
        self.job = job

    def work(self, item: Item) -> Outcome:
        return self.job(item)
