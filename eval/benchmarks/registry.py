"""The benchmarks by name. As this is data, ``car-eval --help`` needs none of their modules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from car_video.errors import DataError

if TYPE_CHECKING:
    from .base import Benchmark, Options


@dataclass(frozen=True)
class Entry:
    """A benchmark as ``car-eval list`` shows it.

    Attributes:
        name: as on the command line; the class gets it, as one class may serve several names.
        where: module in this package and class, ``module.Class``. The class is called with the
            data folder, the options and the name.
        kind: ``video`` or ``image``.
        about: one line.
        options: names of the command-line options of protocol that mean something to it.
        preset: what it is run with unless told otherwise.
    """

    name: str
    where: str
    kind: str
    about: str
    options: tuple[str, ...] = ("split",)
    preset: str = "default"

    def make(self, root: Path, options: Options) -> Benchmark:
        """The benchmark on a data folder."""
        module, class_name = self.where.split(".")
        benchmark: Benchmark = getattr(import_module(f".{module}", __package__), class_name)(
            root, options, self.name
        )
        return benchmark


_ENTRIES = (
    Entry(
        "ref-davis",
        "ref_davis.RefDavis",
        "video",
        "Ref-DAVIS 2017: objects of a video by expression; J, F, J&F.",
        options=("task", "annotators", "objects", "split"),
    ),
    Entry(
        "ref-youtube-vos",
        "expression_video.ExpressionVideo",
        "video",
        "Ref-YouTube-VOS: one mask per expression; submission zip, J&F where truth is known.",
    ),
    Entry(
        "mevis",
        "expression_video.ExpressionVideo",
        "video",
        "MeViS: motion expressions; J&F on valid_u, submission zip for valid.",
    ),
    Entry(
        "refcoco",
        "refcoco.RefCoco",
        "image",
        "RefCOCO, RefCOCO+, RefCOCOg: mIoU, oIoU, Pr@ by both protocols.",
        options=("dataset", "protocol", "split"),
        preset="refcoco-lite",
    ),
    Entry(
        "grefcoco",
        "grefcoco.GRefCoco",
        "image",
        "gRefCOCO: many targets or none; gIoU, cIoU, N-acc, T-acc.",
    ),
    Entry(
        "voc",
        "semantic.Semantic",
        "image",
        "PASCAL VOC 2012, 20 classes and background; mIoU.",
        preset="label-space-lite",
    ),
    Entry(
        "context",
        "semantic.Semantic",
        "image",
        "PASCAL Context, 59 classes and background; mIoU.",
        preset="label-space-lite",
    ),
    Entry(
        "coco-object",
        "semantic.Semantic",
        "image",
        "COCO Object, 80 classes and background; mIoU.",
        preset="label-space-lite",
    ),
    Entry(
        "ade",
        "semantic.Semantic",
        "image",
        "ADE20K, 150 classes; mIoU without background.",
        preset="label-space-lite",
    ),
)

REGISTRY: Mapping[str, Entry] = {entry.name: entry for entry in _ENTRIES}


def make_benchmark(name: str, root: Path, options: Options) -> Benchmark:
    """A benchmark by name.

    Raises:
        DataError: unknown name.
    """
    if name not in REGISTRY:
        raise DataError(f"unknown benchmark '{name}'; there are: {', '.join(REGISTRY)}")
    return REGISTRY[name].make(root, options)
