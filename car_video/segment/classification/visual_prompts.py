"""Visual prompts: show a classifier which part of a picture is meant (CaR section 3.3).

Outside the mask the picture is blurred, grey or black; a red circle, rectangle or contour is
drawn around the mask; or the picture is cropped to it. Prompts combine in one fixed order,
whatever order they are asked for in. What shows outside the mask does not depend on the mask
and is made once per picture; a prompted picture is then one blend.

Geometry (line width, blur) scales with the picture by default. ``compat=True`` is what the
reference does, byte for byte: one-pixel lines, an ellipse around the centre of mass, swapped
grey weights, a blur of fixed size (car.md 3.2).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from car_video.config.segment import OUTLINES, ViewMode, check_prompts
from car_video.errors import ConfigError
from car_video.segment.blur import gaussian_blur
from car_video.segment.classification.input_crops import View, to_classifier_input
from car_video.segment.classification.mask_borders import (
    contour,
    ellipse,
    mask_boxes,
    rectangle,
)
from car_video.segment.reference import opencv

_ELEMENTS = 2**26  # values that one block of pictures may hold: 256 MiB of float32
_MASKS = 16  # masks drawn at once at the classifier's resolution


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


def apply_prompts(
    image: Tensor,
    masks: Tensor,
    prompts: Sequence[str],
    compat: bool = False,
    style: PromptStyle | None = None,
) -> Tensor:
    """Draw prompts at the size of the picture.

    Args:
        image: float32 [3, H, W], RGB in [0, 1].
        masks: bool [N, H, W].
        prompts: some of :data:`PROMPTS`; none leaves the picture as it is.
        compat: the reference's exact drawing; the picture is taken as 8-bit.
        style: sizes and colour, not used by ``compat``.

    Returns:
        float32 [N, 3, H, W] in [0, 1]. The picture of an empty mask is unprompted. Needs
        memory for all N: :func:`prompted_views` does not.

    Raises:
        ConfigError: an unknown prompt.
        ValueError: picture and masks differ in size or type.
    """
    prompts = check_prompts(prompts, compat)
    style = style or PromptStyle()
    _check(image, masks)
    if "crop" in prompts:
        rest = [p for p in prompts if p != "crop"]
        pictures = []
        for part, mask in _crops(image, masks, style, image.shape[-1] / image.shape[-2]):
            size = image.shape[-2:]
            part = functional.interpolate(
                part[None], size, mode="bicubic", antialias=True, align_corners=False
            )
            mask = functional.interpolate(mask[:, None].float(), size, mode="bilinear") > 0.5
            drawn = apply_prompts(part[0].clamp(0, 1), mask[:, 0], rest, False, style)
            pictures.append(drawn)
        return torch.cat(pictures) if pictures else image.new_zeros(0, *image.shape)
    if compat:
        return _draw_as_reference(image, masks, prompts)
    short = float(min(image.shape[-2:]))
    outside = _surroundings(image, prompts, (style.blur * short,) * 2, style, short)
    line = max(1.0, style.line * short)
    return _draw(image, outside, masks, mask_boxes(masks), prompts, line, style)


def prompted_views(
    image: Tensor,
    masks: Tensor,
    prompts: Sequence[str],
    side: int,
    mode: ViewMode = "center-crop",
    *,
    compat: bool = False,
    exact: bool = False,
    style: PromptStyle | None = None,
) -> Tensor:
    """Prompted square pictures for a classifier, in bounded memory.

    By default everything is drawn at the classifier's resolution: the picture is resized
    once, masks are resized and blended there. Resizing and blending commute except where a
    mask changes inside one output pixel, so only edges differ, by a fraction of a level.

    Args:
        image: float32 [3, H, W], RGB in [0, 1].
        masks: bool [N, H, W].
        prompts: some of :data:`PROMPTS`.
        side: of the square.
        mode: see :meth:`View.of`.
        compat: the reference's exact drawing, at the size of the picture.
        exact: draw at the size of the picture, then resize each result.
        style: sizes and colour.

    Returns:
        float32 [N, 3, side, side] in [0, 1].

    Raises:
        ConfigError, ValueError: as :func:`apply_prompts`.
    """
    prompts = check_prompts(prompts, compat)
    style = style or PromptStyle()
    _check(image, masks)
    if not len(masks):
        return image.new_zeros(0, 3, side, side)
    if "crop" in prompts:
        rest = [p for p in prompts if p != "crop"]
        return torch.cat(
            [
                prompted_views(part, mask, rest, side, mode, exact=exact, style=style)
                for part, mask in _crops(image, masks, style, 1.0)
            ]
        )
    if compat or exact:
        block = max(1, _ELEMENTS // image.numel())
        return torch.cat(
            [
                to_classifier_input(
                    apply_prompts(image, part, prompts, compat, style), side, mode
                )
                for part in masks.split(block)
            ]
        )
    height, width = image.shape[-2:]
    view = View.of(height, width, side, mode)
    rows, columns = view.resized[0] / height, view.resized[1] / width
    short = float(min(height, width))
    sigmas = (style.blur * short * rows, style.blur * short * columns)
    small = view.cut(image[None])[0]
    outside = _surroundings(small, prompts, sigmas, style, short * (rows * columns) ** 0.5)
    line = max(1.0, style.line * short * (rows * columns) ** 0.5)
    block = max(1, min(_MASKS, _ELEMENTS // max(1, height * width)))
    views = []
    for part in masks.split(block):
        boxes = view.move_boxes(mask_boxes(part), height, width)
        soft = view.cut(part[:, None].float())[:, 0]
        drawn = _draw(small, outside, soft, boxes, prompts, line, style).clamp(0.0, 1.0)
        views.append(view.pad(drawn))
    return torch.cat(views)


def _check(image: Tensor, masks: Tensor) -> None:
    if image.ndim != 3 or image.shape[0] != 3 or not image.is_floating_point():
        raise ValueError(f"image: want float [3, H, W], got {image.dtype} {tuple(image.shape)}")
    if masks.dtype != torch.bool or masks.ndim != 3 or masks.shape[1:] != image.shape[1:]:
        raise ValueError(
            f"masks: want bool [N, {image.shape[1]}, {image.shape[2]}], "
            f"got {masks.dtype} {tuple(masks.shape)}"
        )


def _surroundings(
    image: Tensor,
    prompts: Sequence[str],
    sigmas: tuple[float, float],
    style: PromptStyle,
    short: float,
) -> Tensor | None:
    """What shows outside every mask, [3, H, W]; None if that is the picture itself."""
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


def _draw(
    image: Tensor,
    outside: Tensor | None,
    masks: Tensor,
    boxes: Tensor,
    prompts: Sequence[str],
    line: float,
    style: PromptStyle,
) -> Tensor:
    """Blend inside and outside by (soft) masks, then lay lines over. Empty masks: no prompt."""
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


def _draw_as_reference(image: Tensor, masks: Tensor, prompts: Sequence[str]) -> Tensor:
    """The reference's bytes (car.md 3.2), as float32 in [0, 1]."""
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
        for shape in OUTLINES:
            if shape in prompts:
                drawn = torch.from_numpy(opencv.outline(mask, shape))
                pictures[number][:, drawn.to(pictures.device)] = red
    return pictures


def _crops(
    image: Tensor, masks: Tensor, style: PromptStyle, aspect: float
) -> list[tuple[Tensor, Tensor]]:
    """Picture [3, h, w] and mask [1, h, w] around each mask, widened towards an aspect.

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
