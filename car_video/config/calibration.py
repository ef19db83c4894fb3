"""A model's calibration: what makes its evidence the log-odds of being right.

Evidence z of a region for a query is a margin over everything that opposes the query, in
standard deviations of the similarities with everyday phrases (docs/method.md#evidence). So z
has no scale. How sure one may be at a given z still differs from model to model::

    log-odds = slope * z + offset

``car-eval calibrate`` fits both on regions with known names and writes them to a JSON file.
"""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from car_video.config import number_files as files
from car_video.config.cache import cache_folder
from car_video.errors import ConfigError

POOLED_SLOPE = 3.5
"""Log-odds per standard deviation where a model has no calibration. Thresholds were set with
log-odds of 2.85 per standard deviation of all cells of a picture. In regions pooled from cells
phrases lie further apart: their evidence is 0.81 as many of their own standard deviations
(least squares over six frames of each of the 31 sequences of ref-video-dev)."""

FORM = 1
"""Of the file."""


@dataclass(frozen=True)
class ReliabilityBin:
    """Pairs of a region and a phrase with about the same probability.

    Attributes:
        probability: their mean, as the calibration says.
        right: share of them, positive and negative pairs weighing the same in the whole data,
            in which the region is what the phrase names.
        pairs: how many there are.
    """

    probability: float
    right: float
    pairs: int


@dataclass(frozen=True)
class Calibration:
    """Slope and offset, and where they come from.

    Attributes:
        model: whose; empty for the defaults.
        slope: log-odds per standard deviation, above 0.
        offset: log-odds at no evidence.
        fitted: False where slope and offset were set and only the curve was measured.
        made: the date.
        data: what it was fitted on.
        pictures, positive, negative: how many, and pairs of a region with its name and with
            another one.
        log_loss: per pair in nats, positive and negative pairs weighing the same; of pictures
            that took no part in the fit. 0.693 is that of a coin.
        curve: reliability on the same pictures, by rising probability.
        centre: mean embedding of pictures, as the proposer pools them; Grad-CAM's cosines are
            of what lies beyond it. Empty: of the whole embedding, as CaR has it.
    """

    model: str = ""
    slope: float = POOLED_SLOPE
    offset: float = 0.0
    fitted: bool = False
    made: str = ""
    data: str = ""
    pictures: int = 0
    positive: int = 0
    negative: int = 0
    log_loss: float | None = None
    curve: tuple[ReliabilityBin, ...] = ()
    centre: tuple[float, ...] = ()

    @property
    def is_default(self) -> bool:
        """Whether it changes nothing."""
        return self.slope == POOLED_SLOPE and self.offset == 0

    def log_odds(self, default_odds: Any) -> Any:
        """Calibrated log-odds of an array or tensor of log-odds by the pooled defaults.

        The defaults give them back as they are.
        """
        if self.is_default:
            return default_odds
        return default_odds * (self.slope / POOLED_SLOPE) + self.offset

    def save(self, path: Path) -> None:
        """Write it whole or not at all."""
        text = json.dumps({"form": FORM, **dataclasses.asdict(self)}, indent=1)
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(path.name + ".part")
        part.write_text(text + "\n", "utf-8")
        part.replace(path)


def read_calibration(path: Path, model: str) -> Calibration:
    """The calibration of a model from a file.

    Raises:
        ConfigError: no such file, damaged, or of another model.
    """
    again = f"make it anew: car-eval calibrate {model} --data DIR --out {path}"
    found = files.read_number_file(path, "calibration file", FORM, _from_mapping, again)
    if file_stem(found.model) != file_stem(model):
        raise ConfigError(
            f"calibration '{path}' is of model {found.model!r}, not of {model!r}; name another "
            f"or {again}"
        )
    return found


def cached_file(model: str) -> Path:
    """Where a model's own calibration is looked for, and put."""
    return cache_folder() / "calibration" / f"{file_stem(model)}.json"


def file_stem(model: str) -> str:
    """A model's name as that of a file; of a weights file its own name counts, not its folder.

    Example:
        >>> file_stem("ViT-B-16:my/clip.safetensors")
        'ViT-B-16--clip.safetensors'
    """
    architecture, _, weights = model.partition(":")
    name = f"{architecture}--{Path(weights).name}" if weights else architecture
    return re.sub(r"[^\w.+-]", "_", name)


def _from_mapping(data: Mapping[str, Any]) -> Calibration:
    """Raises ValueError or KeyError for what is no calibration."""
    if "deviation" in data:  # files from when it differed from model to model
        raise ValueError("made with a measure of evidence that is no longer taken")
    slope, offset = files.line(data)
    return Calibration(
        model=files.text(data, "model"),
        slope=slope,
        offset=offset,
        fitted=data["fitted"] is True,
        made=date.fromisoformat(files.text(data, "made")).isoformat(),
        data=files.text(data, "data"),
        pictures=files.whole(data, "pictures"),
        positive=files.whole(data, "positive"),
        negative=files.whole(data, "negative"),
        log_loss=files.number(data, "log_loss", 0),
        curve=tuple(
            _bin(files.as_object(one, "curve")) for one in files.entries(data, "curve")
        ),
        centre=tuple(files.numbers(data, "centre")) if "centre" in data else (),
    )


def _bin(data: Mapping[str, Any]) -> ReliabilityBin:
    probability, right = (files.number(data, key, 0, 1) for key in ("probability", "right"))
    return ReliabilityBin(probability, right, files.whole(data, "pairs"))
