"""What each switch of the image algorithm is worth, on three data sets at once.

Run from the repository's root, with folders for ``ref-davis``, ``refcoco`` and ``coco-object``
(docs/benchmarks.md) in one:

    python -m benchmarks.ablation --data ../shared/data --out ablation.json
        [--rows recurrence maps "noun weight 0.0"] [--sets ref-davis refcoco coco-object]
        [--refine none|crf|sam] [--every 4] [--pictures 20] [--set sam.points=4]

Every row is the default with what ``benchmarks/ablation_rows.py`` says changed. Protocols and
measures are those of ``car-eval``: Ref-DAVIS frame by frame on every n-th frame (J&F); RefCOCO
per expression (mIoU, oIoU) and by CaR's joint protocol (mIoU), with the preset refcoco-lite;
COCO Object with background (mIoU), with the preset label-space-lite.

``*`` marks a difference of more than two standard errors (jackknife over at most ten groups of
sequences or pictures, so it knows nothing of how much the sentences of one picture have in
common with other pictures). ``=`` says that all scores are those of the default, to the last
pixel: the switch has nothing to do there. CPU time per picture counts the encoders, though
rows share them.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml
from car_video.eval.benchmarks import Benchmark, Item, Options, make_benchmark
from car_video.eval.benchmarks.base import select
from car_video.eval.benchmarks.refcoco_tables import ALL
from car_video.eval.benchmarks.results import Score, Summary

from benchmarks.ablation_rows import DEFAULT, GROUPS, Row, chosen
from benchmarks.shared_encodings import Encodings, SharingSegmenters, remember_texts
from car_video import load_model, load_preset
from car_video.errors import CarVideoError
from car_video.segment.reference.settings import with_values

JACKKNIFE = 10  # groups of items


@dataclass(frozen=True)
class Column:
    """A number of the table: its head, and where an evaluation and an item's score have it."""

    title: str
    value: Callable[[Summary], float]
    part: Callable[[Score], Any]


@dataclass(frozen=True)
class Set:
    """A data set: folder below ``--data``, evaluator, preset and what is read off."""

    folder: str
    benchmark: Callable[[Path], Benchmark]
    preset: str
    columns: tuple[Column, ...]


def _referring(protocol: str, measure: str) -> Column:
    title = f"refcoco {measure}" if protocol == "per-expression" else f"refcoco joint {measure}"
    return Column(
        title,
        lambda summary: float(summary.results["protocols"][protocol][ALL][measure]),
        lambda score: score[protocol],
    )


SETS = {
    "ref-davis": Set(
        "ref-davis-dev",
        lambda root: make_benchmark("ref-davis", root, Options()),
        "default",
        (Column("ref-davis J&F", lambda s: s.results["J&F"], lambda score: score["davis"]),),
    ),
    "refcoco": Set(
        "refcoco-dev",
        lambda root: make_benchmark("refcoco", root, Options()),
        "refcoco-lite",
        (
            _referring("per-expression", "mIoU"),
            _referring("per-expression", "oIoU"),
            _referring("joint", "mIoU"),
        ),
    ),
    "coco-object": Set(
        "coco-dev",
        lambda root: make_benchmark("coco-object", root, Options()),
        "label-space-lite",
        (Column("coco mIoU", lambda s: s.results["mIoU"], lambda score: score),),
    ),
}


@dataclass
class Measured:
    """One number of one row.

    Attributes:
        value: a fraction.
        change: difference to the default row.
        error: standard error of the difference.
        same: whether every item's score is the default's.
        seconds: CPU seconds per picture.
    """

    value: float
    change: float
    error: float
    same: bool
    seconds: float

    def cell(self, default: bool) -> str:
        """For the table."""
        if default:
            return f"{self.value:.3f}"
        if self.same:
            return "="
        star = "*" if abs(self.change) > 2 * self.error else ""
        return f"{self.value:.3f} ({self.change:+.3f}{star})"


@dataclass
class Scores:
    """Of all rows on one set: row -> item key -> score, and CPU seconds per picture."""

    rows: dict[str, dict[str, Score]] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)


def thinned(item: Item, every: int) -> Item:
    """A sequence with every n-th frame; anything else as it is."""
    video = getattr(item.payload, "video", None)
    if video is None:
        return item
    less = replace(
        video,
        frames=video.frames[::every],
        images=video.images[::every],
        labels=video.labels and video.labels[::every],
    )
    return replace(item, payload=replace(item.payload, video=less))


