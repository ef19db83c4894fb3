"""The small frozen values that everything passes on: frames in, predictions out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

BoolMasks = NDArray[np.bool_]
"""bool [Q, H, W]: one mask per expression."""


def as_image(value: object) -> NDArray[np.uint8]:
    """Check that a value is a picture, before anything else is done with it.

    Args:
        value: a numpy array, uint8 [H, W, 3], RGB; any strides, read-only or not.

    Returns:
        the same pixels, uint8 [H, W, 3], C-contiguous; the array itself where it is.

    Raises:
        ValueError: anything else. The message is one line and says how to convert it.
    """
    wanted = "want an RGB picture as a numpy array, uint8 [H, W, 3]"
    if not isinstance(value, np.ndarray):
        kind = type(value)
        advice = ""
        if hasattr(value, "convert"):  # a PIL image
            advice = "; use numpy.asarray(picture.convert('RGB'))"
        elif hasattr(value, "detach"):  # a torch tensor
            advice = "; use tensor.cpu().numpy(), with the channels last"
        raise ValueError(f"{wanted}, got {kind.__module__}.{kind.__qualname__}{advice}")
    shape = tuple(value.shape)
    got = f"got {value.dtype} {list(shape)}"
    if value.dtype != np.uint8:
        scaled = value.dtype.kind == "f"
        advice = "; scale it to 0 .. 255 and use .astype(numpy.uint8)" if scaled else ""
        raise ValueError(f"{wanted}, {got}{advice}")
    if value.ndim == 3 and shape[2] == 4:
        raise ValueError(f"{wanted}, {got}; leave the alpha channel out: picture[..., :3]")
    if value.ndim == 2 or (value.ndim == 3 and shape[2] == 1):
        grey = "numpy.repeat(picture.reshape(*picture.shape[:2], 1), 3, 2)"
        raise ValueError(f"{wanted}, {got}; repeat the grey channel: {grey}")
    if value.ndim != 3 or shape[2] != 3:
        raise ValueError(f"{wanted}, {got}")
    if not value.size:
        raise ValueError(f"{wanted} with at least one pixel, {got}")
    return np.ascontiguousarray(value)


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One picture of a source.

    Attributes:
        index: number of the frame in its source, counted from 0 (before stride).
        time: presentation time in seconds from the start of the source.
        image: uint8 [H, W, 3], RGB, upright (rotation metadata applied), C-contiguous.
        name: of the file, where each frame is a file of its own; else empty.
        duration: seconds from ``time`` to the next picture that the source can show, and for
            its last one to the end that the container states; None where that is not known
            (cameras and streams, containers that state no end). A stride leaves it as it is.
    """

    index: int
    time: float
    image: NDArray[np.uint8]
    name: str = ""
    duration: float | None = None

    @property
    def height(self) -> int:
        return int(self.image.shape[0])

    @property
    def width(self) -> int:
        return int(self.image.shape[1])


@dataclass(frozen=True, slots=True, eq=False)
class Alternative:
    """Another thing that an expression may mean on a frame.

    Attributes:
        mask: bool [H, W] at the size of the frame.
        score: in [0, 1]: how well it agrees with the expression; not on the scale of the
            scores of a prediction.
    """

    mask: NDArray[np.bool_]
    score: float


