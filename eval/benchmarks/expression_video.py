"""Ref-YouTube-VOS and MeViS: one mask per expression and frame, a zip for their servers.

The ground truth of the validation sets is hidden; where it is at hand (a training split,
MeViS ``valid_u``) the same command scores: J and F over all frames, mean over expressions.
"""

from __future__ import annotations

import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from car_video.errors import DataError
from car_video.types import Frame

from ..data import rle
from ..data.expressions import VideoExpression, find_meta, read_meta
from ..data.files import atomic, first_existing, inside, read_json
from ..data.images import image_size, read_predicted_labels, read_rgb, write_binary
from ..data.videos import Video, find_video
from ..metrics import score_sequence
from ..segmenters import Segmenters
from . import expression_tables
from .base import Benchmark, Item, spread
from .results import Score, Strip, Summary

_RATE = 6.0  # annotated frames per second of YouTube-VOS; the frames carry no time

_SPLITS = {"ref-youtube-vos": "valid", "mevis": "valid_u"}
"""The split that is meant unless another one is named."""

_FOLDERS_IN_ZIP = {"ref-youtube-vos": "Annotations/", "mevis": ""}
"""Where the servers look for the folders of the videos."""


@dataclass(frozen=True)
class Sentence:
    """Payload: one expression of one video; ``codes`` are MeViS' RLE masks, else None."""

    video: Video
    expression: VideoExpression
    codes: tuple[tuple[Any, ...], ...] | None

    @property
    def has_truth(self) -> bool:
        return self.codes is not None or (
            self.video.labels is not None and bool(self.expression.objects)
        )


@dataclass(frozen=True)
class ExpressionVideo(Benchmark):
    """Either benchmark on a folder with ``meta_expressions.json`` and ``JPEGImages``.

    Payload: a :class:`Sentence`.
    """

    def items(self) -> list[Item]:
        split = self.options.split or _SPLITS[self.name]
        path = find_meta(self.root, split)
        if path is None:
            raise DataError(
                f"no meta_expressions.json for '{split}' in '{self.root}'; "
                f"see docs/benchmarks.md, or choose with --split"
            )
        meta = read_meta(path)
        for name in self._hidden_videos(split, path):
            meta.pop(name, None)
        base = first_existing(self.root / split / "JPEGImages", self.root / "JPEGImages")
        if base is None:
            raise DataError(f"no JPEGImages/ in '{self.root}' or its '{split}/'; see the docs")
        labels = first_existing(base.parent / "Annotations")
        codes = self._mask_dict(base.parent)
        items = []
        for name, (frames, expressions) in meta.items():
            known = labels if labels and inside(labels, name).is_dir() else None
            video = find_video(name, base, known, frames)
            items += [_item(video, expression, codes) for expression in expressions]
        return items

    def _hidden_videos(self, split: str, path: Path) -> list[str]:
        """Ref-YouTube-VOS lists its test videos among the validation ones as well."""
        test = self.root / "meta_expressions" / "test" / "meta_expressions.json"
        if split != "valid" or not test.is_file() or test == path:
            return []
        return list(read_meta(test))

    @staticmethod
    def _mask_dict(folder: Path) -> Mapping[str, Any] | None:
        path = folder / "mask_dict.json"
        return read_json(path, "masks") if path.is_file() else None

    def predict(self, item: Item, segmenters: Segmenters, out: Path) -> None:
        sentence: Sentence = item.payload
        frames = (
            Frame(index, index / _RATE, read_rgb(path))
            for index, path in enumerate(sentence.video.images)
        )
        predictions = segmenters.video(frames, [sentence.expression.text])
        for name, prediction in zip(sentence.video.frames, predictions, strict=True):
            write_binary(inside(out, item.key, f"{name}.png"), prediction.masks[0])

    def has_prediction(self, item: Item, predictions: Path) -> bool:
        return self._folder(item, predictions) is not None

    @staticmethod
    def _folder(item: Item, predictions: Path) -> Path | None:
        found = first_existing(
            inside(predictions, item.key), inside(predictions / "Annotations", item.key)
        )
        return found if found is not None and found.is_dir() else None

    def _predicted(
        self, item: Item, predictions: Path, size: tuple[int, int]
    ) -> NDArray[np.uint8]:
        folder = self._folder(item, predictions)
        if folder is None:
            raise DataError(f"'{predictions}' has no folder '{item.key}'; add its PNGs")
        maps = []
        for frame in item.payload.video.frames:
            path = folder / f"{frame}.png"
            labels = read_predicted_labels(path)
            if labels.shape != size:
                raise DataError(
                    f"'{path}' is {labels.shape[1]}x{labels.shape[0]}, the video "
                    f"{size[1]}x{size[0]}; resize the prediction (nearest neighbour)"
                )
            maps.append((labels > 0).astype(np.uint8))
        return np.stack(maps)

    def score(self, item: Item, predictions: Path) -> Score:
        sentence: Sentence = item.payload
        size = image_size(sentence.video.images[0])
        predicted = self._predicted(item, predictions, size)
        if not sentence.has_truth:
            return {"davis": None}
        truth = _truth(sentence, size)
        scores = score_sequence(truth, predicted, "all-frames", objects=1)
        return {"davis": scores.as_json()}

    def summarise(self, scores: Mapping[str, Score], items: Sequence[Item]) -> Summary:
        return expression_tables.summarise(self.name, scores, items)

    def strips(self, item: Item, predictions: Path) -> list[Strip]:
        sentence: Sentence = item.payload
        if not sentence.has_truth:
            return []
        size = image_size(sentence.video.images[0])
        predicted, truth = self._predicted(item, predictions, size), _truth(sentence, size)
        return [
            Strip(
                title=f"{item.key}, frame {sentence.video.frames[number]}: "
                f"{sentence.expression.text}",
                image=read_rgb(sentence.video.images[number]),
                predicted=predicted[number],
                truth=truth[number],
            )
            for number in spread(len(truth), 2)
        ]

    def finish(self, items: Sequence[Item], predictions: Path, out: Path) -> list[Path]:
        """``submission.zip`` as the evaluation server wants it."""
        path = out / "submission.zip"
        with atomic(path) as part, zipfile.ZipFile(part, "w", zipfile.ZIP_STORED) as archive:
            for item in items:
                folder = self._folder(item, predictions)
                assert folder is not None  # it was scored
                for frame in item.payload.video.frames:
                    name = f"{_FOLDERS_IN_ZIP[self.name]}{item.key}/{frame}.png"
                    info = zipfile.ZipInfo(name)  # no time stamp: same masks, same file
                    archive.writestr(info, (folder / f"{frame}.png").read_bytes())
        return [path]


