"""Frames of a video segmented by a vocabulary, with identity from FC-CLIP's queries.

No flow and no masks of the frame before are used: a segment is the track of its query
(:mod:`car_video.models.fcclip.carry_over`). With a cut, or another size, other tracks begin.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from car_video.config.video import KeyframeConfig
from car_video.models.fcclip.carry_over import CarryOver, QueryCarrier
from car_video.segment.panoptic.segmenter import PanopticSegmenter
from car_video.types import PanopticMap, as_image
from car_video.video.scheduling.keyframes import CutDetector, colour_histogram
from car_video.video.thumbnail import shrink


class VideoPanopticSegmenter:
    """Panoptic segments of frame after frame; ``Segment.track`` is the same over frames.

    Args:
        segmenter: for single pictures.
        carry: how queries are carried from frame to frame. The released weights were trained
            for neither way; ``match`` is MinVIS's.
        cut: least part of the pixels that change their colour where a new scene begins.
    """

    def __init__(
        self,
        segmenter: PanopticSegmenter,
        carry: CarryOver = "match",
        cut: float = KeyframeConfig().cut,
    ) -> None:
        self.segmenter = segmenter
        self._carrier = QueryCarrier(carry)
        self._cuts = CutDetector(cut)
        self.reset()

    def reset(self) -> None:
        """Forget everything: another video begins, and its tracks are numbered from 0."""
        self._carrier.reset()
        self._cuts.reset()
        self._first = 0  # number of this scene's first track
        self._size: tuple[int, ...] | None = None

    def step(self, image: NDArray[np.uint8]) -> PanopticMap:
        """The next frame, uint8 [H, W, 3], RGB."""
        image = as_image(image)
        cut = self._cuts.step(colour_histogram(shrink(image)))
        if self._size is not None and (cut or image.shape != self._size):
            self._carrier.reset()
            self._first += self.segmenter.model.network.trained.architecture.queries
        self._size = image.shape
        encoded = self.segmenter.encode(image, self._carrier.start)
        tracks = (self._carrier.step(encoded.proposals) + self._first).tolist()
        found: PanopticMap = self.segmenter.decode(encoded, "panoptic")
        segments = (replace(s, track=tracks[s.query]) for s in found.segments)
        return PanopticMap(found.ids, tuple(segments))
