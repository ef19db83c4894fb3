"""Borders around masks, drawn for all masks at once.

Each function returns coverage: how much of a pixel the line covers, in [0, 1]. Lines are
antialiased by the distance to the shape, so that resizing for the classifier keeps them.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional


def mask_boxes(masks: Tensor) -> Tensor:
    """Bounding boxes in pixel edges.

    Args:
        masks: bool [N, H, W].

    Returns:
        float32 [N, 4]: left, top, right, bottom (right and bottom exclusive); zeros where a
        mask is empty.
    """
    count, height, width = masks.shape
    sides = []
    for size, profile in ((width, masks.any(1)), (height, masks.any(2))):
        numbers = torch.arange(size, device=masks.device).expand(count, size)
        first = torch.where(profile, numbers, size).amin(1) if size else numbers.sum(1)
        last = torch.where(profile, numbers + 1, 0).amax(1) if size else numbers.sum(1)
        sides.append((torch.minimum(first, last), last))
    (left, right), (top, bottom) = sides
    return torch.stack([left, top, right, bottom], 1).float()


def ellipse(boxes: Tensor, size: tuple[int, int], line: float) -> Tensor:
    """A ring around the ellipse that touches the four sides of each box.

    Args:
        boxes: float32 [N, 4], see :func:`mask_boxes`.
        size: height and width of the picture.
        line: width of the ring in pixels; its inner edge is the ellipse.

    Returns:
        float32 [N, H, W] in [0, 1].
    """
    x, y, center_x, center_y, half_x, half_y = _around_centers(boxes, size)
    half_x, half_y = half_x + line / 2, half_y + line / 2
    u, v = (x - center_x) / half_x, (y - center_y) / half_y
    radius = torch.sqrt(u * u + v * v)
    # First-order distance to the level line radius = 1: value over length of gradient.
    slope = torch.sqrt((u / half_x) ** 2 + (v / half_y) ** 2).clamp_min(1e-6)
    distance = radius * (radius - 1.0).abs() / slope
    return _cover(distance, line)


def rectangle(boxes: Tensor, size: tuple[int, int], line: float) -> Tensor:
    """A frame around each box; its inner edge is the box. As :func:`ellipse`."""
    x, y, center_x, center_y, half_x, half_y = _around_centers(boxes, size)
    beyond_x = (x - center_x).abs() - half_x - line / 2
    beyond_y = (y - center_y).abs() - half_y - line / 2
    return _cover(torch.maximum(beyond_x, beyond_y).abs(), line)


def contour(masks: Tensor, line: float) -> Tensor:
    """A band just outside each mask.

    Args:
        masks: float32 [N, H, W] in [0, 1]; soft edges give soft bands.
        line: width in pixels, at least one pixel is drawn.

    Returns:
        float32 [N, H, W] in [0, 1].
    """
    reach = max(1, round(line))
    wide = functional.max_pool2d(masks[:, None], (1, 2 * reach + 1), 1, (0, reach))
    wide = functional.max_pool2d(wide, (2 * reach + 1, 1), 1, (reach, 0))[:, 0]
    return wide - masks


def _around_centers(boxes: Tensor, size: tuple[int, int]) -> tuple[Tensor, ...]:
    """Pixel centres, box centres and half extents, shaped to broadcast to [N, H, W]."""
    y = torch.arange(size[0], device=boxes.device).view(1, -1, 1) + 0.5
    x = torch.arange(size[1], device=boxes.device).view(1, 1, -1) + 0.5
    left, top, right, bottom = boxes.view(-1, 4, 1, 1).unbind(1)
    return (
        x,
        y,
        (left + right) / 2,
        (top + bottom) / 2,
        (right - left) / 2,
        (bottom - top) / 2,
    )


def _cover(distance: Tensor, line: float) -> Tensor:
    """Coverage of pixels at a distance from the middle of a line."""
    return (line / 2 + 0.5 - distance).clamp(0.0, min(1.0, line))
