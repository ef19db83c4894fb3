"""Propagation by a video memory: SAM 2's or EdgeTAM's, with language, presence and the choice
among tracks as without it.

The best track of each expression has a memory. It says where the thing is on the next frame,
in place of the flow; on language frames its mask is another candidate, between keyframes it is
the answer. Where the tracks decide otherwise, the memory is shown the mask that they chose.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from car_video.config import SegmentConfig, VideoConfig
from car_video.errors import ConfigError
from car_video.models.sam.base import MaskModel
from car_video.models.video_memory.base import ObjectMemory, VideoMemory
from car_video.models.video_memory.catalog import FLOW
from car_video.models.video_memory.registry import load_video_memory
from car_video.segment.mask_selection.overlaps import half_masks
from car_video.video.state.selection import NEW
from car_video.video.state.tensors import State, part_of, take
from car_video.video.tracking.frames import IntermediateFrame, LanguageFrame
from car_video.video.tracking.mask_tensors import MAX_LOGIT
from car_video.video.tracking.sam_candidates import map_candidates, track_candidates
from car_video.video.tracking.state import TrackState
from car_video.video.tracking.tracks import (
    SAME_TRACK_IOU,
    TrackCandidates,
    Tracks,
    overlaps,
)


class MemoryPropagation:
    """Implements :class:`~car_video.video.tracking.propagation.Propagation`.

    Args:
        memory: the network.
        sam: the mask model, for the other tracks and for language.
        queries: Q.

    Attributes:
        memories: of the best track of each expression; None where there is none.
        frame: number of the newest frame.
    """

    def __init__(self, memory: VideoMemory, sam: MaskModel, queries: int) -> None:
        self.memory, self.sam = memory, sam
        self.memories: list[ObjectMemory | None] = [None] * queries
        self.frame = -1
        self._thumbnail: NDArray[np.uint8] | None = None  # of the newest frame
        self._encoded: Any = None
        self._masks: Tensor | None = None  # [Q, a, b] of the memories on it

    def moved(
        self, state: TrackState, frame: LanguageFrame | IntermediateFrame, grid: tuple[int, int]
    ) -> Tensor:
        """By memory for the best tracks, by the flow for the others.

        On a language frame the flow also says where a thing is that its memory does not see:
        language may know better than the memory.
        """
        moved = state.moved(frame.thumbnail, grid)
        if frame.thumbnail is not self._thumbnail:
            self._begin(frame)
            self._follow(moved[:, 0], state.tracks.alive_here[:, 0])
        found = self._found(grid)
        trusted = (found > 0).flatten(1).any(1)
        if isinstance(frame, IntermediateFrame):
            trusted |= self._remembered(found)
        moved[:, 0] = torch.where(trusted[:, None, None], found, moved[:, 0])
        return moved

    def on_keyframe(
        self, frame: LanguageFrame, moved: Tensor, wanted: Tensor
    ) -> TrackCandidates:
        """The masks of the memories, and three of the mask model for each track."""
        grid = int(moved.shape[-2]), int(moved.shape[-1])
        found = self._found(grid)[:, None]
        own = map_candidates(frame, found, wanted[:, :1] & (found > 0).flatten(2).any(2))
        prompted = track_candidates(self.sam, frame, moved > 0, wanted, grid)
        return TrackCandidates(
            torch.cat([own.logits, prompted.logits], 1),
            torch.cat([own.agreement, prompted.agreement], 1),
            0,
        )

    def between(
        self, frame: IntermediateFrame, moved: Tensor, wanted: Tensor
    ) -> TrackCandidates:
        """The masks of the memories."""
        held = self._remembered(moved)[:, None]
        agreement = torch.where(wanted & held, 0.0, -1.0)
        return TrackCandidates(moved, agreement.to(moved.dtype), 0)

    def decided(self, tracks: Tracks, goes_on: Tensor) -> None:
        """Show the memories what they have not found by themselves."""
        found = self._found((int(tracks.logits.shape[-2]), int(tracks.logits.shape[-1])))
        same = overlaps(half_masks(tracks.logits[:, :1]), half_masks(found[:, None]))[:, 0, 0]
        there = tracks.alive[:, 0] & (tracks.logits[:, 0] > 0).flatten(1).any(1)
        for query, (alive, own, agrees) in enumerate(
            zip(
                there.tolist(), goes_on.tolist(), (same >= SAME_TRACK_IOU).tolist(), strict=True
            )
        ):
            before = self.memories[query] if alive and own else None
            if alive and not (before is not None and agrees):
                logits = tracks.logits[query, 0]
                before = self.memory.show(before, self._encoded, self.frame, logits)
            self.memories[query] = before

    def select(self, places: Sequence[int]) -> None:
        """See :class:`~car_video.video.tracking.propagation.Propagation`."""
        self.memories = [None if place == NEW else self.memories[place] for place in places]
        self._thumbnail = self._masks = None

    def state_dict(self) -> State:
        """``frame`` int64 [], and the tensors of each memory under the expression's number."""
        state = {"frame": torch.tensor(self.frame)}
        for query, held in enumerate(self.memories):
            if held is not None:
                state |= {f"{query}.{name}": t for name, t in held.tensors().items()}
        return state

    def load_state_dict(self, state: State) -> None:
        """Go on from there. Raises ConfigError where it does not fit."""
        self.frame = int(take(state, "frame", torch.int64, ()))
        self._thumbnail = self._masks = None
        for query in range(len(self.memories)):
            own = part_of(state, str(query))
            try:
                held = ObjectMemory.of(own, self.memory.device) if own else None
            except (ValueError, KeyError):
                raise ConfigError("the state is damaged: its memory is not whole") from None
            self.memories[query] = held

    def _begin(self, frame: LanguageFrame | IntermediateFrame) -> None:
        """Encode the next frame."""
        assert frame.pixels is not None
        self.frame += 1
        self._thumbnail = frame.thumbnail
        self._encoded = self.memory.encode(frame.pixels)

    def _follow(self, like: Tensor, alive: NDArray[np.bool_]) -> None:
        """Ask every memory where its thing is; those whose track has ended end, too.

        Args:
            like: [Q, a, b], for the form of the masks.
            alive: bool [Q] which expressions have a track.
        """
        self._masks = torch.full_like(like, -MAX_LOGIT)
        for query, held in enumerate(self.memories):
            if held is not None and alive[query]:
                logits, held = self.memory.follow(held, self._encoded, self.frame)
                self._masks[query] = _fitted(logits, (like.shape[-2], like.shape[-1]))
            self.memories[query] = held if alive[query] else None

    def _found(self, grid: tuple[int, int]) -> Tensor:
        """[Q, *grid] masks of the memories on the newest frame, empty where there is none."""
        assert self._masks is not None
        return torch.stack([_fitted(mask, grid) for mask in self._masks])

    def _remembered(self, like: Tensor) -> Tensor:
        """bool [Q]: which expressions have a memory."""
        return torch.tensor([one is not None for one in self.memories], device=like.device)


def configured_memory(
    segment: SegmentConfig, video: VideoConfig, device: torch.device
) -> VideoMemory | None:
    """The network that ``video.tracker`` names; None for the flow.

    Raises:
        ConfigError: nothing is tracked with these settings.
        ModelError: see :func:`~car_video.models.video_memory.registry.load_video_memory`.
    """
    if video.tracker == FLOW:
        return None
    if segment.refine != "sam" or segment.sam.rule != "peaks":
        raise ConfigError(
            f"video.tracker: {video.tracker} needs segment.refine: sam and segment.sam.rule: "
            "peaks; otherwise nothing is tracked"
        )
    return load_video_memory(video.tracker, device)


def _fitted(logits: Tensor, grid: tuple[int, int]) -> Tensor:
    """Logits [c, d] of the whole frame on another grid, bounded."""
    if logits.shape[-2:] != torch.Size(grid):
        logits = F.interpolate(
            logits[None, None], grid, mode="bilinear", align_corners=False, antialias=True
        )[0, 0]
    return logits.clamp(-MAX_LOGIT, MAX_LOGIT)
