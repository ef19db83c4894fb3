"""``Continuity``: what goes on from a corrected frame, what is carried or what stood there.

What was right on one frame moves with the picture to the next one. A correction is carried so
far as it goes on better in that way than the result that stands there: one that was right all
along is not exchanged for something that has lost a part of the thing, or has slipped off it.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from car_video.video.correction.answers import mask_iou, same_thing
from car_video.video.tracking.mask_tensors import move
from car_video.video.tracking.motion import QUICK, block_flow


class Continuity:
    """The mask of the last frame on the way, and where the picture has moved it to.

    Args:
        thumbnail: uint8 [h, w, 3] of the corrected frame.
        mask: bool [H, W] of it.
    """

    def __init__(self, thumbnail: NDArray[np.uint8], mask: NDArray[np.bool_]) -> None:
        self._thumbnail, self._mask = thumbnail, mask
        self._expected = mask

    def move(self, thumbnail: NDArray[np.uint8]) -> None:
        """To the next frame, of the same size: its thumbnail uint8 [h, w, 3]."""
        flow = torch.from_numpy(block_flow(self._thumbnail, thumbnail, config=QUICK))
        rows, columns = self._mask.shape
        last = torch.from_numpy(np.ascontiguousarray(self._mask)).float() - 0.5
        self._expected = np.asarray(move(last[None, None], flow, (rows, columns))[0, 0] > 0)
        self._thumbnail = thumbnail

    def stays(self, standing: NDArray[np.bool_], carried: NDArray[np.bool_]) -> bool:
        """Whether the result that stands goes on at least as well as what is carried.

        By IoU with what is expected; what has nothing in common with that does not go on.
        Where the carried thing is lost, it is enough that the standing result is of the
        expected one.

        Args:
            standing: bool [H, W]; may be empty.
            carried: bool [H, W]; may be empty.
        """
        if not carried.any():
            return same_thing(standing, self._expected)
        known, own = (mask_iou(one, self._expected) for one in (standing, carried))
        return known > 0 and known >= own

    def keep(self, mask: NDArray[np.bool_]) -> None:
        """The mask bool [H, W] that the frame has now; empty: the thing is not to be seen."""
        self._mask = mask if mask.any() else self._expected
