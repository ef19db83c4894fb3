"""``Correction``: what a person says of one expression on one frame, and the checks of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from car_video.errors import CorrectionError

Point = tuple[float, float, bool]
Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True, eq=False)
class Correction:
    """What is right on one frame: clicks, a box, a mask, or that the target is not there.

    Clicks and a box may come together; a mask and ``absent`` stand alone.

    Attributes:
        frame: index of the frame in its source, as in ``predictions.json``.
        query: which expression: its text, or its number from 0, as in ``predictions.json``.
        points: (x, y, positive) each, in pixels of the frame; (0, 0) is the outer corner of the
            first pixel. Positive: a place of the target; not positive: a place beside it.
        box: (x, y, width, height) around the target, in pixels of the frame.
        mask: bool [H, W] at the size of the frame: the target's mask, kept to the pixel. An
            empty one means that the target is absent.
        absent: the target is not in the frame, or the mask is of something else.
        mends: the mask is the one so far, mended: only what it changes is carried to other
            frames. Clicks alone are carried on so without it.

    Raises:
        CorrectionError: a value of another kind, nothing at all, or things that contradict each
            other; one line.

    Example:
        >>> Correction(42, "the dog", points=[(310, 200, True), (100, 50, False)]).positive
        ((310.0, 200.0),)
    """

    frame: int
    query: int | str
    points: Sequence[Point] = ()
    box: Box | None = None
    mask: NDArray[np.bool_] | None = None
    absent: bool = False
    mends: bool = False

    def __post_init__(self) -> None:
        if not _is_whole(self.frame) or self.frame < 0:
            raise CorrectionError(
                f"a correction's frame must be a whole number from 0, got {_shown(self.frame)}"
            )
        if not (isinstance(self.query, str) or (_is_whole(self.query) and self.query >= 0)):
            raise CorrectionError(
                f"{self._where}: query must be an expression's text, or its number from 0, got "
                f"{_shown(self.query)}"
            )
        for name in ("absent", "mends"):
            value = getattr(self, name)
            if not isinstance(value, bool | np.bool_):
                raise CorrectionError(
                    f"{self._where}: {name} must be true or false, got {_shown(value)}"
                )
        values = {
            "frame": int(self.frame),
            "query": self.query if isinstance(self.query, str) else int(self.query),
            "points": self._checked_points(),
            "box": None if self.box is None else self._checked_box(self.box),
            "mask": None if self.mask is None else self._checked_mask(self.mask),
            "absent": bool(self.absent),
            "mends": bool(self.mends),
        }
        for name, value in values.items():
            object.__setattr__(self, name, value)
        self._check_together()

    @property
    def positive(self) -> tuple[tuple[float, float], ...]:
        """Places of the target."""
        return tuple((x, y) for x, y, inside in self.points if inside)

    @property
    def negative(self) -> tuple[tuple[float, float], ...]:
        """Places beside it."""
        return tuple((x, y) for x, y, inside in self.points if not inside)

    @property
    def prompts(self) -> bool:
        """Whether a mask model has to make the mask."""
        return bool(self.points) or self.box is not None

    @property
    def is_change(self) -> bool:
        """Whether it speaks of the part of the mask that it changes alone, not of all of it."""
        return self.mends or (bool(self.points) and self.box is None)

    def check_size(self, height: int, width: int) -> None:
        """Raises CorrectionError where it does not fit a frame of this size in pixels."""
        size = f"frame {self.frame} has {width}x{height} pixels"
        for x, y, _ in self.points:
            if not (0 <= x < width and 0 <= y < height):
                raise CorrectionError(
                    f"{self._where}: the point ({x:g}, {y:g}) is outside the picture; {size}"
                )
        if self.box is not None:
            x, y, wide, high = self.box
            if x < 0 or y < 0 or x + wide > width or y + high > height:
                raise CorrectionError(
                    f"{self._where}: the box ({x:g}, {y:g}, {wide:g}, {high:g}) reaches out of "
                    f"the picture; {size}, and a box is x, y, width, height"
                )
        if self.mask is not None and self.mask.shape != (height, width):
            rows, columns = self.mask.shape
            raise CorrectionError(
                f"{self._where}: the mask has {columns}x{rows} pixels, and {size}"
            )

    def number(self, expressions: Sequence[str]) -> int:
        """The number of its expression.

        Raises:
            CorrectionError: there is none with this text or number.
        """
        if isinstance(self.query, int):
            if self.query >= len(expressions):
                raise CorrectionError(
                    f"{self._where}: no expression {self.query}; there are {len(expressions)}, "
                    "counted from 0"
                )
            return self.query
        wanted = _folded(self.query)
        for number, text in enumerate(expressions):
            if _folded(text) == wanted:
                return number
        known = ", ".join(f"'{text}'" for text in expressions)
        raise CorrectionError(
            f"{self._where}: no expression '{self.query}'; the expressions are {known}"
        )

    @property
    def _where(self) -> str:
        return f"correction of frame {self.frame}"

    def _checked_points(self) -> tuple[Point, ...]:
        wanted = f"{self._where}: points must be a list of (x, y, positive)"
        if isinstance(self.points, str | bytes) or not isinstance(self.points, Iterable):
            raise CorrectionError(f"{wanted}, got {_shown(self.points)}")
        found = []
        for point in self.points:
            fits = isinstance(point, list | tuple) and len(point) == 3
            if not fits or not (
                _is_number(point[0])
                and _is_number(point[1])
                and isinstance(point[2], bool | np.bool_)
            ):
                raise CorrectionError(
                    f"{wanted}, two numbers and true or false, got {_shown(point)}"
                )
            found.append((float(point[0]), float(point[1]), bool(point[2])))
        return tuple(found)

    def _checked_box(self, box: Any) -> Box:
        sides = list(box) if isinstance(box, list | tuple | np.ndarray) else []
        if len(sides) != 4 or not all(_is_number(side) for side in sides):
            raise CorrectionError(
                f"{self._where}: box must be four numbers, x, y, width, height, got "
                f"{_shown(box)}"
            )
        x, y, wide, high = (float(side) for side in sides)
        if wide <= 0 or high <= 0:
            raise CorrectionError(
                f"{self._where}: the box must be wider and higher than 0, got {_shown(box)}"
            )
        return x, y, wide, high

    def _checked_mask(self, mask: Any) -> NDArray[np.bool_]:
        if not isinstance(mask, np.ndarray) or mask.dtype != np.bool_ or mask.ndim != 2:
            got = (
                f"{mask.dtype} {list(mask.shape)}"
                if isinstance(mask, np.ndarray)
                else _shown(mask)
            )
            raise CorrectionError(
                f"{self._where}: mask must be a numpy array, bool [H, W], got {got}"
            )
        return mask.copy()

    def _check_together(self) -> None:
        """Raises CorrectionError where the parts say nothing, or contradict each other."""
        if not (self.points or self.box is not None or self.mask is not None or self.absent):
            raise CorrectionError(
                f"{self._where} says nothing; give points, a box, a mask, or absent"
            )
        if self.absent and (self.prompts or self.mask is not None):
            raise CorrectionError(
                f"{self._where}: absent contradicts points, a box and a mask; give one"
            )
        if self.mask is not None and self.prompts:
            raise CorrectionError(
                f"{self._where}: a mask says everything; leave out points and box"
            )
        if self.mends and self.mask is None:
            raise CorrectionError(
                f"{self._where}: mends goes with a mask; clicks mend without it"
            )
        both = _pixels(self.positive) & _pixels(self.negative)
        if both:
            x, y = min(both)
            raise CorrectionError(
                f"{self._where}: the pixel ({x}, {y}) is clicked as positive and as negative"
            )
        if self.box is not None:
            left, top, wide, high = self.box
            for px, py in self.positive:
                if not (left <= px <= left + wide and top <= py <= top + high):
                    raise CorrectionError(
                        f"{self._where}: the positive point ({px:g}, {py:g}) is outside its box"
                    )


def check_together(corrections: Iterable[Any], expressions: Sequence[str]) -> list[Correction]:
    """Corrections of one run, by rising frame.

    Args:
        corrections: any number of them.
        expressions: of the run.

    Raises:
        CorrectionError: something that is no :class:`Correction`, an expression that the run
            does not have, two corrections of one expression on one frame.
    """
    if not isinstance(corrections, Iterable) or isinstance(corrections, str | bytes):
        raise CorrectionError(
            f"corrections must be a list of Correction, got {_shown(corrections)}"
        )
    found: dict[tuple[int, int], Correction] = {}
    for correction in corrections:
        if not isinstance(correction, Correction):
            raise CorrectionError(
                f"corrections must be a list of Correction, got {_shown(correction)} in it"
            )
        key = correction.frame, correction.number(expressions)
        if key in found:
            raise CorrectionError(
                f"frame {key[0]} has two corrections of '{expressions[key[1]]}'; give one with "
                "everything"
            )
        found[key] = correction
    return [found[key] for key in sorted(found)]


def check_frame(correction: Correction, indices: Sequence[int]) -> None:
    """Raises CorrectionError where a run has no such frame; ``indices``: its frames, rising."""
    if correction.frame in indices:
        return
    if not indices:
        raise CorrectionError("the run has no frame that could be corrected")
    raise CorrectionError(
        f"there is no frame {correction.frame} to correct; the run has {len(indices)} frames "
        f"from {indices[0]} to {indices[-1]}"
    )


def _pixels(points: Iterable[tuple[float, float]]) -> set[tuple[int, int]]:
    return {(int(x), int(y)) for x, y in points}


def _folded(text: str) -> str:
    """White space and capitals do not tell expressions apart."""
    return " ".join(text.split()).casefold()


def _is_whole(value: object) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool)


def _is_number(value: Any) -> bool:
    if not isinstance(value, Real) or isinstance(value, bool):
        return False
    return bool(abs(float(value)) < 1e9)  # false for what is no number, too


def _shown(value: object) -> str:
    """A value in one line of at most 60 characters."""
    if isinstance(value, np.ndarray):
        return f"an array {value.dtype} {list(value.shape)}"
    text = " ".join(repr(value).split())
    return text if len(text) <= 60 else f"{text[:57]}..."
