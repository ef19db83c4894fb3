"""A finished evaluation, as ``results.json`` tells it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any, NamedTuple

from car_video.errors import DataError

from ..data.files import read_json


class Unit(NamedTuple):
    """An object, an expression or a picture.

    Attributes:
        score: J&F, or what else the benchmark ranks by.
        part: the benchmark's number is the mean over parts of the means within them.
        weight: how much the unit counts in the mean of its part; 0 where it is not in it.
    """

    score: float
    part: str = ""
    weight: float = 1.0


Units = dict[str, Unit]
"""By object or expression."""


@dataclass(frozen=True)
class Run:
    """Results of one evaluation.

    Attributes:
        name: how it is called in tables, unique among those compared.
        path: of ``results.json``.
        results: what it holds.
        sequences: sequence or picture -> units.
        metric: what the scores are.
    """

    name: str
    path: Path
    results: Mapping[str, Any]
    sequences: Mapping[str, Units]
    metric: str

    @property
    def benchmark(self) -> str:
        return str(self.results["benchmark"])

    @property
    def protocol(self) -> str:
        return str(self.results["protocol"])

    def headline(self) -> dict[str, float]:
        """The numbers that stand at the top level: J&F, mIoU and so on."""
        return {k: v for k, v in self.results.items() if isinstance(v, float)}

    def mean(self) -> float:
        """Of the units that count, as the benchmark takes it."""
        parts: dict[str, list[Unit]] = {}
        for units in self.sequences.values():
            for unit in units.values():
                if unit.weight:
                    parts.setdefault(unit.part, []).append(unit)
        means = [
            sum(u.score * u.weight for u in own) / sum(u.weight for u in own)
            for own in parts.values()
        ]
        return fmean(means) if means else 0.0


def read_runs(paths: Sequence[Path]) -> list[Run]:
    """Runs by their folders or ``results.json`` files.

    Raises:
        DataError: one is no finished evaluation, or there twice.
    """
    files = [path / "results.json" if path.is_dir() else path for path in paths]
    resolved = [file.resolve() for file in files]
    if twice := [file for file, count in Counter(resolved).items() if count > 1]:
        raise DataError(f"'{twice[0]}' is given twice; name different runs")
    return [_read(file, name) for file, name in zip(files, _names(resolved), strict=True)]


def _names(files: Sequence[Path]) -> list[str]:
    """The shortest tails of the folders that tell the runs apart."""
    folders = [file.parent if file.name == "results.json" else file for file in files]
    for length in range(1, max((len(folder.parts) for folder in folders), default=0) + 1):
        names = ["/".join(folder.parts[-length:]) for folder in folders]
        if len(set(names)) == len(names):
            return names
    return [str(folder) for folder in folders]


def _read(file: Path, name: str) -> Run:
    if not file.is_file():
        raise DataError(f"'{file}' is missing; name the --out folder of a finished evaluation")
    results = read_json(file, "results")
    if not isinstance(results, Mapping) or not {"benchmark", "protocol"} <= set(results):
        raise DataError(f"'{file}' is no results.json of car-eval; name the --out folder")
    try:
        sequences, metric = _sequences(results)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise DataError(f"'{file}' is malformed ({error!r}); evaluate anew") from None
    return Run(name, file, results, sequences, metric)


def _sequences(results: Mapping[str, Any]) -> tuple[dict[str, Units], str]:
    """Scores by sequence and unit, and what they are."""
    if "per_sequence" in results:
        found = {}
        metric = "J&F"
        for sequence, entry in results["per_sequence"].items():
            if not entry:
                raise ValueError(f"'{sequence}' has no scores")
            units = (
                entry if all(isinstance(v, Mapping) for v in entry.values()) else {"": entry}
            )
            found[sequence] = {unit: _unit(values) for unit, values in units.items()}
            metric = "J&F" if "J" in next(iter(units.values())) else "mIoU"
        if metric == "J&F" and metric not in results and "overall" in results:
            metric = "overall"  # what YouTube-VOS calls it
        return found, metric
    per_item = results.get("per_item", {})
    by_group: dict[str, Units] = {}
    for key, value in per_item.get("values", {}).items():
        by_group[key] = {"": Unit(float(value))}
    return by_group, str(per_item.get("metric", ""))


def _unit(values: Mapping[str, Any]) -> Unit:
    if "J" in values:
        score = (float(values["J"]) + float(values["F"])) / 2
    else:
        score = float(values["mIoU"])
    weight = float(values.get("weight", 1.0))
    if not 0 <= weight < float("inf"):
        raise ValueError(f"weight {weight}")
    return Unit(score, str(values.get("part", "")), weight)


def long_rows(runs: Sequence[Run]) -> Iterator[dict[str, Any]]:
    """Every number of the runs, one a row: first those of the whole set."""
    for run in runs:
        base = {"run": run.name, "benchmark": run.benchmark, "protocol": run.protocol}
        base |= {
            "model": str(run.results.get("model", "")),
            "preset": str(run.results.get("preset", "")),
        }
        for metric, value in run.headline().items():
            yield {**base, "sequence": "", "unit": "", "metric": metric, "value": value}
        for sequence, units in run.sequences.items():
            for name, unit in units.items():
                place = {"sequence": sequence, "unit": name}
                yield {**base, **place, "metric": run.metric, "value": unit.score}
