"""Maps of class positions as PNG, 8 bits where 256 classes do and 16 bits else."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from car_video.errors import DataError

from .files import atomic
from .images import open_picture

_MODES = ("L", "P", "1", "I;16", "I;16B", "I")


def write_class_map(path: Path, labels: NDArray[np.int32], classes: int) -> None:
    """Grey PNG of positions [H, W]."""
    with atomic(path) as part:
        depth = np.uint8 if classes <= 256 else np.uint16
        Image.fromarray(labels.astype(depth)).save(part, format="PNG", compress_level=1)


def read_class_map(path: Path, size: tuple[int, ...] | None = None) -> NDArray[np.int32]:
    """int32 [H, W] of a grey or palette PNG or TIFF.

    Args:
        path: the file.
        size: that it must have; None for any.

    Raises:
        DataError: missing, damaged, colours in place of numbers, another size.
    """
    image = open_picture(path, "class map")
    if image.mode not in _MODES:
        raise DataError(f"class map '{path}' has mode {image.mode}; save numbers, not colours")
    labels = np.asarray(image).astype(np.int32)
    if size is not None and labels.shape != size:
        raise DataError(f"'{path}' has another size than the annotation; resize it (nearest)")
    return labels
