"""OpenEXR: a sequence with one layer per object, and the ids of Cryptomatte.

``R``, ``G``, ``B``, ``A`` are the matte of all objects, ``mask1_the_dog.A`` that of the first
one, also where another object hides it. ``CryptoObject00`` has what is seen, for pickers of
Cryptomatte (specification 1.2.0, https://github.com/Psyop/Cryptomatte): id and share of the
best object at each pixel.
"""

from __future__ import annotations

import errno
import json
import os
import re
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from car_video.io.exports.finished_run import FinishedRun
from car_video.io.exports.names import file_names
from car_video.io.exports.options import ExportOptions
from car_video.io.exports.pictures import find_timecode
from car_video.io.exports.timecode import advance, parts
from car_video.io.exports.visible import visible_masks

LAYER = "CryptoObject"

_LAST_FRAME = 29
"""The largest number of a frame that a timecode of OpenEXR holds."""


def write(run: FinishedRun, target: Path, options: ExportOptions) -> list[str]:
    """See :class:`~car_video.io.exports.export.Write`."""
    import OpenEXR

    target.mkdir()
    layers = layer_names(run.expressions)
    ids = [crypto_id(text) for text in run.expressions]
    header: dict[str, Any] = {
        "compression": OpenEXR.ZIP_COMPRESSION,
        "type": OpenEXR.scanlineimage,
        "framesPerSecond": run.rate,
        **crypto_header(run.expressions),
    }
    timecode = find_timecode(run, options.source)
    lost = timecode is not None and round(run.rate) > _LAST_FRAME + 1
    if lost:
        timecode = None
    numbers, first = run.numbers(options.start_number), run.entries[0].index
    for number, prediction in zip(numbers, run.predictions(one_size="exr"), strict=True):
        everything = np.asarray(prediction.masks.any(axis=0), np.float16)
        channels: dict[str, NDArray[Any]] = dict.fromkeys("RGBA", everything)
        for layer, mask in zip(layers, prediction.masks, strict=True):
            channels[f"{layer}.A"] = mask.astype(np.float16)
        channels |= _crypto_channels(prediction.masks.shape[1:], visible_masks(prediction), ids)
        if timecode is not None:
            now = advance(timecode, prediction.index - first, run.rate)
            header["timeCode"] = _timecode(OpenEXR.TimeCode(), now)
        with OpenEXR.File(header, channels) as file:
            _write_file(file, target / f"{number:05d}.exr")
    if lost:
        return [
            f"timecodes of OpenEXR count to frame {_LAST_FRAME}: none is written at "
            f"{run.rate} pictures per second"
        ]
    return []


def _write_file(file: Any, path: Path) -> None:
    """Raises OSError where OpenEXR has only words for what the system said."""
    try:
        file.write(str(path))
    except RuntimeError as error:
        known = (number for number in errno.errorcode if os.strerror(number) in str(error))
        number = next(known, errno.EIO)
        raise OSError(number, os.strerror(number), str(path)) from error


def layer_names(expressions: tuple[str, ...]) -> list[str]:
    """Names that every compositing program takes: ASCII letters, digits and ``_``."""
    return ["mask" + re.sub(r"[^A-Za-z0-9_]+", "", name) for name in file_names(expressions)]


def _timecode(empty: Any, text: str) -> Any:
    empty.hours, empty.minutes, empty.seconds, empty.frame, empty.dropFrame = parts(text)
    return empty


def crypto_id(name: str) -> int:
    """The bits of the float32 that is the id of a name: MurmurHash3 of its UTF-8.

    Where they are those of a special number the exponent is changed by one.
    """
    import mmh3

    bits = mmh3.hash(name.encode("utf-8"), 0, signed=False)
    exponent = min(max(bits >> 23 & 255, 1), 254)
    return int(bits & ~(255 << 23) | exponent << 23)


def crypto_header(expressions: tuple[str, ...]) -> dict[str, str]:
    """What tells a picker which id has which name."""
    import mmh3

    key = f"cryptomatte/{mmh3.hash(LAYER, 0, signed=False):08x}"[:19]  # seven digits
    manifest = {name: f"{crypto_id(name):08x}" for name in expressions}
    return {
        f"{key}/name": LAYER,
        f"{key}/hash": "MurmurHash3_32",
        f"{key}/conversion": "uint32_to_float32",
        f"{key}/manifest": json.dumps(manifest),
    }


def _crypto_channels(
    shape: tuple[int, ...], masks: Any, ids: list[int]
) -> dict[str, NDArray[np.float32]]:
    best, share = np.zeros(shape, np.uint32), np.zeros(shape, np.float32)
    for query, mask in masks:
        best[mask], share[mask] = ids[query], 1.0
    ids_seen, none = best.view(np.float32), np.zeros(shape, np.float32)
    return {
        f"{LAYER}00.{channel}": values
        for channel, values in zip("RGBA", (ids_seen, share, none, none), strict=True)
    }
