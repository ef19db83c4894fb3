"""What the algorithm asks of a detector: boxes of what expressions name, with scores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor
from torchvision.ops import nms

SAME_BOX_IOU = 0.7
"""Boxes with more IoU are of one thing, and the surest of them stays; as for SAM's own masks
(``segment.sam.automatic.box_overlap``)."""


@dataclass(frozen=True)
class Detections:
    """What a detector finds of one expression in one picture, the surest first.

    Attributes:
        boxes: float32 [B, 4] x0, y0, x1, y1 in pixels of the picture, inside it; B may be 0.
        scores: float32 [B] in [0, 1], falling.
    """

    boxes: Tensor
    scores: Tensor


@runtime_checkable
class Detector(Protocol):
    """A picture and expressions in, boxes with scores out."""

    @property
    def device(self) -> torch.device:
        """Where the weights are, and where pictures have to be."""

    def detect(self, pixels: Tensor, expressions: Sequence[str]) -> list[Detections]:
        """Find what each expression names, each for itself.

        Args:
            pixels: float32 [1, 3, H, W], RGB in [0, 1].
            expressions: E of them.

        Returns:
            E detections; those below the detector's own threshold are left out.
        """


def surest(
    boxes: Tensor, scores: Tensor, threshold: float, size: tuple[int, int]
) -> Detections:
    """The boxes above a threshold, cut to the picture, one of each thing.

    Args:
        boxes: [B, 4] x0, y0, x1, y1 in pixels.
        scores: [B].
        threshold: scores have to be above it.
        size: (H, W) of the picture.
    """
    scores, order = scores.float().sort(descending=True)
    boxes = boxes.float()[order]
    border = boxes.new_tensor([size[1], size[0]] * 2)
    boxes = torch.minimum(boxes.clamp_min(0), border)
    kept = (scores > threshold) & (boxes[:, 2:] > boxes[:, :2]).all(1)
    boxes, scores = boxes[kept], scores[kept]
    single = nms(boxes, scores, SAME_BOX_IOU)
    return Detections(boxes[single], scores[single])


def corners(boxes: Tensor) -> Tensor:
    """Boxes [..., 4] x0, y0, x1, y1 of centre x, centre y, width and height."""
    centre, half = boxes[..., :2], boxes[..., 2:] / 2
    return torch.cat([centre - half, centre + half], -1)
