"""Tables and results of DAVIS 2016, DAVIS 2017 and YouTube-VOS."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any

from ..data.vos_sets import SEEN
from ..metrics import SequenceScores, aggregate, official_csv
from .base import Item
from .results import Bar, Score, Summary, Table

_TITLES = {"davis-2016": "DAVIS 2016", "davis-2017": "DAVIS 2017"}
_GIVEN = "objects followed from their first masks, without a sentence"
_DAVIS = (
    f"{_GIVEN}; semi-supervised task: first and last frame dropped, mean over frames, then "
    f"over objects"
)
_YOUTUBE = (
    f"{_GIVEN}; J and F of each object over its frames after the given one, mean over objects "
    f"of seen and of unseen categories; overall is the mean of the four"
)


def davis(name: str, scores: Mapping[str, Score], items: Sequence[Item]) -> Summary:
    """The official global table, and its two CSV files."""
    summary = aggregate(
        {item.key: SequenceScores.from_json(scores[item.key]["davis"]) for item in items}
    )
    row = summary.global_row()
    by_sequence = {
        sequence: (fmean(o.j.mean for o in own.values()), fmean(o.f.mean for o in own.values()))
        for sequence, own in summary.per_sequence.items()
    }
    overall, per_sequence = official_csv(summary)
    merged = [item.key for item in items if item.payload.merged]
    return Summary(
        results={
            "protocol": _DAVIS,
            "J": summary.j.mean,
            "F": summary.f.mean,
            "J&F": summary.jf,
            "recall": {"J": summary.j.recall, "F": summary.f.recall},
            "decay": {"J": summary.j.decay, "F": summary.f.decay},
            "per_sequence": summary.as_json()["per_sequence"],
        },
        tables=(
            Table(_TITLES[name], _DAVIS, ("sequences", *row), ((len(items), *row.values()),)),
        ),
        headline=(("J&F", summary.jf), ("J", summary.j.mean), ("F", summary.f.mean)),
        metric="J&F",
        bars=tuple(Bar(name, name, fmean(pair)) for name, pair in by_sequence.items()),
        ranking=tuple(Bar(name, name, fmean(pair)) for name, pair in by_sequence.items()),
        ranked_by="J&F of the sequence",
        files={"global_results-val.csv": overall, "per-sequence_results-val.csv": per_sequence},
        warnings=_merged(merged),
    )


def _merged(names: Sequence[str]) -> tuple[str, ...]:
    if not names:
        return ()
    return (
        f"{len(names)} annotations are of DAVIS 2017, as '{names[0]}': their objects count as "
        f"one; numbers of DAVIS 2016 are made with its own annotations",
    )


def youtube(scores: Mapping[str, Score], items: Sequence[Item]) -> Summary:
    """Seen and unseen categories, of the videos whose annotation is known."""
    known = {item.key: scores[item.key]["objects"] for item in items}
    found = {key: objects for key, objects in known.items() if objects}
    every = [one for objects in found.values() for one in objects]
    if not every:
        text = "not scored: only the given masks are known, submit the zip"
        table = Table("YouTube-VOS", text, ("videos",), ((len(items),),))
        return Summary({"protocol": text, "videos": len(items)}, (table,), (), "J&F", ())
    parts: dict[str, list[Score]] = {"seen": [], "unseen": [], "": []}
    for one in every:
        parts[_part(one)].append(one)
    numbers = {
        f"{measure} {part}".strip(): fmean(one[measure] for one in own)
        for part, own in parts.items()
        for measure in ("J", "F")
        if own
    }
    overall = fmean(numbers.values())
    whole = len(numbers) == 4 and not parts[""]
    videos = {
        key: {str(one["number"]): {"J": one["J"], "F": one["F"]} for one in objects}
        for key, objects in found.items()
    }
    means = {
        key: fmean(value for pair in own.values() for value in pair.values())
        for key, own in videos.items()
    }
    columns = ("videos", "objects", "overall", *numbers)
    row = (len(found), len(every), overall, *numbers.values())
    return Summary(
        results={
            "protocol": _YOUTUBE,
            "objects": len(every),
            "overall": overall,
            **numbers,
            "not_scored": [item.key for item in items if item.key not in found],
            "per_sequence": {
                key: {str(one["number"]): _of_object(one) for one in objects}
                for key, objects in found.items()
            },
        },
        tables=(Table("YouTube-VOS", _YOUTUBE, columns, (row,)),),
        headline=(("overall", overall), *numbers.items()),
        metric="J&F",
        bars=tuple(Bar(key, key, value) for key, value in means.items()),
        ranking=tuple(Bar(key, key, value) for key, value in means.items()),
        ranked_by="J&F of the video",
        warnings=_not_whole(whole, len(items) - len(found), len(items)),
    )


def _part(one: Score) -> str:
    category = one["category"]
    return "" if not category else "seen" if category in SEEN else "unseen"


def _of_object(one: Score) -> dict[str, Any]:
    """With its part: overall is the mean over seen and unseen ones."""
    return {"J": one["J"], "F": one["F"], "part": _part(one)}


def _not_whole(whole: bool, hidden: int, count: int) -> tuple[str, ...]:
    warnings = []
    if hidden:
        warnings.append(
            f"{hidden} of {count} videos are not in the numbers: only their given masks are "
            f"known"
        )
    if not whole:
        warnings.append(
            "not every object has a category, or all are seen or unseen: overall is the mean "
            "of what there is, and not to be compared with published numbers"
        )
    return tuple(warnings)
