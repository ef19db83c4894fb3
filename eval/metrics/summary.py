"""From scores of sequences to the numbers that get published: J&F, recall, decay, tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from .davis import SequenceScores, Task
from .statistics import Statistics

GLOBAL_COLUMNS = (
    "J&F-Mean", "J-Mean", "J-Recall", "J-Decay", "F-Mean", "F-Recall", "F-Decay",
)  # fmt: skip
SEQUENCE_COLUMNS = ("Sequence", "J-Mean", "F-Mean")


@dataclass(frozen=True, slots=True)
class ObjectScores:
    """Statistics of one object of one sequence; fractions."""

    j: Statistics
    f: Statistics
    match: int
    """Id of the prediction it was scored with."""


@dataclass(frozen=True, slots=True)
class Summary:
    """Scores of a set of sequences: every object weighs the same, whatever its sequence.

    Attributes:
        task: the protocol.
        j: mean over objects of the mean, recall and decay of J; fractions.
        f: the same for F.
        per_sequence: scores by sequence and object id, in the order they were given.
    """

    task: Task
    j: Statistics
    f: Statistics
    per_sequence: dict[str, dict[int, ObjectScores]]

    @property
    def jf(self) -> float:
        """J&F: the average of mean J and mean F."""
        return (self.j.mean + self.f.mean) / 2

    def global_row(self) -> dict[str, float]:
        """The global table of the official evaluation, by its column names; fractions."""
        return dict(zip(GLOBAL_COLUMNS, (self.jf, *self.j, *self.f), strict=True))

    def sequence_rows(self) -> list[tuple[str, float, float]]:
        """The per-sequence table of the official evaluation: name, mean J, mean F.

        In the unsupervised task the official code numbers objects in the order of the
        proposals they were assigned; so does this table (`per_sequence` has the true ids).
        """
        rows = []
        for sequence, objects in self.per_sequence.items():
            scores = list(objects.values())
            if self.task == "unsupervised":
                scores.sort(key=lambda score: score.match)
            rows += [
                (f"{sequence}_{number}", score.j.mean, score.f.mean)
                for number, score in enumerate(scores, 1)
            ]
        return rows

    def as_json(self) -> dict[str, Any]:
        """``{"task", "J", "F", "J&F", "per_sequence": {seq: {obj: {"J", "F"}}}}``."""
        return {
            "task": self.task,
            "J": self.j.mean,
            "F": self.f.mean,
            "J&F": self.jf,
            "per_sequence": {
                sequence: {
                    str(number): {"J": score.j.mean, "F": score.f.mean}
                    for number, score in objects.items()
                }
                for sequence, objects in self.per_sequence.items()
            },
        }


def aggregate(sequences: Mapping[str, SequenceScores]) -> Summary:
    """Average over all objects of all sequences, as the official global table does.

    Raises:
        ValueError: no sequence, or sequences scored for different tasks.
    """
    if not sequences:
        raise ValueError("no sequence to average")
    tasks = {scores.task for scores in sequences.values()}
    if len(tasks) > 1:
        raise ValueError(f"sequences of different tasks: {', '.join(sorted(tasks))}")
    per_sequence = {name: dict(_objects(scores)) for name, scores in sequences.items()}
    every = [score for objects in per_sequence.values() for score in objects.values()]
    return Summary(
        task=tasks.pop(),
        j=_average([score.j for score in every]),
        f=_average([score.f for score in every]),
        per_sequence=per_sequence,
    )


def official_csv(summary: Summary) -> tuple[str, str]:
    """The two CSV files of the official evaluation: global and per sequence, three decimals."""
    row = summary.global_row()
    table = [",".join(row), ",".join(f"{value:.3f}" for value in row.values())]
    rows = [",".join(SEQUENCE_COLUMNS)]
    rows += [f"{name},{j:.3f},{f:.3f}" for name, j, f in summary.sequence_rows()]
    return "\n".join(table) + "\n", "\n".join(rows) + "\n"


def _objects(scores: SequenceScores) -> Iterator[tuple[int, ObjectScores]]:
    values = zip(scores.j_statistics(), scores.f_statistics(), scores.matches, strict=True)
    for number, (j, f, match) in enumerate(values, 1):
        yield number, ObjectScores(j=j, f=f, match=int(match))


def _average(statistics: list[Statistics]) -> Statistics:
    return Statistics(*(float(value) for value in np.mean(statistics, axis=0)))
