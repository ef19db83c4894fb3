"""A segmenter without a model: it finds colours by name. Importable by worker processes."""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from car_video.eval.segmenters import Clock

from car_video.config import Config
from car_video.errors import ModelError, OutputError, SourceError
from car_video.types import FramePrediction, Instances, PanopticMap, Segment, SemanticMap

COLOURS = {"red": (220, 30, 30), "green": (30, 200, 40), "blue": (30, 60, 220)}


def find_colour(image: np.ndarray, text: str) -> np.ndarray:
    """Pixels near the colour that the text names; nothing for other texts."""
    for name, colour in COLOURS.items():
        if name in text:
            return np.abs(image.astype(int) - colour).sum(axis=2) < 150
    return np.zeros(image.shape[:2], bool)


@dataclass
class ColourSegmenters:
    spec: ColourSpec
    clock: Clock = field(default_factory=Clock)
    device: str = "colours"

    def __post_init__(self) -> None:
        self.config = Config()

    def image(self, image, expressions, config=None) -> FramePrediction:
        self._misbehave(image)
        masks = np.stack([find_colour(image, text) for text in expressions])
        present = masks.any(axis=(1, 2))
        scores = np.where(present, 0.9, 0.0).astype(np.float32)
        self.clock.add(0.01)
        return FramePrediction(0, 0.0, tuple(expressions), masks, scores, present)

    def labels(self, image, vocabulary, trained, tasks, config):
        """Red and green squares are the first two things, the rest is the first stuff."""
        self._misbehave(image)
        self.clock.add(0.01)
        things = [i for i, thing in enumerate(vocabulary.things) if thing]
        stuff = next((i for i, thing in enumerate(vocabulary.things) if not thing), things[2])
        squares = [(find_colour(image, c), things[n]) for n, c in enumerate(("red", "green"))]
        squares = [(mask, label) for mask, label in squares if mask.any()]
        ids, labels = np.ones(image.shape[:2], np.int32), np.full(image.shape[:2], stuff)
        for number, (mask, label) in enumerate(squares, 2):
            ids[mask], labels[mask] = number, label
        segments = [Segment(1, stuff, 0.5, False, int((ids == 1).sum()))]
        segments += [
            Segment(number, label, 0.9, True, int(mask.sum()))
            for number, (mask, label) in enumerate(squares, 2)
        ]
        return {
            "panoptic": PanopticMap(ids, tuple(segments)),
            "semantic": SemanticMap(labels.astype(np.int32), np.ones(ids.shape, np.float32)),
            "instance": Instances(
                np.array([mask for mask, _ in squares]).reshape(-1, *ids.shape).astype(bool),
                np.array([label for _, label in squares], np.int32),
                np.full(len(squares), 0.9, np.float32),
            ),
        }

    def video(self, frames, expressions, config=None):
        for frame in frames:
            yield self.image(frame.image, expressions, config)

    def follow(self, frames, masks):
        """What has the mean colour of a given mask."""
        colours = {}
        for frame in frames:
            for number, mask in masks.get(frame.index, {}).items():
                colours[number] = np.median(frame.image[mask], axis=0)
            self._misbehave(frame.image)
            self.clock.add(0.01)
            labels = np.zeros(frame.image.shape[:2], np.uint8)
            for number, colour in colours.items():
                labels[np.abs(frame.image.astype(int) - colour).sum(axis=2) < 100] = number
            yield labels

    def _misbehave(self, image: np.ndarray) -> None:
        """Odd sizes are what the specs below react to, to fail on one sequence only."""
        height = image.shape[0]
        if height == self.spec.fail_at_height:
            raise SourceError("this one cannot be segmented; leave it out")
        if height == self.spec.full_at_height:
            raise OutputError("no space left; free space")
        if height == self.spec.crash_at_height:
            raise RuntimeError("a bug\nin two lines")
        if height == self.spec.die_at_height:
            os.kill(os.getpid(), signal.SIGKILL)
        if self.spec.count_file:
            with Path(self.spec.count_file).open("a", encoding="utf-8") as file:
                file.write("x")


@dataclass(frozen=True)
class ColourSpec:
    fail_at_height: int = 0
    full_at_height: int = 0
    crash_at_height: int = 0
    die_at_height: int = 0
    count_file: str = ""
    unknown_model: bool = False

    def build(self) -> ColourSegmenters:
        if self.unknown_model:
            raise ModelError("unknown model 'grey'; models: colours")
        return ColourSegmenters(self)
