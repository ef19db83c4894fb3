"""ReasonVOS: sentences that take thought (Bai et al., "VideoLISA", NeurIPS 2024)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from car_video.errors import DataError

from ..data.expressions import VideoExpression
from ..data.files import entries, inside, need_folder
from ..data.truths import FileTruth
from ..data.videos import Video, find_video
from .base import Item
from .expression_tables import Rules
from .expression_video import ExpressionVideo, Sentence


@dataclass(frozen=True)
class ReasonVos(ExpressionVideo):
    """The benchmark; payload: a :class:`Sentence`. Items are named after the folders of masks,
    ``<source>_<video>_<object>/<expression>``."""

    rules: ClassVar[Rules] = Rules("ReasonVOS", "test")

    def items(self) -> list[Item]:
        path, meta = self.meta()
        labels = need_folder(self.pictures().parent / "Annotations", "ground truth")
        items = []
        for name, entry in meta.items():
            if not entry.source:
                raise DataError(
                    f"'{path}': video '{name}' has no 'source'; is it of ReasonVOS?"
                )
            video = find_video(name, self.pictures(), None)
            for expression in entry.expressions:
                if not expression.objects:
                    raise DataError(
                        f"'{path}': expression {expression.key} of '{name}' has no obj_id; "
                        f"fetch the file again"
                    )
                folder = f"{entry.source}_{name}_{expression.objects[0]}"
                sentence = _sentence(inside(labels, folder), video, expression)
                items.append(sentence.item(f"{folder}/{expression.key}"))
        return items


def _sentence(folder: Path, video: Video, expression: VideoExpression) -> Sentence:
    """Every picture is segmented; the frames that count are those with a mask."""
    masks = entries(need_folder(folder, f"ground truth of '{video.name}'"), ".png")
    annotated = tuple(path.stem for path in masks)
    if not masks or (alien := sorted(set(annotated) - set(video.frames))):
        remedy = f"'{alien[0]}.png' without a picture" if masks else "no masks"
        raise DataError(f"'{folder}' has {remedy}; fetch it again")
    return Sentence(video, expression, FileTruth(tuple(masks)), annotated)
