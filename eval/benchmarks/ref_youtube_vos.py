"""Ref-YouTube-VOS: one object per expression (Seo et al., "URVOS", ECCV 2020).

Its server is gone. The masks of ``valid``, where they are at hand, are scored here.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

from ..data.expressions import VideoExpression, read_meta
from ..data.files import inside
from ..data.truths import LabelTruth
from ..data.videos import Video, find_video
from .base import Item
from .expression_tables import Rules
from .expression_video import ExpressionVideo, Sentence


@dataclass(frozen=True)
class RefYouTubeVos(ExpressionVideo):
    """The benchmark; payload: a :class:`Sentence`."""

    rules: ClassVar[Rules] = Rules("Ref-YouTube-VOS", "valid", zip_folder="Annotations/")

    def items(self) -> list[Item]:
        path, meta = self.meta()
        for name in self._hidden_videos(path):
            meta.pop(name, None)
        base = self.pictures()
        labels = base.parent / "Annotations"
        items = []
        for name, entry in meta.items():
            known = labels if inside(labels, name).is_dir() else None
            video = find_video(name, base, known, entry.frames)
            items += [_sentence(video, expression).item() for expression in entry.expressions]
        return items

    def _hidden_videos(self, path: Path) -> list[str]:
        """The test videos, which the file lists among the validation ones as well."""
        test = self.root / "meta_expressions" / "test" / "meta_expressions.json"
        if self.split != "valid" or not test.is_file() or test == path:
            return []
        return list(read_meta(test))


def _sentence(video: Video, expression: VideoExpression) -> Sentence:
    if video.labels is None or not expression.objects:
        return Sentence(replace(video, labels=None), expression, None)
    truth = LabelTruth(video, expression.key, expression.objects)
    return Sentence(video, expression, truth)
