"""The tracks that the mask of a video's frame is chosen among."""

from __future__ import annotations

from car_video.explanation import TrackView
from car_video.video.segmenter import VideoSegmenter


def tracks_of(segmenter: VideoSegmenter) -> tuple[tuple[TrackView, ...], ...]:
    """For each query its tracks as they are now, the one that is followed first.

    Empty where nothing is tracked.
    """
    tracker = segmenter.tracker
    if tracker is None or tracker.state is None or not segmenter.follows:
        return ()
    tracks = tracker.state.tracks
    alive = tracks.alive.tolist()
    return tuple(
        tuple(
            TrackView(
                (tracks.logits[query, slot] > 0).cpu().numpy(),
                float(tracks.value[query, slot].exp()),
                float(tracks.age[query, slot]),
            )
            for slot, is_alive in enumerate(row)
            if is_alive
        )
        for query, row in enumerate(alive)
    )
