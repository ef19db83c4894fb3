"""The square input of the classifier: how a picture is resized, cropped and padded."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from car_video.config.segment import ViewMode

PADDING = (0.48145466, 0.4578275, 0.40821073)
"""CLIP's mean colour, RGB in [0, 1]: zero after the model's normalisation."""


@dataclass(frozen=True)
class InputCrop:
    """How a picture of one size becomes a square.

    Attributes:
        resized: height and width that the whole picture is resized to.
        window: top, left, height and width of what is kept of it.
        margin: left, right, top and bottom padding that completes the square.
    """

    resized: tuple[int, int]
    window: tuple[int, int, int, int]
    margin: tuple[int, int, int, int]

    @classmethod
    def of(cls, height: int, width: int, side: int, mode: ViewMode) -> InputCrop:
        """Plan the crop for a picture's size.

        Args:
            height: of the picture.
            width: of the picture.
            side: of the square.
            mode: ``"center-crop"``: the shorter side becomes ``side`` and the ends of the
                longer are cut off (CLIP's own, what the reference does); ``"letterbox"``:
                the longer side becomes ``side``, bars fill the rest; ``"squash"``: both
                sides become ``side``.
        """
        if mode == "squash":
            return cls((side, side), (0, 0, side, side), (0, 0, 0, 0))
        if mode == "center-crop":
            short = min(height, width)
            rows, columns = int(side * height / short), int(side * width / short)
            top, left = round((rows - side) / 2), round((columns - side) / 2)
            return cls((rows, columns), (top, left, side, side), (0, 0, 0, 0))
        if mode != "letterbox":
            raise ValueError(f"mode: want center-crop, letterbox or squash, got {mode!r}")
        long = max(height, width)
        rows, columns = (max(1, round(side * n / long)) for n in (height, width))
        top, left = (side - rows) // 2, (side - columns) // 2
        margin = (left, side - columns - left, top, side - rows - top)
        return cls((rows, columns), (0, 0, rows, columns), margin)

    def cut(self, planes: Tensor) -> Tensor:
        """Resize float [N, C, H, W] (bicubic, antialiased) and cut out the window.

        Bicubic weights are partly negative: values may leave the range of ``planes``.
        """
        if tuple(planes.shape[-2:]) != self.resized:
            planes = functional.interpolate(
                planes, self.resized, mode="bicubic", antialias=True, align_corners=False
            )
        top, left, rows, columns = self.window
        return planes[..., top : top + rows, left : left + columns]

    def pad(self, pictures: Tensor) -> Tensor:
        """Complete [N, 3, h, w] to squares with :data:`PADDING`."""
        if not any(self.margin):
            return pictures
        left, _, top, _ = self.margin
        rows, columns = pictures.shape[-2:]
        colour = torch.tensor(PADDING, dtype=pictures.dtype, device=pictures.device)
        side = rows + self.margin[2] + self.margin[3]
        square = colour.view(1, 3, 1, 1).repeat(len(pictures), 1, side, side)
        square[..., top : top + rows, left : left + columns] = pictures
        return square

    def move_boxes(self, boxes: Tensor, height: int, width: int) -> Tensor:
        """Boxes [N, 4] (left, top, right, bottom) of the picture in pixels of the window."""
        rows, columns = self.resized[0] / height, self.resized[1] / width
        top, left = self.window[:2]
        scale = boxes.new_tensor([columns, rows, columns, rows])
        return boxes * scale - boxes.new_tensor([left, top, left, top])


def to_classifier_input(pictures: Tensor, side: int, mode: ViewMode = "center-crop") -> Tensor:
    """Square pictures for :meth:`VisionLanguageModel.embed_image`.

    Args:
        pictures: float [N, 3, H, W] in [0, 1].
        side: of the square, usually the model's ``input_size``.
        mode: see :meth:`InputCrop.of`.

    Returns:
        float [N, 3, side, side] in [0, 1].
    """
    crop = InputCrop.of(pictures.shape[-2], pictures.shape[-1], side, mode)
    return crop.pad(crop.cut(pictures).clamp(0.0, 1.0))
