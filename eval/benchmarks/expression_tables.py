"""Rules, tables and results of the benchmarks with one mask per expression of a video."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean
from typing import Any, Literal

from ..metrics import SequenceScores
from .base import Item
from .results import Bar, Cell, Score, Summary, Table

Values = dict[str, float]


@dataclass(frozen=True)
class Rules:
    """How a benchmark of this kind counts.

    Attributes:
        title: its name in tables.
        split: the one that is meant unless another is named.
        measures: names of numbers beside J and F.
        kinds: what the file calls a kind of expression -> its name in tables.
        apart: names of kinds that are not in the headline.
        overall: the headline is the mean over ``expressions``, or over ``kinds``.
        no_target: expressions without a target count in N-acc and T-acc.
        zip_folder: folder of the videos in the submission; None where there is no server.
    """

    title: str
    split: str
    measures: tuple[str, ...] = ()
    kinds: Mapping[str, str] = field(default_factory=dict)
    apart: frozenset[str] = frozenset()
    overall: Literal["expressions", "kinds"] = "expressions"
    no_target: bool = False
    zip_folder: str | None = None


@dataclass(frozen=True)
class Scored:
    """The numbers of one expression.

    Attributes:
        item: whose.
        kind: name of its kind; empty where there are none.
        values: J, F and further measures.
        no_target, predicted_none: whether truth and prediction are empty throughout.
    """

    item: Item
    kind: str
    values: Values
    no_target: bool
    predicted_none: bool

    @property
    def j_and_f(self) -> float:
        return (self.values["J"] + self.values["F"]) / 2


def summarise(rules: Rules, scores: Mapping[str, Score], items: Sequence[Item]) -> Summary:
    """J, F and what else the rules name, of those expressions whose ground truth is known."""
    hidden = [item.key for item in items if scores[item.key]["davis"] is None]
    if len(hidden) == len(items):
        return _hidden(rules, items)
    known = [_scored(rules, i, scores[i.key]) for i in items if scores[i.key]["davis"]]
    counted = [one for one in known if one.kind not in rules.apart] or known
    kinds = {name: found for name in rules.kinds.values() if (found := _of(known, name))}
    by_kind = {name: _values(rules, found) for name, found in kinds.items()}
    weighed = {name: by_kind[name] for name in by_kind if name not in rules.apart} or by_kind
    total = _values(rules, counted)
    if rules.overall == "kinds" and weighed:
        total = _mean(list(weighed.values()))
    total |= _target_accuracy(rules, known)
    videos = {one.item.group: _of_video(known, one.item.group) for one in known}
    shares = _shares(known, counted, weighed if rules.overall == "kinds" else {})
    protocol = _protocol(rules)
    return Summary(
        results={
            "protocol": protocol,
            "expressions": len(known),
            "not_scored": hidden,
            **total,
            **({"per_kind": by_kind} if len(kinds) > 1 else {}),
            "per_sequence": {
                name: {key: {**v, **shares[id(v)]} for key, v in expressions.items()}
                for name, expressions in videos.items()
            },
        },
        tables=(_table(rules, known, kinds, by_kind, total, protocol),),
        headline=tuple((name, total[name]) for name in _headline(rules) if name in total),
        metric="J&F",
        bars=tuple(
            Bar(name, name, fmean((v["J"] + v["F"]) / 2 for v in expressions.values()))
            for name, expressions in videos.items()
        ),
        ranking=tuple(Bar(one.item.key, one.item.key, one.j_and_f) for one in known),
        ranked_by="J&F of the expression",
        warnings=_warnings(rules, hidden, kinds, len(items)),
    )


def _hidden(rules: Rules, items: Sequence[Item]) -> Summary:
    row = (len({item.group for item in items}), len(items))
    table = Table(rules.title, "ground truth hidden", ("videos", "expressions"), (row,))
    text = "not scored: the ground truth is hidden"
    if rules.zip_folder is not None:
        text += ", submit the zip"
    return Summary({"protocol": text, "expressions": len(items)}, (table,), (), "J&F", ())


def _scored(rules: Rules, item: Item, score: Mapping[str, Any]) -> Scored:
    davis = SequenceScores.from_json(score["davis"])
    values = {"J": davis.j_statistics()[0].mean, "F": davis.f_statistics()[0].mean}
    kind = rules.kinds.get(item.payload.expression.kind, "")
    return Scored(
        item,
        kind,
        {**values, **score["measures"]},
        score["no_target"],
        score["predicted_none"],
    )


def _of(known: Sequence[Scored], kind: str) -> list[Scored]:
    return [one for one in known if one.kind == kind]


def _of_video(known: Sequence[Scored], group: str) -> dict[str, Values]:
    """By expression; by the whole key where two of a video have one number."""
    own = [one for one in known if one.item.group == group]
    names = [one.item.payload.expression.key for one in own]
    if len(set(names)) < len(names):
        names = [one.item.key for one in own]
    return {name: one.values for name, one in zip(names, own, strict=True)}


def _shares(
    known: Sequence[Scored], counted: Sequence[Scored], kinds: Collection[str]
) -> dict[int, dict[str, Any]]:
    """By the identity of an expression's values: its part of the headline, and its weight 0
    where it is not in it; nothing where all expressions count alike."""
    ids = {id(one.values) for one in counted if not kinds or one.kind in kinds}
    shares: dict[int, dict[str, Any]] = {}
    for one in known:
        part = {"part": one.kind} if len(kinds) > 1 and one.kind in kinds else {}
        shares[id(one.values)] = part if id(one.values) in ids else {"weight": 0}
    return shares


def _values(rules: Rules, scored: Sequence[Scored]) -> Values:
    """Means over expressions."""
    names = [m for m in rules.measures if all(m in one.values for one in scored)]
    means = {name: fmean(one.values[name] for one in scored) for name in ("J", "F", *names)}
    return {"J&F": (means["J"] + means["F"]) / 2, **means}


def _mean(parts: Sequence[Values]) -> Values:
    """Mean over kinds, each of the same weight."""
    names = [name for name in parts[0] if all(name in part for part in parts)]
    return {name: fmean(part[name] for part in parts) for name in names}


def _target_accuracy(rules: Rules, scored: Sequence[Scored]) -> Values:
    """N-acc and T-acc, and J&F of the expressions with a target; none where all have one."""
    absent = [one for one in scored if one.no_target]
    present = [one for one in scored if not one.no_target]
    if not rules.no_target or not absent:
        return {}
    found = {"N-acc": fmean(one.predicted_none for one in absent)}
    if present:
        found["T-acc"] = fmean(not one.predicted_none for one in present)
        found["J&F with target"] = fmean(one.j_and_f for one in present)
    return found


def _protocol(rules: Rules) -> str:
    mean = "mean over expressions"
    if rules.overall == "kinds":
        names = [name for name in rules.kinds.values() if name not in rules.apart]
        mean = f"mean over expressions, then over {' and '.join(names)}"
    parts = [f"one run per expression; J and F over all frames, {mean}"]
    parts += [_MEANINGS[name] for name in rules.measures]
    if rules.no_target:
        parts.append(_NO_TARGET)
    return "; ".join(parts)


_NO_TARGET = (
    "an expression without a target is right (J = F = 1) where no frame has a mask; N-acc and "
    "T-acc: share of expressions without and with a target that are told to be so"
)
_MEANINGS = {
    "tIoU": "tIoU: frames with both masks over frames with either",
    "vIoU": "vIoU: J over the same frames",
    "R": "R: 1 less the area beside the target over that of all objects",
}


def _headline(rules: Rules) -> tuple[str, ...]:
    return ("J&F", "J", "F", *rules.measures, "N-acc", "T-acc")


def _table(
    rules: Rules,
    known: Sequence[Scored],
    kinds: Mapping[str, Sequence[Scored]],
    by_kind: Mapping[str, Values],
    total: Values,
    protocol: str,
) -> Table:
    """One row, or one per kind and the overall one."""
    columns = [*total]
    rows: list[tuple[Cell, ...]] = []
    if len(kinds) > 1:
        rows = [
            (name, _videos(found), len(found), *(by_kind[name].get(c) for c in columns))
            for name, found in kinds.items()
        ]
    rows.append(("overall", _videos(known), len(known), *(total[c] for c in columns)))
    heads = ("expressions of", "videos", "expressions", *columns)
    return Table(rules.title, protocol, heads, tuple(rows))


def _videos(scored: Sequence[Scored]) -> int:
    return len({one.item.group for one in scored})


def _warnings(
    rules: Rules, hidden: Sequence[str], kinds: Mapping[str, Any], count: int
) -> tuple[str, ...]:
    """Why the number is not that of the whole set."""
    warnings = []
    if hidden:
        warnings.append(
            f"{len(hidden)} of {count} expressions are not in the numbers, as '{hidden[0]}': "
            f"they have no ground truth (no obj_id or anno_id in the expression file, or no "
            f"annotation)"
        )
    missing = [name for name in rules.kinds.values() if name not in {*kinds, *rules.apart}]
    if rules.overall == "kinds" and missing:
        warnings.append(
            f"no expression is of the kind '{missing[0]}'; published numbers are means over "
            f"all kinds and not to be compared with this one"
        )
    return tuple(warnings)