def _item(video: Video, expression: VideoExpression, masks: Mapping[str, Any] | None) -> Item:
    codes = None
    if masks is not None and expression.masks is not None:
        try:
            codes = tuple(tuple(masks[number]) for number in expression.masks)
        except (KeyError, TypeError) as error:
            raise DataError(
                f"mask_dict.json has no mask {error} of '{video.name}'; files are mixed"
            ) from None
        if any(len(code) != len(video.frames) for code in codes):
            raise DataError(
                f"mask_dict.json and meta_expressions.json disagree on the number of frames of "
                f"'{video.name}'; fetch both again"
            )
    key = f"{video.name}/{expression.key}"
    return Item(key, video.name, Sentence(video, expression, codes), len(video.frames))


def _truth(sentence: Sentence, size: tuple[int, int]) -> NDArray[np.uint8]:
    """uint8 [T, H, W]: 1 where any of the expression's objects is."""
    if sentence.codes is not None:
        truth = np.zeros((len(sentence.video.frames), *size), np.uint8)
        for codes in sentence.codes:
            for number, code in enumerate(codes):
                truth[number] |= rle.decode(
                    code, size, f"mask_dict.json '{sentence.video.name}'"
                )
        return truth
    labels, objects = sentence.video.read_labels(), sentence.expression.objects
    assert objects is not None
    if absent := sorted(set(objects) - set(np.unique(labels).tolist())):
        found = ", ".join(str(value) for value in np.unique(labels) if value)
        raise DataError(
            f"expression {sentence.expression.key} of '{sentence.video.name}' names object "
            f"{absent[0]}, its annotation holds {found or 'none'}; the files do not belong "
            f"together"
        )
    return np.isin(labels, objects).astype(np.uint8)
