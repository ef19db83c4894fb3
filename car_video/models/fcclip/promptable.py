"""FC-CLIP's masks where a promptable mask model is asked for (``models/sam/base.py``).

One pass proposes all masks of a picture; a prompt chooses among them. So SAM's masks can be
replaced by FC-CLIP's, or joined with them, without a change of the algorithm above.

A query's answer to a prompt is scored by three things: how sure its mask is of itself (mean of
the mask where it is on), how sure it is at the prompted points, and how well its box fits a
prompted box, or its mask a prompted mask. None of this was measured with the published weights.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol, cast

import torch
import torch.nn.functional as F
from torch import Tensor

from car_video.models.fcclip.loading import load as load_fcclip
from car_video.models.fcclip.loading import loaded
from car_video.models.numerics import in_standard_torch
from car_video.models.sam.base import TRAINED_SIDE, MaskEmbedding, MaskModel, crop_logits
from car_video.models.sam.catalog import JOINED
from car_video.models.sam.mobile_sam import load_mobile_sam

ANSWERS = 3
STRIDE = 32


class QueryMasks(Protocol):
    """Masks of one picture, from one pass of a network."""

    @property
    def logits(self) -> Tensor:
        """[1, Q, H / 4, W / 4]; a mask is on above 0."""


class MaskNetwork(Protocol):
    """A network that proposes all masks of a picture in one pass, as FC-CLIP does."""

    @property
    def device(self) -> torch.device:
        """Where the weights are."""

    def prepare(self, pixels: Tensor) -> Tensor:
        """float32 [1, 3, H, W] in [0, 1], as the network wants it, before padding."""

    def propose(self, pixels: Tensor) -> QueryMasks:
        """Masks of a prepared picture, sides multiples of 32."""


@dataclass(frozen=True)
class ProposalEmbedding:
    """A picture as FC-CLIP sees it.

    Attributes:
        tokens: mask logits [1, Q, h, w], padding included.
        grid: rows and columns of the logits without padding.
        scale: cells of the logits per pixel of the picture.
    """

    tokens: Tensor
    grid: tuple[int, int]
    scale: float

    def to(self, dtype: torch.dtype) -> ProposalEmbedding:
        """The same with logits at another precision."""
        return replace(self, tokens=self.tokens.to(dtype))


class ProposalMasks:
    """Implements :class:`car_video.models.sam.base.MaskModel` with FC-CLIP's masks."""

    def __init__(self, network: MaskNetwork) -> None:
        self.network = network

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return self.network.device

    def encode(
        self, pixels: Tensor, side: int = TRAINED_SIDE, shape: tuple[int, int] | None = None
    ) -> ProposalEmbedding:
        """One pass; see the protocol."""
        return self.encode_each([pixels], side, shape)[0]

    @in_standard_torch
    @torch.no_grad()
    def encode_each(
        self,
        pixels: Sequence[Tensor],
        side: int = TRAINED_SIDE,
        shape: tuple[int, int] | None = None,
    ) -> list[ProposalEmbedding]:
        """One pass per picture: what a picture gives does not depend on its neighbours."""
        return [self._encode(one, side, shape) for one in pixels]

    def _encode(
        self, pixels: Tensor, side: int, shape: tuple[int, int] | None
    ) -> ProposalEmbedding:
        height, width = pixels.shape[-2:]
        scale = side / max(height, width)
        if shape is not None:
            scale = min(shape[0] / height, shape[1] / width)
        size = max(1, round(height * scale)), max(1, round(width * scale))
        small = F.interpolate(
            pixels.float(), size, mode="bilinear", align_corners=False, antialias=True
        )
        rest = [-part % STRIDE for part in size]
        ready = F.pad(self.network.prepare(small), (0, rest[1], 0, rest[0]))
        logits = self.network.propose(ready).logits
        grid = -(-size[0] // 4), -(-size[1] // 4)
        return ProposalEmbedding(logits, grid, scale / 4)

    @in_standard_torch
    @torch.no_grad()
    def predict(
        self,
        embedding: ProposalEmbedding,
        points: Tensor | None = None,
        labels: Tensor | None = None,
        boxes: Tensor | None = None,
        mask_logits: Tensor | None = None,
        multimask: bool = True,
    ) -> tuple[Tensor, Tensor]:
        """The best masks for each prompt, the smallest first; see the protocol."""
        logits = embedding.tokens[0].float()
        inside = crop_logits(logits, embedding)
        score = self_certainty(inside)[None]
        if points is not None:
            assert labels is not None
            score = score * at_points(inside, points * embedding.scale, labels)
        if boxes is not None:
            score = score * box_fit(inside > 0, boxes * embedding.scale)
        if mask_logits is not None:
            score = score * mask_fit(inside > 0, mask_logits[:, 0])
        best, chosen = score.topk(min(ANSWERS if multimask else 1, score.shape[1]), dim=1)
        if multimask:
            area = (inside > 0).flatten(1).sum(1)
            order = area[chosen].argsort(dim=1, stable=True)
            best, chosen = best.gather(1, order), chosen.gather(1, order)
        return logits[chosen], best

    def all_masks(self, embedding: ProposalEmbedding) -> tuple[Tensor, Tensor]:
        """See :class:`car_video.models.sam.base.ProposesAll`."""
        logits = embedding.tokens[0].float()
        return logits, self_certainty(crop_logits(logits, embedding))


class JoinedMasks:
    """SAM's two surest answers to a prompt, and FC-CLIP's best."""

    def __init__(self, sam: MaskModel, proposals: ProposalMasks) -> None:
        self.sam, self.proposals = sam, proposals

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return self.sam.device

    def encode(
        self, pixels: Tensor, side: int = TRAINED_SIDE, shape: tuple[int, int] | None = None
    ) -> JoinedEmbedding:
        """A pass of each; see the protocol."""
        return self.encode_each([pixels], side, shape)[0]

    def encode_each(
        self,
        pixels: Sequence[Tensor],
        side: int = TRAINED_SIDE,
        shape: tuple[int, int] | None = None,
    ) -> list[JoinedEmbedding]:
        """A pass of each; see the protocol."""
        own = self.sam.encode_each(pixels, side, shape)
        others = self.proposals.encode_each(pixels, side, shape)
        return [JoinedEmbedding(*pair) for pair in zip(own, others, strict=True)]

    @in_standard_torch
    @torch.no_grad()
    def predict(
        self,
        embedding: JoinedEmbedding,
        points: Tensor | None = None,
        labels: Tensor | None = None,
        boxes: Tensor | None = None,
        mask_logits: Tensor | None = None,
        multimask: bool = True,
    ) -> tuple[Tensor, Tensor]:
        """SAM's answers, of three the least sure replaced; see the protocol."""
        logits, quality = self.sam.predict(
            embedding.own, points, labels, boxes, mask_logits, multimask
        )
        if not multimask:
            return logits, quality
        other, sure = self.proposals.predict(
            embedding.other, points, labels, boxes, mask_logits, multimask=False
        )
        rows, columns = embedding.own.grid
        fitted = F.interpolate(
            crop_logits(other, embedding.other),
            (rows, columns),
            mode="bilinear",
            align_corners=False,
        )
        worst = quality.argmin(1)
        place = torch.arange(len(worst), device=worst.device)
        logits, quality = logits.clone(), quality.clone()
        logits[place, worst, :rows, :columns] = fitted[:, 0].to(logits)
        quality[place, worst] = sure[:, 0].to(quality)
        return logits, quality


@dataclass(frozen=True)
class JoinedEmbedding:
    """A picture as both models see it; masks have SAM's grid."""

    own: MaskEmbedding
    other: ProposalEmbedding

    @property
    def tokens(self) -> Tensor:
        """SAM's."""
        return self.own.tokens

    @property
    def grid(self) -> tuple[int, int]:
        """SAM's."""
        return self.own.grid

    def to(self, dtype: torch.dtype) -> JoinedEmbedding:
        """Both at another precision."""
        return JoinedEmbedding(self.own.to(dtype), self.other.to(dtype))


def self_certainty(logits: Tensor) -> Tensor:
    """[Q]: mean of each mask where it is on, of logits [Q, h, w]; 0 for an empty mask."""
    on = (logits > 0).float()
    return (logits.sigmoid() * on).flatten(1).sum(1) / on.flatten(1).sum(1).clamp_min(1)


def at_points(logits: Tensor, points: Tensor, labels: Tensor) -> Tensor:
    """[P, Q]: product over a prompt's points of the mask there, or of its complement.

    Args:
        logits: [Q, h, w].
        points: [P, K, 2], x and y in cells.
        labels: int [P, K]: 1 inside, 0 outside, -1 padding.
    """
    rows, columns = logits.shape[-2:]
    x = points[..., 0].long().clamp(0, columns - 1)
    y = points[..., 1].long().clamp(0, rows - 1)
    chance = logits.sigmoid()[:, y, x].permute(1, 2, 0)  # [P, K, Q]
    label = labels[..., None]
    return torch.where(
        label < 0, torch.ones_like(chance), torch.where(label > 0, chance, 1 - chance)
    ).prod(1)


def box_fit(masks: Tensor, boxes: Tensor) -> Tensor:
    """[P, Q]: IoU of prompted boxes [P, 4], in cells, with the boxes of bool [Q, h, w]."""
    rows, columns = masks.shape[-2:]
    on_y, on_x = masks.any(2).float(), masks.any(1).float()
    own = torch.stack(
        [
            on_x.argmax(1),
            on_y.argmax(1),
            columns - on_x.flip(1).argmax(1),
            rows - on_y.flip(1).argmax(1),
        ],
        1,
    ).float()
    own = torch.where(masks.flatten(1).any(1, keepdim=True), own, 0.0)
    low = torch.maximum(boxes[:, None, :2], own[None, :, :2])
    high = torch.minimum(boxes[:, None, 2:], own[None, :, 2:])
    shared = (high - low).clamp_min(0).prod(-1)
    areas = [(b[:, 2:] - b[:, :2]).clamp_min(0).prod(-1) for b in (boxes, own)]
    return shared / (areas[0][:, None] + areas[1][None] - shared).clamp_min(1e-6)


def mask_fit(masks: Tensor, prompts: Tensor) -> Tensor:
    """[P, Q]: IoU of prompted mask logits [P, a, b] with bool masks [Q, h, w]."""
    size = (masks.shape[-2], masks.shape[-1])
    cut = prompts[..., : size[0], : size[1]]
    if cut.shape[-2:] != masks.shape[-2:]:
        cut = F.interpolate(prompts[:, None], size, mode="bilinear", align_corners=False)[:, 0]
    wanted, own = (cut > 0).flatten(1).float(), masks.flatten(1).float()
    shared = wanted @ own.T
    return shared / (wanted.sum(1)[:, None] + own.sum(1)[None] - shared).clamp_min(1)


def load(source: str, device: torch.device, dtype: torch.dtype | None = None) -> MaskModel:
    """FC-CLIP's masks, or with ``mobile+`` before its name MobileSAM's and its.

    A network that is loaded for expressions is shared, at whatever precision it has.

    Raises:
        ModelError: see :func:`car_video.models.fcclip.loading.load`.
    """
    name = source.removeprefix(JOINED)
    masks = ProposalMasks((loaded(name, device) or load_fcclip(name, device, dtype)).network)
    if name == source:
        return cast(MaskModel, masks)
    return cast(MaskModel, JoinedMasks(load_mobile_sam(device, dtype), masks))
