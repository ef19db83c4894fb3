"""A video memory that remembers a colour: what it follows is known, and costs nothing."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from car_video.models.video_memory.base import ObjectMemory

ALIKE = 0.25  # colours within it are one


class ColourMemory:
    """Implements ``VideoMemory``; counts what it is asked.

    Attributes:
        encoded: frames.
        shown: numbers of the frames on which a mask was shown, in order.
        followed: how often a thing was looked for.
    """

    device = torch.device("cpu")

    def __init__(self) -> None:
        self.encoded = 0
        self.shown: list[int] = []
        self.followed = 0

    def encode(self, pixels: Tensor) -> Tensor:
        self.encoded += 1
        return F.interpolate(pixels, (36, 48), mode="area")

    def show(
        self, memory: ObjectMemory | None, encoded: Tensor, frame: int, logits: Tensor
    ) -> ObjectMemory:
        self.shown.append(frame)
        grid = (int(encoded.shape[-2]), int(encoded.shape[-1]))
        mask = F.interpolate(logits[None, None], grid, mode="area")[0, 0] > 0
        colour = encoded[0][:, mask].mean(1) if mask.any() else encoded.new_full((3,), -9)
        before = {} if memory is None else dict(list(memory.shown.items())[-1:])
        return ObjectMemory({**before, frame: {"colour": colour}}, {})

    def follow(
        self, memory: ObjectMemory, encoded: Tensor, frame: int
    ) -> tuple[Tensor, ObjectMemory]:
        self.followed += 1
        colour = memory.shown[max(memory.shown)]["colour"]
        alike = (encoded[0] - colour[:, None, None]).abs().amax(0) < ALIKE
        return torch.where(alike, 8.0, -8.0), memory
