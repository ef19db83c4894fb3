"""Frames of a video segmented by a vocabulary, with identity from FC-CLIP's queries.

No flow and no masks of the frame before are used: a segment is the track of its query
(:mod:`car_video.models.fcclip.carry_over`).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from car_video.models.fcclip.carry_over import CarryOver, QueryCarrier
from car_video.segment.panoptic.segmenter import PanopticSegmenter
from car_video.types import PanopticMap


class VideoPanopticSegmenter:
    """Panoptic segments of frame after frame; ``Segment.track`` is the same over frames.

    Args:
        segmenter: for single pictures.
        carry: how queries are carried from frame to frame. The released weights were trained
            for neither way; ``match`` is MinVIS's.
    """

    def __init__(self, segmenter: PanopticSegmenter, carry: CarryOver = "match") -> None:
        self.segmenter = segmenter
        self._carrier = QueryCarrier(carry)

    def reset(self) -> None:
        """Forget all tracks: another scene begins."""
        self._carrier.reset()

    def step(self, image: NDArray[np.uint8]) -> PanopticMap:
        """The next frame, uint8 [H, W, 3], RGB; its size may change."""
        encoded = self.segmenter.encode(image, self._carrier.start)
        tracks = self._carrier.step(encoded.proposals).tolist()
        found: PanopticMap = self.segmenter.decode(encoded, "panoptic")
        segments = (replace(s, track=tracks[s.query]) for s in found.segments)
        return PanopticMap(found.ids, tuple(segments))
