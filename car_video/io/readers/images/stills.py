"""One image file as an upright RGB picture: by Pillow, HEIC and HEIF also by FFmpeg."""

from __future__ import annotations

import warnings
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image as PillowImage
from PIL import ImageOps

from car_video.io.readers.base import Loaded, RefusedError, UndecodableError
from car_video.io.readers.decoding.pixels import on_white
from car_video.io.readers.images.heif import is_heif, load_heif, use_pillow_heif
from car_video.io.readers.selection import Selection

OVERSHOOT = 2.0
"""Grey in floats up to here counts in parts of one: resampling goes beyond it."""

PAGED = frozenset({"TIFF", "HEIF", "GIF", "PNG", "WEBP", "AVIF"})
"""Formats whose further pictures a user can miss. The second picture of a camera's JPEG (MPO)
is a preview or a depth map."""


@dataclass(frozen=True, slots=True)
class Still:
    """What an image file holds.

    Attributes:
        picture: the first or main one.
        more: whether there are further ones that are not read.
    """

    picture: Loaded
    more: bool = False


def load_still(path: Path, selection: Selection) -> Still:
    """Read an image file: upright by EXIF, transparency on white, 16 bits brought to 8.

    Raises:
        UndecodableError: not an image, or cut off.
        RefusedError: a sound image that is too large, or of a kind that needs an extra.
    """
    try:
        return _by_pillow(path, selection)
    except PillowImage.DecompressionBombError:
        raise RefusedError(
            f"the picture is too large: more than {2 * (PillowImage.MAX_IMAGE_PIXELS or 0):,} "
            "pixels; make it smaller"
        ) from None
    except Exception as error:  # Pillow's plugins raise nearly anything on damaged files
        if not is_heif(path):
            raise UndecodableError(f"{path}: {error}") from error
    if use_pillow_heif():
        return _by_pillow(path, selection)
    return Still(load_heif(path, selection))


def _by_pillow(path: Path, selection: Selection) -> Still:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PillowImage.DecompressionBombWarning)
        with PillowImage.open(path) as image:
            picture = from_pillow(image, selection)
            return Still(picture, image.format in PAGED and _pictures_in(image) > 1)


def _pictures_in(image: PillowImage.Image) -> int:
    """How many pictures a file holds, 1 where what follows the first is damaged."""
    with suppress(Exception):  # Pillow's plugins raise nearly anything on damaged files
        return int(getattr(image, "n_frames", 1))
    return 1


def from_pillow(image: PillowImage.Image, selection: Selection) -> Loaded:
    """An opened Pillow image as upright RGB of the wanted size, and its own upright size."""
    turned = ImageOps.exif_transpose(image)
    if turned.mode.startswith("I") or turned.mode == "F":
        turned = PillowImage.fromarray(_eight_bits(np.asarray(turned)))
    transparent = turned.mode in ("RGBA", "LA", "PA", "La", "RGBa") or (
        "transparency" in turned.info
    )
    plain = turned.convert("RGBA" if transparent else "RGB")
    bounded = selection.bounded(*plain.size)
    if bounded != plain.size:
        shrunk = plain.resize(bounded, PillowImage.Resampling.BOX)
    else:
        shrunk = plain
    pixels = np.array(shrunk, np.uint8)
    return (on_white(pixels) if transparent else pixels), plain.size


def _eight_bits(grey: np.ndarray) -> np.ndarray:
    """Deep grey brought to 0..255: 16-bit values and parts of one scaled, others left alone."""
    if grey.dtype.kind == "f":
        known = grey[np.isfinite(grey)]
        scale = 255 if known.max(initial=0) <= OVERSHOOT else 1
        whole = np.nan_to_num(grey * scale, nan=0, posinf=255, neginf=0)
        return whole.round().clip(0, 255).astype(np.uint8)
    deep = grey.dtype.itemsize == 2 or int(grey.max(initial=0)) > 255
    wide = grey.astype(np.int64)  # 65535 + 128 is more than 16 bits hold
    return ((wide.clip(0, 65535) + 128) // 257 if deep else wide.clip(0, 255)).astype(np.uint8)
