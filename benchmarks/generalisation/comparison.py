"""Paired differences of two runs: what both have answered, sequence by sequence."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.generalisation import image_table
from benchmarks.generalisation.plan import IMAGE_SETS
from benchmarks.generalisation.sequences import KINDS
from benchmarks.generalisation.statistics import Mean, interval, mean_over_groups, resamples
from benchmarks.generalisation.video import Answer, SequenceResult
from car_video.errors import DataError

Differences = Mapping[str, list[float]]
"""Sequence or picture -> differences of what it has in both runs."""


def read_records(folder: Path) -> dict[str, Any]:
    """All records of one part of a run, by name."""
    return {
        file.stem: json.loads(file.read_text("utf-8")) for file in sorted(folder.glob("*.json"))
    }


def read_sequences(folder: Path) -> dict[str, SequenceResult]:
    """The video records of a run, by sequence."""
    records = read_records(folder / "video")
    return {name: SequenceResult.from_json(record) for name, record in records.items()}


def compare(first: Path, second: Path) -> str:
    """Markdown of what ``second`` has gained over ``first``.

    Raises:
        DataError: the two have nothing in common.
    """
    parts = []
    a, b = read_sequences(first), read_sequences(second)
    if a.keys() & b.keys():
        parts.append(compare_sequences(a, b))
    for part in IMAGE_SETS:
        mine, other = (read_records(folder / part) for folder in (first, second))
        if both := sorted(mine.keys() & other.keys()):
            parts.append(
                compare_pictures(part, {k: mine[k] for k in both}, {k: other[k] for k in both})
            )
    if not parts:
        raise DataError(f"'{first}' and '{second}' have no sequence or picture in common")
    return "\n\n".join(parts)


def answer_differences(
    first: Mapping[str, SequenceResult],
    second: Mapping[str, SequenceResult],
    value: Callable[[Answer], float],
    kind: str | None = None,
    extent: str | None = None,
) -> dict[str, list[float]]:
    """Differences of all sentences that both runs have answered, by sequence."""
    found: dict[str, list[float]] = {}
    for name in sorted(first.keys() & second.keys()):
        before = {(a.kind, a.target): a for a in first[name].answers}
        found[name] = [
            value(answer) - value(before[answer.kind, answer.target])
            for answer in second[name].answers
            if (answer.kind, answer.target) in before
            and kind in (None, answer.kind)
            and extent in (None, answer.extent)
        ]
    return {name: values for name, values in found.items() if values}


def compare_sequences(
    first: Mapping[str, SequenceResult], second: Mapping[str, SequenceResult]
) -> str:
    """The table of the video part."""
    rows: list[tuple[str, Differences]] = [
        ("J&F, all", answer_differences(first, second, lambda a: a.jf)),
        *(
            (f"J&F, {kind}", answer_differences(first, second, lambda a: a.jf, kind))
            for kind in KINDS
        ),
        ("J&F, things", answer_differences(first, second, lambda a: a.jf, extent="thing")),
        ("J&F, pairs", answer_differences(first, second, lambda a: a.jf, extent="pair")),
        ("present, said present", answer_differences(first, second, lambda a: a.present)),
    ]
    both = sorted(first.keys() & second.keys())
    for distance in ("far", "near"):
        said = {
            name: [
                float(first[name].absent[distance].present)
                - float(second[name].absent[distance].present)
            ]
            for name in both
            if distance in first[name].absent and distance in second[name].absent
        }
        rows.append((f"absent ({distance}), said absent", said))
    lines = ["| sequences | difference | better / worse by 0.02 |", "|---|---|---|"]
    lines += [_row(name, values) for name, values in rows if values]
    lines += ["", "| sequence | J&F before | after | difference |", "|---|---|---|---|"]
    changes = answer_differences(first, second, lambda a: a.jf)
    for name, values in sorted(changes.items(), key=lambda item: float(np.mean(item[1]))):
        known = {(a.kind, a.target) for a in first[name].answers}
        after = [a.jf for a in second[name].answers if (a.kind, a.target) in known]
        change = float(np.mean(values))
        mean = float(np.mean(after))
        lines.append(f"| {name} | {mean - change:.3f} | {mean:.3f} | {change:+.3f} |")
    seconds = [
        sum(run[n].seconds for n in both) / sum(run[n].frames for n in both)
        for run in (first, second)
    ]
    lines += ["", f"{len(both)} sequences; {seconds[0]:.2f} and {seconds[1]:.2f} s a frame."]
    return "\n".join(lines)


def compare_pictures(part: str, first: image_table.Records, second: image_table.Records) -> str:
    """The table of an image set; both runs have the same pictures."""
    lines = [f"| {part} | difference | better / worse by 0.02 |", "|---|---|---|"]
    if part == "refcoco":
        before, after = (image_table.expression_ious(records) for records in (first, second))
        for name, pictures in after.items():
            changes = {
                picture: [b - a for a, b in zip(before[name][picture], values, strict=True)]
                for picture, values in pictures.items()
            }
            lines.append(_row(f"mIoU, {name}", changes))
        return "\n".join(lines)
    counts = [image_table.confusions(part, records) for records in (first, second)]
    drawn = resamples(len(first), image_table.PICTURES_RESAMPLED)
    samples = [image_table.mean_ious(own, drawn) for own in counts]
    low, high = interval(samples[1] - samples[0])
    value = image_table.mean_iou(counts[1]) - image_table.mean_iou(counts[0])
    lines.append(
        f"| mIoU, background counts | {signed(Mean(value, low, high, len(first)))} | |"
    )
    return "\n".join(lines)


def _row(name: str, differences: Differences) -> str:
    means = np.array([np.mean(values) for values in differences.values()])
    better, worse = int((means > 0.02).sum()), int((means < -0.02).sum())
    mean = signed(mean_over_groups(differences))
    return f"| {name} | {mean} | {better} / {worse} of {len(means)} |"


def signed(mean: Mean) -> str:
    """A difference with its interval."""
    return f"{mean.value:+.3f} [{mean.low:+.3f}, {mean.high:+.3f}]"
