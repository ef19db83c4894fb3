"""Tracks of one pass given to the tracker of another."""

from __future__ import annotations

import torch.nn.functional as F

from car_video.video.tracking.tracker import Tracker
from car_video.video.tracking.tracks import Tracks


def inject(tracker: Tracker, query: int, tracks: Tracks) -> None:
    """Give an expression the tracks of another pass, as of the newest frame.

    Args:
        tracker: has seen that frame.
        query: number of the expression.
        tracks: of this expression alone, [1, K, ...].
    """
    state = tracker.state
    assert state is not None
    for name, values in tracks.state_dict().items():
        getattr(state.tracks, name)[query] = values[0]
    cells = F.adaptive_avg_pool2d((tracks.logits[0] > 0).float(), tracker.cells).flatten(1)
    state.labels[query] = cells[:, None]
    state.known[query] = False
    state.known[query, :, 0] = tracks.alive[0]
