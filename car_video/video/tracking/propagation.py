"""Where the things of the tracks are on the next frame: by optical flow, or by a video memory.

Shapes: Q queries, K tracks of each, masks on a grid (a, b).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from torch import Tensor

from car_video.config import SamRefineConfig
from car_video.models.sam.base import MaskModel
from car_video.video.state.tensors import State
from car_video.video.tracking.frames import IntermediateFrame, LanguageFrame
from car_video.video.tracking.sam_candidates import track_candidates, window_candidates
from car_video.video.tracking.state import TrackState
from car_video.video.tracking.tracks import TrackCandidates, Tracks


class Propagation(Protocol):
    """What the tracker asks, in this order on every frame: :meth:`moved`, then candidates.

    A frame may come twice in a row: as one between keyframes, and, where tracks are in doubt,
    again as a language frame.
    """

    def moved(
        self, state: TrackState, frame: LanguageFrame | IntermediateFrame, grid: tuple[int, int]
    ) -> Tensor:
        """Masks of the tracks where they are now: logits [Q, K, *grid].

        Args:
            state: of the frame before.
            frame: the new frame.
            grid: wanted.
        """

    def on_keyframe(
        self, frame: LanguageFrame, moved: Tensor, wanted: Tensor
    ) -> TrackCandidates:
        """Masks that continue tracks on a language frame.

        Args:
            frame: as given to :meth:`moved`, which has returned ``moved``.
            moved: [Q, K, a, b].
            wanted: bool [Q, K]: which tracks are to be continued.
        """

    def between(
        self, frame: IntermediateFrame, moved: Tensor, wanted: Tensor
    ) -> TrackCandidates:
        """Masks that continue the best tracks on a frame between keyframes; ``moved``
        [Q, 1, a, b] and ``wanted`` bool [Q, 1] are of these alone."""

    def decided(self, tracks: Tracks, goes_on: Tensor) -> None:
        """The tracks of a language frame are known.

        Args:
            tracks: of the frame that was given last.
            goes_on: bool [Q]: the best track is the one that was the best before.
        """

    def select(self, places: Sequence[int]) -> None:
        """Other expressions from now on, see :mod:`car_video.video.state.selection`."""

    def state_dict(self) -> State:
        """What the next frame depends on."""

    def load_state_dict(self, state: State) -> None:
        """Go on from there. Raises ConfigError where it does not fit."""


class FlowPropagation:
    """Masks move with the picture, and the mask model is prompted with their boxes.

    Args:
        sam: the mask model.
        refine: how fine it sees keyframes.
    """

    def __init__(self, sam: MaskModel, refine: SamRefineConfig) -> None:
        self.sam, self.refine = sam, refine

    def moved(
        self, state: TrackState, frame: LanguageFrame | IntermediateFrame, grid: tuple[int, int]
    ) -> Tensor:
        """By the flow between two thumbnails."""
        return state.moved(frame.thumbnail, grid)

    def on_keyframe(
        self, frame: LanguageFrame, moved: Tensor, wanted: Tensor
    ) -> TrackCandidates:
        """Three for each track."""
        grid = int(moved.shape[-2]), int(moved.shape[-1])
        return track_candidates(self.sam, frame, moved > 0, wanted, grid)

    def between(
        self, frame: IntermediateFrame, moved: Tensor, wanted: Tensor
    ) -> TrackCandidates:
        """Three for each best track, seen in a window."""
        return window_candidates(self.sam, frame, moved, wanted, self.refine)

    def decided(self, tracks: Tracks, goes_on: Tensor) -> None:
        """Nothing is kept."""

    def select(self, places: Sequence[int]) -> None:
        """Nothing is kept."""

    def state_dict(self) -> State:
        """Empty."""
        return {}

    def load_state_dict(self, state: State) -> None:
        """Nothing is kept."""
