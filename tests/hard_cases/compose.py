"""Composition: sprites over a background, with the exact mask of what stays visible."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tests.hard_cases.motion import Matrix

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Patch:
    """A rendered sprite, as large as the part of the frame that it may touch.

    Attributes:
        top, left: where its first pixel lies in the frame.
        colour: float32 [h, w, 3] from 0 to 255, already multiplied by alpha.
        alpha: float32 [h, w] in [0, 1].
        whole_area: pixels that the sprite would cover if nothing hid it and no border cut it.
    """

    top: int
    left: int
    colour: Floats
    alpha: Floats
    whole_area: float


def warp(image: Image.Image, matrix: Matrix, size: tuple[int, int]) -> Image.Image:
    """The picture moved by a matrix (its pixels → new pixels), nothing outside it."""
    inverse = np.linalg.inv(matrix)
    return image.transform(
        size,
        Image.Transform.AFFINE,
        tuple(inverse[:2].ravel()),
        resample=Image.Resampling.BICUBIC,
    )


def render(
    picture: Image.Image, matrices: Sequence[Matrix], size: tuple[int, int], gain: float
) -> Patch:
    """A sprite at one moment; several matrices are the moments of one exposure (blur).

    Args:
        picture: RGBA, straight alpha.
        matrices: sprite pixels → frame pixels.
        size: width and height of the frame.
        gain: brightness factor.
    """
    corners = np.array([(x, y, 1.0) for x in (0, picture.width) for y in (0, picture.height)]).T
    spread = np.concatenate([(m @ corners)[:2] for m in matrices], axis=1)
    left, top = np.clip(np.floor(spread.min(1)).astype(int) - 2, 0, size)
    right, bottom = np.clip(np.ceil(spread.max(1)).astype(int) + 2, 0, size)
    alpha255 = np.asarray(picture.getchannel("A"))
    whole = float((alpha255 > 127).sum() * abs(np.linalg.det(matrices[len(matrices) // 2])))
    shape = (max(bottom - top, 0), max(right - left, 0))
    total = np.zeros((*shape, 4), np.float32)
    if 0 in shape:
        return Patch(top, left, total[..., :3], total[..., 3], whole)
    move = np.array([[1.0, 0.0, -left], [0.0, 1.0, -top], [0.0, 0.0, 1.0]])
    for matrix in matrices:
        moved = np.asarray(warp(picture, move @ matrix, shape[::-1]), np.float32)
        moved[..., :3] *= moved[..., 3:] / 255
        total += moved / len(matrices)
    colour = np.minimum(total[..., :3] * gain, total[..., 3:])
    alpha: Floats = (total[..., 3] / 255).astype(np.float32)
    return Patch(top, left, colour, alpha, whole)


def paste(canvas: Floats, owner: NDArray[np.int16], patch: Patch, number: int) -> None:
    """Put a sprite over a frame, in place.

    Args:
        canvas: float32 [H, W, 3] from 0 to 255.
        owner: int16 [H, W]: whose pixel it is; a sprite owns what it covers by half or more.
        patch: from :func:`render`.
        number: the sprite's number.
    """
    height, width = patch.alpha.shape
    window = (slice(patch.top, patch.top + height), slice(patch.left, patch.left + width))
    canvas[window] = canvas[window] * (1 - patch.alpha[..., None]) + patch.colour
    owner[window][patch.alpha >= 0.5] = number


def matching_gain(sprite: Image.Image, background: Image.Image) -> float:
    """Brightness factor that brings a cut-out a part of the way to its surroundings.

    Kept between 0.8 and 1.25, so that a colour that a sentence names remains that colour.
    """
    rgba = np.asarray(sprite, np.float32)
    own = rgba[..., :3][rgba[..., 3] > 127].mean()
    around = np.asarray(background.resize((32, 18)), np.float32).mean()
    return float(np.clip((around / max(own, 1.0)) ** 0.4, 0.8, 1.25))
