"""The benchmarks by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from car_video.errors import DataError

from .base import Benchmark, Options
from .expression_video import ExpressionVideo
from .grefcoco import GRefCoco
from .ref_davis import RefDavis
from .refcoco import RefCoco
from .semantic import Semantic

__all__ = ["REGISTRY", "Benchmark", "Entry", "Options", "make_benchmark"]


@dataclass(frozen=True)
class Entry:
    """A benchmark as ``car-eval list`` shows it.

    Attributes:
        make: builds it on a data folder.
        kind: ``video`` or ``image``.
        about: one line.
        options: names of the command-line options that mean something to it.
        preset: what it is run with unless told otherwise.
    """

    make: Callable[[Path, Options], Benchmark]
    kind: str
    about: str
    options: tuple[str, ...] = ("split",)
    preset: str = "default"


REGISTRY: dict[str, Entry] = {
    "ref-davis": Entry(
        RefDavis,
        "video",
        "Ref-DAVIS 2017: objects of a video by expression; J, F, J&F.",
        ("task", "annotators", "objects", "split"),
    ),
    "ref-youtube-vos": Entry(
        lambda root, options: ExpressionVideo(root, options),
        "video",
        "Ref-YouTube-VOS: one mask per expression; submission zip, J&F where truth is known.",
    ),
    "mevis": Entry(
        lambda root, options: ExpressionVideo(root, options, "mevis", "valid_u", ""),
        "video",
        "MeViS: motion expressions; J&F on valid_u, submission zip for valid.",
    ),
    "refcoco": Entry(
        RefCoco,
        "image",
        "RefCOCO, RefCOCO+, RefCOCOg: mIoU, oIoU, Pr@ by both protocols.",
        ("dataset", "protocol", "split"),
        preset="refcoco-lite",
    ),
    "grefcoco": Entry(
        GRefCoco, "image", "gRefCOCO: many targets or none; gIoU, cIoU, N-acc, T-acc."
    ),
    "voc": Entry(
        lambda root, options: Semantic(root, options, "voc"),
        "image",
        "PASCAL VOC 2012, 20 classes and background; mIoU.",
        preset="label-space-lite",
    ),
    "context": Entry(
        lambda root, options: Semantic(root, options, "context"),
        "image",
        "PASCAL Context, 59 classes and background; mIoU.",
        preset="label-space-lite",
    ),
    "coco-object": Entry(
        lambda root, options: Semantic(root, options, "coco-object"),
        "image",
        "COCO Object, 80 classes and background; mIoU.",
        preset="label-space-lite",
    ),
    "ade": Entry(
        lambda root, options: Semantic(root, options, "ade"),
        "image",
        "ADE20K, 150 classes; mIoU without background.",
        preset="label-space-lite",
    ),
}


def make_benchmark(name: str, root: Path, options: Options) -> Benchmark:
    """A benchmark by name.

    Raises:
        DataError: unknown name.
    """
    if name not in REGISTRY:
        raise DataError(f"unknown benchmark '{name}'; there are: {', '.join(REGISTRY)}")
    return REGISTRY[name].make(root, options)
