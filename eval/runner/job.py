"""The work of one item: predict, score, record."""

from __future__ import annotations

import sys
import traceback
from dataclasses import dataclass
from pathlib import Path

from car_video.errors import CarVideoError, OutputError

from ..benchmarks.base import Benchmark, Item
from ..segmenters import Segmenters, SegmentersSpec
from .inputs import inputs
from .store import Record, RunStore


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
        notice: remark for the user; empty mostly.
    """

    benchmark: Benchmark
    store: RunStore
    predictions: Path
    spec: SegmentersSpec | None = None
    threads: int = 0
    segmenters: Segmenters | None = None
    notice: str = ""

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
        record: Record = {"inputs": inputs(item, self.benchmark.root)}
        if self.spec is not None:
            segmenters = self._load()
            segmenters.clock.reset()
            self.benchmark.predict(item, segmenters, self.predictions)
            record |= {
                "pictures": item.pictures,
                "segmentations": segmenters.clock.segmentations,
                "seconds": segmenters.clock.seconds,
                "device": segmenters.device,
            }
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
