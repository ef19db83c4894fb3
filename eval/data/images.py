"""Pictures and label maps in and out of files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from car_video.errors import DataError
from car_video.io.palette import davis_palette

from . import plain_png
from .files import atomic

_UNREADABLE = (UnidentifiedImageError, OSError, SyntaxError, ValueError)


def open_picture(path: Path, what: str) -> Image.Image:
    """A picture with its pixels read; DataError when it is missing or cannot be decoded."""
    try:
        image = Image.open(path)
        image.load()
    except FileNotFoundError:
        raise DataError(f"{what} '{path}' is missing; add it or check the path") from None
    except Image.DecompressionBombError:
        raise DataError(f"{what} '{path}' is too large to be true; replace the file") from None
    except _UNREADABLE as error:
        reason = "not an image" if isinstance(error, UnidentifiedImageError) else str(error)
        raise DataError(f"cannot decode {what} '{path}' ({reason}); replace the file") from None
    return image


def read_rgb(path: Path) -> NDArray[np.uint8]:
    """uint8 [H, W, 3] RGB picture; DataError when it is missing or cannot be decoded."""
    return np.array(open_picture(path, "image").convert("RGB"))  # a copy: torch wants to own it


def image_size(path: Path) -> tuple[int, int]:
    """Height and width without decoding the pixels."""
    try:
        with Image.open(path) as image:
            return image.height, image.width
    except FileNotFoundError:
        raise DataError(f"image '{path}' is missing; add it or check the path") from None
    except (Image.DecompressionBombError, *_UNREADABLE) as error:
        raise DataError(f"cannot read image '{path}' ({error}); replace the file") from None


def read_labels(path: Path, what: str = "mask") -> NDArray[np.uint8]:
    """uint8 [H, W] label map from a palette, 8-bit grey or 1-bit PNG (1-bit gives 0 and 1).

    Raises:
        DataError: missing, undecodable, or a PNG that stores colours instead of numbers.
    """
    labels = plain_png.decode(path.read_bytes()) if path.is_file() else None
    if labels is not None:
        return labels
    image = open_picture(path, what)
    if image.mode not in ("P", "L", "1"):
        raise DataError(
            f"{what} '{path}' has mode {image.mode}; save it as palette or 8-bit grey PNG "
            f"whose value is the object or class number"
        )
    return np.asarray(image).astype(np.uint8)


def read_predicted_labels(path: Path) -> NDArray[np.uint8]:
    """uint8 [H, W] of another tool's mask: as :func:`read_labels`, with a palette that holds
    the DAVIS colours in another order put right.

    A program that reduces or sorts a palette keeps the colours and changes the numbers. So
    where all colours in use are DAVIS's, each pixel counts as what its colour means. A palette
    that is grey, has other colours or gives two values one colour says nothing: the numbers
    count.

    Raises:
        DataError: as :func:`read_labels`.
    """
    labels = read_labels(path, "predicted mask")
    palette = _palette(path)
    used = np.unique(labels)
    if palette is None or used.max(initial=0) >= len(palette):
        return labels
    davis = davis_palette()
    colours = palette[used]
    if (colours == davis[used]).all() or (colours == colours[:, :1]).all():
        return labels
    same = (colours[:, None] == davis[None]).all(axis=2)
    numbers = same.argmax(axis=1).astype(np.uint8)
    if not same.any(axis=1).all() or len(set(numbers.tolist())) < len(used):
        return labels
    meaning = np.zeros(256, np.uint8)
    meaning[used] = numbers
    return meaning[labels]


def _palette(path: Path) -> NDArray[np.uint8] | None:
    """uint8 [N, 3] RGB colours of a palette image, None of another; pixels stay undecoded."""
    try:
        with Image.open(path) as image:
            if image.mode != "P" or image.palette is None:
                return None
            mode, data = image.palette.getdata()
    except _UNREADABLE as error:
        raise DataError(f"cannot read mask '{path}' ({error}); replace the file") from None
    if mode != "RGB":
        return None
    return np.frombuffer(bytes(data), np.uint8)[: len(data) // 3 * 3].reshape(-1, 3)


def write_labels(path: Path, labels: NDArray[np.uint8]) -> None:
    """Palette PNG (DAVIS colours) of a uint8 [H, W] label map."""
    image = Image.fromarray(labels, "L")
    image.putpalette(davis_palette().tobytes())
    with atomic(path) as part:
        image.save(part, format="PNG", compress_level=1)


def write_binary(path: Path, mask: NDArray[np.bool_]) -> None:
    """8-bit grey PNG with values 0 and 255 of a bool [H, W] mask."""
    with atomic(path) as part:
        Image.fromarray(mask.astype(np.uint8) * 255).save(part, format="PNG", compress_level=1)
