"""Visual prompts byte for byte as CaR's released code draws them."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from car_video.config.segment import BORDERS, ViewMode, check_prompts
from car_video.segment.classification.input_crops import to_classifier_input
from car_video.segment.classification.visual_prompts import MAX_VALUES, check_input
from car_video.segment.reference import opencv


def crops_as_reference(
    image: Tensor, masks: Tensor, prompts: Sequence[str], side: int, mode: ViewMode
) -> Tensor:
    """Prompted square pictures for a classifier, drawn at the size of the picture.

    Args and returns as :func:`car_video.segment.classification.visual_prompts.prompted_crops`.

    Raises:
        ConfigError: a prompt that the released code does not have.
        ValueError: picture and masks differ in size or type.
    """
    prompts = check_prompts(prompts, compat=True)
    check_input(image, masks)
    if not len(masks):
        return image.new_zeros(0, 3, side, side)
    parts = masks.split(max(1, MAX_VALUES // image.numel()))
    drawn = (draw_as_reference(image, part, prompts) for part in parts)
    return torch.cat([to_classifier_input(pictures, side, mode) for pictures in drawn])


def draw_as_reference(image: Tensor, masks: Tensor, prompts: Sequence[str]) -> Tensor:
    """Draw prompts at the size of the picture.

    Args:
        image: float32 [3, H, W] in [0, 1]; it is rounded to whole grey levels.
        masks: bool [N, H, W].
        prompts: blur, gray, black, circle, rectangle, contour, or none of them.

    Returns:
        float32 [N, 3, H, W] in [0, 1]; multiples of 1/255.
    """
    whole = (image * 255.0).round()
    outside = whole
    if "blur" in prompts:
        outside = opencv.blur(outside)
    if "gray" in prompts:
        # Grey is taken after the blend with the picture, which is the same outside the mask.
        outside = opencv.swapped_gray(outside).expand_as(whole)
    if "black" in prompts:
        outside = torch.zeros_like(whole)
    filled = masks.any(2).any(1)
    inside = masks | ~filled.view(-1, 1, 1)
    pictures = torch.where(inside[:, None], whole, outside) / 255.0
    red = pictures.new_tensor([1.0, 0.0, 0.0]).view(3, 1)
    for number in torch.nonzero(filled).flatten().tolist():
        mask = masks[number].cpu().numpy()
        for shape in BORDERS:
            if shape in prompts:
                drawn = torch.from_numpy(opencv.border(mask, shape))
                pictures[number][:, drawn.to(pictures.device)] = red
    return pictures
