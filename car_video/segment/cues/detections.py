"""What a detector says of masks: how well each fits one of its boxes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from car_video.models.detectors.base import Detections
from car_video.segment.boxes import box_overlaps, boxes_of

FIT_FLOOR = 0.05
"""A mask that fits no box counts as one that fits this well, so that a detector that is wrong
can be outvoted."""


@dataclass(frozen=True)
class DetectionCue:
    """Boxes of Q queries in one picture, B of each at most.

    Attributes:
        boxes: float32 [Q, B, 4] x0, y0, x1, y1 in pixels of the picture.
        scores: float32 [Q, B], falling; 0 for padding.
        weight: float32 [Q]: exponent of the fit; 0 where the detector has no say.
        size: (H, W) of the picture.
    """

    boxes: Tensor
    scores: Tensor
    weight: Tensor
    size: tuple[int, int]

    @classmethod
    def of(
        cls, found: Sequence[Detections], most: int, weight: Tensor, size: tuple[int, int]
    ) -> DetectionCue | None:
        """The surest boxes of each query; None where no query has any.

        Args:
            found: of Q queries.
            most: boxes that each keeps.
            weight: float32 [Q].
            size: (H, W) of the picture.
        """
        count = min(most, max((len(one.scores) for one in found), default=0))
        if not count:
            return None
        boxes = weight.new_zeros(len(found), count, 4)
        scores = weight.new_zeros(len(found), count)
        for row, one in enumerate(found):
            held = min(count, len(one.scores))
            boxes[row, :held], scores[row, :held] = one.boxes[:held], one.scores[:held]
        return cls(boxes, scores, weight, size)

    @property
    def valid(self) -> Tensor:
        """bool [Q, B]: False for padding."""
        return self.scores > 0

    def __getitem__(self, rows: Tensor) -> DetectionCue:
        """Those of some queries, int64 or bool [N]."""
        rows = rows.to(self.boxes.device)
        return replace(
            self, boxes=self.boxes[rows], scores=self.scores[rows], weight=self.weight[rows]
        )

    def match(self, logits: Tensor) -> Tensor:
        """Factors [Q, M] in (0, 1] of masks, logits [Q, M, a, b].

        The best product of IoU, of a mask's box with a detected one, and of that one's score
        relative to the query's best; 1 where the detector has found nothing: that a query is
        absent is for language to say.
        """
        masks = logits > 0
        held = masks.flatten(2).any(2)
        own = boxes_of(masks.flatten(0, 1), self.size).unflatten(0, held.shape)
        fit = box_overlaps(own, self.boxes)
        relative = self.scores / self.scores[:, :1].clamp_min(1e-6)
        best = (fit * relative[:, None]).amax(2) * held
        factor = best.clamp(FIT_FLOOR, 1) ** self.weight[:, None]
        return torch.where(self.valid.any(1, keepdim=True), factor, 1.0)