@dataclass(frozen=True, slots=True, eq=False)
class FramePrediction:
    """What was found in one frame; the order of expressions is the order they were given in.

    Attributes:
        index: number of the frame in its source.
        time: presentation time in seconds.
        expressions: the sentences, Q of them.
        masks: bool [Q, H, W] at the size of the frame; all False where not present.
        scores: float32 [Q] in [0, 1]: how sure the model is that the expression is here.
        present: bool [Q]: whether the expression's target is in this frame.
        extras: optional further results by name; writers may ignore them. ``"evidence"``, on
            frames that language has seen: float32 [Q] log-odds that the region of an expression
            is what it names, by ``words``, by ``noun`` (not a number where the model's own
            classifier does not know it) and ``together``.
    """

    index: int
    time: float
    expressions: tuple[str, ...]
    masks: BoolMasks
    scores: NDArray[np.float32]
    present: NDArray[np.bool_]
    extras: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        queries = len(self.expressions)
        if (
            self.masks.ndim != 3
            or self.masks.shape[0] != queries
            or self.masks.dtype != np.bool_
        ):
            raise ValueError(
                f"masks: want bool [{queries}, H, W], got {self.masks.dtype} {self.masks.shape}"
            )
        if self.scores.shape != (queries,) or self.present.shape != (queries,):
            raise ValueError(f"scores and present must have {queries} entries")

    @property
    def alternatives(self) -> tuple[tuple[Alternative, ...], ...]:
        """For each expression other things that it may mean, best first; none unless they were
        asked for (``alternatives=``)."""
        found: tuple[tuple[Alternative, ...], ...] = self.extras.get(
            "alternatives", ((),) * len(self.expressions)
        )
        return found

    def label_map(self) -> NDArray[np.uint8]:
        """uint8 [H, W]: 0 background, 1 + index of the expression elsewhere.

        Where masks overlap the expression with the higher score wins, the earlier one on a
        tie. Only 255 expressions fit a palette image.

        Raises:
            ValueError: more than 255 expressions.
        """
        queries, height, width = self.masks.shape
        if queries > 255:
            raise ValueError(f"a palette image holds 255 expressions, got {queries}")
        labels = np.zeros((height, width), np.uint8)
        for query in self.by_score():
            labels[self.masks[query]] = query + 1
        return labels

    def by_score(self) -> NDArray[np.int64]:
        """int64 [Q]: indices of the expressions by rising score, the earlier of equals last.

        Scores count to six decimals, as they are written, so that a prediction that was read
        from a file has the order of the one that was written.
        """
        places = np.arange(len(self.expressions))
        return np.lexsort((-places, self.scores.astype(np.float64).round(6)))

    def boxes(self) -> NDArray[np.int64]:
        """int64 [Q, 4]: x, y, width, height of each mask, zeros where a mask is empty."""
        boxes = np.zeros((len(self.expressions), 4), np.int64)
        for query, mask in enumerate(self.masks):
            rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
            if rows.size:
                y, x = rows[0], columns[0]
                boxes[query] = (x, y, columns[-1] - x + 1, rows[-1] - y + 1)
        return boxes


@dataclass(frozen=True, slots=True)
class Segment:
    """One segment of a :class:`PanopticMap`.

    Attributes:
        id: its number in the map, from 1.
        label: position of its class in the vocabulary.
        score: probability of the class, the largest of the queries that are in it.
        thing: a countable object; else stuff, of which a class has one segment.
        area: pixels.
        query: number of the model's query that it came from; of several, the first.
        track: what it is over the frames of a video; None where nothing was followed.
    """

    id: int
    label: int
    score: float
    thing: bool
    area: int
    query: int = -1
    track: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class PanopticMap:
    """Every pixel of a picture in at most one segment.

    Attributes:
        ids: int32 [H, W]: the segment's id, 0 where there is none (void).
        segments: in the order of their ids.
    """

    ids: NDArray[np.int32]
    segments: tuple[Segment, ...]


@dataclass(frozen=True, slots=True, eq=False)
class SemanticMap:
    """A class for every pixel of a picture.

    Attributes:
        labels: int32 [H, W]: position of the class in the vocabulary.
        scores: float32 [H, W]: sum over queries of the class's probability times the mask.
    """

    labels: NDArray[np.int32]
    scores: NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Instances:
    """Objects of a picture, best first; masks may overlap.

    Attributes:
        masks: bool [N, H, W].
        labels: int32 [N]: positions of their classes in the vocabulary.
        scores: float32 [N] in [0, 1].
    """

    masks: BoolMasks
    labels: NDArray[np.int32]
    scores: NDArray[np.float32]
