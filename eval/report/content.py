"""What a report is made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ..benchmarks.base import Benchmark, Item
from ..benchmarks.results import Summary


@dataclass(frozen=True)
class Timing:
    """How long it took and what it needed; kept apart from results, which repeat exactly.

    Attributes:
        unit: what a picture is called, ``frames`` or ``pictures``.
        pictures: how many there were.
        segmentations: runs of the model on one of them; more than pictures where several
            expressions of one were segmented one after the other.
        seconds: inside the segmenter, files not counted.
        peak_memory: bytes.
        workers, engine: how it ran.
    """

    unit: str
    pictures: int
    segmentations: int
    seconds: float
    peak_memory: int
    workers: int
    engine: str

    @property
    def per_second(self) -> float:
        """Segmentations per second in one worker."""
        return self.segmentations / self.seconds if self.seconds else 0.0

    def __str__(self) -> str:
        """One line: what was segmented, how quickly, with how much memory."""
        what, rate = f"{self.pictures} {self.unit}", f"{self.unit}/s"
        if self.segmentations != self.pictures:
            what, rate = f"{what}, {self.segmentations} segmentations", "segmentations/s"
        memory = f", peak memory {self.peak_memory / 2**20:.0f} MiB" if self.peak_memory else ""
        return (
            f"{what} in {self.seconds:.1f} s inside the segmenter "
            f"({self.per_second:.2f} {rate} per worker{memory})"
        )


@dataclass(frozen=True)
class Report:
    """An evaluation as the report shows it.

    Attributes:
        benchmark: draws the strips.
        items: those that were scored.
        masks: folder or file of the predictions.
        summary: tables, charts and headline numbers.
        labels: facts of the run by name: model, date, command ...
        warnings: why the numbers may not be compared with others.
        failures: item key -> what went wrong.
        timing: None where masks were only scored.
    """

    benchmark: Benchmark
    items: tuple[Item, ...]
    masks: Path
    summary: Summary
    labels: Mapping[str, str | int]
    warnings: tuple[str, ...]
    failures: Mapping[str, str]
    timing: Timing | None
