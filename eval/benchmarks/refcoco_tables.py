"""Tables and results of the RefCOCO family: per protocol, data set and split."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import fmean

from ..metrics import ReferringScores, referring_scores
from .base import Item
from .results import Bar, Cell, Score, Summary, Table

PROTOCOLS = {
    "per-expression": "each expression alone, one sample per expression",
    "joint": "CaR's protocol: all expressions of a referent together, merged by score, "
    "5 % area rule, one sample per referent",
}
ALL = "all samples"
"""The group of every sample, whatever its data set."""


def summarise(scores: Mapping[str, Score], items: Sequence[Item]) -> Summary:
    """A table per protocol; a row, and a headline number, per data set and split."""
    results: dict[str, dict[str, dict[str, float]]] = {}
    tables = []
    for protocol in dict.fromkeys(p for score in scores.values() for p in score):
        samples = [s for item in items for s in scores[item.key].get(protocol, ())]
        groups = _groups(samples)
        values = {name: _scores(group) for name, group in groups.items()}
        results[protocol] = {name: numbers(v) for name, v in values.items()}
        tables.append(_table(PROTOCOLS[protocol], values))
    first = next(iter(results))
    sets = [name for name in results[first] if name != ALL]
    metrics = ("mIoU", "oIoU") if len(sets) == 1 else ("mIoU",)
    return Summary(
        results={
            "protocol": "; ".join(PROTOCOLS[p] for p in results),
            "protocols": results,
        },
        tables=tuple(tables),
        headline=tuple(
            (f"{metric}, {name}, {protocol}", values[name][metric])
            for protocol, values in results.items()
            for name in sets
            for metric in metrics
        ),
        metric=f"mIoU ({first})",
        bars=tuple(Bar(name, name, results[first][name]["mIoU"]) for name in sets),
        per="data set",
        ranking=tuple(_rank(item, scores[item.key][first]) for item in items),
        ranked_by=f"mean IoU of the picture's samples, {first},",
    )


def _groups(samples: Sequence[Score]) -> dict[str, list[Score]]:
    """By data set and split, and all samples last (which is no number that gets published)."""
    groups: dict[str, list[Score]] = {}
    for sample in samples:
        groups.setdefault(sample["group"], []).append(sample)
    return {**dict(sorted(groups.items())), ALL: list(samples)}


def _scores(samples: Sequence[Score]) -> ReferringScores:
    return referring_scores(
        [sample["intersection"] for sample in samples], [sample["union"] for sample in samples]
    )


def numbers(scores: ReferringScores) -> dict[str, float]:
    """Plain numbers by their usual names."""
    precision = {f"Pr@{threshold}": value for threshold, value in scores.precision.items()}
    return {"mIoU": scores.miou, "oIoU": scores.oiou, **precision, "samples": scores.samples}


def _table(protocol: str, values: Mapping[str, ReferringScores]) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for name, scores in values.items():
        if name == ALL and len(values) == 2:
            continue  # there is one data set, its row says the same
        rows.append(
            (name, scores.samples, scores.miou, scores.oiou, *scores.precision.values())
        )
    thresholds = [f"Pr@{threshold}" for threshold in values[ALL].precision]
    columns = ("data set", "samples", "mIoU", "oIoU", *thresholds)
    return Table("Referring image segmentation", protocol, columns, tuple(rows))


def _rank(item: Item, samples: Sequence[Score]) -> Bar:
    value = fmean(s["intersection"] / max(s["union"], 1) for s in samples)
    return Bar(item.key, item.key, value)