def score_all(
    benchmark: Benchmark, items: Sequence[Item], rows: Mapping[str, SharingSegmenters]
) -> Scores:
    """Predict and score: item by item, and all rows of an item before the next item."""
    scores = Scores({name: {} for name in rows})
    for number, item in enumerate(items, 1):
        for name, segmenters in rows.items():
            with tempfile.TemporaryDirectory() as folder:
                benchmark.predict(item, segmenters, Path(folder))
                scores.rows[name][item.key] = benchmark.score(item, Path(folder))
            segmenters.encodings.spared = 0.0
        next(iter(rows.values())).encodings.forget()
        print(f"{benchmark.name}: {number} of {len(items)}", file=sys.stderr, flush=True)
    for name, segmenters in rows.items():
        scores.seconds[name] = segmenters.clock.seconds / max(1, segmenters.clock.segmentations)
    return scores


def measure(
    benchmark: Benchmark, items: Sequence[Item], column: Column, scores: Scores
) -> dict[str, Measured]:
    """One column: every row against the default, with a jackknife standard error."""
    groups = min(JACKKNIFE, len(items))
    parts = [list(items)]
    parts += [[x for n, x in enumerate(items) if n % groups != g] for g in range(groups)]

    def values(name: str) -> list[float]:
        found = []
        for part in parts:
            subset = {item.key: scores.rows[name][item.key] for item in part}
            found.append(column.value(benchmark.summarise(subset, part)))
        return found

    default = values(DEFAULT)
    results = {}
    for name, row in scores.rows.items():
        mine = values(name)
        change = [a - b for a, b in zip(mine, default, strict=True)]
        mean = sum(change[1:]) / groups
        spread = sum((c - mean) ** 2 for c in change[1:])
        error = math.sqrt(spread * (groups - 1) / groups)
        same = all(
            column.part(row[item.key]) == column.part(scores.rows[DEFAULT][item.key])
            for item in items
        )
        results[name] = Measured(mine[0], change[0], error, same, scores.seconds[name])
    return results


def table(rows: Mapping[str, Row], results: Mapping[str, Mapping[str, Measured]]) -> str:
    """Markdown: rows by group, one column per number, CPU time per picture of each set last."""
    owners = {name: group for group, names in GROUPS.items() for name in names}
    heads = ["row", *results, "CPU s per picture"]
    lines = [f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
    group = None
    for name in rows:
        if owners.get(name) != group:
            group = owners.get(name)
            lines.append(f"| **{group}** |" + " |" * (len(heads) - 1))
        cells = [column[name].cell(name == DEFAULT) for column in results.values()]
        times = dict.fromkeys(f"{column[name].seconds:.2f}" for column in results.values())
        lines.append(f"| {' | '.join([name, *cells, ' / '.join(times)])} |")
    return "\n".join(lines)


def parse_settings(pairs: Sequence[str]) -> dict[str, Any]:
    """``key=value`` of the command line, values as YAML has them."""
    return {key: yaml.safe_load(value) for key, _, value in (p.partition("=") for p in pairs)}


def main() -> None:
    """Predict, score, print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--rows", nargs="+", default=["recurrence", "maps", "texts", "pooling"])
    parser.add_argument("--sets", nargs="+", choices=SETS, default=list(SETS))
    parser.add_argument("--model", default="lite")
    parser.add_argument("--refine", choices=("none", "crf", "sam"), default="none")
    parser.add_argument("--every", type=int, default=4, help="every n-th frame of a sequence")
    parser.add_argument("--pictures", type=int, help="of coco-object at most")
    parser.add_argument(
        "--set", nargs="+", default=(), metavar="KEY=VALUE", help="in every row"
    )
    parser.add_argument("--out", type=Path, help="JSON file for all numbers")
    options = parser.parse_args()
    try:
        run(options)
    except (CarVideoError, ValueError) as error:
        parser.error(str(error))


def run(options: argparse.Namespace) -> None:
    """All rows on all sets."""
    rows = chosen(options.rows)
    common = {"refine": options.refine, **parse_settings(options.set)}
    model, encodings = load_model(options.model), Encodings()
    remember_texts(model)
    results: dict[str, dict[str, Measured]] = {}
    counts = []
    for name in options.sets:
        plan = SETS[name]
        benchmark = plan.benchmark(options.data / plan.folder)
        limit = options.pictures if name == "coco-object" else None
        items = [thinned(i, options.every) for i in select(benchmark.items(), limit, ())]
        preset = load_preset(plan.preset)
        preset = replace(preset, segment=with_values(preset.segment, common))
        segmenters = {
            row: SharingSegmenters(model, encodings, preset, overrides)
            for row, overrides in rows.items()
        }
        scores = score_all(benchmark, items, segmenters)
        for column in plan.columns:
            results[column.title] = measure(benchmark, items, column, scores)
        counts.append(f"{len(items)} items of {plan.folder}")
        if options.out:
            numbers = {t: {r: asdict(m) for r, m in c.items()} for t, c in results.items()}
            options.out.write_text(json.dumps(numbers, indent=1) + "\n")
    settings = ", ".join(f"{key} {value}" for key, value in common.items())
    print(f"{', '.join(counts)}; one frame in {options.every}; {options.model}; {settings}\n")
    print(table(rows, results))


if __name__ == "__main__":
    main()
