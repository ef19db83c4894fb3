"""From request to results: prepare, run, conclude. Prints nothing."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from car_video.errors import DataError, OutputError
from car_video.io.writers.folder_lock import FolderLock, check_free

from .benchmarks.base import Item
from .benchmarks.results import Summary
from .data.files import write_json, write_text
from .provenance import provenance, tool_version
from .report.content import Report, Timing
from .report.writing import write_report
from .request import Request, Selection, check_out
from .runner.engines import need_engine, run
from .runner.inputs import difference, inputs
from .runner.job import Job, Outcome
from .runner.store import Record, RunStore


@dataclass(frozen=True)
class Evaluation:
    """A finished evaluation.

    Attributes:
        summary: results and tables.
        timing: None where masks were only scored.
        warnings: why the numbers may not be compared with others.
        failures: outcomes of items that failed.
        files: what was written, results first.
    """

    summary: Summary
    timing: Timing | None
    warnings: tuple[str, ...]
    failures: tuple[Outcome, ...]
    files: tuple[Path, ...]


@contextmanager
def job(request: Request, items: Sequence[Item]) -> Iterator[Job]:
    """The work of the request, with its records in ``out`` or, when scoring, in a passing
    folder.

    The model is loaded before ``out`` is touched, so that a wrong name or device leaves
    nothing behind; a single worker goes on with that model. From then on no other run may
    write into ``out``.

    Raises:
        OutputError: ``out`` cannot be used, another run writes into it, or its run was of other
            data.
        CarVideoError: the model cannot be loaded, or the engine is not there.
    """
    need_engine(request.engine)
    check_free(request.out)
    if request.spec is None:
        with tempfile.TemporaryDirectory(prefix="car-eval-") as folder:
            yield Job(request.benchmark, RunStore(Path(folder)), request.masks)
        return
    store, settings = RunStore(request.out), _settings(request)
    store.check(settings, request.resume, request.overwrite)
    done = request.resume and _check_records(store, items, request.benchmark.root)
    loaded = None if done or request.engine != "local" else request.spec.build()
    work = Job(request.benchmark, store, request.masks, request.spec)
    if request.workers == 1:
        work.segmenters = loaded
    else:
        del loaded
        work.threads = max(1, _cores() // request.workers)
    with FolderLock(request.out) as lock:
        store.check(settings, request.resume, request.overwrite)  # another run may have come
        store.open(settings, request.resume)
        work.notice = lock.notice
        yield work


def _cores() -> int:
    """Processors that this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)  # not on macOS and Windows
    return len(affinity(0)) if affinity else os.cpu_count() or 1


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


def _check_records(store: RunStore, items: Sequence[Item], root: Path) -> bool:
    """Whether every item is done; the finished ones must be of the data as they are now."""
    records = {item.key: store.record(item.key) for item in items}
    for item in items:
        record = records[item.key]
        if record is not None and (
            changed := difference(record.get("inputs"), inputs(item, root))
        ):
            raise OutputError(
                f"'{store.root}' has '{item.key}' with other data: {changed} has changed since;"
                f" start anew with --overwrite or choose another --out"
            )
    return None not in records.values()


def execute(request: Request, work: Job, items: Sequence[Item]) -> Iterator[Outcome]:
    """Outcomes in order of completion."""
    yield from run(work, items, request.workers, request.engine)


def conclude(request: Request, selection: Selection, outcomes: Sequence[Outcome]) -> Evaluation:
    """Summarise what succeeded and write ``results.json``, tables and reports.

    Results are built in the order of the items, so that they do not depend on which worker
    finished first. All but ``run`` in them is the same for the same masks.

    Raises:
        DataError: every item failed, or predictions of another tool are not sound.
        OutputError: ``out`` cannot be written.
    """
    by_key = {outcome.key: outcome for outcome in outcomes}
    items = selection.items
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
    warnings = (*_partial(request, selection), *_left_over(selection), *summary.warnings)
    devices = {record["device"] for record in records.values() if "device" in record}
    made = provenance(request.command, devices)
    results = {
        "benchmark": request.benchmark.name,
        "split": request.benchmark.split,
        **summary.results,
        **_per_item(summary),
        **request.labels,
        "complete": not selection.partial and not failures,
        "selection": {request.unit: selection.groups, "of": selection.all_groups},
        "items": len(good),
        "failed": {outcome.key: outcome.error for outcome in failures},
        "warnings": list(warnings),
        "run": made,
    }
    timing = _timing(request, list(records.values())) if request.spec is not None else None
    report = Report(
        benchmark=request.benchmark,
        items=tuple(good),
        masks=request.masks,
        summary=summary,
        labels={**request.labels, **_facts(request, selection, made)},
        warnings=warnings,
        failures={outcome.key: outcome.error for outcome in failures},
        timing=timing,
    )
    if request.spec is not None:  # job() holds the folder
        files = _write(request.out, results, report)
    else:
        with FolderLock(request.out):
            check_out(request)  # another evaluation may have been concluded here
            files = _write(request.out, results, report)
    return Evaluation(summary, timing, warnings, failures, tuple(files))


def _per_item(summary: Summary) -> dict[str, Any]:
    """Scores by picture, for comparing runs, where there are none by sequence."""
    if "per_sequence" in summary.results or not summary.ranking:
        return {}
    values = {bar.key: bar.value for bar in summary.ranking}
    return {"per_item": {"metric": summary.ranked_by, "values": values}}


def _write(out: Path, results: Mapping[str, Any], report: Report) -> list[Path]:
    """Results, tables, submission and report, in place of earlier ones; returns the files."""
    RunStore(out).remove_results()
    files = [out / "results.json"]
    write_json(files[0], results)
    for name, text in report.summary.files.items():
        write_text(out / name, text)
        files.append(out / name)
    if report.timing is not None:
        files.append(out / "timing.json")
        write_json(files[-1], {**asdict(report.timing), "per_second": report.timing.per_second})
    files += report.benchmark.finish(report.items, report.masks, out)
    return files + write_report(report, out)


def _partial(request: Request, selection: Selection) -> list[str]:
    """That something was left out, and by which options."""
    if not selection.partial:
        return []
    options = []
    if request.sequences:
        options.append(f"--sequences {','.join(request.sequences)}")
    if request.limit is not None:
        options.append(f"--limit {request.limit}")
    return [
        f"partial run: {selection.groups} of {selection.all_groups} {request.unit} "
        f"({' '.join(options)}); not to be compared with numbers of the whole set"
    ]


def _left_over(selection: Selection) -> list[str]:
    """That predictions name what is not scored."""
    names = selection.left_over
    if not names:
        return []
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return [f"predictions left over, not scored: {', '.join(names[:3])}{more}; check the names"]


def _facts(
    request: Request, selection: Selection, made: Mapping[str, Any]
) -> dict[str, str | int]:
    """What the report says of the run, by name."""
    known = {
        "predictions": str(request.predictions) if request.predictions else None,
        request.unit: f"{selection.groups} of {selection.all_groups}",
        "device": made["device"],
        "version": f"car-video {made['version']}, torch {made['torch']}",
        "date": made["date"],
        "command": made["command"],
    }
    return {name: value for name, value in known.items() if value is not None}


def _timing(request: Request, records: Sequence[Record]) -> Timing:
    return Timing(
        unit="frames" if request.unit == "sequences" else "pictures",
        pictures=sum(record["pictures"] for record in records),
        segmentations=sum(record["segmentations"] for record in records),
        seconds=sum(record["seconds"] for record in records),
        peak_memory=max(record["peak_memory"] for record in records),
        workers=request.workers,
        engine=request.engine,
    )
