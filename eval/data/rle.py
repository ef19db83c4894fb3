"""COCO run-length encoding, checked before it reaches the C decoder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pycocotools import mask as coco_mask

from car_video.errors import DataError
from car_video.io.rle import decode_rle


def decode(segmentation: Any, size: tuple[int, int], where: str) -> NDArray[np.bool_]:
    """bool [H, W] of an RLE (compressed or not), a polygon list, or None (nothing there).

    Args:
        segmentation: ``{"size": [h, w], "counts": str | list}``, a list of polygons, or None.
        size: height and width that it must have.
        where: file and entry, for the message.

    Raises:
        DataError: another size, or something that is no segmentation.
    """
    if segmentation is None:
        return np.zeros(size, bool)
    height, width = size
    try:
        if isinstance(segmentation, Mapping):
            found = tuple(int(side) for side in segmentation["size"])
            if found == size:
                return decode_rle(segmentation)
            reason = (
                f"mask of {found[-1]}x{found[0]} for a picture of {width}x{height}; resize the "
                f"prediction (nearest neighbour)"
            )
        elif isinstance(segmentation, Sequence) and not isinstance(segmentation, str):
            return _decode_polygons(segmentation, size)
        else:
            reason = "no segmentation; want null, polygons or COCO RLE"
    except (KeyError, IndexError, TypeError, ValueError, OverflowError) as error:
        reason = f"malformed segmentation ({error!r}); want null, polygons or COCO RLE"
    except DataError as error:
        reason = f"{error}; write the prediction anew"
    raise DataError(f"{where}: {reason}")


def _decode_polygons(polygons: Sequence[Any], size: tuple[int, int]) -> NDArray[np.bool_]:
    """Union of polygons [x, y, x, y ...]; the C code walks every edge pixel by pixel, so
    coordinates far outside the picture would take all memory."""
    outlines = [np.asarray(polygon, np.float64) for polygon in polygons]
    outlines = [outline for outline in outlines if outline.size >= 6]
    if not outlines:
        return np.zeros(size, bool)
    reach = 2 * max(size)
    if any(o.ndim != 1 or not np.all(np.abs(o) <= reach) for o in outlines):
        raise ValueError("polygon far outside of its picture")
    codes = coco_mask.frPyObjects([o.tolist() for o in outlines], *size)
    return decode_rle(coco_mask.merge(codes))


def encode(mask: NDArray[np.bool_]) -> dict[str, Any]:
    """``{"size": [h, w], "counts": str}`` of a bool [H, W] mask."""
    rle = coco_mask.encode(np.asfortranarray(mask.astype(np.uint8)))
    return {
        "size": [int(side) for side in rle["size"]],
        "counts": rle["counts"].decode("ascii"),
    }
