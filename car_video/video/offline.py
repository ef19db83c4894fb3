"""``OfflineSegmenter``: tracks with frames ahead known.

Frames are encoded a few at a time and wait in a window. The forward pass is that of the online
mode; when the window is full a second pass follows it backwards. Of the tracks of both each
expression takes those that are worth most over the whole window
(:mod:`~car_video.video.tracking.hindsight`), and presence is smoothed from both ends. What is
taken is doubted as online (:mod:`~car_video.video.tracking.likeness`). The forward pass and the
looks that doubts compare with go on from window to window. Memory holds one window and what a
batch leaves behind, whatever the length of the clip.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from car_video.models.numerics import in_standard_torch
from car_video.types import Frame, FramePrediction
from car_video.video.observation import (
    EncodedFrame,
    Observation,
    encode_frames,
    to_half,
    to_single,
)
from car_video.video.presence import (
    PresenceFilter,
    doubting,
    smooth_presence,
    track_presence,
)
from car_video.video.scheduling.keyframes import colour_histogram
from car_video.video.segmenter import VideoSegmenter
from car_video.video.thumbnail import shrink
from car_video.video.tracking.appearance import PROVEN_SECONDS
from car_video.video.tracking.hindsight import Nodes, PassFrame, choose
from car_video.video.tracking.likeness import Likeness, look_of


@dataclass(frozen=True)
class WindowFrame:
    """A frame of the window, with what the forward pass made of it.

    Attributes:
        frame: as given.
        observation: at half precision.
        tracks: of the forward pass.
        seconds: from the frame before to this one.
    """

    frame: Frame
    observation: Observation
    tracks: PassFrame
    seconds: float


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
        self.before = self._presence()  # of the frame before the window
        self.looks: Likeness | None = None  # up to that frame; None: nothing was seen

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
        if not self.window:
            self.before, self.looks = self._presence(), self._looks()
        self.segmenter.follow(observation, seconds, seconds)
        assert self.segmenter.tracker is not None
        tracks = PassFrame.newest(self.segmenter.tracker)
        self.window.append(WindowFrame(frame, to_half(observation), tracks, seconds))
        if len(self.window) >= self.segmenter.video.offline.window:
            yield from self._close()

    @torch.inference_mode()
    def _close(self) -> Iterator[tuple[Frame, FramePrediction]]:
        """The backward pass over the window, the choice, and the answers."""
        if not self.window:
            return
        nodes = self._nodes()
        seconds = [kept.seconds for kept in self.window]
        tracker = self.segmenter.tracker
        assert tracker is not None
        there = np.stack([kept.observation.scores for kept in self.window])
        config = self.segmenter.video
        path = choose(nodes, seconds, there, config.tracks, tracker.may_share)
        agreement = np.stack([one.agreement(own) for one, own in zip(nodes, path, strict=True)])
        scores = np.stack(
            [
                track_presence(of_frame, own)
                for of_frame, own in zip(there, agreement, strict=True)
            ]
        )
        threshold = self.segmenter.presence.thresholds
        smooth, present = smooth_presence(
            scores, seconds, threshold, config.presence, self.before
        )
        masks = [one.logits(own) for one, own in zip(nodes, path, strict=True)]
        smooth, present = doubting(smooth, present, self._against(masks, present))
        last = len(self.window) - 1
        for place, kept in enumerate(self.window):
            prediction = self.segmenter.answer(
                kept.frame, masks[place], smooth[place], present[place]
            )
            if place == last:  # with the last answer the state is whole
                self.window = []
            yield kept.frame, prediction

    def _nodes(self) -> list[Nodes]:
        """The tracks of both passes on every frame of the window."""
        back = SecondPass(self.segmenter)
        nodes = []
        after = 0.0  # seconds to the frame that the pass took before
        for kept in reversed(self.window):
            seen = back.step(to_single(kept.observation), after)
            nodes.append(Nodes.of(kept.tracks, seen))
            after = kept.seconds
        return nodes[::-1]

    def _against(self, masks: list[Tensor], present: NDArray[np.bool_]) -> NDArray[np.float32]:
        """Log-odds against what is taken on each frame of the window, float32 [T, Q], below 0
        where it is doubted. The segmenter goes on with the looks up to the last frame.

        Args:
            masks: T times logits [Q, a, b].
            present: bool [T, Q] before doubts.
        """
        assert self.segmenter.tracker is not None
        state = self.segmenter.tracker.state
        assert state is not None
        queries, _, features = state.likeness.appearance.shape
        looks = self.looks or Likeness.unknown(queries, features, masks[0])
        since = torch.zeros_like(looks.against)  # seconds for which something has been there
        against = []
        for kept, logits, shown in zip(self.window, masks, present, strict=True):
            seen = to_single(kept.observation).frame
            there = torch.from_numpy(shown).to(logits.device) & (logits > 0).any(-1).any(-1)
            since = (since + kept.seconds) * there
            look = look_of(logits, there, seen.thumbnail, seen.features)
            looks.step(look, since >= PROVEN_SECONDS, kept.seconds)
            against.append(looks.against)
        state.likeness = looks
        return np.asarray(torch.stack(against).cpu().numpy(), np.float32)

    def _looks(self) -> Likeness | None:
        """What the targets have looked like; later frames do not change it."""
        tracker = self.segmenter.tracker
        if tracker is None or tracker.state is None:
            return None
        return replace(tracker.state.likeness)

    def _presence(self) -> tuple[NDArray[np.float32] | None, NDArray[np.bool_]]:
        presence = self.segmenter.presence
        return presence.scores, presence.present


class SecondPass:
    """Follows a window backwards, as the online mode would.

    Args:
        segmenter: whose settings hold.
    """

    def __init__(self, segmenter: VideoSegmenter) -> None:
        self.tracker = segmenter.new_tracker()
        queries, config = len(segmenter.image.queries), segmenter.image.config
        self.presence = PresenceFilter(
            queries, config.presence_threshold, segmenter.video.presence, config.assume_present
        )
        self.presence.best = segmenter.presence.best

    def step(self, observation: Observation, seconds: float) -> PassFrame:
        """The frame before; ``seconds`` lie between the two."""
        presence = self.presence
        possible = presence.present | (observation.scores >= presence.least)
        self.tracker.step(replace(observation.frame, possible=possible), seconds)
        scores = track_presence(observation.scores, self.tracker.agreement())
        _, present = presence.step(scores, seconds)
        tracks = PassFrame.newest(self.tracker)
        self.tracker.drop(~present)
        return tracks
