"""An evaluation from request to report: check, run, conclude. Prints nothing."""

from __future__ import annotations

import datetime
import json
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from car_video.errors import DataError, OutputError

from .benchmarks.base import Benchmark, Item, Summary, select
from .data.files import write_json, write_text
from .runner import Job, Outcome, need_engine, run
from .runner_store import RunStore
from .segmenters import SegmentersSpec
from .version import tool_version


@dataclass(frozen=True)
class Request:
    """What to evaluate.

    Attributes:
        benchmark: with its data folder and options.
        out: folder for results.
        spec: model that predicts; None scores ``predictions``.
        predictions: masks of any tool; None with a model.
        labels: model, preset and mode as the reports name them.
        settings: further settings that change the numbers, plain data.
        limit, sequences: selection, see :func:`benchmarks.base.select`.
        workers, engine: how to run.
        resume, overwrite: what to do with an earlier run in ``out``.
    """

    benchmark: Benchmark
    out: Path
    spec: SegmentersSpec | None = None
    predictions: Path | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    limit: int | None = None
    sequences: tuple[str, ...] = ()
    workers: int = 1
    engine: str = "local"
    resume: bool = False
    overwrite: bool = False

    @property
    def masks(self) -> Path:
        """Where the masks that are scored lie."""
        return self.predictions or RunStore(self.out).predictions


@dataclass(frozen=True)
class Timing:
    """How long it took and what it needed; kept apart from results, which repeat exactly."""

    frames: int
    seconds: float
    peak_memory: int
    workers: int
    engine: str
    date: str

    @property
    def fps(self) -> float:
        """Frames per second of segmentation in one worker."""
        return self.frames / self.seconds if self.seconds else 0.0


@dataclass(frozen=True)
class Evaluation:
    """A finished evaluation.

    Attributes:
        summary: results and tables.
        timing: None where masks were only scored.
        failures: outcomes of items that failed.
        files: what was written, results first.
    """

    summary: Summary
    timing: Timing | None
    failures: tuple[Outcome, ...]
    files: tuple[Path, ...]


def check(request: Request) -> list[Item]:
    """The items to evaluate, after every check that needs no model.

    Raises:
        DataError: the data set or the predictions are not sound.
        OutputError: ``out`` is not the results' own folder.
    """
    _check_out(request)
    items = select(request.benchmark.items(), request.limit, request.sequences)
    if request.predictions is not None:
        _check_predictions(request.benchmark, items, request.predictions)
    return items


def _check_out(request: Request) -> None:
    """Results are written neither among the data nor over those of a run."""
    out, data = request.out, request.benchmark.root
    if out.exists() and data.exists() and out.samefile(data):
        raise OutputError(f"--out '{out}' is the data folder; choose another --out")
    standing = next(p for p in (out, *out.absolute().parents) if p.exists())
    if not os.access(standing, os.W_OK):
        raise OutputError(f"'{standing}' cannot be written; choose another --out")
    if request.spec is None and (out / "run.json").is_file():
        raise OutputError(
            f"'{out}' holds a run with results of its own; choose another --out for these"
        )


def _check_predictions(benchmark: Benchmark, items: Sequence[Item], folder: Path) -> None:
    if not folder.exists():
        raise DataError(f"predictions '{folder}' do not exist; check the path")
    found = [item for item in items if benchmark.has_prediction(item, folder)]
    if not found:
        raise DataError(
            f"'{folder}' holds nothing for {benchmark.name} (looked for '{items[0].key}'"
            f"{_others(len(items) - 1)}); is it of another data set? See docs/benchmarks.md"
        )
    if len(found) < len(items) and folder.is_dir():  # a file may leave empty pictures out
        missing = next(item for item in items if item not in found)
        raise DataError(
            f"'{folder}' has no prediction for '{missing.key}'"
            f"{_others(len(items) - len(found) - 1)}; add what is missing or choose with "
            f"--sequences"
        )


def _others(count: int) -> str:
    return f" and {count} more" if count else ""


