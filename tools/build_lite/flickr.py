"""The training data: pictures with captions, and the split by picture."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from car_video.errors import DataError


@dataclass(frozen=True)
class Captioned:
    """A folder of pictures with captions.

    Attributes:
        paths: pictures, sorted by name.
        captions: all of them, in the order of the file.
        image_of: int64 [captions]: which picture each is of.
    """

    paths: tuple[Path, ...]
    captions: tuple[str, ...]
    image_of: NDArray[np.int64]


def read_captioned(folder: Path, limit: int = 0) -> Captioned:
    """Read ``images/*.jpg`` and ``captions.tsv`` (path, tab, caption).

    Args:
        folder: of the data set.
        limit: only the first so many pictures, 0 for all.

    Raises:
        DataError: no pictures, or no captions.
    """
    paths = sorted((folder / "images").glob("*.jpg"))
    table = folder / "captions.tsv"
    if not paths or not table.is_file():
        raise DataError(f"{folder}: want images/*.jpg and captions.tsv (path, tab, caption)")
    paths = paths[:limit] if limit else paths
    place = {path.name: i for i, path in enumerate(paths)}
    captions, image_of = [], []
    for line in table.read_text("utf-8").splitlines():
        name, _, caption = line.partition("\t")
        image = place.get(Path(name).name)
        if image is not None:
            captions.append(caption)
            image_of.append(image)
    bare = len(paths) - len(set(image_of))
    if bare:
        raise DataError(f"{table}: {bare} pictures have no caption")
    return Captioned(tuple(paths), tuple(captions), np.array(image_of, np.int64))


def split(count: int, held_out: int, seed: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Sorted indices of training and held-out pictures, the same for the same numbers.

    Raises:
        DataError: nothing would be left to train on.
    """
    if held_out >= count:
        raise DataError(f"{count} pictures, of which {held_out} are held out: none to train on")
    order = np.random.default_rng(seed).permutation(count)
    return np.sort(order[held_out:]), np.sort(order[:held_out])
