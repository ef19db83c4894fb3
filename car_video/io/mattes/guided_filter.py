"""The guided filter with a colour guide, in numpy.

In every window the result is an affine function of the picture's colours that is as near as
possible to the map. Applied to a mask it is close to a closed-form matte (He, Sun and Tang,
"Guided Image Filtering", ECCV 2010, section 4).

``car_video/segment/refinement/guided_filter.py`` has the fast form, which enlarges small maps
on the model's device. This one keeps the size, needs no torch, and so starts at once.
"""

from __future__ import annotations

from itertools import combinations_with_replacement

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter

Map = NDArray[np.float32]


def guided_filter(guide: Map, values: Map, radius: int, epsilon: float) -> Map:
    """A map that follows the edges of a picture.

    Args:
        guide: float32 [H, W, 3] in [0, 1].
        values: float32 [H, W].
        radius: of the windows, in pixels.
        epsilon: variance of colour below which a window counts as flat.

    Returns:
        float32 [H, W]; may leave the range of ``values`` a little.
    """

    def mean(x: Map) -> Map:
        found: Map = uniform_filter(x, 2 * radius + 1, mode="nearest")
        return found

    channels = [np.ascontiguousarray(guide[..., i]) for i in range(3)]
    means = [mean(channel) for channel in channels]
    mean_value = mean(values)
    covariance = np.stack(
        [mean(c * values) - m * mean_value for c, m in zip(channels, means, strict=True)], -1
    )
    variance = np.empty((*values.shape, 3, 3), np.float32)
    for i, j in combinations_with_replacement(range(3), 2):
        own = mean(channels[i] * channels[j]) - means[i] * means[j]
        variance[..., i, j] = variance[..., j, i] = own + epsilon * (i == j)
    slope = np.linalg.solve(variance, covariance[..., None])[..., 0]
    offset = mean_value - sum(slope[..., i] * means[i] for i in range(3))
    result = mean(offset)
    for i in range(3):
        result = result + mean(np.ascontiguousarray(slope[..., i])) * channels[i]
    return result
