"""Drawing of visual prompts: surroundings, mask borders and crops, scaled with the picture.

What shows outside a mask does not depend on the mask: it is made once per picture, and a
prompted picture is one blend.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from car_video.errors import ConfigError
from car_video.segment.blur import gaussian_blur
from car_video.segment.classification.mask_borders import (
    contour,
    ellipse,
    mask_boxes,
    rectangle,
)


@dataclass(frozen=True)
class PromptStyle:
    """Sizes relative to the shorter side of the picture, and the colour of lines.

    The blur is the reference's 2.6 pixels on a 375-pixel picture; lines are 2 pixels wide in
    a 224-pixel view, where the reference's shrink to half a pixel.
    """

    blur: float = 0.007  # standard deviation of "blur"
    strong_blur: float = 0.05  # of "reverse_blur" (FGVP blurs the surroundings beyond reading)
    line: float = 0.009  # line width
    crop_margin: float = 0.1  # added on each side of a crop, in sides of the box
    color: tuple[float, float, float] = (1.0, 0.0, 0.0)

    def __post_init__(self) -> None:
        for name in ("blur", "strong_blur", "line", "crop_margin"):
            if not 0 <= getattr(self, name) <= 1:
                raise ConfigError(
                    f"prompts.{name} must be from 0 to 1, got {getattr(self, name)!r}"
                )


def surroundings(
    image: Tensor,
    prompts: Sequence[str],
    sigmas: tuple[float, float],
    style: PromptStyle,
    short: float,
) -> Tensor | None:
    """The picture outside every mask, [3, H, W]; None if no prompt changes it."""
    outside = None
    if "blur" in prompts:
        outside = gaussian_blur(image, sigmas)
    if "reverse_blur" in prompts:
        outside = gaussian_blur(
            image if outside is None else outside, (style.strong_blur * short,) * 2
        )
    if "gray" in prompts:
        source = image if outside is None else outside
        weights = source.new_tensor([0.299, 0.587, 0.114]).view(3, 1, 1)
        outside = (source * weights).sum(0, keepdim=True).expand_as(image)
    if "black" in prompts:
        outside = torch.zeros_like(image)
    return outside


def draw(
    image: Tensor,
    outside: Tensor | None,
    masks: Tensor,
    boxes: Tensor,
    prompts: Sequence[str],
    line: float,
    style: PromptStyle,
) -> Tensor:
    """Blend inside and outside by (soft) masks, then draw borders; empty masks get neither."""
    size = (int(image.shape[-2]), int(image.shape[-1]))
    count = len(masks)
    soft = masks.float()
    filled = (boxes[:, 2] > boxes[:, 0]).view(count, 1, 1)
    if outside is None:
        pictures = image.expand(count, *image.shape)
    else:
        inside = torch.where(filled, soft, 1.0)[:, None]
        pictures = outside + inside * (image - outside)
    shapes = {
        "circle": lambda: ellipse(boxes, size, line),
        "rectangle": lambda: rectangle(boxes, size, line),
        "contour": lambda: contour(soft.clamp(0.0, 1.0), line),
    }
    color = image.new_tensor(style.color).view(3, 1, 1)
    for name, cover in shapes.items():
        if name in prompts:
            amount = (cover() * filled)[:, None]
            pictures = pictures + amount * (color - pictures)
    return pictures.contiguous()


def crops(
    image: Tensor, masks: Tensor, style: PromptStyle, aspect: float
) -> list[tuple[Tensor, Tensor]]:
    """Picture [3, h, w] and mask [1, h, w] around each mask, widened to an aspect ratio.

    An empty mask keeps the whole picture.
    """
    height, width = image.shape[-2:]
    parts = []
    for mask, box in zip(masks, mask_boxes(masks).tolist(), strict=True):
        left, top, right, bottom = box
        if right > left:
            grown = 1.0 + 2.0 * style.crop_margin
            box_width, box_height = (right - left) * grown, (bottom - top) * grown
            box_width, box_height = (
                max(box_width, box_height * aspect),
                max(box_height, box_width / aspect),
            )
            columns = _interval((left + right) / 2, box_width, width)
            rows = _interval((top + bottom) / 2, box_height, height)
        else:
            rows, columns = slice(0, height), slice(0, width)
        parts.append((image[:, rows, columns], mask[None, rows, columns]))
    return parts


def _interval(center: float, length: float, limit: int) -> slice:
    """Whole pixels of a stretch that is moved, then cut, to fit into 0 .. limit."""
    size = min(limit, max(1, round(length)))
    start = min(max(0, round(center - size / 2)), limit - size)
    return slice(start, start + size)
