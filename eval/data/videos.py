"""Sequences of frames with ground truth: the layouts of DAVIS and (Ref-)YouTube-VOS."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from car_video.errors import DataError

from .files import entries, first_existing, inside, need_folder, read_words, subfolders
from .images import read_labels

IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png")


@dataclass(frozen=True)
class Video:
    """One sequence.

    Attributes:
        name: folder name.
        frames: frame names without suffix, in order.
        images: one picture per frame.
        labels: one label-map PNG per frame, or None where the ground truth is hidden.
        binary: the annotation has one object, written as 255 (the form of DAVIS 2016); in
            DAVIS 2017 that value means void.
        movie: file with the pictures, where they are no files of their own; then ``images`` is
            empty, and ``frames`` are numbers of its frames, from 0.
    """

    name: str
    frames: tuple[str, ...]
    images: tuple[Path, ...]
    labels: tuple[Path, ...] | None
    binary: bool = False
    movie: Path | None = None

    def read_labels(self) -> NDArray[np.uint8]:
        """uint8 [T, H, W]: the ground truth; object 1 where the annotation is binary.

        Raises:
            DataError: the ground truth is hidden, or frames differ in size.
        """
        if self.labels is None:
            raise DataError(f"sequence '{self.name}' has no ground truth; it cannot be scored")
        maps = [read_labels(path, "annotation") for path in self.labels]
        for path, labels in zip(self.labels, maps, strict=True):
            if labels.shape != maps[0].shape:
                raise DataError(
                    f"annotation '{path}' is {labels.shape[1]}x{labels.shape[0]}, the first of "
                    f"'{self.name}' {maps[0].shape[1]}x{maps[0].shape[0]}; restore the file"
                )
        stack = np.stack(maps)
        return np.where(stack > 0, 1, 0).astype(np.uint8) if self.binary else stack


VOID = 255
"""Value of the pixels that a DAVIS annotation leaves out."""


def with_object_count(video: Video, wanted: int) -> tuple[Video, int]:
    """The number of annotated objects, and the video with its annotation's form settled.

    The official evaluation counts the objects of the first frame; the other frames are read
    only where ``wanted`` objects have an expression and the first frame shows fewer. A sequence
    whose frames hold nothing but 0 and 255 has one object in the form of DAVIS 2016.

    Args:
        video: with ground truth.
        wanted: highest object id that has an expression.
    """
    assert video.labels is not None
    values = _values(video.labels[:1])
    if max(values - {VOID}, default=0) < wanted:
        values = _values(video.labels)
        if values <= {0, VOID} and VOID in values:
            return replace(video, binary=True), 1
    return video, max(values - {VOID}, default=0)


def _values(paths: Sequence[Path]) -> set[int]:
    """The values that occur in label maps."""
    found: set[int] = set()
    for path in paths:
        found.update(np.unique(read_labels(path, "annotation")).tolist())
    return found


def find_video(
    name: str,
    image_root: Path,
    label_root: Path | None,
    frames: Sequence[str] | None = None,
) -> Video:
    """A sequence from its folders, with every file seen to be there.

    Args:
        name: sequence; a name that leaves the roots is refused.
        image_root: folder of sequence folders with pictures.
        label_root: folder of sequence folders with PNGs, or None.
        frames: names of the frames that count; None takes every picture.

    Raises:
        DataError: a missing folder, picture or annotation.
    """
    folder = need_folder(inside(image_root, name), f"sequence '{name}'")
    pictures = {p.stem: p for p in entries(folder) if p.suffix.lower() in IMAGE_SUFFIXES}
    names = tuple(frames) if frames is not None else tuple(pictures)
    if not names:
        raise DataError(f"sequence '{name}' has no frames in '{folder}'; add its JPEG files")
    for frame in names:
        if frame not in pictures:
            inside(folder, frame)
            raise DataError(f"frame '{frame}' of '{name}' is missing in '{folder}'; restore it")
    labels: tuple[Path, ...] | None = None
    if label_root is not None:
        labels = _label_paths(name, inside(label_root, name), names, strict=frames is None)
    return Video(name, names, tuple(pictures[frame] for frame in names), labels)


def _label_paths(
    name: str, folder: Path, frames: tuple[str, ...], strict: bool
) -> tuple[Path, ...]:
    need_folder(folder, f"ground truth of '{name}'")
    present = {p.stem for p in entries(folder, ".png")}
    for frame in frames:
        if frame not in present:
            raise DataError(f"annotation '{folder / frame}.png' is missing; restore it")
    extra = sorted(present - set(frames))
    if strict and extra:
        raise DataError(
            f"frame '{extra[0]}' of '{name}' has an annotation but no picture; restore the JPEG"
        )
    return tuple(folder / f"{frame}.png" for frame in frames)


def davis_roots(root: Path, task: str) -> tuple[Path, Path]:
    """Folders of pictures and annotations in a DAVIS-2017 tree or its YouTube-VOS-like form.

    The official ``unsupervised`` task has annotations of its own; they are used where present.

    Raises:
        DataError: neither layout is there.
    """
    need_folder(root, "data")
    bases = [root, root / "DAVIS", root / "valid"]
    for base in bases:
        names = ["Annotations_unsupervised"] if task == "unsupervised" else []
        for labels in [*names, "Annotations"]:
            for resolution in ("480p", "Full-Resolution", "."):
                pictures = base / "JPEGImages" / resolution
                if pictures.is_dir() and (base / labels / resolution).is_dir():
                    return pictures, base / labels / resolution
    raise DataError(
        f"'{root}' is no DAVIS-2017 folder: want JPEGImages/480p/<sequence>/ and "
        f"Annotations/480p/<sequence>/ in it"
    )


def sequence_names(root: Path, labels: Path, split: str) -> list[str]:
    """Names of a split: its list in ImageSets where there is one.

    Args:
        split: empty for ``val``, or every annotated folder where there is no such list.

    Raises:
        DataError: the list is empty or holds a name twice, or there is none for ``split``.
    """
    listing = first_existing(
        *(
            inside(base / "ImageSets" / year, f"{split or 'val'}.txt")
            for base in (root, root / "DAVIS")
            for year in ("2017", ".")
        )
    )
    if listing is None and split:
        raise DataError(
            f"no list of sequences for split '{split}' in '{root / 'ImageSets/2017'}'; add "
            f"{split}.txt or choose another --split"
        )
    if listing is None:
        return [path.name for path in subfolders(labels)]
    names = read_words(listing, "list of sequences")
    if not names or len(set(names)) != len(names):
        raise DataError(f"'{listing}' is empty or names a sequence twice; correct the list")
    return names
