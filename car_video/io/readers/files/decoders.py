"""Decoders of other libraries that give a file's pictures by number: decord and torchcodec.

Both are optional. Numbers and times of the frames always come from PyAV's index of the file's
packets, so that they are the same whichever library decodes.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, Protocol, get_args

import numpy as np
from numpy.typing import NDArray

from car_video.errors import ConfigError, SourceError
from car_video.io.readers.base import UndecodableError

DecoderName = Literal["pyav", "decord", "torchcodec"]


class NumberedPictures(Protocol):
    """The pictures of one video stream by their place in order of presentation."""

    def __len__(self) -> int: ...

    def picture(self, index: int) -> NDArray[np.uint8]:
        """Upright RGB, uint8 [H, W, 3].

        Raises:
            UndecodableError: the library cannot decode it.
        """
        ...


class DecordPictures:
    """By ``decord.VideoReader``, on the CPU."""

    def __init__(self, path: Path, stream: int) -> None:
        try:
            import decord
        except ImportError:
            raise _missing("decord") from None
        try:
            self._reader = decord.VideoReader(str(path.absolute()), ctx=decord.cpu(0))
        except Exception as error:  # DECORDError has no base of its own
            raise _refused("decord", path) from error

    def __len__(self) -> int:
        return len(self._reader)

    def picture(self, index: int) -> NDArray[np.uint8]:
        try:
            image: NDArray[np.uint8] = self._reader[index].asnumpy()
        except Exception as error:
            raise UndecodableError(f"decord: {error}") from error
        if image.shape[2] != 3:  # decord 0.6 gives turned pictures of some widths padded rows
            raise UndecodableError(f"decord: a picture of shape {image.shape}")
        return image


class TorchcodecPictures:
    """By ``torchcodec.decoders.VideoDecoder``, on the CPU; needs FFmpeg's libraries."""

    def __init__(self, path: Path, stream: int) -> None:
        try:
            from torchcodec.decoders import VideoDecoder
        except ImportError:
            raise _missing("torchcodec") from None
        except (RuntimeError, OSError) as error:
            raise ConfigError(
                "torchcodec cannot be loaded: install FFmpeg (apt install ffmpeg), or use pyav"
            ) from error
        try:
            self._decoder: Any = VideoDecoder(
                str(path.absolute()), stream_index=stream, dimension_order="NHWC"
            )
        except (RuntimeError, ValueError) as error:
            raise _refused("torchcodec", path) from error

    def __len__(self) -> int:
        return len(self._decoder)

    def picture(self, index: int) -> NDArray[np.uint8]:
        try:
            image: NDArray[np.uint8] = self._decoder[index].numpy()
        except (RuntimeError, IndexError) as error:
            raise UndecodableError(f"torchcodec: {error}") from error
        return image


OTHER_DECODERS: dict[str, Callable[[Path, int], NumberedPictures]] = {
    "decord": DecordPictures,
    "torchcodec": TorchcodecPictures,
}
"""Called with the file and the number of its stream among all streams of the container."""


def check_decoder(name: str) -> None:
    """Raises ConfigError where there is no decoder of this name."""
    known = get_args(DecoderName)
    if name not in known:
        raise ConfigError(f"decoder is '{name}': choose from {', '.join(known)}")


def _missing(name: str) -> ConfigError:
    return ConfigError(f"{name} is not installed: pip install 'car-video[{name}]', or use pyav")


def _refused(name: str, path: Path) -> SourceError:
    return SourceError(f"{path}: {name} cannot read this file; use the decoder pyav")
