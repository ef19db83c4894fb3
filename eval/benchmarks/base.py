"""What a benchmark is: a list of items, how to predict one, how to score one, a summary.

A benchmark object is small and picklable; it travels to worker processes and machines.
Everything that one item needs travels in the item.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from car_video.errors import DataError

from ..segmenters import Segmenters
from .results import Score, Strip, Summary


@dataclass(frozen=True)
class Item:
    """A unit of work that is predicted, scored and resumed as a whole.

    Attributes:
        key: unique relative path, for instance ``annot1/bear``.
        group: the sequence or picture it belongs to; ``--limit`` and ``--sequences`` count
            groups.
        payload: what the benchmark needs: frozen dataclasses, sequences and mappings of plain
            values, files as :class:`~pathlib.Path`. A resumed run compares it, and size and
            time of each file, with those of the earlier run.
        pictures: how many pictures or frames it has.
    """

    key: str
    group: str
    payload: Any
    pictures: int = 1


@dataclass(frozen=True)
class Options:
    """Choices of protocol; each benchmark uses those that mean something to it.

    Attributes:
        task: DAVIS task, ``semi-supervised`` or ``unsupervised``.
        annotators: names of the annotators that count (``annot1`` or ``1``); empty for all.
        objects: ``together`` (all objects of an annotator compete in one run) or
            ``one-by-one`` (each expression alone); empty where masks are only scored.
        split: part of the data set; empty for the benchmark's own default.
        datasets: members of a family that count (``refcoco+``); empty for all.
        protocols: of a referring-image benchmark: ``joint``, ``per-expression`` or both.
        labels: label file with the names of the classes, in the data set's order; empty for
            those that are shipped.
        trained_labels: vocabulary that the model was trained with, by name or file.
    """

    task: str = "semi-supervised"
    annotators: tuple[str, ...] = ()
    objects: str = "together"
    split: str = ""
    datasets: tuple[str, ...] = ()
    protocols: tuple[str, ...] = ("joint", "per-expression")
    labels: str = ""
    trained_labels: str = "coco"


@dataclass(frozen=True)
class Benchmark(ABC):
    """One benchmark on one data folder with its options chosen.

    A benchmark is a subclass in a file of its own and a line in
    :data:`~car_video.eval.benchmarks.registry.REGISTRY`; ``tests/eval/benchmarks/contract.py``
    checks what is asked of it here.

    Attributes:
        root: the data folder.
        options: the choices of protocol.
        name: as on the command line.
    """

    root: Path
    options: Options
    name: str

    @property
    def split(self) -> str:
        """The part of the data set that is evaluated; empty for its usual one."""
        return self.options.split

    @abstractmethod
    def items(self) -> list[Item]:
        """Every item, in the data set's order, training splits left out.

        Raises:
            DataError: the folder is not sound. Nothing that is wrong with it may come out as a
                number later.
        """

    @abstractmethod
    def predict(self, item: Item, segmenters: Segmenters, out: Path) -> None:
        """Segment one item and write its masks below ``out``, in a form that :meth:`score`
        reads; overwrites what is there."""

    @abstractmethod
    def has_prediction(self, item: Item, predictions: Path) -> bool:
        """Whether the folder or file holds anything for this item (cheap)."""

    def left_over(self, items: Sequence[Item], predictions: Path) -> list[str]:
        """Names in a file of predictions that belong to none of the items (all of them)."""
        return []

    @abstractmethod
    def score(self, item: Item, predictions: Path) -> Score:
        """Numbers of one item from masks on disk, its own or another tool's.

        Raises:
            DataError: a mask that is missing, damaged, of another size or of unknown objects.
        """

    @abstractmethod
    def summarise(self, scores: Mapping[str, Score], items: Sequence[Item]) -> Summary:
        """Tables and results from the scores, by item key, of the items that succeeded."""

    @abstractmethod
    def strips(self, item: Item, predictions: Path) -> list[Strip]:
        """Pictures of one item for the report; none where the ground truth is hidden."""

    def finish(self, items: Sequence[Item], predictions: Path, out: Path) -> list[Path]:
        """Write what a submission needs, if anything, into ``out``; returns the files."""
        return []


def select(items: Sequence[Item], limit: int | None, names: Sequence[str]) -> list[Item]:
    """The items of the chosen groups.

    Args:
        limit: how many groups from the front, None for all.
        names: groups to take; empty for all.

    Raises:
        DataError: a name that is no group, or nothing left.
    """
    groups = list(dict.fromkeys(item.group for item in items))
    if unknown := [name for name in names if name not in set(groups)]:
        shown = ", ".join(groups[:8]) + (" ..." if len(groups) > 8 else "")
        raise DataError(f"unknown sequence or image '{unknown[0]}'; this data set has: {shown}")
    kept = set([g for g in groups if not names or g in names][:limit])
    chosen = [item for item in items if item.group in kept]
    if not chosen:
        raise DataError("nothing to evaluate: the data set or the selection is empty")
    return chosen


def spread(length: int, count: int) -> list[int]:
    """``count`` indices spread over a sequence, without its ends: 2 of 9 are 3 and 6."""
    return [length * (i + 1) // (count + 1) for i in range(count)] if length else []
