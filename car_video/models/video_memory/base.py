"""What the algorithm asks of a network that follows things by a memory of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import torch
from torch import Tensor

Entry = Mapping[str, Tensor]
"""What is remembered of one frame, by names of the network's own."""


@dataclass(frozen=True)
class ObjectMemory:
    """What is remembered of one thing. Bounded, and never changed in place.

    Attributes:
        shown: by number of the frame: frames on which its mask was given.
        followed: by number of the frame: frames on which the network has found it by itself.
    """

    shown: Mapping[int, Entry]
    followed: Mapping[int, Entry]

    def tensors(self) -> dict[str, Tensor]:
        """All of it by flat names, such as ``shown.12.object_pointer``."""
        return {
            f"{part}.{frame}.{name}": value
            for part in ("shown", "followed")
            for frame, entry in getattr(self, part).items()
            for name, value in entry.items()
        }

    @classmethod
    def of(cls, tensors: Mapping[str, Tensor], device: torch.device) -> ObjectMemory:
        """Back from :meth:`tensors`.

        Raises:
            ValueError, KeyError: they are not those of a memory.
        """
        parts: dict[str, dict[int, dict[str, Tensor]]] = {"shown": {}, "followed": {}}
        for key, value in tensors.items():
            part, frame, name = key.split(".", 2)
            parts[part].setdefault(int(frame), {})[name] = value.to(device)
        return cls(**parts)


@runtime_checkable
class VideoMemory(Protocol):
    """Frames are numbered by the caller, one up for each."""

    @property
    def device(self) -> torch.device:
        """Where the weights are, and where frames have to be."""

    def encode(self, pixels: Tensor) -> Any:
        """A frame, float32 [1, 3, H, W], RGB in [0, 1], encoded for all things."""

    def show(
        self, memory: ObjectMemory | None, encoded: Any, frame: int, logits: Tensor
    ) -> ObjectMemory:
        """Give a thing's mask on a frame.

        Args:
            memory: of the thing; None: it is new.
            encoded: the frame.
            frame: its number.
            logits: [a, b] mask of the whole frame, on above 0.
        """

    def follow(
        self, memory: ObjectMemory, encoded: Any, frame: int
    ) -> tuple[Tensor, ObjectMemory]:
        """Find a thing on the next frame.

        Args:
            memory: of the thing, with at least one frame shown before.
            encoded: the frame.
            frame: its number.

        Returns:
            Logits float32 [c, d] of the whole frame, below 0 throughout where it is not to be
            seen; and the memory with this frame.
        """
