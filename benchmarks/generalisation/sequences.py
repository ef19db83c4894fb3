"""Frames, masks and sentences of ``ref-video-dev``, read from where they lie."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from car_video import Frame, read_frames

KINDS = ("noun", "attribute", "action", "context")
"""Kinds of sentences; every object has one of each."""

RATE = 24.0
"""Frames per second of all sequences, as the set's README says."""


@dataclass(frozen=True)
class Target:
    """One annotated object.

    Attributes:
        number: its id in the masks.
        extent: ``thing``, or ``pair`` where the mask holds rider and vehicle.
        sentences: by kind.
    """

    number: int
    extent: str
    sentences: dict[str, str]


@dataclass(frozen=True)
class VideoSequence:
    """One sequence.

    Attributes:
        name: of the sequence.
        group: sequences of one group resemble each other; folds keep them together.
        targets: in the order of their ids.
        absent: sentences that name nothing in it, by ``near`` and ``far``.
        entry: the record of ``sentences.json``.
        data: folder that holds ``ref-video-dev`` and ``ref-davis-dev``.
        step: every ``step``-th frame is taken.
        most: so many of those and no more; None: all.
    """

    name: str
    group: str
    targets: tuple[Target, ...]
    absent: dict[str, str]
    entry: dict[str, Any]
    data: Path
    step: int = 1
    most: int | None = None

    def frames(self) -> Iterator[Frame]:
        """The frames, with the times that they have in the whole sequence."""
        return islice(self._all_frames(), self.most)

    def _all_frames(self) -> Iterator[Frame]:
        if self._older:
            files = sorted((self._davis / "JPEGImages" / "480p" / self.name).glob("*.jpg"))
            for index in range(0, len(files), self.step):
                with Image.open(files[index]) as picture:
                    pixels = np.asarray(picture.convert("RGB"))
                yield Frame(index, index / RATE, pixels)
        else:
            file = self.data / "ref-video-dev" / "videos" / f"{self.name}.mp4"
            yield from read_frames(file, stride=self.step)

    @cached_property
    def masks(self) -> NDArray[np.uint8]:
        """uint8 [T, H, W]: ids of the objects in every frame that :meth:`frames` gives."""
        if self._older:
            files = sorted((self._davis / "Annotations" / "480p" / self.name).glob("*.png"))
            return np.stack([_labels(file) for file in files[:: self.step][: self.most]])
        with zipfile.ZipFile(
            self.data / "ref-video-dev" / "masks" / f"{self.name}.zip"
        ) as archive:
            names = sorted(name for name in archive.namelist() if name.endswith(".png"))
            taken = names[:: self.step][: self.most]
            return np.stack([_labels(io.BytesIO(archive.read(name))) for name in taken])

    @property
    def _older(self) -> bool:
        return bool(self.entry["frames_in"] == "ref-davis-dev")

    @property
    def _davis(self) -> Path:
        return self.data / "ref-davis-dev"


def load_sequences(data: Path, step: int = 1) -> list[VideoSequence]:
    """All sequences of the set below ``data``, by name.

    Raises:
        FileNotFoundError: the set is not there.
    """
    record = json.loads((data / "ref-video-dev" / "sentences.json").read_text("utf-8"))
    made = []
    for name, entry in sorted(record["sequences"].items()):
        targets = tuple(
            Target(int(number), found["extent"], {kind: found[kind] for kind in KINDS})
            for number, found in sorted(entry["objects"].items(), key=lambda item: int(item[0]))
        )
        made.append(
            VideoSequence(name, entry["group"], targets, entry["absent"], entry, data, step)
        )
    return made


def _labels(file: Path | io.BytesIO) -> NDArray[np.uint8]:
    with Image.open(file) as picture:
        return np.asarray(picture, np.uint8)
