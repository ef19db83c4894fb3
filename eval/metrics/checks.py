"""Shape checks shared by the pairwise measures."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from . import bitmasks
from .bitmasks import PackedMasks


def mask_stack(
    truth: ArrayLike, prediction: ArrayLike, void: ArrayLike | None
) -> tuple[PackedMasks, PackedMasks, tuple[int, int]]:
    """Both stacks of masks without their void pixels, packed, and the image size.

    Raises:
        ValueError: an array has fewer than two axes, or the image sizes differ.
    """
    arrays = [np.asarray(truth) != 0, np.asarray(prediction) != 0]
    if void is not None:
        arrays.append(np.asarray(void) != 0)
    if min(array.ndim for array in arrays) < 2:
        raise ValueError("masks must have at least the axes [H, W]")
    sizes = [array.shape[-2:] for array in arrays]
    if len(set(sizes)) > 1:
        raise ValueError(f"masks must be of one size, got {' and '.join(map(str, sizes))}")
    packed = [bitmasks.pack(array) for array in arrays]
    if void is not None:
        packed = [packed[0] & ~packed[2], packed[1] & ~packed[2]]
    height, width = sizes[0]
    return packed[0], packed[1], (height, width)
