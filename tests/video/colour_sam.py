"""A promptable segmenter that sees colours: a prompt gives the patch of one colour under it.

Stands in for MobileSAM where what it should answer has to be known, and costs nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from scipy import ndimage
from torch import Tensor

from car_video.models.numerics import in_standard_torch
from car_video.models.sam.mobile_sam import SamEmbedding

ALIKE = 0.25  # colours within it are one


class ColourSam:
    """``encode`` and ``predict`` of ``MobileSam``; three masks: less, all and more of a patch.

    Attributes:
        sides: of the pictures that were encoded, in order.
        batches: how many pictures each pass of the encoder saw.
        prompts: how many were answered.
    """

    def __init__(self) -> None:
        self.sides: list[int] = []
        self.batches: list[int] = []
        self.prompts = 0

    device = torch.device("cpu")

    def encode(
        self, pixels: Tensor, side: int = 1024, shape: tuple[int, int] | None = None
    ) -> SamEmbedding:
        return self.encode_each([pixels], side, shape)[0]

    @in_standard_torch
    def encode_each(
        self, pixels: Sequence[Tensor], side: int = 1024, shape: tuple[int, int] | None = None
    ) -> list[SamEmbedding]:
        together = torch.cat(list(pixels))
        height, width = together.shape[-2:]
        scale = side / max(height, width)
        if shape is not None:
            scale = min(shape[0] / height, shape[1] / width)
        size = (max(1, round(height * scale)), max(1, round(width * scale)))
        self.sides += [side if shape is None else max(shape)] * len(together)
        self.batches.append(len(together))
        small = F.interpolate(together, (-(-size[0] // 4), -(-size[1] // 4)), mode="nearest")
        return [SamEmbedding(own, own, size, scale) for own in small.split(1)]

    @in_standard_torch
    def predict(
        self,
        embedding: SamEmbedding,
        points: Tensor | None = None,
        labels: Tensor | None = None,
        boxes: Tensor | None = None,
        mask_logits: Tensor | None = None,
        multimask: bool = True,
    ) -> tuple[Tensor, Tensor]:
        colours = embedding.tokens[0].float().permute(1, 2, 0).numpy()
        masks = []
        if points is not None:
            for x, y in (points[:, 0] * embedding.scale / 4).tolist():
                row = min(int(y), colours.shape[0] - 1)
                masks.append(patch(colours, row, min(int(x), colours.shape[1] - 1)))
        else:
            assert boxes is not None
            masks = [inside(colours, box) for box in (boxes * embedding.scale / 4).tolist()]
        self.prompts += len(masks)
        sizes = [
            (
                ndimage.binary_erosion(m, border_value=1),
                m,
                ndimage.binary_dilation(m, iterations=2),
            )
            for m in masks
        ]
        found = torch.from_numpy(np.array(sizes))
        if not multimask:
            found = found[:, 1:2]
        return torch.where(found, 8.0, -8.0), torch.ones(found.shape[:2])


def patch(colours: np.ndarray, row: int, column: int) -> np.ndarray:
    """What hangs together with a pixel and has its colour."""
    alike = abs(colours - colours[row, column]).max(-1) < ALIKE
    parts, _ = ndimage.label(alike)
    return parts == parts[row, column]


def inside(colours: np.ndarray, box: list[float]) -> np.ndarray:
    """The patch that fills most of a box, one of a colour before one of grey."""
    x0, y0, x1, y1 = (round(side) for side in box)
    part = colours[y0 : max(y1, y0 + 1), x0 : max(x1, x0 + 1)]
    colourful = np.ptp(part, axis=-1) > ALIKE
    rows, columns = np.nonzero(colourful if colourful.any() else ~colourful)
    if not len(rows):
        return np.zeros(colours.shape[:2], bool)
    middle = len(rows) // 2
    return patch(colours, y0 + int(rows[middle]), x0 + int(columns[middle]))
