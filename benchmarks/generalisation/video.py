"""One sequence with every kind of sentence."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from car_video.eval.metrics import score_sequence

from benchmarks.generalisation.sequences import VideoSequence
from benchmarks.generalisation.sharing import SharedFrames
from car_video import Config, FramePrediction, VideoSegmenter


@dataclass(frozen=True)
class Answer:
    """What was said of one sentence whose target is in the sequence.

    Attributes:
        kind: of the sentence.
        target: id of the object.
        extent: ``thing`` or ``pair``.
        j, f: means over the counted frames.
        present: whether any frame was said to show it.
        score: the highest of all frames.
    """

    kind: str
    target: int
    extent: str
    j: float
    f: float
    present: bool
    score: float

    @property
    def jf(self) -> float:
        return (self.j + self.f) / 2


@dataclass(frozen=True)
class Absence:
    """What was said of a sentence that names nothing in the sequence."""

    present: bool
    score: float


@dataclass(frozen=True)
class SequenceResult:
    """All answers of one sequence, and the wall time that they took together."""

    name: str
    group: str
    frames: int
    seconds: float
    answers: tuple[Answer, ...]
    absent: dict[str, Absence]

    def as_json(self) -> dict[str, Any]:
        """Plain numbers and lists."""
        return dataclasses.asdict(self)

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> SequenceResult:
        """Undo :meth:`as_json`."""
        return cls(
            values["name"],
            values["group"],
            values["frames"],
            values["seconds"],
            tuple(Answer(**answer) for answer in values["answers"]),
            {name: Absence(**absence) for name, absence in values["absent"].items()},
        )


def run_sequence(
    sequence: VideoSequence,
    kinds: Sequence[str],
    shared: SharedFrames,
    config: Config,
    watch: Callable[[FramePrediction], object] = lambda _: None,
) -> SequenceResult:
    """Segment a sequence with its sentences of every kind, and with the absent ones.

    Sentences of one kind go in together, as a user would name all objects (objects compete);
    an absent sentence goes in alone.

    Args:
        sequence: frames, masks, sentences.
        kinds: of sentences; the absent ones are always asked.
        shared: encoders of all segmenters.
        config: a preset.
        watch: is given every prediction, frame by frame in one order of the sentences.
    """

    def segmenter(expressions: list[str]) -> VideoSegmenter:
        return VideoSegmenter(
            shared.model, expressions, config.segment, config.video, mask_model=shared.sam
        )

    present = {k: segmenter([t.sentences[k] for t in sequence.targets]) for k in kinds}
    absent = {name: segmenter([text]) for name, text in sequence.absent.items()}
    labels: dict[str, list[np.ndarray]] = {kind: [] for kind in kinds}
    scores: dict[str, list[np.ndarray]] = {name: [] for name in (*kinds, *absent)}
    shown: dict[str, list[np.ndarray]] = {name: [] for name in (*kinds, *absent)}
    began, count = time.perf_counter(), 0
    for frame in sequence.frames():
        for name, one in {**present, **absent}.items():
            prediction = one.step(frame)
            watch(prediction)
            scores[name].append(prediction.scores)
            shown[name].append(prediction.present)
            if name in present:
                labels[name].append(_ids(prediction.label_map(), sequence))
        shared.forget()
        count += 1
    seconds = time.perf_counter() - began
    answers = []
    for kind in kinds:
        found = score_sequence(
            sequence.masks,
            np.stack(labels[kind]),
            objects=max(target.number for target in sequence.targets),
        )
        for place, target in enumerate(sequence.targets):
            answers.append(
                Answer(
                    kind,
                    target.number,
                    target.extent,
                    float(found.j[target.number - 1].mean()),
                    float(found.f[target.number - 1].mean()),
                    bool(np.stack(shown[kind])[:, place].any()),
                    float(np.stack(scores[kind])[:, place].max()),
                )
            )
    absences = {
        name: Absence(bool(np.stack(shown[name]).any()), float(np.stack(scores[name]).max()))
        for name in absent
    }
    return SequenceResult(
        sequence.name, sequence.group, count, seconds, tuple(answers), absences
    )


def _ids(labels: np.ndarray, sequence: VideoSequence) -> np.ndarray:
    """From places in the list of sentences to ids of the objects."""
    table = np.zeros(256, np.uint8)
    for place, target in enumerate(sequence.targets, 1):
        table[place] = target.number
    return table[labels]
