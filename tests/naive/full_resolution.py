"""Borders at full resolution without windows or blocks: the filter over the whole picture."""

from __future__ import annotations

import numpy as np
import torch
from scipy.ndimage import label, map_coordinates, maximum_filter, minimum_filter

from car_video.segment.refinement import full_resolution
from car_video.segment.refinement.guided_filter import GuidedUpsampler


def cell_means(values: np.ndarray, cell: int) -> np.ndarray:
    """[H, W, C] -> [h, w, C], each cell by itself, in whole grey levels."""
    rows, columns = -(-values.shape[0] // cell), -(-values.shape[1] // cell)
    means = np.zeros((rows, columns, values.shape[2]), np.float32)
    for y in range(rows):
        for x in range(columns):
            own = values[y * cell : (y + 1) * cell, x * cell : (x + 1) * cell]
            means[y, x] = np.floor(own.reshape(-1, values.shape[2]).mean(0) + 0.5)
    return means / 255


def filtered(mask: np.ndarray, image: np.ndarray, cell: int) -> tuple[np.ndarray, np.ndarray]:
    """The filtered mask float [H, W], and bool [H, W] where it counts."""
    part = cell_means(mask[..., None].astype(np.uint8) * 255, cell)[..., 0]
    guide = torch.from_numpy(cell_means(image, cell)).permute(2, 0, 1)[None]
    upsampler = GuidedUpsampler(guide, guide, full_resolution.RADIUS, full_resolution.EPSILON)
    models = upsampler.model(torch.from_numpy(part)[None])[0].numpy()
    y, x = np.indices(mask.shape)
    places = np.stack([(y + 0.5) / cell - 0.5, (x + 0.5) / cell - 0.5])
    slopes = [map_coordinates(one, places, order=1, mode="nearest") for one in models]
    value = sum(slopes[i] * (image[..., i] / 255) for i in range(3)) + slopes[3]
    size = 2 * full_resolution.REACH + 1
    near = maximum_filter(part, size) > minimum_filter(part, size)
    return value, near[y // cell, x // cell]


def without_specks(drawn: np.ndarray, mask: np.ndarray, least: int) -> np.ndarray:
    """Parts and holes of fewer pixels that the old mask does not touch are as in it."""
    result = drawn
    for inside in (True, False):
        labels, count = label(drawn == inside)
        for number in range(1, count + 1):
            part = labels == number
            if part.sum() < least and (mask[part] != inside).all():
                result = np.where(part, mask, result)
    return result
