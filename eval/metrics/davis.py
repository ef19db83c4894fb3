"""DAVIS 2017 evaluation: J and F of every object of a sequence, and their summary.

The two tasks are those of the official evaluation (Pont-Tuset et al., arXiv:1704.00675; Caelles
et al., arXiv:1905.00737), whose numbers these functions give; `tests/eval/metrics` holds golden
values printed by it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from car_video.errors import DataError

from . import bitmasks
from .contour import DAVIS_TOLERANCE, tolerance_pixels
from .label_maps import all_pairs_scores, label_masks, paired_scores
from .statistics import Statistics, frame_statistics

Task = Literal["semi-supervised", "unsupervised", "all-frames"]
"""How predictions are matched and which frames count, see :func:`score_sequence`."""

VOID = 255
MAX_PROPOSALS = 20

LabelMaps = NDArray[np.uint8]
"""uint8 [T, H, W]: 0 background, object ids from 1, in annotations 255 void."""


@dataclass(frozen=True, slots=True, eq=False)
class SequenceScores:
    """Scores of the N annotated objects of one sequence over its T counted frames.

    Attributes:
        task: the protocol.
        j: float64 [N, T], region similarity per object and frame.
        f: float64 [N, T], contour accuracy.
        matches: int64 [N], id of the prediction each object was scored with. Ids above the
            highest predicted one stand for empty masks (fewer predictions than objects).
        first_frame: index of the first counted frame (1 where the task drops it).
    """

    task: Task
    j: NDArray[np.float64]
    f: NDArray[np.float64]
    matches: NDArray[np.int64]
    first_frame: int

    def j_statistics(self) -> list[Statistics]:
        """Mean, recall and decay of J of each object, in the order of ids."""
        return [frame_statistics(values) for values in self.j]

    def f_statistics(self) -> list[Statistics]:
        """Mean, recall and decay of F of each object, in the order of ids."""
        return [frame_statistics(values) for values in self.f]

    def as_json(self) -> dict[str, Any]:
        """Plain lists and numbers; :meth:`from_json` gives the same scores back exactly."""
        return {
            "task": self.task,
            "J": self.j.tolist(),
            "F": self.f.tolist(),
            "matches": self.matches.tolist(),
            "first_frame": self.first_frame,
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> SequenceScores:
        """Undo :meth:`as_json`.

        Raises:
            KeyError: a part is missing.
        """
        return cls(
            task=values["task"],
            j=np.array(values["J"], np.float64),
            f=np.array(values["F"], np.float64),
            matches=np.array(values["matches"], np.int64),
            first_frame=int(values["first_frame"]),
        )


def score_sequence(
    truth: LabelMaps,
    prediction: LabelMaps,
    task: Task = "semi-supervised",
    *,
    objects: int | None = None,
    tolerance: float = DAVIS_TOLERANCE,
) -> SequenceScores:
    """Score the label maps predicted for one sequence.

    Tasks:
        - ``semi-supervised``: object n of the annotation is compared with object n of the
          prediction; the first and the last frame are dropped; void pixels count as background.
        - ``unsupervised``: at most 20 predicted objects are assigned to the annotated ones so
          that the mean J&F over all frames is highest; void pixels are left out.
        - ``all-frames``: identities are kept, no frame is dropped, void pixels are left out
          (not an official task: for referring sets without a given first frame).

    Args:
        truth: uint8 [T, H, W], 0 background, 255 void.
        prediction: uint8 [T, H, W], 0 background.
        task: see above.
        objects: number of annotated objects; by default the highest id of the first frame, as
            in the official code, which never scores an object that appears later with a
            higher id.
        tolerance: of the boundaries, see :func:`contour_accuracy`.

    Returns:
        Scores of the objects 1 … N. An id that occurs nowhere is an object with empty masks.

    Raises:
        DataError: sizes differ, too few frames, no annotated object, or a predicted id that
            the task does not allow.
        ValueError: unknown task.
    """
    if task not in get_args(Task):
        raise ValueError(f"unknown task {task!r}; known: {', '.join(get_args(Task))}")
    truth, prediction = _checked(truth), _checked(prediction)
    if truth.shape != prediction.shape:
        raise DataError(
            f"prediction has {_shape(prediction)} but the annotation {_shape(truth)}; "
            "predict every annotated frame at the annotation's size"
        )
    first = truth[:1]
    if objects is None:
        objects = int(np.max(first, initial=0, where=first != VOID))
    if objects < 1:
        raise DataError("the first annotated frame shows no object; give the number of objects")
    counted = slice(1, -1) if task == "semi-supervised" else slice(None)
    truth, prediction = truth[counted], prediction[counted]
    if not len(truth):
        raise DataError(f"too few frames for the {task} task, which drops the first and last")
    predicted = int(prediction.max(initial=0))
    _check_ids(task, objects, predicted)

    radius = tolerance_pixels(truth.shape[1:], tolerance)
    if task == "unsupervised":
        return _score_assigned(truth, prediction, objects, predicted, radius)
    frames = [
        paired_scores(*masks, truth.shape[2], radius)
        for masks in _frames(truth, prediction, objects, objects, task != "semi-supervised")
    ]
    return SequenceScores(
        task=task,
        j=np.stack([j for j, _ in frames], axis=1),
        f=np.stack([f for _, f in frames], axis=1),
        matches=np.arange(1, objects + 1),
        first_frame=counted.start or 0,
    )


def _score_assigned(
    truth: LabelMaps, prediction: LabelMaps, objects: int, predicted: int, radius: int
) -> SequenceScores:
    proposals = max(predicted, objects)  # empty ones fill up, as many as there are objects
    frames = [
        all_pairs_scores(*masks, truth.shape[2], radius)
        for masks in _frames(truth, prediction, objects, proposals, True)
    ]
    j = np.stack([j for j, _ in frames], axis=2)  # [proposals, objects, T]
    f = np.stack([f for _, f in frames], axis=2)
    chosen, assigned = linear_sum_assignment(-(j.mean(axis=2) + f.mean(axis=2)) / 2)
    order = np.argsort(assigned)
    chosen, assigned = chosen[order], assigned[order]
    return SequenceScores(
        task="unsupervised",
        j=j[chosen, assigned],
        f=f[chosen, assigned],
        matches=chosen.astype(np.int64) + 1,
        first_frame=0,
    )


def _frames(
    truth: LabelMaps, prediction: LabelMaps, objects: int, proposals: int, leave_out_void: bool
) -> Iterable[tuple[bitmasks.PackedMasks, bitmasks.PackedMasks]]:
    """Packed masks [objects, …] and [proposals, …] of frame after frame."""
    for truth_labels, labels in zip(truth, prediction, strict=True):
        void = truth_labels == VOID
        if leave_out_void and void.any():
            labels = np.where(void, 0, labels).astype(np.uint8)
        yield label_masks(truth_labels, objects), label_masks(labels, proposals)


def _checked(labels: LabelMaps) -> LabelMaps:
    array = np.asarray(labels)
    if array.ndim != 3 or array.dtype != np.uint8:
        raise DataError(
            f"want label maps uint8 [T, H, W], got {array.dtype} {array.shape}; "
            "read palette or grey PNG files"
        )
    return array


def _check_ids(task: Task, objects: int, predicted: int) -> None:
    allowed = MAX_PROPOSALS if task == "unsupervised" else objects
    if predicted <= allowed:
        return
    if predicted == VOID:
        remedy = "write object ids counted from 1, not colours or white"
    elif task == "unsupervised":
        remedy = "keep the best objects and number them from 1"
    else:
        remedy = "number predictions as in the annotation"
    raise DataError(
        f"predicted id {predicted}, but the {task} task allows ids up to {allowed} "
        f"here; {remedy}"
    )


def _shape(labels: LabelMaps) -> str:
    frames, height, width = labels.shape
    return f"{frames} frames of {width}x{height}"
