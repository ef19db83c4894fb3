"""Prompts drawn at the size of the picture, to test those drawn at the classifier's size."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from car_video.config.segment import check_prompts
from car_video.segment.classification.input_crops import to_classifier_input
from car_video.segment.classification.mask_borders import mask_boxes
from car_video.segment.classification.prompt_drawing import (
    PromptStyle,
    crops,
    draw,
    surroundings,
)


def apply_prompts(
    image: Tensor, masks: Tensor, prompts: Sequence[str], style: PromptStyle | None = None
) -> Tensor:
    """Pictures [N, 3, H, W] in [0, 1] of masks bool [N, H, W], for an image [3, H, W]."""
    prompts, style = check_prompts(prompts), style or PromptStyle()
    if "crop" in prompts:
        rest = [p for p in prompts if p != "crop"]
        pictures = []
        for part, mask in crops(image, masks, style, image.shape[-1] / image.shape[-2]):
            size = image.shape[-2:]
            part = functional.interpolate(
                part[None], size, mode="bicubic", antialias=True, align_corners=False
            )
            mask = functional.interpolate(mask[:, None].float(), size, mode="bilinear") > 0.5
            pictures.append(apply_prompts(part[0].clamp(0, 1), mask[:, 0], rest, style))
        return torch.cat(pictures) if pictures else image.new_zeros(0, *image.shape)
    short = float(min(image.shape[-2:]))
    outside = surroundings(image, prompts, (style.blur * short,) * 2, style, short)
    line = max(1.0, style.line * short)
    return draw(image, outside, masks, mask_boxes(masks), prompts, line, style)


def drawn_large(
    image: Tensor, masks: Tensor, prompts: Sequence[str], side: int, mode: Any = "center-crop"
) -> Tensor:
    """Classifier inputs [N, 3, side, side], resized after drawing."""
    return to_classifier_input(apply_prompts(image, masks, prompts), side, mode)
