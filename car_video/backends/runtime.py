"""What a back end has to offer."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from car_video.backends.catalog import Backend
from car_video.models.encoder import ImageEncoder

MODEL = "model.onnx"
"""File of an exported network."""


class Runtime(Protocol):
    """Opens exported networks, and quantises them."""

    def version(self) -> str:
        """Of the libraries: what is made by one is not used by another."""
        ...

    def open(self, folder: Path, threads: int) -> ImageEncoder:
        """An encoder from a folder that :func:`~car_video.backends.export.export` or
        :meth:`quantise` has filled.

        Args:
            folder: of the cache.
            threads: to compute with.
        """
        ...

    def quantise(self, folder: Path, samples: Sequence[NDArray[np.float32]], out: Path) -> None:
        """Fill a folder with the network in int8.

        Args:
            folder: with the exported network.
            samples: prepared pictures [1, 3, H, W], by which activations are scaled.
            out: empty.
        """
        ...


def runtime_of(backend: Backend) -> Runtime:
    """The runtime of a back end; its libraries are imported now."""
    found: Runtime = import_module(backend.module).RUNTIME
    return found
