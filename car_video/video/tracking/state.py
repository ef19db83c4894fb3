"""What the tracker keeps from one frame to the next."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from car_video.video.state.tensors import State, as_array, joined, part_of, take
from car_video.video.tracking.appearance import ObjectAppearance
from car_video.video.tracking.frames import LanguageFrame
from car_video.video.tracking.likeness import Likeness
from car_video.video.tracking.mask_tensors import move
from car_video.video.tracking.motion import QUICK, block_flow
from car_video.video.tracking.tracks import Tracks


@dataclass
class TrackState:
    """What goes from frame to frame: plain tensors, so that it can be stored.

    Attributes:
        tracks: the masks with their scores.
        labels: [Q, K, R, n] masks on the cells of remembered frames.
        known: bool [Q, K, R] whether the track existed then.
        thumbnail: of the last frame.
        anchor: mean score of the leading tracks on the anchor frame.
        objects: appearance of the objects.
        likeness: looks of the best tracks, and which of them are doubted.
        since_language: seconds from the last frame that language has seen to the last frame.
        calm_left: seconds after the last frame in which the masks move with the picture alone.
    """

    tracks: Tracks
    labels: Tensor
    known: Tensor
    thumbnail: NDArray[np.uint8]
    anchor: float
    objects: ObjectAppearance
    likeness: Likeness
    since_language: float = 0.0
    calm_left: float = 0.0

    @classmethod
    def blank(
        cls, frame: LanguageFrame, queries: int, count: int, slots: int, grid: tuple[int, int]
    ) -> TrackState:
        """No track yet: Q queries with K tracks, R remembered frames, masks on (a, b)."""
        assert frame.features is not None
        like = frame.embedding.tokens
        features, cells = int(frame.features.shape[0]), frame.features[0].numel()
        shape = (queries, count, slots)
        return cls(
            Tracks.none(queries, count, grid, features, like),
            like.new_zeros(*shape, cells),
            torch.zeros(shape, dtype=torch.bool, device=like.device),
            frame.thumbnail,
            float("-inf"),
            ObjectAppearance.unknown(queries, features, like),
            Likeness.unknown(queries, features, like),
        )

    @property
    def grid(self) -> tuple[int, int]:
        """(a, b) of the masks."""
        return int(self.tracks.logits.shape[-2]), int(self.tracks.logits.shape[-1])

    def moved(self, thumbnail: NDArray[np.uint8], grid: tuple[int, int]) -> Tensor:
        """Masks of the tracks where the picture has moved them to: [Q, K, a, b].

        Args:
            thumbnail: of the new frame.
            grid: (a, b) wanted.
        """
        logits = self.tracks.logits
        if not self.tracks.alive_here.any():
            return logits.new_zeros(*logits.shape[:2], *grid)
        if self.thumbnail.shape != thumbnail.shape:
            return F.interpolate(logits, grid, mode="bilinear", align_corners=False)
        flow = block_flow(self.thumbnail, thumbnail, config=QUICK)
        return move(logits, torch.from_numpy(flow).to(logits.device), grid)

    def state_dict(self) -> State:
        """The attributes by name."""
        parts = {
            "tracks": self.tracks.state_dict(),
            "objects": self.objects.state_dict(),
            "likeness": self.likeness.state_dict(),
        }
        return {
            **joined(parts),
            "labels": self.labels,
            "known": self.known,
            "thumbnail": torch.from_numpy(self.thumbnail),
            "anchor": torch.tensor(self.anchor, dtype=torch.float64),
            "since_language": torch.tensor(self.since_language, dtype=torch.float64),
            "calm_left": torch.tensor(self.calm_left, dtype=torch.float64),
        }

    @classmethod
    def from_state(
        cls, state: State, shape: tuple[int, int], slots: int, cells: int, device: torch.device
    ) -> TrackState:
        """Back from :meth:`state_dict`; ``shape``: (Q, K). Raises ConfigError."""
        return cls(
            Tracks.from_state(part_of(state, "tracks"), shape, device),
            take(state, "labels", torch.float32, (*shape, slots, cells)).to(device),
            take(state, "known", torch.bool, (*shape, slots)).to(device),
            as_array(take(state, "thumbnail", torch.uint8, (None, None, 3))),
            float(take(state, "anchor", torch.float64, ())),
            ObjectAppearance.from_state(part_of(state, "objects"), shape[0], device),
            Likeness.from_state(part_of(state, "likeness"), shape[0], device),
            float(take(state, "since_language", torch.float64, ())),
            float(take(state, "calm_left", torch.float64, ())),
        )
