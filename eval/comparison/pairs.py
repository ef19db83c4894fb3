"""Two runs on the same sequences, and how sure the difference is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

from car_video.errors import DataError

from ..metrics.paired import Paired, holm, paired_bootstrap
from .runs import Run, Unit

SIGNIFICANT = 0.05
"""Probability, corrected for the number of pairs, below which a difference is significant."""

SAME = 1e-6
"""By which a mean over units may differ from the benchmark's number."""

FEW = 10
"""Sequences below which bootstrap intervals are too narrow to lean on."""


@dataclass(frozen=True)
class Pair:
    """Run A beside run B.

    Attributes:
        a, b: the runs.
        paired: difference and interval.
        p: probability, corrected for the number of pairs.
        sequences: name, score of A, score of B; largest gain of A first.
    """

    a: Run
    b: Run
    paired: Paired
    p: float
    sequences: tuple[tuple[str, float, float], ...]

    @property
    def significant(self) -> bool:
        return self.p < SIGNIFICANT

    def __str__(self) -> str:
        """The finding in one sentence."""
        found, metric = self.paired, self.a.metric
        better, worse = (self.a, self.b) if found.difference >= 0 else (self.b, self.a)
        certain = "significantly" if self.significant else "not significantly"
        return (
            f"{better.name} is {abs(found.difference):.4f} {metric} above {worse.name}, "
            f"{certain} (95 % interval of {self.a.name} less {self.b.name}: "
            f"{found.low:+.4f} to {found.high:+.4f}, p = {self.p:.4f}); of "
            f"{len(self.sequences)} sequences {self.a.name} is better on {found.wins}, worse "
            f"on {found.losses}, equal on {found.ties}"
        )


@dataclass(frozen=True)
class Comparison:
    """Several runs of one benchmark.

    Attributes:
        runs: as given.
        names: sequences that all of them have.
        pairs: every two runs.
        warnings: what to keep in mind, a sentence each.
    """

    runs: tuple[Run, ...]
    names: tuple[str, ...]
    pairs: tuple[Pair, ...]
    warnings: tuple[str, ...]


def compare(runs: Sequence[Run]) -> Comparison:
    """Every two runs, on the sequences and units that all runs have.

    Raises:
        DataError: fewer than two runs, runs of other benchmarks or protocols, or nothing in
            common.
    """
    if len(runs) < 2:
        raise DataError("compare takes two runs or more; name their --out folders")
    first = runs[0]
    for run in runs[1:]:
        for what, own, other in (
            ("benchmark", first.benchmark, run.benchmark),
            ("protocol", first.protocol, run.protocol),
            ("split", first.results.get("split"), run.results.get("split")),
        ):
            if own != other:
                raise DataError(
                    f"'{first.name}' and '{run.name}' are of another {what} ('{own}' and "
                    f"'{other}'); their numbers cannot be compared"
                )
    names = [n for n in first.sequences if all(n in run.sequences for run in runs)]
    names = [n for n in names if len({_shape(run, n) for run in runs}) == 1]
    names = [n for n in names if _counted(first, n)]
    if not names:
        raise DataError(
            f"the runs have no sequence with the same objects in common, or scores of none "
            f"('{first.path}'); evaluate them on the same data"
        )
    pairs = [(a, b, _paired(a, b, names)) for a, b in combinations(runs, 2)]
    corrected = holm([found.p for _, _, found in pairs])
    return Comparison(
        tuple(runs),
        tuple(names),
        tuple(
            Pair(a, b, found, p, _by_gain(a, b, names))
            for (a, b, found), p in zip(pairs, corrected, strict=True)
        ),
        tuple(_warnings(runs, names)),
    )


def _shape(run: Run, name: str) -> tuple[tuple[str, str, float], ...]:
    """What must be the same in all runs: which units a sequence has, and how they count."""
    return tuple((key, u.part, u.weight) for key, u in run.sequences[name].items())


def _counted(run: Run, name: str) -> list[Unit]:
    return [unit for unit in run.sequences[name].values() if unit.weight]


def _paired(a: Run, b: Run, names: Sequence[str]) -> Paired:
    first, second = ([[u.score for u in _counted(run, n)] for n in names] for run in (a, b))
    shares = [[(u.part, u.weight) for u in _counted(a, n)] for n in names]
    return paired_bootstrap(first, second, shares=shares)


def _by_gain(a: Run, b: Run, names: Sequence[str]) -> tuple[tuple[str, float, float], ...]:
    rows = [(n, _mean(_counted(a, n)), _mean(_counted(b, n))) for n in names]
    return tuple(sorted(rows, key=lambda row: (row[2] - row[1], row[0])))


def _mean(units: Sequence[Unit]) -> float:
    return sum(u.score * u.weight for u in units) / sum(u.weight for u in units)


def _warnings(runs: Sequence[Run], names: Sequence[str]) -> list[str]:
    warnings = []
    most = max(sum(bool(_counted(run, n)) for n in run.sequences) for run in runs)
    if len(names) < most:
        warnings.append(f"only {len(names)} of {most} sequences are in every run")
    if len(names) < FEW:
        warnings.append(
            f"{len(names)} sequences are few: intervals of the bootstrap are too narrow then"
        )
    warnings += _presence(runs)
    own = {run.name: [*run.results.get("warnings", ()), *_other_number(run)] for run in runs}
    shared = [
        text for text in own[runs[0].name] if all(text in found for found in own.values())
    ]
    warnings += [f"every run: {text}" for text in shared]
    warnings += [
        f"{k}: {text}" for k, found in own.items() for text in found if text not in shared
    ]
    return warnings


def _presence(runs: Sequence[Run]) -> list[str]:
    """What some runs were told of the targets and others not; none where all are alike."""
    told = {run.name: str(run.results.get("presence") or "not stated") for run in runs}
    if len(set(told.values())) == 1:
        return []
    each = ", ".join(f"{name}: {presence}" for name, presence in told.items())
    return [
        f"the runs differ in --presence ({each}): where it is assumed, the method is told that "
        "each target is there, so a part of the difference may be due to that"
    ]


def _other_number(run: Run) -> list[str]:
    """Why the difference is not that of the number in the tables, where it is not."""
    stated = run.headline().get(run.metric)
    if stated is None:
        return [f"the difference is of the {run.metric}, which is none of the numbers above"]
    if abs(run.mean() - stated) > SAME:
        return [
            f"the difference is of the mean {run.metric} over all scores ({run.mean():.4f}), "
            f"not of the {run.metric} above ({stated:.4f})"
        ]
    return []
