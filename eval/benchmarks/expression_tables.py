"""Tables and results of Ref-YouTube-VOS and MeViS."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any

from ..metrics import SequenceScores
from .base import Item
from .results import Bar, Score, Summary, Table


def summarise(name: str, scores: Mapping[str, Score], items: Sequence[Item]) -> Summary:
    """J and F, means over expressions; of those whose ground truth is known."""
    protocol = "one run per expression; J and F over all frames, mean over expressions"
    known = [item for item in items if scores[item.key]["davis"] is not None]
    unscored = [item.key for item in items if scores[item.key]["davis"] is None]
    if not known:
        row = (len({item.group for item in items}), len(items))
        table = Table(name, "ground truth hidden", ("videos", "expressions"), (row,))
        text = "not scored: the ground truth is hidden, submit the zip"
        return Summary({"protocol": text, "expressions": len(items)}, (table,), (), "J&F", ())
    pairs = {item.key: _means(scores[item.key]["davis"]) for item in known}
    j, f = (fmean(pair[i] for pair in pairs.values()) for i in (0, 1))
    per_sequence: dict[str, dict[str, dict[str, float]]] = {}
    for item in known:
        entry = dict(zip(("J", "F"), pairs[item.key], strict=True))
        per_sequence.setdefault(item.group, {})[item.payload.expression.key] = entry
    ranking = tuple(Bar(i.key, i.key, fmean(pairs[i.key])) for i in known)
    videos = {
        video: fmean(fmean(e.values()) for e in entries.values())
        for video, entries in per_sequence.items()
    }
    columns = ("videos", "expressions", "J&F", "J", "F")
    return Summary(
        results={
            "protocol": protocol,
            "expressions": len(known),
            "not_scored": unscored,
            "J": j,
            "F": f,
            "J&F": (j + f) / 2,
            "per_sequence": per_sequence,
        },
        tables=(
            Table(
                name,
                protocol,
                columns,
                ((len(videos), len(known), (j + f) / 2, j, f),),
            ),
        ),
        headline=(("J&F", (j + f) / 2), ("J", j), ("F", f)),
        metric="J&F",
        bars=tuple(Bar(video, video, value) for video, value in videos.items()),
        ranking=ranking,
        ranked_by="J&F of the expression",
        warnings=_unscored(unscored, len(items)),
    )


def _unscored(keys: Sequence[str], count: int) -> tuple[str, ...]:
    """That the number is not of all expressions: some have a ground truth and others none."""
    if not keys:
        return ()
    return (
        f"{len(keys)} of {count} expressions are not in the numbers, as '{keys[0]}': they have "
        f"no ground truth (no obj_id or anno_id in meta_expressions.json, or no annotation)",
    )


def _means(davis: Mapping[str, Any]) -> tuple[float, float]:
    scores = SequenceScores.from_json(davis)
    return scores.j_statistics()[0].mean, scores.f_statistics()[0].mean
