"""Frames as the tracker sees them, and what it keeps from one to the next."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from car_video.models.sam.base import MaskEmbedding
from car_video.segment.cues.colour import ColourCue
from car_video.segment.cues.place_tensors import PlaceTensors
from car_video.segment.mask_selection.sam_prompts import Candidates
from car_video.video.tracking.appearance import Identity
from car_video.video.tracking.mask_tensors import move
from car_video.video.tracking.motion import QUICK, block_flow
from car_video.video.tracking.tracks import Tracks


@dataclass(frozen=True)
class Scene:
    """A keyframe as the tracker sees it.

    Attributes:
        thumbnail: uint8 [h', w', 3], for motion.
        embedding: of the mask model.
        size: (H, W) in pixels that prompts are given in.
        features: [D, h, w] unit features for memory.
        maps: [N, h, w] proposals of the queries that are alive, as ``evidence``.
        evidence: [N, h, w].
        alive: int64 [N] their numbers.
        here: bool [Q] who may be in the frame and is worth the work; None: all.
        colours: that the queries alive ask for, in this frame; None where they ask for none.
        places: words of place of those queries; None where there are none.
        plural: bool [N]: which of those queries name several things; None where none does.
    """

    thumbnail: NDArray[np.uint8]
    embedding: MaskEmbedding
    size: tuple[int, int]
    features: Tensor | None = None
    maps: Tensor | None = None
    evidence: Tensor | None = None
    alive: Tensor | None = None
    here: NDArray[np.bool_] | None = None
    colours: ColourCue | None = None
    places: PlaceTensors | None = None
    plural: Tensor | None = None


@dataclass(frozen=True)
class Glimpse:
    """A frame between keyframes as the tracker sees it.

    Attributes:
        thumbnail: uint8 [h', w', 3], for motion.
        pixels: float32 [1, 3, H, W] in [0, 1].
        side: how much of it SAM may see, see
            :func:`~car_video.video.tracking.search_window.shape_for`.
        here: bool [Q] who is in the frame and worth the work; None: all.
    """

    thumbnail: NDArray[np.uint8]
    pixels: Tensor
    side: int
    here: NDArray[np.bool_] | None = None


@dataclass(frozen=True)
class Found:
    """What SAM has offered to language on one frame.

    Attributes:
        queries: int64 [N] that were asked for.
        candidates: of them.
        places: of them; None where none has a place.
    """

    queries: Tensor
    candidates: Candidates
    places: PlaceTensors | None


@dataclass
class TrackState:
    """What goes from frame to frame: plain tensors, so that it can be stored.

    Attributes:
        tracks: the masks and how language has liked them.
        labels: [Q, K, R, n] masks on the cells of remembered frames.
        known: bool [Q, K, R] whether the track was there.
        thumbnail: of the last frame.
        anchor: how much language liked the anchor frame.
        identity: what the objects look like.
    """

    tracks: Tracks
    labels: Tensor
    known: Tensor
    thumbnail: NDArray[np.uint8]
    anchor: float
    identity: Identity


def carried(state: TrackState, thumbnail: NDArray[np.uint8], grid: tuple[int, int]) -> Tensor:
    """Masks of the tracks where the picture has moved them to, on a grid: [Q, K, a, b].

    Args:
        state: of the frame before.
        thumbnail: of this one.
        grid: (a, b).
    """
    logits = state.tracks.logits
    if not bool(state.tracks.alive.any()):
        return logits.new_zeros(*logits.shape[:2], *grid)
    if state.thumbnail.shape != thumbnail.shape:
        return F.interpolate(logits, grid, mode="bilinear", align_corners=False)
    flow = block_flow(state.thumbnail, thumbnail, config=QUICK)
    return move(logits, torch.from_numpy(flow).to(logits.device), grid)