@contextmanager
def job(request: Request, items: Sequence[Item]) -> Iterator[Job]:
    """The work of the request, with its records in ``out`` or, when scoring, in a passing
    folder.

    The model is loaded before ``out`` is touched, so that a wrong name or device leaves
    nothing behind; a single worker goes on with that model.

    Raises:
        OutputError: ``out`` cannot be used.
        CarVideoError: the model cannot be loaded, or the engine is not there.
    """
    need_engine(request.engine)
    if request.spec is None:
        with tempfile.TemporaryDirectory(prefix="car-eval-") as folder:
            yield Job(request.benchmark, RunStore(Path(folder)), request.masks)
        return
    store, settings = RunStore(request.out), _settings(request)
    store.check(settings, request.resume, request.overwrite)
    done = request.resume and all(store.record(item.key) is not None for item in items)
    loaded = None if done or request.engine != "local" else request.spec.build()
    store.open(settings, request.resume)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    if request.workers == 1:
        yield Job(request.benchmark, store, request.masks, request.spec, 0, loaded)
        return
    del loaded
    threads = max(1, (cores or 1) // request.workers)
    yield Job(request.benchmark, store, request.masks, request.spec, threads)


def _settings(request: Request) -> dict[str, Any]:
    benchmark = request.benchmark
    settings = {
        "version": tool_version(),
        "benchmark": benchmark.name,
        "data": str(benchmark.root.resolve()),
        "options": asdict(benchmark.options),
        **request.labels,
        **request.settings,
    }
    return dict(json.loads(json.dumps(settings)))  # as it will be read back


def execute(request: Request, work: Job, items: Sequence[Item]) -> Iterator[Outcome]:
    """Outcomes in order of completion."""
    yield from run(work, items, request.workers, request.engine)


def conclude(
    request: Request, items: Sequence[Item], outcomes: Sequence[Outcome]
) -> Evaluation:
    """Summarise what succeeded and write ``results.json``, tables and reports.

    Results are built in the order of the items, so that they do not depend on which worker
    finished first.

    Raises:
        DataError: every item failed, or predictions of another tool are not sound.
        OutputError: ``out`` cannot be written.
    """
    by_key = {outcome.key: outcome for outcome in outcomes}
    failures = tuple(by_key[i.key] for i in items if by_key[i.key].record is None)
    good = [item for item in items if by_key[item.key].record is not None]
    if failures and request.spec is None:
        raise DataError("\n".join(outcome.error for outcome in failures[:8]))
    if not good:
        raise DataError(
            f"every item failed; the first, '{failures[0].key}': {failures[0].error}"
        )
    records = {item.key: by_key[item.key].record or {} for item in good}
    scores = {key: record["score"] for key, record in records.items()}
    summary = request.benchmark.summarise(scores, good)
    results = {
        "benchmark": request.benchmark.name,
        **summary.results,
        **request.labels,
        "items": len(good),
        "failed": {outcome.key: outcome.error for outcome in failures},
    }
    write_json(request.out / "results.json", results)
    files = [request.out / "results.json"]
    for name, text in summary.files.items():
        write_text(request.out / name, text)
        files.append(request.out / name)
    timing = _timing(request, list(records.values())) if request.spec is not None else None
    if timing is not None:
        write_json(request.out / "timing.json", {**asdict(timing), "fps": timing.fps})
        files.append(request.out / "timing.json")
    files += request.benchmark.finish(good, request.masks, request.out)
    from .report import write_report

    files += write_report(request, summary, timing, good, failures)
    return Evaluation(summary, timing, failures, tuple(files))


def _timing(request: Request, records: Sequence[Mapping[str, Any]]) -> Timing:
    return Timing(
        frames=sum(record["frames"] for record in records),
        seconds=sum(record["seconds"] for record in records),
        peak_memory=max(record["peak_memory"] for record in records),
        workers=request.workers,
        engine=request.engine,
        date=datetime.date.today().isoformat(),
    )
