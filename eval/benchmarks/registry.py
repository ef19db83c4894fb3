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
        modes: of a video benchmark: it depends on how videos are segmented (``--mode``).
        targets: its protocol promises that every sentence has a target in its video.
    """

    name: str
    where: str
    kind: str
    about: str
    options: tuple[str, ...] = ("split",)
    preset: str = "default"
    modes: bool = True
    targets: bool = False

    @property
    def by_labels(self) -> bool:
        """Whether pictures are segmented by a vocabulary, which not every model can."""
        return self.options == BY_LABELS

    def make(self, root: Path, options: Options) -> Benchmark:
        """The benchmark on a data folder."""
        module, class_name = self.where.split(".")
        benchmark: Benchmark = getattr(import_module(f".{module}", __package__), class_name)(
            root, options, self.name
        )
        return benchmark


BY_LABELS = ("split", "labels", "trained_labels")
"""Options of the benchmarks that FC-CLIP segments by a vocabulary."""

_ENTRIES = (
    Entry(
        "ref-davis",
        "ref_davis.RefDavis",
        "video",
        "Ref-DAVIS 2017: objects of a video by expression; J, F, J&F.",
        options=("task", "annotators", "objects", "split"),
        targets=True,
    ),
    *(
        Entry(name, where, "video", about, targets=name not in ("mevis-v2", "revos"))
        for name, where, about in (
            (
                "ref-youtube-vos",
                "ref_youtube_vos.RefYouTubeVos",
                "Ref-YouTube-VOS: one mask per expression; J&F where truth is known, zip.",
            ),
            (
                "mevis",
                "mevis.Mevis",
                "MeViS version 1: motion expressions; J&F on valid_u, zip for valid.",
            ),
            (
                "mevis-v2",
                "mevis.Mevis",
                "MeViS version 2: some without a target; J&F, N-acc, T-acc, zip for valid.",
            ),
            (
                "long-rvos",
                "long_rvos.LongRvos",
                "Long-RVOS: minutes of video; J&F, tIoU, vIoU.",
            ),
            ("reason-vos", "reason_vos.ReasonVos", "ReasonVOS: sentences to think over; J&F."),
            ("revos", "revos.Revos", "ReVOS: referring and reasoning sentences; J&F, R."),
            ("ref-sav", "revos.RefSav", "Ref-SAV: long and short sentences; J&F."),
        )
    ),
    *(
        Entry(name, "actor_action.ActorAction", "video", about, options=(), targets=True)
        for name, about in (
            ("a2d-sentences", "A2D-Sentences: actors and actions; mAP, oIoU, mIoU, P@."),
            ("jhmdb-sentences", "JHMDB-Sentences: the same on single actors."),
        )
    ),
    *(
        Entry(
            name,
            "vos.Vos",
            "video",
            f"{title}: no sentences, first masks given; J&F.",
            modes=False,
        )
        for name, title in (
            ("davis-2016", "DAVIS 2016"),
            ("davis-2017", "DAVIS 2017"),
            ("youtube-vos", "YouTube-VOS, seen and unseen"),
        )
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
    *(
        Entry(name, f"{where}", "image", about, options=BY_LABELS, preset="fc-clip")
        for name, where, about in (
            (
                "ade-panoptic",
                "panoptic.Panoptic",
                "ADE20K, 100 things and 50 stuff classes; PQ, AP, mIoU.",
            ),
            (
                "coco-panoptic",
                "panoptic.Panoptic",
                "COCO, 80 things and 53 stuff classes; PQ, AP, mIoU.",
            ),
            ("cityscapes", "panoptic.Panoptic", "Cityscapes, 19 classes; PQ, AP, mIoU."),
            ("mapillary", "panoptic.Panoptic", "Mapillary Vistas v1.2, 65 classes; PQ, mIoU."),
            ("ade-847", "open_semantic.OpenSemantic", "ADE20K, 847 classes; mIoU."),
            ("pc-59", "open_semantic.OpenSemantic", "PASCAL Context, 59 classes; mIoU."),
            ("pc-459", "open_semantic.OpenSemantic", "PASCAL Context, 459 classes; mIoU."),
            ("pas-20", "open_semantic.OpenSemantic", "PASCAL VOC, 20 classes; mIoU."),
            ("pas-21", "open_semantic.OpenSemantic", "PASCAL VOC with background; mIoU."),
        )
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
