"""Tables and results of Ref-DAVIS: per annotator, their mean, and the official CSV files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import fmean

from ..metrics import SequenceScores, aggregate, official_csv
from ..metrics import Summary as DavisSummary
from .base import Item, Options
from .results import Bar, Cell, Flicker, Score, Summary, Table

ANNOTATORS = 4
"""How many the published numbers are means over (Khoreva et al. 2018, section 4)."""

_FRAMES = {
    "semi-supervised": "semi-supervised task: identities kept, first and last frame dropped",
    "unsupervised": "unsupervised task: objects assigned by the Hungarian method, all frames",
}


def protocol(options: Options, annotators: Sequence[str]) -> str:
    """The protocol in one sentence, as printed with every table."""
    runs = {"together": "; objects compete in one run", "one-by-one": "; one run per object"}
    number = f"{len(annotators)} annotator" + ("s" if len(annotators) > 1 else "")
    return f"DAVIS 2017 {_FRAMES[options.task]}; {number}{runs.get(options.objects, '')}"


def summarise(scores: Mapping[str, Score], items: Sequence[Item], options: Options) -> Summary:
    """Per annotator and over annotators; each annotator weighs the same."""
    by_annotator: dict[str, dict[str, SequenceScores]] = {}
    for item in items:
        clip = item.payload
        sequences = by_annotator.setdefault(clip.annotator, {})
        sequences[clip.video.name] = SequenceScores.from_json(scores[item.key]["davis"])
    summaries = {name: aggregate(sequences) for name, sequences in by_annotator.items()}
    stated = protocol(options, list(summaries))
    mean = {
        column: fmean(summary.global_row()[column] for summary in summaries.values())
        for column in next(iter(summaries.values())).global_row()
    }
    per_sequence = _mean_per_object(list(summaries.values()))
    rows: list[tuple[Cell, ...]] = [
        (name, *summary.global_row().values()) for name, summary in summaries.items()
    ]
    forms = _forms({name: summary.global_row() for name, summary in summaries.items()})
    rows += [(f"mean, {name}", *values.values()) for name, values in forms.items()]
    if len(rows) > 1:
        rows.append(("mean", *mean.values()))
    flickers = {item.key: _flicker(item, scores[item.key]) for item in items}
    sequence_means = {name: _sequence_row(objects) for name, objects in per_sequence.items()}
    return Summary(
        results={
            "task": options.task,
            "annotators": list(summaries),
            "protocol": stated,
            "J": mean["J-Mean"],
            "F": mean["F-Mean"],
            "J&F": mean["J&F-Mean"],
            "flicker": {
                "prediction": fmean(f.predicted for f in flickers.values()),
                "truth": fmean(f.truth for f in flickers.values()),
            },
            "per_sequence": per_sequence,
            "per_form": forms,
            "per_annotator": {name: s.as_json() for name, s in summaries.items()},
        },
        tables=(
            Table("Ref-DAVIS 2017", stated, ("annotator", *mean), tuple(rows)),
            Table(
                "Ref-DAVIS 2017 by sequence",
                stated,
                ("sequence", "objects", "J&F", "J", "F", "flicker", "of the truth"),
                tuple(
                    (name, len(per_sequence[name]), *row, *_mean_flicker(items, flickers, name))
                    for name, row in sequence_means.items()
                ),
            ),
        ),
        headline=tuple((name, mean[f"{name}-Mean"]) for name in ("J&F", "J", "F")),
        metric="J&F",
        bars=tuple(Bar(name, name, row[0]) for name, row in sequence_means.items()),
        ranking=tuple(Bar(item.key, item.key, _item_score(summaries, item)) for item in items),
        ranked_by="J&F of the sequence",
        flicker=tuple(flickers.values()),
        files=_csv_files(summaries, options.split or "val"),
        warnings=_warnings(list(summaries)),
    )


def _forms(rows: Mapping[str, Mapping[str, float]]) -> dict[str, dict[str, float]]:
    """Means over annotators of the expressions written for the first frame and for the whole
    video; none where only one form is scored."""
    groups: dict[str, list[Mapping[str, float]]] = {}
    for name, row in rows.items():
        form = "full video" if name.endswith("_full_video") else "first frame"
        groups.setdefault(form, []).append(row)
    if len(groups) < 2:
        return {}
    return {
        form: {column: fmean(row[column] for row in own) for column in own[0]}
        for form, own in groups.items()
    }


def _warnings(annotators: Sequence[str]) -> tuple[str, ...]:
    if len(annotators) == ANNOTATORS:
        return ()
    few = len(annotators) < ANNOTATORS
    number = f"{len(annotators)} of {ANNOTATORS}" if few else f"{len(annotators)}"
    return (
        f"{number} annotators ({', '.join(annotators)}); published numbers are means over "
        f"{ANNOTATORS} and not to be compared with this one",
    )


def _mean_per_object(
    summaries: Sequence[DavisSummary],
) -> dict[str, dict[str, dict[str, float]]]:
    """{sequence: {object: {"J", "F"}}}, averaged over the annotators that have the sequence."""
    result: dict[str, dict[str, dict[str, float]]] = {}
    names = dict.fromkeys(name for summary in summaries for name in summary.per_sequence)
    for name in names:
        having = [s.per_sequence[name] for s in summaries if name in s.per_sequence]
        result[name] = {
            str(identity): {
                "J": fmean(objects[identity].j.mean for objects in having),
                "F": fmean(objects[identity].f.mean for objects in having),
            }
            for identity in having[0]
        }
    return result


def _sequence_row(objects: Mapping[str, Mapping[str, float]]) -> tuple[float, float, float]:
    j = fmean(scores["J"] for scores in objects.values())
    f = fmean(scores["F"] for scores in objects.values())
    return (j + f) / 2, j, f


def _item_score(summaries: Mapping[str, DavisSummary], item: Item) -> float:
    clip = item.payload
    objects = summaries[clip.annotator].per_sequence[clip.video.name].values()
    return fmean((score.j.mean + score.f.mean) / 2 for score in objects)


def _flicker(item: Item, score: Score) -> Flicker:
    series: Mapping[str, list[float]] = score["flicker"]
    predicted, truth = (fmean(series[name] or [0.0]) for name in ("predicted", "truth"))
    label = item.group if item.payload.sole else item.key
    return Flicker(label, predicted, truth, tuple(series["predicted"]))


def _mean_flicker(
    items: Sequence[Item], flickers: Mapping[str, Flicker], group: str
) -> tuple[float, float]:
    """Of prediction and ground truth of one sequence, over annotators."""
    found = [flickers[item.key] for item in items if item.group == group]
    return fmean(f.predicted for f in found), fmean(f.truth for f in found)


def _csv_files(summaries: Mapping[str, DavisSummary], split: str) -> dict[str, str]:
    """The official names; in a folder per annotator where there are several."""
    files = {}
    for name, summary in summaries.items():
        folder = f"{name}/" if len(summaries) > 1 else ""
        overall, per_sequence = official_csv(summary)
        files[f"{folder}global_results-{split}.csv"] = overall
        files[f"{folder}per-sequence_results-{split}.csv"] = per_sequence
    return files
