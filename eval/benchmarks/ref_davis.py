"""Ref-DAVIS 2017: every object of a video by its expression, J and F (Khoreva et al. 2018)."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np
from numpy.typing import NDArray

from car_video.errors import DataError
from car_video.types import Frame, FramePrediction

from ..data import predictions as masks
from ..data.expressions import Expressions, ref_davis_expressions
from ..data.files import inside
from ..data.images import read_rgb, write_labels
from ..data.videos import (
    VOID,
    Video,
    davis_roots,
    find_video,
    sequence_names,
    with_object_count,
)
from ..metrics.davis import Task, score_sequence
from ..metrics.flicker import flicker
from ..segmenters import Segmenters
from . import davis_tables
from .base import Benchmark, Item, spread
from .results import Score, Strip, Summary

DAVIS_RATE = 24.0  # frames per second of the DAVIS videos; the frames carry no time
TASKS = ("semi-supervised", "unsupervised")


@dataclass(frozen=True)
class Clip:
    """Payload: one sequence with one annotator's expressions.

    ``objects`` are the ids of the annotation, 1 to N; ``expressions`` go with them; ``sole``
    says that no other annotator is evaluated.
    """

    annotator: str
    video: Video
    objects: tuple[int, ...]
    expressions: tuple[str, ...]
    sole: bool


@dataclass(frozen=True)
class RefDavis(Benchmark):
    """The benchmark on a DAVIS-2017 folder with expression files; payload: a :class:`Clip`."""

    def items(self) -> list[Item]:
        if self.options.task not in TASKS:
            raise DataError(f"unknown task '{self.options.task}'; tasks: {', '.join(TASKS)}")
        pictures, labels = davis_roots(self.root, self.options.task)
        names = sequence_names(self.root, labels, self.options.split)
        videos = [find_video(name, pictures, labels) for name in names]
        annotators = self._annotators()
        return [
            _item(annotator, video, expressions.get(video.name, {}), len(annotators) == 1)
            for annotator, expressions in annotators.items()
            for video in videos
        ]

    def _annotators(self) -> dict[str, Expressions]:
        found = ref_davis_expressions(self.root)
        wanted = [f"annot{a}" if a.isdecimal() else a for a in self.options.annotators]
        wanted = wanted or list(found)
        for annotator in wanted:
            if annotator not in found:
                raise DataError(
                    f"no annotator '{annotator}' in '{self.root}'; known: {', '.join(found)}"
                )
        return {annotator: found[annotator] for annotator in wanted}

    def predict(self, item: Item, segmenters: Segmenters, out: Path) -> None:
        clip: Clip = item.payload
        together = self.options.objects == "together"
        groups = [clip.expressions] if together else [(text,) for text in clip.expressions]
        streams = itertools.tee(_frames(clip.video), len(groups))
        runs = [segmenters.video(*pair) for pair in zip(streams, groups, strict=True)]
        identities = np.array([0, *clip.objects], np.uint8)
        for name, parts in zip(clip.video.frames, zip(*runs, strict=True), strict=True):
            path = inside(out, clip.annotator, clip.video.name, f"{name}.png")
            write_labels(path, identities[_joined(parts).label_map()])

    def has_prediction(self, item: Item, predictions: Path) -> bool:
        place, name = self._place(item.payload), item.payload.video.name
        return masks.find_sequence(predictions, place, name) is not None

    def left_over(self, items: Sequence[Item], predictions: Path) -> list[str]:
        if not predictions.is_file():
            return []
        clips: list[Clip] = [item.payload for item in items]
        known = {(clip.annotator, clip.video.name) for clip in clips}
        return masks.left_over(
            predictions, known, clips[0].annotator if clips[0].sole else None
        )

    def score(self, item: Item, predictions: Path) -> Score:
        clip: Clip = item.payload
        truth = clip.video.read_labels()
        predicted = self._predicted(clip, predictions, truth.shape[1:])
        scores = score_sequence(
            truth, predicted, cast(Task, self.options.task), objects=len(clip.objects)
        )
        return {
            "davis": scores.as_json(),
            "flicker": {
                "predicted": _flicker(predicted, scores.matches.tolist()),
                "truth": _flicker(truth, clip.objects),
            },
        }

    def summarise(self, scores: Mapping[str, Score], items: Sequence[Item]) -> Summary:
        return davis_tables.summarise(scores, items, self.options)

    def strips(self, item: Item, predictions: Path) -> list[Strip]:
        clip: Clip = item.payload
        truth = clip.video.read_labels()
        predicted = self._predicted(clip, predictions, truth.shape[1:])
        return [
            Strip(
                title=f"{clip.video.name}, frame {clip.video.frames[number]}: "
                + "; ".join(clip.expressions),
                image=read_rgb(clip.video.images[number]),
                predicted=predicted[number],
                truth=truth[number],
                ignored=truth[number] == VOID,
            )
            for number in spread(len(truth), 2)
        ]

    def _place(self, clip: Clip) -> masks.Place:
        return masks.Place(clip.annotator, clip.sole)

    def _predicted(
        self, clip: Clip, predictions: Path, size: tuple[int, int]
    ) -> NDArray[np.uint8]:
        wanted = masks.Wanted(
            clip.video,
            size,
            clip.objects,
            clip.expressions,
            self.options.task == "unsupervised",
        )
        return masks.read_sequence(predictions, self._place(clip), wanted)


def _flicker(labels: NDArray[np.uint8], identities: Sequence[int]) -> list[float]:
    """Per transition the mean over objects; pure translation of a mask does not count."""
    values = [flicker(labels == identity) for identity in identities]
    return np.mean(values, axis=0).tolist() if len(labels) > 1 else []


def _item(annotator: str, video: Video, expressions: Mapping[int, str], sole: bool) -> Item:
    video, count = with_object_count(video, max(expressions, default=0))
    objects = tuple(range(1, count + 1))
    for identity in objects:
        if identity not in expressions:
            raise DataError(
                f"mixed annotators: {annotator} has no expression for object {identity} of "
                f"'{video.name}'; complete its file or choose others with --annotators"
            )
    if extra := sorted(set(expressions) - set(objects)):
        raise DataError(
            f"unknown object id {extra[0]} of '{video.name}' in {annotator}: the annotation "
            f"has {count} objects; correct the expression file"
        )
    clip = Clip(annotator, video, objects, tuple(expressions[i] for i in objects), sole)
    return Item(f"{annotator}/{video.name}", video.name, clip, len(video.frames))


def frame_times(names: Sequence[str]) -> list[float]:
    """Seconds of frames from the first one on, by the numbers that they are named with.

    A folder that holds every eighth frame keeps the times of the whole video. Names that are
    no rising numbers are counted.

    Example:
        >>> frame_times(["00012", "00024", "00048"])
        [0.0, 0.5, 1.5]
    """
    numbers = [int(name) if name.isdecimal() else -1 for name in names]
    rising = all(a < b for a, b in itertools.pairwise([-1, *numbers]))
    steps = [number - numbers[0] for number in numbers] if rising else range(len(names))
    return [step / DAVIS_RATE for step in steps]


def _frames(video: Video) -> Iterator[Frame]:
    times = frame_times(video.frames)
    for index, (path, time) in enumerate(zip(video.images, times, strict=True)):
        yield Frame(index, time, read_rgb(path))


def _joined(parts: Sequence[FramePrediction]) -> FramePrediction:
    """Predictions of one frame from several runs, side by side."""
    return FramePrediction(
        index=parts[0].index,
        time=parts[0].time,
        expressions=tuple(text for part in parts for text in part.expressions),
        masks=np.concatenate([part.masks for part in parts]),
        scores=np.concatenate([part.scores for part in parts]),
        present=np.concatenate([part.present for part in parts]),
    )
