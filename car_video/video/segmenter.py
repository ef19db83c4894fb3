"""``VideoSegmenter``: the streaming entry, one ``step`` per frame.

Per frame: one pass of the backbone, the recurrence on its features, and what the frames before
know: tracks that follow objects (with SAM) or maps that remember (without), and presence that
does not blink. Memory is bounded, whatever the length of the stream.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from car_video.config import SegmentConfig
from car_video.models.base import VisionLanguageModel
from car_video.models.pair import ModelPair
from car_video.segment.image import ImageSegmenter, Survivors
from car_video.segment.pixels import to_pixels
from car_video.types import Frame, FramePrediction
from car_video.video.carry_over import CarryOver
from car_video.video.config import VideoConfig
from car_video.video.keyframes import CutDetector
from car_video.video.presence import PresenceFilter
from car_video.video.smoothing import MapMemory
from car_video.video.tracker import Scene, Tracker

THUMBNAIL = 256  # longest side in pixels of the picture that motion and cuts are seen in
WORKING = 1920  # as car_video.segment.image.LONGEST, for frames that language skips


class VideoSegmenter:
    """Masks of what expressions name, frame by frame, without end.

    Args:
        model: from :func:`car_video.load_model`.
        expressions: at least one sentence or phrase.
        config: see :class:`~car_video.config.SegmentConfig`.
        video: see :class:`~car_video.video.config.VideoConfig`; ``mode="per-frame"`` takes
            every frame on its own.

    Raises:
        ExpressionError: no expression, or an empty one.
    """

    def __init__(
        self,
        model: ModelPair | VisionLanguageModel,
        expressions: Sequence[str],
        config: SegmentConfig | None = None,
        video: VideoConfig | None = None,
    ) -> None:
        self.image = ImageSegmenter(model, expressions, config)
        self.video = video or VideoConfig()
        self._prepare()

    def _prepare(self) -> None:
        queries = len(self.image.texts)
        self.presence = PresenceFilter(
            queries, self.image.config.presence_threshold, self.video.presence
        )
        self.cuts = CutDetector(self.video.keyframes.cut)
        self.carry_over = CarryOver(queries)
        self.since_keyframe = 0
        self.size: tuple[int, int] | None = None
        self.tracker: Tracker | None = None
        self.maps: MapMemory | None = None
        if self.image.sam is not None:
            self.tracker = Tracker(
                self.image.sam,
                queries,
                self.video.tracks,
                self.video.memory,
                self.image.config.sam,
            )
        else:
            self.maps = MapMemory(queries, self.video.memory)

    def reset(self) -> None:
        """Forget the frames seen so far."""
        self._prepare()

    def set_expressions(self, expressions: Sequence[str]) -> None:
        """Look for other things from the next frame on; what was followed is let go."""
        self.image.set_expressions(expressions)
        self._prepare()

    @torch.inference_mode()
    def step(self, frame: Frame) -> FramePrediction:
        """Segment the next frame. Its size may differ from the last one's."""
        if self.video.mode == "per-frame":
            return self.image.segment(frame.image, frame.index, frame.time)
        thumbnail = shrink(frame.image, THUMBNAIL)
        if self.cuts.step(thumbnail) or self.size != frame.image.shape[:2]:
            self._new_scene(thumbnail)
        self.size = (frame.height, frame.width)
        if self.tracker is None:
            return self._with_maps(frame)
        if 0 < self.since_keyframe < self.video.keyframes.every:
            prediction = self._between(frame, thumbnail, self.tracker)
            if prediction is not None:
                self.since_keyframe += 1
                return prediction
        self.since_keyframe = 1
        return self._with_tracks(frame, thumbnail, self.tracker)

    def _new_scene(self, thumbnail: NDArray[np.uint8]) -> None:
        self._prepare()
        self.cuts.step(thumbnail)

    def _with_tracks(
        self, frame: Frame, thumbnail: NDArray[np.uint8], tracker: Tracker
    ) -> FramePrediction:
        """A keyframe: language looks, tracks answer."""
        view = self.image.look(frame.image)
        survivors = self.image.recur(view)
        size = (int(view.pixels.shape[-2]), int(view.pixels.shape[-1]))
        features = view.features.cam_map[0]
        scene = Scene(
            thumbnail,
            tracker.sam.encode(view.pixels, self.image.config.sam.side),
            size,
            features,
            survivors.maps,
            survivors.evidence,
            survivors.alive,
        )
        logits = tracker.step(scene, tracker.look_back(features))
        maps = survivors.maps.new_zeros(len(logits), *survivors.maps.shape[-2:])
        maps[survivors.alive] = survivors.maps
        self._claims = maps
        return self._answer(frame, logits, size, self._scores(survivors))

    def _between(
        self, frame: Frame, thumbnail: NDArray[np.uint8], tracker: Tracker
    ) -> FramePrediction | None:
        """A frame on which tracks go on by themselves; None if one of them is in doubt."""
        pixels = to_pixels(frame.image, self.image.proposer.device, WORKING)
        size = (int(pixels.shape[-2]), int(pixels.shape[-1]))
        embedding = tracker.sam.encode(pixels, self.video.keyframes.side)
        logits = tracker.glide(Scene(thumbnail, embedding, size))
        if bool((self.presence.present & tracker.leaderless()).any()):
            return None  # the mask fell apart or got away: language has to look
        return self._answer(frame, logits, size, None)

    def _with_maps(self, frame: Frame) -> FramePrediction:
        """Without mask candidates: proposals with memory, then their refinement."""
        assert self.maps is not None
        view = self.image.look(frame.image)
        features = view.features.cam_map[0]
        frame_scores = self.image.frame_scores(view)
        keyframe = self.since_keyframe % self.video.keyframes.every == 0
        if keyframe:
            survivors = self.image.recur(view)
        else:
            start = self.carry_over.start(frame_scores)
            survivors = self.image.recur(view, start, max_steps=1)
        self.since_keyframe += 1
        self.carry_over.end(survivors.alive, frame_scores)
        mixed = self.maps.step(
            features, self.maps.look_back(features), survivors.maps, survivors.alive
        )
        survivors = Survivors(
            survivors.alive, mixed, survivors.evidence, survivors.scores, survivors.steps
        )
        masks = self.image.refine(view, survivors)
        everyone = masks.new_zeros(len(self.image.texts), *masks.shape[-2:])
        everyone[survivors.alive] = masks
        scores, present = self.presence.step(self._scores(survivors))
        return self.image.predict(
            frame.image, everyone, scores, present, frame.index, frame.time
        )

    def _scores(self, survivors: Survivors) -> NDArray[np.float32]:
        scores = np.zeros(len(self.image.texts), np.float32)
        scores[survivors.alive.numpy()] = survivors.scores.float().cpu().numpy()
        return scores

    def _answer(
        self,
        frame: Frame,
        logits: Tensor,
        size: tuple[int, int],
        scores: NDArray[np.float32] | None,
    ) -> FramePrediction:
        """Masks and presence; without new scores those of the last keyframe stand."""
        if scores is not None:
            self.presence.step(scores)
        assert self.presence.scores is not None
        masks = self.image.separate(logits, self._claims, size)
        return self.image.predict(
            frame.image,
            masks,
            self.presence.scores.copy(),
            self.presence.present,
            frame.index,
            frame.time,
        )


def shrink(image: NDArray[np.uint8], longest: int) -> NDArray[np.uint8]:
    """A small copy by means over whole areas; uint8 [H, W, 3] -> uint8 [h, w, 3]."""
    height, width = image.shape[:2]
    scale = min(1.0, longest / max(height, width))
    size = (max(1, round(height * scale)), max(1, round(width * scale)))
    pixels = torch.from_numpy(np.require(image, requirements=["C", "W"]))
    pixels = pixels.permute(2, 0, 1)[None].float()
    small = F.interpolate(pixels, size, mode="area")[0].round().to(torch.uint8)
    return np.ascontiguousarray(small.permute(1, 2, 0).cpu().numpy())
