"""COCO segmentations (run-length codes, polygons), checked before they reach the C decoder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pycocotools import mask as coco_mask

from car_video.errors import DataError
from car_video.io.rle import decode_rle

_WANTED = "want null, a list of polygons [[x, y, x, y, x, y, ...], ...] or COCO RLE"
_REACH = 2
"""Coordinates may lie this many picture sides away. The C decoder walks every edge pixel by
pixel, so coordinates far outside the picture would take all memory."""


def decode(segmentation: Any, size: tuple[int, int], where: str) -> NDArray[np.bool_]:
    """bool [H, W] of an RLE (compressed or not), a list of polygons, or None (an empty mask).

    Args:
        segmentation: ``{"size": [h, w], "counts": str | list}``, a list of polygons (an empty
            one is an empty mask), or None.
        size: height and width that it must have.
        where: file and entry, for the message.

    Raises:
        DataError: another size, or something that is no segmentation. Nothing that cannot be
            read is taken for an empty mask.
    """
    if segmentation is None:
        return np.zeros(size, bool)
    try:
        if isinstance(segmentation, Mapping):
            return _decode_runs(segmentation, size)
        if isinstance(segmentation, list | tuple):
            return _decode_polygons(segmentation, size)
        reason = f"no segmentation; {_WANTED}"
    except (KeyError, IndexError, TypeError, ValueError, OverflowError) as error:
        reason = f"malformed segmentation ({_text(error)}); {_WANTED}"
    except DataError as error:
        reason = f"{error}; write the prediction anew"
    raise DataError(f"{where}: {reason}")


def segmentation_of(record: Mapping[str, Any], where: str) -> Any:
    """The entry ``segmentation`` of a record, which may be null but not left out.

    Raises:
        DataError: there is none.
    """
    if "segmentation" not in record:
        found = ", ".join(map(str, list(record)[:6])) or "nothing"
        raise DataError(
            f"{where}: no entry 'segmentation', only {found}; null is an empty mask"
        )
    return record["segmentation"]


def encode(mask: NDArray[np.bool_]) -> dict[str, Any]:
    """``{"size": [h, w], "counts": str}`` of a bool [H, W] mask."""
    rle = coco_mask.encode(np.asfortranarray(mask.astype(np.uint8)))
    return {
        "size": [int(side) for side in rle["size"]],
        "counts": rle["counts"].decode("ascii"),
    }


def _decode_runs(code: Mapping[str, Any], size: tuple[int, int]) -> NDArray[np.bool_]:
    found = list(code["size"])
    if len(found) != 2 or not all(_is_number(side) and side == int(side) for side in found):
        raise ValueError(f"size {found!r} is not [height, width]")
    if (int(found[0]), int(found[1])) != size:
        raise DataError(
            f"mask of {found[1]}x{found[0]} for a picture of {size[1]}x{size[0]}; resize the "
            f"prediction (nearest neighbour)"
        )
    return decode_rle(code)


def _decode_polygons(polygons: Sequence[Any], size: tuple[int, int]) -> NDArray[np.bool_]:
    """The union of the polygons' insides.

    Raises:
        ValueError: a polygon that is none. pycocotools would read four numbers as a box and
            skip what it does not know.
    """
    if not polygons:
        return np.zeros(size, bool)
    if all(_is_number(value) for value in polygons):
        kind = "a box" if len(polygons) == 4 else "a flat polygon"
        raise ValueError(f"{kind} of {len(polygons)} numbers where a list of polygons belongs")
    for number, polygon in enumerate(polygons, 1):
        _check_polygon(polygon, f"polygon {number}", _REACH * max(size))
    codes = coco_mask.frPyObjects([[float(v) for v in polygon] for polygon in polygons], *size)
    return decode_rle(coco_mask.merge(codes))


def _check_polygon(polygon: Any, name: str, reach: int) -> None:
    if not isinstance(polygon, list | tuple):
        raise ValueError(f"{name} is {polygon!r:.40}, no list of numbers")
    if any(isinstance(value, list | tuple) for value in polygon):
        raise ValueError(f"{name} is nested too deep; write x, y, x, y, ...")
    if not all(_is_number(value) for value in polygon):
        raise ValueError(f"{name} holds something that is no number")
    if len(polygon) == 4:
        raise ValueError(f"{name} has 4 numbers, a box; boxes are not scored")
    if len(polygon) < 6 or len(polygon) % 2:
        raise ValueError(f"{name} has {len(polygon)} numbers, want pairs, three at least")
    if not all(abs(value) <= reach for value in polygon):  # False for NaN too
        raise ValueError(f"{name} is far outside of its picture")


def _is_number(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool)


def _text(error: Exception) -> str:
    """The error in one line; of a missing key, that it is missing."""
    if isinstance(error, KeyError):
        return f"no entry {error}"
    return " ".join(str(error).split()) or type(error).__name__
