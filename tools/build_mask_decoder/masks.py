"""The trained stand-in where FC-CLIP is asked for masks or carries queries."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from torch import Tensor

from car_video.errors import DataError
from car_video.models.fcclip.mask_decoder import mask_logits
from car_video.models.lite.model import LiteModel
from tools.build_mask_decoder.network import ObjectMasks, trunk_stages
from tools.build_mask_decoder.recipe import Recipe


@dataclass(frozen=True)
class StandInMasks:
    """Masks of one picture.

    Attributes:
        logits: [1, Q, H / 4, W / 4]; lowered below 0 by what speaks against an object.
        sure: [Q], how likely each query is an object.
        states, queries: [1, Q, C], see :class:`car_video.models.fcclip.network.MaskProposals`.
    """

    logits: Tensor
    sure: Tensor
    states: Tensor
    queries: Tensor


class StandIn:
    """Implements :class:`car_video.models.fcclip.promptable.MaskNetwork`.

    Args:
        lite: the bundled model, whose trunk it stands on.
        weights: what the stage ``train`` has written.
        least: how likely an object a query has to be; masks of the others are empty.

    Raises:
        DataError: no such file.
    """

    def __init__(self, lite: LiteModel, weights: Path, least: float = 0.05) -> None:
        if not weights.is_file():
            raise DataError(f"no file '{weights}'; run the stage 'train' first")
        self.network = ObjectMasks(Recipe()).eval().requires_grad_(False)
        self.network.load_state_dict(load_file(weights))
        self.network.to(lite.device)
        self._lite, self._least = lite, least

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return self._lite.device

    def prepare(self, pixels: Tensor) -> Tensor:
        """The trunk of ``lite`` normalises by itself."""
        return pixels

    @torch.no_grad()
    def propose(self, pixels: Tensor, start: Tensor | None = None) -> StandInMasks:
        """One pass; ``start``: states [1, Q, C] of another picture to start from."""
        network = self.network
        features = network.pixel_decoder(trunk_stages(self._lite, pixels))
        decoded = network.mask_decoder(features, start)
        sure = network.is_object(decoded.normed)[0].softmax(-1)[:, 0]
        logits = mask_logits(decoded.mask_embeddings[-1], features.mask_features)
        empty = (sure < self._least)[None, :, None, None]
        logits = torch.where(empty, -F.softplus(logits), logits)
        return StandInMasks(logits, sure, decoded.states, decoded.normed)
