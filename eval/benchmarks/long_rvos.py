"""Long-RVOS: minutes of video, targets that go and come back (Liang et al. 2025)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from car_video.errors import DataError

from ..data.expressions import VideoExpression
from ..data.files import entries, inside, need_folder, subfolders
from ..data.truths import FileTruth, Masks
from ..data.videos import Video
from ..metrics.consistency import temporal_iou, volume_iou
from .base import Item
from .expression_tables import Rules
from .expression_video import ExpressionVideo, Sentence

_KINDS = {"static": "static", "dynamic": "dynamic", "static+dynamic": "hybrid"}


@dataclass(frozen=True)
class LongRvos(ExpressionVideo):
    """The benchmark; payload: a :class:`Sentence`."""

    rules: ClassVar[Rules] = Rules(
        "Long-RVOS", "valid", measures=("tIoU", "vIoU"), kinds=_KINDS
    )

    def items(self) -> list[Item]:
        _, meta = self.meta()
        labels = self.pictures().parent / "Annotations"
        return [
            Sentence(video, expression, _truth(labels, video, expression)).item()
            for video, entry in self.videos(meta)
            for expression in entry.expressions
        ]

    def measure(
        self, truth: Masks, predicted: Masks, region: Sequence[float], sentence: Sentence
    ) -> dict[str, float]:
        return {
            "tIoU": temporal_iou(truth, predicted),
            "vIoU": volume_iou(truth, predicted, region),
        }


def _truth(labels: Path, video: Video, expression: VideoExpression) -> FileTruth | None:
    """A PNG per frame in the object's folder; frames without the object have none."""
    if not labels.is_dir() or not expression.objects:
        return None
    of_video = need_folder(inside(labels, video.name), f"ground truth of '{video.name}'")
    if entries(of_video, ".png"):
        raise DataError(
            f"'{of_video}' holds label maps, as Ref-YouTube-VOS does; Long-RVOS has a folder "
            f"per object in it: fetch Annotations of Long-RVOS"
        )
    folder = inside(of_video, str(expression.objects[0]))
    if not folder.is_dir():
        there = ", ".join(path.name for path in subfolders(of_video)) or "none"
        raise DataError(
            f"'{of_video}' has no folder '{folder.name}' for expression {expression.key} (it "
            f"has {there}); fetch the annotations again"
        )
    present = {path.stem for path in entries(folder, ".png")}
    return FileTruth(
        tuple(folder / f"{name}.png" if name in present else None for name in video.frames)
    )
