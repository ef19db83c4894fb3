"""The training data: folders of pictures with captions, and the split by picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from car_video.errors import DataError


@dataclass(frozen=True)
class Captioned:
    """Pictures with captions, of one folder or of several.

    Attributes:
        paths: pictures; those of a folder are sorted by name.
        captions: all of them, in the order of the files.
        image_of: int64 [captions]: which picture each is of.
        counts: pictures of each folder.
        labels: for each picture the numbers of the COCO categories that it is known to show;
            empty where nothing is known.
    """

    paths: tuple[Path, ...]
    captions: tuple[str, ...]
    image_of: NDArray[np.int64]
    counts: tuple[int, ...]
    labels: tuple[tuple[int, ...], ...]

    def captions_of(self, known: NDArray[np.bool_]) -> NDArray[np.int64]:
        """Which captions are of pictures that are marked in bool [pictures]."""
        return np.flatnonzero(known[self.image_of])

    def with_captions(self, some: NDArray[np.int64]) -> Captioned:
        """All pictures, with some of the captions."""
        captions = tuple(self.captions[i] for i in some)
        return replace(self, captions=captions, image_of=self.image_of[some])


def read_photos(folders: Sequence[Path], limit: int = 0, captions: int = 0) -> Captioned:
    """Read several folders, one after the other; see :func:`read_captioned`.

    Args:
        folders: of the data sets, at least one.
        limit: only the first so many pictures of each, 0 for all.
        captions: only the first so many captions of each picture, 0 for all.
    """
    parts = [read_captioned(folder, limit, captions) for folder in folders]
    starts = np.cumsum([0, *(len(part.paths) for part in parts[:-1])])
    images = [part.image_of + start for part, start in zip(parts, starts, strict=True)]
    return Captioned(
        tuple(path for part in parts for path in part.paths),
        tuple(caption for part in parts for caption in part.captions),
        np.concatenate(images),
        tuple(len(part.paths) for part in parts),
        tuple(labels for part in parts for labels in part.labels),
    )


def read_captioned(folder: Path, limit: int = 0, most: int = 0) -> Captioned:
    """Read ``images/*.jpg``, ``captions.tsv`` (path, tab, caption) and, where it is there,
    ``labels.tsv`` (path, tab, numbers of COCO categories).

    Args:
        folder: of the data set.
        limit: only the first so many pictures, 0 for all.
        most: only the first so many captions of each picture, 0 for all.

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
    counts = [0] * len(paths)
    for name, caption in _rows(table):
        image = place.get(Path(name).name)
        if image is not None and not 0 < most <= counts[image]:
            counts[image] += 1
            captions.append(caption)
            image_of.append(image)
    bare = counts.count(0)
    if bare:
        raise DataError(f"{table}: {bare} pictures have no caption")
    labels: list[tuple[int, ...]] = [()] * len(paths)
    if (folder / "labels.tsv").is_file():
        for name, numbers in _rows(folder / "labels.tsv"):
            image = place.get(Path(name).name)
            if image is not None:
                labels[image] = tuple(map(int, numbers.split()))
    return Captioned(
        tuple(paths),
        tuple(captions),
        np.array(image_of, np.int64),
        (len(paths),),
        tuple(labels),
    )


def split(
    counts: Sequence[int], held_out: int, seed: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Sorted indices of training and held-out pictures, the same for the same numbers.

    Args:
        counts: pictures of each folder.
        held_out: of each folder.
        seed: of the draw.

    Raises:
        DataError: nothing would be left to train on.
    """
    train, held, start = [], [], 0
    for count in counts:
        if held_out >= count:
            raise DataError(
                f"{count} pictures, of which {held_out} are held out: none to train on"
            )
        order = np.random.default_rng(seed).permutation(count) + start
        train.append(np.sort(order[held_out:]))
        held.append(np.sort(order[:held_out]))
        start += count
    return np.concatenate(train), np.concatenate(held)


def _rows(table: Path) -> list[tuple[str, str]]:
    """The two columns of a file."""
    rows = (line.partition("\t") for line in table.read_text("utf-8").splitlines())
    return [(name, rest) for name, _, rest in rows]
