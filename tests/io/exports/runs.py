"""Small finished runs: real folders, with masks that are hard for formats."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from car_video.io.writers import OutputFolder, Outputs
from car_video.types import FramePrediction
from tests.io.writers.media import frame, info

HEIGHT, WIDTH = 48, 64
NAMES = ("the dog", 'a "red" <hat> & é漢: [x], #1')
"""The second is what XML, YAML, JSON, shells and file systems might choke on."""


def masks_of(index: int, height: int = HEIGHT, width: int = WIDTH) -> np.ndarray:
    """bool [2, H, W]: a disc with a hole that moves, overlapped by a ragged shape of two parts.

    The second is away in every third frame, the first touches the left border at first.
    """
    y, x = np.mgrid[:height, :width]
    away = (y - 22) ** 2 + (x - 12 - 3 * index) ** 2
    ring = (away < 15**2) & (away >= 4**2)
    speckle = np.random.default_rng(index).random((height, width)) < 0.8
    ragged = (np.abs(x - 30) < 9) & (np.abs(y - 12) < 8) & speckle
    ragged[40:44, 50:60] = True
    if index % 3 == 0:
        ragged[:] = False
    return np.stack([ring, ragged])


def prediction_of(
    index: int, fps: float = 25.0, names: Sequence[str] = NAMES, **size: int
) -> FramePrediction:
    masks = masks_of(index, **size)[: len(names)]
    present = masks.any(axis=(1, 2))
    scores = np.where(present, np.linspace(0.9, 0.6, len(names)), 0.25).astype(np.float32)
    return FramePrediction(index, index / fps, tuple(names), masks, scores, present)


def make_run(
    out: Path,
    /,
    indices: Sequence[int] = (0, 1, 2, 3),
    names: Sequence[str] = NAMES,
    complete: bool = True,
    save: Sequence[str] = ("json", "masks"),
    sizes: Sequence[dict[str, int]] = (),
    **changes: object,
) -> Path:
    """The folder of a run, as car-video writes it."""
    fps = float(changes.get("fps", 25.0))  # type: ignore[arg-type]
    folder = OutputFolder.open(out, info(**{"expressions": tuple(names), **changes}))
    outputs = Outputs(folder, save)
    for place, index in enumerate(indices):
        size = sizes[place] if sizes else {}
        outputs.write(
            frame(index, fps=fps, **size), prediction_of(index, fps, names=names, **size)
        )
    outputs.close(complete)
    return out


def visible_masks(index: int) -> np.ndarray:
    """bool [2, H, W]: what of the masks is seen, as the better score hides the other."""
    labels = prediction_of(index).label_map()
    return np.stack([labels == 1, labels == 2])
