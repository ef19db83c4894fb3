"""Hard cases, rendered frame by frame: pictures, exact masks, what is visible of a target."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tests.hard_cases.backgrounds import SIZE, Background
from tests.hard_cases.compose import matching_gain, paste, render, warp
from tests.hard_cases.cutouts import SOURCES, Cutout, Cutouts
from tests.hard_cases.motion import Matrix, camera, path_points, shift, turn, wobble
from tests.hard_cases.scene import Actor, Scene
from tests.hard_cases.scenes import SCENES

NOBODY, CLIP_OBJECT = -1, -2
EXPOSURE = (-0.5, 0.0, 0.5)


@dataclass(frozen=True)
class Moment:
    """One frame of a hard case with its truth.

    Attributes:
        image: uint8 [H, W, 3], RGB.
        masks: bool [Q, H, W]: what is visible of each expression's target.
        others: bool [Q, H, W]: what is visible of other pasted objects of the same noun.
        visibility: float64 [Q] in [0, 1]: visible part of the whole target; 0 where it is not
            in the frame.
    """

    image: NDArray[np.uint8]
    masks: NDArray[np.bool_]
    others: NDArray[np.bool_]
    visibility: NDArray[np.float64]


class HardCase:
    """A clip, rendered when it is asked for; nothing but a few cut-outs stays in memory.

    ``len(case)`` frames; ``case.at(t)`` gives a :class:`Moment`. The same data, scene and seed
    give the same pixels, in any order of asking.

    Args:
        data: folder of the development sets.
        scene: what happens.
        seed: moves paths by a few pixels and draws the camera's unrest.

    Raises:
        ValueError: a background shows the noun of a target.
    """

    def __init__(self, data: Path, scene: Scene, seed: int = 0) -> None:
        self._data, self.scene = data, scene
        self.kind, self.name, self.expressions = scene.kind, scene.name, scene.expressions
        self._first = np.cumsum([0, *(shot.length for shot in scene.shots)])
        random = np.random.default_rng([seed, zlib.crc32(scene.name.encode())])
        self._cameras = camera(len(self), SIZE, scene.kind == "shake", random)
        self._offsets = random.uniform(-6, 6, (len(scene.actors), 2))
        self._phases = random.uniform(0, 2 * np.pi, len(scene.actors))
        for shot, background in zip(scene.shots, self._backgrounds, strict=True):
            seen = background.contents & set(scene.nouns)
            if seen:
                raise ValueError(f"{scene.name}: {shot.background} shows {sorted(seen)}")

    def __len__(self) -> int:
        return int(self._first[-1])

    @property
    def frames(self) -> Sequence[NDArray[np.uint8]]:
        """The pictures, uint8 [H, W, 3], each rendered when it is asked for."""
        return _Pictures(self)

    @cached_property
    def _backgrounds(self) -> list[Background]:
        return [Background(self._data, s.background, s.start) for s in self.scene.shots]

    @cached_property
    def _cutouts(self) -> list[Cutout]:
        store = Cutouts(self._data)
        return [store.get(actor.cutout, actor.flip) for actor in self.scene.actors]

    @cached_property
    def _gains(self) -> NDArray[np.float64]:
        """float64 [shots, actors]."""
        around = [background.picture(0).image for background in self._backgrounds]
        sprites = [cutout.picture(0) for cutout in self._cutouts]
        return np.array([[matching_gain(s, image) for s in sprites] for image in around])

    def background(self, frame: int) -> NDArray[np.uint8]:
        """uint8 [H, W, 3]: the frame without any pasted object."""
        return np.asarray(self._scenery(frame)[0])

    def _shot(self, frame: int) -> int:
        return int(np.searchsorted(self._first, frame, side="right")) - 1

    def _scenery(self, frame: int) -> tuple[Image.Image, Image.Image | None]:
        shot = self._shot(frame)
        found = self._backgrounds[shot].picture(frame - int(self._first[shot]))
        image = warp(found.image, self._cameras[frame], SIZE)
        if found.foreground is None or not self.scene.behind_clip_object:
            return image, None
        return image, warp(found.foreground, self._cameras[frame], SIZE)

    def at(self, frame: int) -> Moment:
        """The frame with this number and its truth.

        Raises:
            IndexError: there is no such frame.
        """
        if not 0 <= frame < len(self):
            raise IndexError(f"frame {frame} of {len(self)}")
        shot = self._shot(frame)
        image, clip_object = self._scenery(frame)
        scenery = np.asarray(image, np.float32)
        canvas = scenery.copy()
        owner = np.full(canvas.shape[:2], NOBODY, np.int16)
        whole = np.zeros(len(self.scene.actors))
        for number, actor in enumerate(self.scene.actors):
            if actor.shots is not None and shot not in actor.shots:
                continue
            cutout = self._cutouts[number]
            patch = render(
                cutout.picture(frame),
                self._matrices(number, actor, cutout, frame),
                SIZE,
                float(self._gains[shot, number]),
            )
            paste(canvas, owner, patch, number)
            whole[number] = patch.whole_area
        if clip_object is not None:
            alpha = np.asarray(clip_object, np.float32)[..., None] / np.float32(255)
            canvas = canvas * (1 - alpha) + scenery * alpha
            owner[alpha[..., 0] >= 0.5] = CLIP_OBJECT
        return self._moment(canvas, owner, whole)

    def _matrices(self, number: int, actor: Actor, cutout: Cutout, frame: int) -> list[Matrix]:
        """Cut-out's pixels → frame's pixels, at the moments of one exposure."""
        picture, phase = cutout.picture(frame), float(self._phases[number])
        times = frame + actor.blur * np.array(EXPOSURE if actor.blur else EXPOSURE[1:2])
        matrices = []
        for time, place in zip(times, path_points(actor.path, times), strict=True):
            moving = len(actor.path) > 1
            degrees, bob, breath = wobble(float(time), phase) if moving else (0.0, 0.0, 1.0)
            x, y = place + self._offsets[number]
            scale = actor.height / cutout.height * breath
            own = turn(degrees, scale) @ shift(-picture.width / 2, -picture.height)
            matrices.append(self._cameras[frame] @ shift(x, y + bob) @ own)
        return matrices

    def _moment(
        self, canvas: NDArray[np.float32], owner: NDArray[np.int16], whole: NDArray[np.float64]
    ) -> Moment:
        shape = (len(self.expressions), *owner.shape)
        masks, others = np.zeros(shape, bool), np.zeros(shape, bool)
        visibility = np.zeros(shape[0])
        for number, actor in enumerate(self.scene.actors):
            mine = owner == number
            for query, noun in enumerate(self.scene.nouns):
                if actor.query == query:
                    masks[query] |= mine
                    if whole[number]:
                        visibility[query] = min(1.0, mine.sum() / whole[number])
                elif SOURCES[actor.cutout].category == noun:
                    others[query] |= mine
        image = np.rint(np.clip(canvas, 0, 255)).astype(np.uint8)
        return Moment(image, masks, others, visibility)


class _Pictures(Sequence[NDArray[np.uint8]]):
    def __init__(self, case: HardCase) -> None:
        self._case = case

    def __len__(self) -> int:
        return len(self._case)

    def __getitem__(self, frame: int) -> NDArray[np.uint8]:  # type: ignore[override]
        return self._case.at(range(len(self))[frame]).image


def cases(data: Path, seed: int = 0, kinds: Sequence[str] = ()) -> Iterator[HardCase]:
    """All hard cases, or those of some kinds.

    Args:
        data: folder that holds ``ref-davis-dev``, ``coco-dev`` and ``clips``.
        seed: see :class:`HardCase`.
        kinds: of ``occlusion, leave, cut, crossing, absent, shake``; empty is all.
    """
    for scene in SCENES:
        if not kinds or scene.kind in kinds:
            yield HardCase(data, scene, seed)
