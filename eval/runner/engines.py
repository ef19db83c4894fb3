"""The ways to work through items, by name."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from car_video.cluster import need_ray
from car_video.errors import ConfigError, OutputError

from ..benchmarks.base import Item
from .job import Job, Outcome
from .local import run_local
from .ray_cluster import run_ray

Engine = Callable[[Job, Sequence[Item], int], Iterator[Outcome]]

ENGINES: Mapping[str, Engine] = {"local": run_local, "ray": run_ray}


def run(
    job: Job, items: Sequence[Item], workers: int = 1, engine: str = "local"
) -> Iterator[Outcome]:
    """Outcomes of all items in order of completion; finished ones come first, from the store.

    Args:
        job: what to do with each item.
        items: with unique keys.
        workers: processes (``local``) or actors (``ray``).
        engine: ``local`` or ``ray``.

    Raises:
        ConfigError: unknown engine, or ray is not installed.
        OutputError: the output folder cannot be written any more.
    """
    need_engine(engine)
    pending = []
    for item in items:
        record = job.store.record(item.key)
        if record is None:
            pending.append(item)
        else:
            yield Outcome(item.key, record)
    if pending:
        for outcome in ENGINES[engine](job, pending, min(workers, len(pending))):
            if outcome.fatal:
                raise OutputError(f"{outcome.error}; then go on with --resume")
            yield outcome


def need_engine(name: str) -> None:
    """See that an engine can be used, before anything is written.

    Raises:
        ConfigError: unknown, or its package is not installed.
    """
    if name not in ENGINES:
        raise ConfigError(f"unknown engine '{name}'; engines: {', '.join(ENGINES)}")
    if name == "ray":
        need_ray()
