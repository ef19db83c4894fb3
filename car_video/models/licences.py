"""What ships with the package, under which licences, and what it was trained on."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources

import yaml


@dataclass(frozen=True)
class TrainingData:
    """A data set that weights were fitted to.

    Attributes:
        name: as in NOTICE.
        terms: under which it is given out, in short.
    """

    name: str
    terms: str


@dataclass(frozen=True)
class ShippedPart:
    """A part of the shipped weights.

    Attributes:
        what: it is.
        files: in ``car_video/weights`` that hold it.
        licence: of the weights, as an SPDX name where there is one.
        by: whose they are.
        data: what they were trained on; empty where nothing was trained.
    """

    what: str
    files: tuple[str, ...]
    licence: str
    by: str
    data: tuple[TrainingData, ...]


def shipped_parts() -> tuple[ShippedPart, ...]:
    """All parts of the shipped weights, from ``weights/licences.yaml``."""
    text = resources.files("car_video.weights").joinpath("licences.yaml").read_text("utf-8")
    return tuple(
        ShippedPart(
            row["what"],
            tuple(row["files"]),
            row["licence"],
            row["by"],
            tuple(TrainingData(**one) for one in row["data"]),
        )
        for row in yaml.safe_load(text)
    )
