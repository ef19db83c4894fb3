"""The tracks of some expressions out of those of others, when expressions come and go."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from car_video.config.video import TrackConfig
from car_video.video.state.rows import take
from car_video.video.tracking.appearance import Identity
from car_video.video.tracking.tracks import NOWHERE, Tracks

if TYPE_CHECKING:
    from car_video.video.tracking.scene import TrackState

TRACKS_AT_MOST = 24  # of all expressions together, but each has one


def shared(tracks: TrackConfig, queries: int) -> TrackConfig:
    """Many expressions share the work: each has fewer rivals."""
    count = max(1, min(tracks.count, TRACKS_AT_MOST // queries))
    return dataclasses.replace(tracks, count=count)


def selected(state: TrackState, rows: Sequence[int], count: int) -> TrackState:
    """State of other expressions.

    Args:
        state: of those so far.
        rows: see :mod:`car_video.video.state.rows`; new ones have no track and no known look.
        count: tracks per expression from now on; the best come first and stay.
    """

    def fitted(values: Tensor, fill: float | bool = 0) -> Tensor:
        taken = take(values, rows, fill)[:, :count]
        missing = count - taken.shape[1]
        blank = taken.new_full((len(rows), missing, *taken.shape[2:]), fill)
        return torch.cat([taken, blank], 1)

    parts = {f.name: fitted(getattr(state.tracks, f.name)) for f in dataclasses.fields(Tracks)}
    parts["value"] = fitted(state.tracks.value, NOWHERE)
    known = {
        f.name: take(getattr(state.identity, f.name), rows, 0)
        for f in dataclasses.fields(Identity)
    }
    return dataclasses.replace(
        state,
        tracks=Tracks(**parts),
        labels=fitted(state.labels),
        known=fitted(state.known),
        identity=Identity(**known),
    )
