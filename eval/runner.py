"""Run a benchmark: predict and score what is not done yet, on one of the engines."""

from __future__ import annotations

import importlib.util
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from car_video.errors import CarVideoError, ConfigError, OutputError

from .benchmarks.base import Benchmark, Item
from .runner_store import Record, RunStore
from .segmenters import Segmenters, SegmentersSpec

ENGINES = ("local", "ray")


@dataclass(frozen=True)
class Outcome:
    """What became of an item.

    Attributes:
        key: of the item.
        record: numbers, or None when it failed.
        error: one line, empty when it went well.
        fatal: the output folder cannot be written, so that no other item would do better.
        details: traceback of an unexpected error.
    """

    key: str
    record: Record | None
    error: str = ""
    details: str = ""
    fatal: bool = False


@dataclass
class Job:
    """The work of one item, as it travels to workers.

    Attributes:
        benchmark: what to do.
        store: where records go.
        predictions: folder or file with masks to score.
        spec: model that makes the masks first; None scores what is there.
        threads: of torch in each worker; 0 leaves its own choice.
        segmenters: the loaded model; None loads it with the first item.
    """

    benchmark: Benchmark
    store: RunStore
    predictions: Path
    spec: SegmentersSpec | None = None
    threads: int = 0
    segmenters: Segmenters | None = None

    def __call__(self, item: Item) -> Outcome:
        """Predict, score and record one item; never raises but for an interrupt."""
        try:
            record = self._work(item)
            self.store.write(item.key, record)
        except OutputError as error:
            return Outcome(item.key, None, str(error), fatal=True)
        except CarVideoError as error:
            return Outcome(item.key, None, str(error))
        except Exception as error:
            line = f"{type(error).__name__}: {' '.join(str(error).split())}"
            return Outcome(item.key, None, line, traceback.format_exc())
        return Outcome(item.key, record)

    def _work(self, item: Item) -> Record:
        record: Record = {"frames": 0, "seconds": 0.0}
        if self.spec is not None:
            segmenters = self._load()
            segmenters.clock.reset()
            self.benchmark.predict(item, segmenters, self.predictions)
            record = {"frames": segmenters.clock.frames, "seconds": segmenters.clock.seconds}
        record["score"] = self.benchmark.score(item, self.predictions)
        record["peak_memory"] = peak_memory()
        return record

    def _load(self) -> Segmenters:
        if self.segmenters is None:
            assert self.spec is not None
            self.segmenters = self.spec.build()
            if self.threads and "torch" in sys.modules:
                sys.modules["torch"].set_num_threads(self.threads)
        return self.segmenters


def peak_memory() -> int:
    """Largest resident memory of this process so far, in bytes; 0 where it is not known."""
    try:
        import resource
    except ImportError:  # Windows
        return 0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return int(peak) if sys.platform == "darwin" else int(peak) * 1024


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
    pending = []
    for item in items:
        record = job.store.record(item.key)
        if record is None:
            pending.append(item)
        else:
            yield Outcome(item.key, record)
    if pending:
        for outcome in _engine(engine)(job, pending, min(workers, len(pending))):
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
    if name == "ray" and not _installed("ray"):
        raise ConfigError(
            "engine 'ray' needs the extra: pip install 'car-video[ray]'; or use --engine local"
        )


def _installed(package: str) -> bool:
    try:
        return importlib.util.find_spec(package) is not None
    except ValueError:  # sys.modules says None: it must not be imported
        return False


def _engine(name: str) -> Callable[[Job, Sequence[Item], int], Iterator[Outcome]]:
    need_engine(name)
    if name == "ray":
        from .runner_ray import run_ray

        return run_ray
    from .runner_local import run_local

    return run_local
