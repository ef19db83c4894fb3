"""The ground truth of one expression over a video, in the forms that data sets keep it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from car_video.errors import DataError

from . import rle
from .expressions import VideoExpression
from .image_predictions import read_label_map
from .videos import Video

Masks = NDArray[np.uint8]
"""uint8 [T, H, W] of 0 and 1."""


class Truth(Protocol):
    """Where the masks of an expression's targets are. Plain data: it travels to workers."""

    def read(self, size: tuple[int, int]) -> Masks:
        """The union of the targets, uint8 [T, H, W].

        Args:
            size: height and width of the video.

        Raises:
            DataError: a file is damaged or of another size.
        """
        ...


@dataclass(frozen=True)
class LabelTruth:
    """Objects of the label maps of a video (Ref-YouTube-VOS)."""

    video: Video
    key: str
    objects: tuple[int, ...]

    def read(self, size: tuple[int, int]) -> Masks:
        labels = self.video.read_labels()
        if absent := sorted(set(self.objects) - set(np.unique(labels).tolist())):
            found = ", ".join(str(value) for value in np.unique(labels) if value)
            raise DataError(
                f"expression {self.key} of '{self.video.name}' names object {absent[0]}, its "
                f"annotation holds {found or 'none'}; the files do not belong together"
            )
        return np.isin(labels, self.objects).astype(np.uint8)


@dataclass(frozen=True)
class CodeTruth:
    """Run-length codes per object and frame (MeViS, ReVOS, Ref-SAV); no object, no target."""

    frames: int
    codes: tuple[tuple[Any, ...], ...]
    where: str

    def read(self, size: tuple[int, int]) -> Masks:
        truth = np.zeros((self.frames, *size), np.uint8)
        for codes in self.codes:
            for number, code in enumerate(codes):
                truth[number] |= rle.decode(code, size, self.where)
        return truth


@dataclass(frozen=True)
class FileTruth:
    """A black and white PNG per frame (Long-RVOS, ReasonVOS); None where it is empty."""

    paths: tuple[Path | None, ...]

    def read(self, size: tuple[int, int]) -> Masks:
        truth = np.zeros((len(self.paths), *size), np.uint8)
        for number, path in enumerate(self.paths):
            if path is not None:
                truth[number] = read_label_map(path, size) > 0
        return truth


@dataclass(frozen=True)
class Areas:
    """Run-length codes of every annotated object, one or a list of them per frame."""

    codes: tuple[Any, ...]
    where: str

    def read(self, size: tuple[int, int]) -> NDArray[np.int64]:
        """int64 [T]: pixels of all objects of each frame; shared ones count for each."""
        parts = [code if isinstance(code, list | tuple) else [code] for code in self.codes]
        return np.array(
            [sum(int(rle.decode(c, size, self.where).sum()) for c in frame) for frame in parts],
            np.int64,
        )


def coded(
    video: Video, expression: VideoExpression, masks: Mapping[str, Any] | None, file: str
) -> CodeTruth | None:
    """The codes that an expression names; None where the file or its numbers are not there.

    Raises:
        DataError: a number that the file does not hold, or another number of frames.
    """
    if masks is None or expression.masks is None:
        return None
    try:
        codes = tuple(tuple(masks[number]) for number in expression.masks)
    except (KeyError, TypeError) as error:
        raise DataError(
            f"{file} has no mask {error} of '{video.name}'; files are mixed"
        ) from None
    check_length(codes, video, file)
    return CodeTruth(len(video.frames), codes, f"{file} '{video.name}'")


def check_length(codes: Sequence[Sequence[Any]], video: Video, file: str) -> None:
    """DataError where codes are not one per frame."""
    if any(len(code) != len(video.frames) for code in codes):
        raise DataError(
            f"{file} and the expression file disagree on the number of frames of "
            f"'{video.name}'; fetch both again"
        )
