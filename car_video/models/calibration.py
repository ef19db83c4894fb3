"""Which calibration a model is used with. Needs no torch."""

from __future__ import annotations

import os
from importlib import resources
from pathlib import Path

from car_video.config.calibration import Calibration, cached_file, read_calibration
from car_video.errors import ModelError
from car_video.models.catalog import check_name

DEFAULTS = Calibration()


def find_calibration(model: str, wanted: str = "auto") -> Calibration:
    """The calibration of a model; :data:`DEFAULTS` where it has none.

    Args:
        model: its name.
        wanted: ``segment.calibration``: auto, none or the path of a file. "auto" prefers what
            the user has made to what ships.

    Raises:
        ConfigError: the file is missing, damaged or of another model.
    """
    if wanted == "none":
        return DEFAULTS
    if wanted != "auto":
        return read_calibration(Path(os.path.expanduser(wanted)), model)
    own = cached_file(model)
    if own.is_file():
        return read_calibration(own, model)
    return _shipped(model) or DEFAULTS


def _shipped(model: str) -> Calibration | None:
    try:
        name = check_name(model).calibration
    except ModelError:  # a model that a program has made itself
        return None
    if not name:
        return None
    return read_calibration(Path(str(resources.files("car_video.weights") / name)), model)
