"""The tracks of some expressions out of those of others, when expressions come and go."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import torch
from torch import Tensor

from car_video.config.video import TrackConfig
from car_video.video.state.selection import select
from car_video.video.tracking.appearance import ObjectAppearance
from car_video.video.tracking.likeness import Likeness
from car_video.video.tracking.state import TrackState
from car_video.video.tracking.tracks import NO_TRACK, Tracks

MAX_TRACKS = 24  # of all expressions together, but each has one


def shared(tracks: TrackConfig, queries: int) -> TrackConfig:
    """The settings with fewer tracks per expression, where many expressions share the work."""
    count = max(1, min(tracks.count, MAX_TRACKS // queries))
    return dataclasses.replace(tracks, count=count)


def select_state(state: TrackState, places: Sequence[int], count: int) -> TrackState:
    """State of other expressions.

    Args:
        state: of those so far.
        places: see :mod:`car_video.video.state.selection`; new expressions have no track and no
            known object.
        count: tracks per expression from now on; the best come first and stay.
    """

    def fitted(values: Tensor, fill: float | bool = 0) -> Tensor:
        taken = select(values, places, fill)[:, :count]
        missing = count - taken.shape[1]
        blank = taken.new_full((len(places), missing, *taken.shape[2:]), fill)
        return torch.cat([taken, blank], 1)

    parts = {f.name: fitted(getattr(state.tracks, f.name)) for f in dataclasses.fields(Tracks)}
    parts["value"] = fitted(state.tracks.value, NO_TRACK)
    objects = {
        f.name: select(getattr(state.objects, f.name), places, 0)
        for f in dataclasses.fields(ObjectAppearance)
    }
    looks = {
        f.name: select(getattr(state.likeness, f.name), places, 0)
        for f in dataclasses.fields(Likeness)
    }
    return dataclasses.replace(
        state,
        tracks=Tracks(**parts),
        labels=fitted(state.labels),
        known=fitted(state.known),
        objects=ObjectAppearance(**objects),
        likeness=Likeness(**looks),
    )
