"""What a hard case is made of: actors on paths, shots, scenes.

Positions are pixels in a frame of 854 x 480; a path says where the middle of an object's lower
edge is, as (frame, x, y). Every scene has 48 frames. Objects are listed from back to front.
"""

from __future__ import annotations

from dataclasses import dataclass

LENGTH = 48
ROOM = "intel_one-by-one-person-detection.mp4"
STREET = "coco:94"
MEADOW = "coco:500663"
SNOW = "coco:382"
Path = tuple[tuple[float, float, float], ...]


@dataclass(frozen=True)
class Actor:
    """A cut-out that moves through a scene.

    Attributes:
        cutout: name in ``cutouts.SOURCES``.
        height: pixels in the frame.
        path: (frame, x, y), frames rising.
        query: number of the expression that names it, None if none does.
        flip: mirrored.
        blur: part of the frame time during which the shutter is open; 0 is sharp.
        shots: numbers of the shots in which it is there; None is all.
    """

    cutout: str
    height: float
    path: Path
    query: int | None = None
    flip: bool = False
    blur: float = 0.2
    shots: tuple[int, ...] | None = None


@dataclass(frozen=True)
class Shot:
    """A background and how many frames it lasts."""

    background: str
    length: int = LENGTH
    start: int = 0


@dataclass(frozen=True)
class Scene:
    """One clip.

    Attributes:
        kind: occlusion, leave, cut, crossing, absent or shake.
        nouns: COCO noun of each expression's target, absent or not.
        behind_clip_object: actors pass behind the object annotated in the background's clip.
    """

    kind: str
    name: str
    expressions: tuple[str, ...]
    nouns: tuple[str, ...]
    shots: tuple[Shot, ...]
    actors: tuple[Actor, ...] = ()
    behind_clip_object: bool = False


def across(start: float, end: float, y: float) -> Path:
    """On one line through the whole scene."""
    return ((0, start, y), (LENGTH - 1, end, y))


def rest(x: float, y: float) -> Path:
    """In one place."""
    return ((0, x, y),)


def out_and_in(y: float, start: float = 480, out: float = 1020, back: float = -170) -> Path:
    """Leaves at the right by frame 16, is away for some ten frames, comes in at the left."""
    below = 1200  # the way round, outside the frame
    return (
        (0, start, y),
        (17, out, y),
        (18, out, below),
        (23, back, below),
        (24, back, y),
        (LENGTH - 1, 500, y),
    )
