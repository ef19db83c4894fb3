"""Visual prompts show a classifier which part of a picture is meant (CaR section 3.3).

Outside the mask the picture is blurred, grey or black; a red circle, rectangle or contour is
drawn around the mask; or the picture is cropped to it. Prompts combine in one fixed order,
whatever order they are listed in. Line width and blur scale with the picture. The released
code's drawing, byte for byte, is :mod:`car_video.segment.classification.released_code`.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from car_video.config.segment import ViewMode, check_prompts
from car_video.segment.classification.input_crops import InputCrop
from car_video.segment.classification.mask_borders import mask_boxes
from car_video.segment.classification.prompt_drawing import (
    PromptStyle,
    crops,
    draw,
    surroundings,
)

MAX_VALUES = 2**26
"""Values that one block of pictures may hold: 256 MiB of float32."""
_MASKS_AT_ONCE = 16
"""Masks drawn at once at the classifier's resolution; more are no faster."""


def prompted_crops(
    image: Tensor,
    masks: Tensor,
    prompts: Sequence[str],
    side: int,
    mode: ViewMode = "center-crop",
    style: PromptStyle | None = None,
) -> Tensor:
    """Prompted square pictures for a classifier, in bounded memory.

    Everything is drawn at the classifier's resolution: the picture is resized once, masks are
    resized and blended there. Resizing and blending commute except where a mask changes inside
    one output pixel, so only edges differ, by a fraction of a level.

    Args:
        image: float32 [3, H, W], RGB in [0, 1].
        masks: bool [N, H, W].
        prompts: some of :data:`PROMPTS`.
        side: of the square.
        mode: see :meth:`InputCrop.of`.
        style: sizes and colour.

    Returns:
        float32 [N, 3, side, side] in [0, 1]. The picture of an empty mask is unprompted.

    Raises:
        ConfigError: an unknown prompt.
        ValueError: picture and masks differ in size or type.
    """
    prompts = check_prompts(prompts)
    style = style or PromptStyle()
    check_input(image, masks)
    if not len(masks):
        return image.new_zeros(0, 3, side, side)
    if "crop" in prompts:
        rest = [p for p in prompts if p != "crop"]
        return torch.cat(
            [
                prompted_crops(part, mask, rest, side, mode, style)
                for part, mask in crops(image, masks, style, 1.0)
            ]
        )
    height, width = image.shape[-2:]
    crop = InputCrop.of(height, width, side, mode)
    rows, columns = crop.resized[0] / height, crop.resized[1] / width
    short = float(min(height, width))
    sigmas = (style.blur * short * rows, style.blur * short * columns)
    small = crop.cut(image[None])[0]
    outside = surroundings(small, prompts, sigmas, style, short * (rows * columns) ** 0.5)
    line = max(1.0, style.line * short * (rows * columns) ** 0.5)
    block = max(1, min(_MASKS_AT_ONCE, MAX_VALUES // max(1, height * width)))
    drawn_crops = []
    for part in masks.split(block):
        boxes = crop.move_boxes(mask_boxes(part), height, width)
        soft = crop.cut(part[:, None].float())[:, 0]
        drawn = draw(small, outside, soft, boxes, prompts, line, style).clamp(0.0, 1.0)
        drawn_crops.append(crop.pad(drawn))
    return torch.cat(drawn_crops)


def check_input(image: Tensor, masks: Tensor) -> None:
    """Raise ValueError unless image is float [3, H, W] and masks are bool [N, H, W]."""
    if image.ndim != 3 or image.shape[0] != 3 or not image.is_floating_point():
        raise ValueError(f"image: want float [3, H, W], got {image.dtype} {tuple(image.shape)}")
    if masks.dtype != torch.bool or masks.ndim != 3 or masks.shape[1:] != image.shape[1:]:
        raise ValueError(
            f"masks: want bool [N, {image.shape[1]}, {image.shape[2]}], "
            f"got {masks.dtype} {tuple(masks.shape)}"
        )
