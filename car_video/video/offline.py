"""``OfflineSegmenter``: tracks with frames ahead known.

Frames are encoded a few at a time and wait in a window. The forward pass is that of the online
mode. The frame on which an expression's track had its highest value is its keyframe. From there
a second tracker follows the track back to the first frame of the window. Where the forward pass
has a mask of another object, or none, the backward mask replaces it. Presence is smoothed from
both ends. Memory holds one window and what a batch leaves behind, whatever the length of the
clip.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from car_video.models.numerics import in_standard_torch
from car_video.segment.mask_selection.overlaps import half_masks
from car_video.types import Frame, FramePrediction
from car_video.video.observation import (
    EncodedFrame,
    Observation,
    encode_frames,
    to_half,
    to_single,
)
from car_video.video.presence import smooth_presence
from car_video.video.scheduling.keyframes import colour_histogram
from car_video.video.segmenter import VideoSegmenter
from car_video.video.thumbnail import shrink
from car_video.video.tracking.appearance import PROVEN_SECONDS
from car_video.video.tracking.handover import inject
from car_video.video.tracking.tracks import NO_TRACK, Tracks, overlaps, without

OTHER_OBJECT_IOU = 0.1  # two masks with less IoU are of different objects


@dataclass(frozen=True)
class WindowFrame:
    """A frame of the window, with what the forward pass made of it.

    Attributes:
        frame: as given.
        observation: at half precision.
        logits: float16 [Q, a, b] of the best tracks.
        scores: float32 [Q] of presence, not smoothed.
        seconds: from the frame before to this one.
    """

    frame: Frame
    observation: Observation
    logits: Tensor
    scores: NDArray[np.float32]
    seconds: float


@dataclass(frozen=True)
class Keyframe:
    """Where the track of one expression was best.

    Attributes:
        value: its score there.
        place: in the window.
        tracks: of this expression alone, [1, K, ...].
    """

    value: float
    place: int
    tracks: Tracks


class OfflineSegmenter:
    """Frames in, frames with predictions out, late by up to a window.

    Args:
        segmenter: whose settings and forward pass are used.

    Attributes:
        batch: frames that are encoded together; half as many from when memory ran out.
        notices: that this has happened, for users.
    """

    def __init__(self, segmenter: VideoSegmenter) -> None:
        self.segmenter = segmenter
        self.batch = segmenter.video.offline.batch
        self.notices: list[str] = []
        self.waiting: list[Frame] = []  # for the encoders, all of one size
        self.window: list[WindowFrame] = []
        self.keyframes: dict[int, Keyframe] = {}

    @property
    def whole(self) -> bool:
        """Whether the segmenter's state is all that the frame after the last answer needs."""
        return not self.window

    @in_standard_torch
    def push(self, frame: Frame) -> Iterator[tuple[Frame, FramePrediction]]:
        """Take a frame; gives what is ready, which may be nothing."""
        if not self.segmenter.follows:
            yield frame, self.segmenter.step(frame)  # maps have no second pass
            return
        if self.waiting and self.waiting[0].image.shape != frame.image.shape:
            yield from self._take_waiting()
        self.waiting.append(frame)
        room = self.segmenter.video.offline.window - len(self.window)
        if len(self.waiting) >= min(self.batch, room):
            yield from self._take_waiting()

    @in_standard_torch
    def finish(self) -> Iterator[tuple[Frame, FramePrediction]]:
        """Everything that still waits."""
        yield from self._take_waiting()
        yield from self._close()

    def _take_waiting(self) -> Iterator[tuple[Frame, FramePrediction]]:
        """Encode the frames that wait together, and take them one by one."""
        if not self.waiting:
            return
        frames, self.waiting = self.waiting, []
        encoded = self._encode(frames)
        for frame in frames:
            yield from self._take(frame, encoded.pop(0))

    def _encode(self, frames: list[Frame]) -> list[EncodedFrame]:
        """Encode frames together, or in halves from when memory does not hold so many.

        Raises:
            torch.OutOfMemoryError: it does not hold one.
        """
        try:
            return encode_frames(self.segmenter.image, frames)
        except torch.OutOfMemoryError:
            if len(frames) == 1:
                raise
        half = self.batch = len(frames) // 2
        self.notices = [f"out of memory: no more than {half} frames were encoded at once"]
        return [*self._encode(frames[:half]), *self._encode(frames[half:])]

    def _take(
        self, frame: Frame, encoded: EncodedFrame
    ) -> Iterator[tuple[Frame, FramePrediction]]:
        """The forward pass of one frame; closes windows that end before or with it."""
        thumbnail = shrink(frame.image)
        colours = colour_histogram(thumbnail)
        if self.segmenter.is_new_scene(frame, colours):
            yield from self._close()
        seconds = self.segmenter.begin_frame(frame, colours)
        observation = self.segmenter.observe(encoded, thumbnail)
        logits, scores = self.segmenter.follow(observation, seconds, seconds)
        self.window.append(
            WindowFrame(frame, to_half(observation), logits.half(), scores, seconds)
        )
        self._note_keyframes()
        if len(self.window) >= self.segmenter.video.offline.window:
            yield from self._close()

    @torch.inference_mode()
    def _close(self) -> Iterator[tuple[Frame, FramePrediction]]:
        """The backward pass over the window, and its answers."""
        if not self.window:
            return
        logits = [kept.logits for kept in self.window]
        for place, back in self._backward():
            logits[place] = repair(logits[place], back.half())
        scores = np.stack([kept.scores for kept in self.window])
        config = self.segmenter.video.presence
        threshold = self.segmenter.presence.thresholds
        seconds = [kept.seconds for kept in self.window]
        smooth, present = smooth_presence(scores, seconds, threshold, config)
        last = len(self.window) - 1
        for place, kept in enumerate(self.window):
            prediction = self.segmenter.answer(
                kept.frame, logits[place].float(), smooth[place], present[place]
            )
            if place == last:  # with the last answer the state is whole
                self.window, self.keyframes = [], {}
            yield kept.frame, prediction

    def _note_keyframes(self) -> None:
        """Remember for each expression the frame on which its track was best so far."""
        assert self.segmenter.tracker is not None
        state = self.segmenter.tracker.state
        assert state is not None
        tracks = state.tracks
        for query, (value, age) in enumerate(
            zip(tracks.value[:, 0].tolist(), tracks.age[:, 0].tolist(), strict=True)
        ):
            best = self.keyframes.get(query)
            if age >= PROVEN_SECONDS and value > (best.value if best else NO_TRACK):
                own = tracks.of(query)
                self.keyframes[query] = Keyframe(value, len(self.window) - 1, own)

    def _backward(self) -> Iterator[tuple[int, Tensor]]:
        """Places in the window, last one first, and the backward logits [Q, a, b] there."""
        if not self.keyframes:
            return
        tracker = self.segmenter.new_tracker()
        last = max(keyframe.place for keyframe in self.keyframes.values())
        joined = torch.zeros(tracker.queries, dtype=torch.bool)
        seconds = 0.0  # from the frame after to this one
        for place in range(last, -1, -1):
            kept = self.window[place]
            logits = tracker.step(to_single(kept.observation).frame, seconds)
            seconds = kept.seconds
            for query, keyframe in self.keyframes.items():
                if keyframe.place == place:
                    inject(tracker, query, keyframe.tracks)
                    joined[query] = True
            assert tracker.state is not None
            tracker.state.tracks = without(tracker.state.tracks, ~joined.to(logits.device))
            yield place, tracker.best()


def repair(forward: Tensor, backward: Tensor) -> Tensor:
    """Logits [Q, a, b]: the backward ones where the two are of different objects."""
    overlap = overlaps(
        half_masks(forward.float())[:, None], half_masks(backward.float())[:, None]
    )
    there = (backward > 0).flatten(1).any(1)
    other = there & (overlap[:, 0, 0] < OTHER_OBJECT_IOU)
    return torch.where(other[:, None, None], backward, forward)
