"""What the benchmarks with one mask per expression of a video share.

A benchmark of this kind is a subclass that reads its sentences, and
:class:`~.expression_tables.Rules`: see ``mevis.py``.
"""

from __future__ import annotations

import zipfile
from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from car_video.errors import DataError
from car_video.types import Frame

from ..data import expression_masks
from ..data.expressions import MetaVideo, VideoExpression, find_meta, read_meta
from ..data.files import atomic, first_existing, inside, read_json
from ..data.footage import picture, read_pictures, video_size
from ..data.images import write_binary
from ..data.truths import Areas, Masks, Truth
from ..data.videos import Video, find_video
from ..metrics import score_sequence
from ..segmenters import Segmenters
from . import expression_tables
from .base import Benchmark, Item, spread
from .expression_tables import Rules
from .results import Score, Strip, Summary

_RATE = 6.0  # annotated frames per second of YouTube-VOS; the frames carry no time


@dataclass(frozen=True)
class Sentence:
    """Payload: one expression of one video.

    Attributes:
        video: every frame is segmented.
        expression: its sentence.
        truth: of the annotated frames; None where it is hidden.
        annotated: their names; None for all.
        foreground: where a measure needs it, the area of all annotated objects.
    """

    video: Video
    expression: VideoExpression
    truth: Truth | None
    annotated: tuple[str, ...] | None = None
    foreground: Areas | None = None

    @property
    def frames(self) -> tuple[str, ...]:
        """Names of the frames that are scored."""
        return self.video.frames if self.annotated is None else self.annotated

    def item(self, key: str = "") -> Item:
        """The item, named ``<video>/<expression>`` unless otherwise."""
        key = key or f"{self.video.name}/{self.expression.key}"
        return Item(key, self.video.name, self, len(self.video.frames))


@dataclass(frozen=True)
class ExpressionVideo(Benchmark):
    """One run per expression, J and F over all frames. Payload: a :class:`Sentence`."""

    rules: ClassVar[Rules]

    @property
    def split(self) -> str:
        return self.options.split or self.rules.split

    @abstractmethod
    def items(self) -> list[Item]: ...

    def measure(
        self, truth: Masks, predicted: Masks, region: Sequence[float], sentence: Sentence
    ) -> dict[str, float]:
        """Numbers beside J and F of one expression, by names of ``rules.measures``.

        Args:
            truth, predicted: uint8 [T, H, W].
            region: J of each frame.
            sentence: whose they are.
        """
        return {}

    def meta(self, name: str = "meta_expressions.json") -> tuple[Path, dict[str, MetaVideo]]:
        """The expression file and what it holds.

        Raises:
            DataError: it is not there, malformed, or of another data set.
        """
        path = find_meta(self.root, self.split, name)
        if path is None:
            raise DataError(
                f"no {name} for '{self.split}' in '{self.root}'; see docs/benchmarks.md, or "
                f"choose with --split"
            )
        meta = read_meta(path)
        for video, entry in meta.items():
            for expression in entry.expressions if self.rules.kinds else ():
                if expression.kind not in self.rules.kinds:
                    raise DataError(
                        f"'{path}': expression {expression.key} of '{video}' has the type "
                        f"'{expression.kind}', want {' or '.join(self.rules.kinds)}; is it of "
                        f"{self.rules.title}?"
                    )
        return path, meta

    def pictures(self) -> Path:
        """The folder of the videos' folders.

        Raises:
            DataError: there is none.
        """
        base = first_existing(self.root / self.split / "JPEGImages", self.root / "JPEGImages")
        if base is None:
            raise DataError(
                f"no JPEGImages/ in '{self.root}' or its '{self.split}/'; see the docs"
            )
        return base

    def videos(self, meta: Mapping[str, MetaVideo]) -> Iterator[tuple[Video, MetaVideo]]:
        """Each video of the expression file, with its pictures seen to be there."""
        base = self.pictures()
        for name, entry in meta.items():
            yield find_video(name, base, None, entry.frames), entry

    def predict(self, item: Item, segmenters: Segmenters, out: Path) -> None:
        sentence: Sentence = item.payload
        frames = (
            Frame(index, index / _RATE, image)
            for index, image in enumerate(read_pictures(sentence.video))
        )
        predictions = segmenters.video(frames, [sentence.expression.text])
        for name, prediction in zip(sentence.video.frames, predictions, strict=True):
            write_binary(inside(out, item.key, f"{name}.png"), prediction.masks[0])

    def has_prediction(self, item: Item, predictions: Path) -> bool:
        return expression_masks.holds(predictions, item.key)

    def _masks(self, item: Item, predictions: Path) -> tuple[Masks | None, Masks]:
        """Ground truth (None where it is hidden) and prediction."""
        sentence: Sentence = item.payload
        size = video_size(sentence.video)
        predicted = expression_masks.read_masks(predictions, item.key, sentence.frames, size)
        return sentence.truth.read(size) if sentence.truth else None, predicted

    def score(self, item: Item, predictions: Path) -> Score:
        truth, predicted = self._masks(item, predictions)
        if truth is None:
            return {"davis": None}
        scores = score_sequence(truth, predicted, "all-frames", objects=1)
        return {
            "davis": scores.as_json(),
            "no_target": not truth.any(),
            "predicted_none": not predicted.any(),
            "measures": self.measure(truth, predicted, scores.j[0].tolist(), item.payload),
        }

    def summarise(self, scores: Mapping[str, Score], items: Sequence[Item]) -> Summary:
        return expression_tables.summarise(self.rules, scores, items)

    def strips(self, item: Item, predictions: Path) -> list[Strip]:
        sentence: Sentence = item.payload
        truth, predicted = self._masks(item, predictions)
        if truth is None:
            return []
        return [
            Strip(
                title=f"{item.key}, frame {sentence.frames[number]}: "
                f"{sentence.expression.text}",
                image=picture(sentence.video, sentence.frames[number]),
                predicted=predicted[number],
                truth=truth[number],
            )
            for number in spread(len(truth), 2)
        ]

    def finish(self, items: Sequence[Item], predictions: Path, out: Path) -> list[Path]:
        """``submission.zip`` as the evaluation server wants it, where there is one."""
        if self.rules.zip_folder is None or predictions.is_file():
            return []
        names = {
            f"{self.rules.zip_folder}{item.key}/{frame}.png": (item, frame)
            for item in items
            for frame in item.payload.video.frames
        }
        return [
            write_zip(
                out / "submission.zip",
                ((name, _png(predictions, *place)) for name, place in names.items()),
            )
        ]


def _png(predictions: Path, item: Item, frame: str) -> bytes:
    folder = expression_masks.find_folder(predictions, item.key)
    assert folder is not None  # it was scored
    return (folder / f"{frame}.png").read_bytes()


def write_zip(path: Path, files: Iterator[tuple[str, bytes]]) -> Path:
    """A zip of names and contents without time stamps: the same masks, the same file."""
    with atomic(path) as part, zipfile.ZipFile(part, "w", zipfile.ZIP_STORED) as archive:
        for name, data in files:
            archive.writestr(zipfile.ZipInfo(name), data)
    return path


def read_mask_dict(path: Path) -> Mapping[str, Any] | None:
    """A ``mask_dict.json``, or None where there is none.

    Raises:
        DataError: it is no object by number.
    """
    masks = read_json(path, "masks") if path.is_file() else None
    if masks is not None and not isinstance(masks, Mapping):
        raise DataError(f"'{path}' is not {{number: [RLE per frame]}}; fetch it again")
    return masks
