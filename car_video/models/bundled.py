"""Weights that ship with the package; each file is checked before it is used."""

from __future__ import annotations

import json
from importlib import resources
from pathlib import Path
from typing import Any

from torch import Tensor

from car_video.config.number_files import read_object
from car_video.errors import ModelError
from car_video.models import int8_weights


def weights_folder() -> Path:
    """Where the bundled weights are."""
    return Path(str(resources.files("car_video.weights")))


def config() -> dict[str, Any]:
    """``lite.json``: sizes and logit scale of ``lite``, SHA-256 of every bundled weight file.

    Raises:
        ModelError: it is not there, or damaged.
    """
    path = weights_folder() / "lite.json"
    try:
        return read_object(path)
    except FileNotFoundError:
        raise ModelError("the bundled model is missing; reinstall car-video") from None
    except (OSError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise ModelError(f"'{path}' is damaged ({reason}); reinstall car-video") from None


def load(file: str) -> dict[str, Tensor]:
    """Float tensors of a bundled weight file, by name.

    Raises:
        ModelError: the file is missing, damaged or not the one that was shipped.
    """
    return int8_weights.load(weights_folder() / file, config()["sha256"][file])


def load_json(file: str) -> dict[str, Any]:
    """A bundled table.

    Raises:
        ModelError: as :func:`load`.
    """
    path = weights_folder() / file
    int8_weights.check(path, config()["sha256"][file])
    return dict(json.loads(path.read_text("utf-8")))
