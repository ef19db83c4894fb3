"""Corrections from and to JSON files (docs/corrections.md)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pycocotools import mask as coco

from car_video.corrections import Correction
from car_video.errors import CorrectionError, DataError
from car_video.io.formats import palette_labels
from car_video.io.rle import decode_rle

KEYS = ("frame", "query", "points", "box", "mask", "absent", "mends")


def read_corrections(path: str | Path) -> list[Correction]:
    """Corrections of a file: ``{"corrections": [...]}``, or the list alone.

    Each is an object with the fields of :class:`~car_video.corrections.Correction`. ``mask`` is
    a COCO run-length code (``{"size": [h, w], "counts": ...}``) as in ``predictions.json``, or
    the name of a black and white picture, relative to the file.

    Raises:
        CorrectionError: the file cannot be read, or anything in it is not that; one line.
    """
    path = Path(path)
    try:
        text = path.read_bytes()
    except OSError as error:
        raise CorrectionError(f"{path}: {error.strerror or error}") from None
    if not text.strip():
        raise CorrectionError(f"{path} is empty; docs/corrections.md shows what goes into it")
    try:
        given = json.loads(text)
    except (ValueError, RecursionError) as error:
        reason = " ".join(str(error).split())
        raise CorrectionError(f"{path} is no JSON: {reason}") from None
    entries = given.get("corrections") if isinstance(given, dict) else given
    if not isinstance(entries, list):
        raise CorrectionError(
            f'{path}: want {{"corrections": [...]}}, a list of objects with frame and query'
        )
    if not entries:
        raise CorrectionError(f"{path} holds no correction")
    return [_correction(entry, path, place) for place, entry in enumerate(entries, start=1)]


def as_entries(corrections: Sequence[Correction]) -> list[dict[str, Any]]:
    """Plain data for JSON, which :func:`read_corrections` reads; masks as run-length codes."""
    return [_entry(correction) for correction in corrections]


def _entry(correction: Correction) -> dict[str, Any]:
    entry: dict[str, Any] = {"frame": correction.frame, "query": correction.query}
    if correction.points:
        entry["points"] = [list(point) for point in correction.points]
    if correction.box is not None:
        entry["box"] = list(correction.box)
    if correction.mask is not None:
        code = coco.encode(np.asfortranarray(correction.mask, np.uint8))
        size = [int(side) for side in code["size"]]
        entry["mask"] = {"size": size, "counts": code["counts"].decode("ascii")}
    if correction.absent:
        entry["absent"] = True
    if correction.mends:
        entry["mends"] = True
    return entry


def _correction(entry: Any, path: Path, place: int) -> Correction:
    where = f"{path}, correction {place}"
    if not isinstance(entry, dict):
        raise CorrectionError(
            f"{where}: want an object with frame and query, got {entry!r:.40}"
        )
    unknown = [key for key in entry if key not in KEYS]
    if unknown:
        raise CorrectionError(f"{where}: unknown '{unknown[0]}'; known are {', '.join(KEYS)}")
    missing = [key for key in ("frame", "query") if key not in entry]
    if missing:
        raise CorrectionError(f"{where}: '{missing[0]}' is missing")
    values = {key: value for key, value in entry.items() if value is not None}
    if "mask" in values:
        values["mask"] = _mask(values["mask"], path.parent, where)
    try:
        return Correction(**values)
    except CorrectionError as error:
        raise CorrectionError(f"{path}: {error}") from None
    except TypeError:  # frame or query is null
        raise CorrectionError(f"{where}: frame and query must have values") from None


def _mask(value: Any, folder: Path, where: str) -> NDArray[np.bool_]:
    if isinstance(value, str):
        file = folder / value
        try:
            with Image.open(file) as image:
                image.load()
                return palette_labels(image, 1) > 0
        except (OSError, SyntaxError, ValueError, DataError) as error:
            reason = error.strerror if isinstance(error, OSError) else str(error)
            raise CorrectionError(
                f"{where}: '{file}' is no black and white mask picture: {reason or error}"
            ) from None
    try:
        return decode_rle(value)
    except (DataError, KeyError, TypeError, AttributeError):
        raise CorrectionError(
            f'{where}: mask must be {{"size": [h, w], "counts": ...}} or the name of a picture'
        ) from None
