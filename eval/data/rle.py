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
            polygons = [p for p in segmentation if len(p) >= 6]
            if not polygons:
                return np.zeros(size, bool)
            codes = coco_mask.frPyObjects(polygons, height, width)
            return decode_rle(coco_mask.merge(codes))
        else:
            reason = "no segmentation; want null, polygons or COCO RLE"
    except (KeyError, IndexError, TypeError, ValueError, OverflowError) as error:
        reason = f"malformed segmentation ({error!r}); want null, polygons or COCO RLE"
    except DataError as error:
        reason = f"{error}; write the prediction anew"
    raise DataError(f"{where}: {reason}")


def encode(mask: NDArray[np.bool_]) -> dict[str, Any]:
    """``{"size": [h, w], "counts": str}`` of a bool [H, W] mask."""
    rle = coco_mask.encode(np.asfortranarray(mask.astype(np.uint8)))
    return {
        "size": [int(side) for side in rle["size"]],
        "counts": rle["counts"].decode("ascii"),
    }
