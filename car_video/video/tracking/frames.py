"""Frames as the tracker gets them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from car_video.models.sam.base import MaskEmbedding
from car_video.segment.cues.mask_cues import MaskCues
from car_video.segment.cues.place_tensors import PlaceTensors
from car_video.segment.encoding import MAX_WORKING_SIDE
from car_video.segment.resizing import to_pixels

CPU = torch.device("cpu")


@dataclass(frozen=True)
class LanguageFrame:
    """A frame that language has seen.

    Attributes:
        thumbnail: uint8 [h', w', 3], for motion.
        embedding: of the mask model.
        size: (H, W) in pixels that prompts are given in.
        features: [D, h, w] unit features for memory.
        maps: [N, h, w] proposals of the queries that are alive, as ``evidence``.
        evidence: [N, h, w].
        alive: int64 [N] their numbers.
        possible: bool [Q] which targets may be in the frame; None: all.
        cues: what else speaks for masks of the queries alive, in this frame; None: nothing.
        places: words of place of those queries; None where there are none.
        plural: bool [N]: which of those queries name several things; None where none does.
        pixels: float32 [1, 3, H, W] in [0, 1], for a video memory; None where it waits in a
            window.
    """

    thumbnail: NDArray[np.uint8]
    embedding: MaskEmbedding
    size: tuple[int, int]
    features: Tensor | None = None
    maps: Tensor | None = None
    evidence: Tensor | None = None
    alive: Tensor | None = None
    possible: NDArray[np.bool_] | None = None
    cues: MaskCues | None = None
    places: PlaceTensors | None = None
    plural: Tensor | None = None
    pixels: Tensor | None = None


@dataclass(frozen=True)
class IntermediateFrame:
    """A frame between keyframes, which language does not see.

    Attributes:
        thumbnail: uint8 [h', w', 3], for motion.
        image: uint8 [H, W, 3], RGB.
        side: how much of it SAM may see, see
            :func:`~car_video.video.tracking.search_window.shape_for`.
        possible: bool [Q] which targets are in the frame; None: all.
        device: of the mask model.
    """

    thumbnail: NDArray[np.uint8]
    image: NDArray[np.uint8]
    side: int
    possible: NDArray[np.bool_] | None = None
    device: torch.device = CPU

    @cached_property
    def pixels(self) -> Tensor:
        """float32 [1, 3, H', W'] in [0, 1], made where a model sees the frame: on 4K that takes
        longer than to move the masks."""
        return to_pixels(self.image, self.device, MAX_WORKING_SIDE)
