"""Work on a Ray cluster: one actor per worker, each with the model loaded once.

The data and the output folder must be on a file system that all machines share.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from car_video.cluster import Cluster, run_on_cluster

from ..benchmarks.base import Item
from .job import Job, Outcome


def run_ray(job: Job, items: Sequence[Item], workers: int) -> Iterator[Outcome]:
    """Outcomes in order of completion from ``workers`` actors.

    See :func:`car_video.cluster.run_on_cluster` for what becomes of a worker that dies.
    :func:`~.engines.need_engine` has seen that ray is installed.
    """
    for item, result in run_on_cluster(partial(_given, job), items, Cluster(workers)):
        if isinstance(result, Outcome):
            yield result
        else:
            yield Outcome(item.key, None, str(result))


def _given(job: Job) -> Job:
    return job
