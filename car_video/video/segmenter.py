"""``VideoSegmenter``: frames in, masks out, one ``step`` per frame.

Each frame is encoded once and goes through the recurrence. What earlier frames tell is added:
tracks that follow objects (with SAM) or maps that remember (without), and smoothed presence.
Memory is bounded, whatever the length of the stream.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from car_video.config import Config, SegmentConfig, VideoConfig
from car_video.corrections import Correction
from car_video.errors import ConfigError
from car_video.models.base import VisionLanguageModel
from car_video.models.numerics import in_standard_torch
from car_video.models.pair import ModelPair, as_pair
from car_video.models.sam.base import MaskModel
from car_video.segment.encoding import MAX_WORKING_SIDE
from car_video.segment.mask_selection.overlaps import resolve_overlaps
from car_video.segment.resizing import bounded, enlarge
from car_video.segment.segmenter import ImageSegmenter
from car_video.types import Frame, FramePrediction
from car_video.video.arguments import FrameCounter, as_settings
from car_video.video.correction.alternatives import checked_count, with_alternatives
from car_video.video.correction.online import OnlineCorrections
from car_video.video.map_memory.propagation import MapPropagation
from car_video.video.observation import EncodedFrame, Observation, encode_frames, observe
from car_video.video.presence import PresenceFilter, doubting, track_presence
from car_video.video.scheduling.clock import NOMINAL_FPS, FrameClock
from car_video.video.scheduling.keyframes import (
    CutDetector,
    KeyframeSchedule,
    colour_histogram,
)
from car_video.video.scheduling.levels import Level, at_level, spacing_at
from car_video.video.scheduling.pace import new_pace
from car_video.video.segmenter_state import give_state, take_state
from car_video.video.state.selection import NEW, matching
from car_video.video.state.tensors import State
from car_video.video.thumbnail import shrink
from car_video.video.tracking.frames import IntermediateFrame
from car_video.video.tracking.mask_tensors import MAX_LOGIT
from car_video.video.tracking.memory_propagation import MemoryPropagation, configured_memory
from car_video.video.tracking.tracker import Tracker


class VideoSegmenter:
    """Masks of what expressions name, frame by frame, without end.

    Args:
        model: from :func:`car_video.load_model`.
        expressions: at least one sentence or phrase.
        config: a whole preset (:func:`car_video.load_preset`), or settings of the image
            algorithm; by default the preset that suits the model.
        video: settings of the video algorithm, instead of the preset's. ``mode="per-frame"``
            takes every frame on its own; ``offline`` needs frames ahead, which
            :func:`~car_video.video.stream.segment_stream` gives it: ``step`` is online.
        mask_model: a loaded mask model to share; by default the configuration's is loaded, if
            it is needed.
        fps: frames per second of frames that are given as arrays.
        alternatives: see :func:`~car_video.video.stream.segment_stream`.

    Raises:
        ExpressionError: no expression, an empty one, or a text in place of a list.
        ConfigError: settings of another kind.

    Example:
        >>> from car_video import VideoSegmenter, load_model, load_preset
        >>> segmenter = VideoSegmenter(load_model("lite"), ["a dog"], load_preset("fast"))
        >>> segmenter.step(np.zeros((48, 64, 3), np.uint8)).masks.shape
        (1, 48, 64)
    """

    @in_standard_torch
    def __init__(
        self,
        model: ModelPair | VisionLanguageModel,
        expressions: Sequence[str],
        config: Config | SegmentConfig | None = None,
        video: VideoConfig | None = None,
        *,
        mask_model: MaskModel | None = None,
        fps: float = NOMINAL_FPS,
        alternatives: int = 0,
    ) -> None:
        segment, self.video = as_settings(config, video, as_pair(model).name)
        self.alternatives = checked_count(alternatives)
        self.counter = FrameCounter(fps)
        self.image = ImageSegmenter(model, expressions, segment, mask_model)
        self.settings = self.image.config, self.video  # of the user, whatever the level
        self.video_memory = configured_memory(*self.settings, self.image.proposer.device)
        self.stopwatch = time.perf_counter
        self.pace = new_pace(*self.settings)
        self.spacing = 1  # frames between keyframes, by the level
        self.frame_clock = FrameClock()
        self.size: tuple[int, int] | None = None
        self.corrections = OnlineCorrections(self.image, self.video)
        self._forget()

    def reset(self) -> None:
        """Forget the frames seen so far; arrays are counted from 0 again."""
        self.counter.next = 0
        self.frame_clock = FrameClock()
        self.corrections.reset()
        self._forget()

    @in_standard_torch
    def set_expressions(self, expressions: Sequence[str]) -> None:
        """Look for other things from the next frame on.

        Expressions that stay (the same words, at any place) keep their tracks, memory and
        presence. Language sees the next frame where there are new ones.

        Raises:
            ExpressionError: none, or an empty one; then nothing changes.
        """
        before = self.image.queries.texts
        self.image.set_expressions(expressions)
        places = matching(before, self.image.queries.texts)
        self.presence.select(places)
        self.maps.select(places)
        if self.tracker is not None:
            self.tracker.select(places, self.video.tracks, self._may_share())
        if NEW in places:
            self.schedule.reset()
        self.corrections.select()

    def correct(self, correction: Correction) -> FramePrediction | None:
        """Correct the newest frame or one to come; later ones follow (docs/corrections.md).

        Returns:
            The newest frame's prediction, corrected; None where the frame is still to come.

        Raises:
            CorrectionError: it does not fit the expressions or the frame, or the frame has
                passed; nothing changes then.
        """
        return self.corrections.add(correction)

    @in_standard_torch
    @torch.inference_mode()
    def step(self, frame: Frame | NDArray[np.uint8]) -> FramePrediction:
        """Segment the next frame. Its size may differ from the last one's.

        Args:
            frame: a frame of :func:`car_video.read_frames`, or an array uint8 [H, W, 3], RGB,
                which is numbered and timed by ``fps``.

        Raises:
            ValueError: neither; one line that says how to convert it.
            CorrectionError: a correction of this frame does not fit it.
        """
        frame = self.counter.frame(frame)
        answer = self.corrections.step(frame, self._paced(frame))
        return with_alternatives(self.image, frame, answer, self.alternatives)

    def _paced(self, frame: Frame) -> FramePrediction:
        """The next frame, in the mode and at the level of quality that hold."""
        if self.video.mode == "per-frame":
            return self.image.segment(frame.image, frame.index, frame.time)
        if self.pace is None:
            return self._step(frame)
        began, level = self.stopwatch(), self.pace.level
        prediction = self._step(frame)
        keyframe = not self.follows or self.schedule.frames == 0
        if self.pace.step(self.stopwatch() - began, keyframe) != level:
            self.apply(self.pace.ladder[self.pace.level])
        return prediction

    @property
    def follows(self) -> bool:
        """Whether tracks give the masks, rather than proposals with memory."""
        return self.tracker is not None and self.image.config.prompted

    def new_tracker(self) -> Tracker:
        """A tracker without tracks, for the expressions of this segmenter."""
        sam, queries, memory = self.image.sam, len(self.image.queries), self.video_memory
        assert sam is not None
        return Tracker(
            sam,
            queries,
            self.video.tracks,
            self.video.memory,
            self.image.config.sam,
            self._may_share(),
            None if memory is None else MemoryPropagation(memory, sam, queries),
        )

    def _may_share(self) -> NDArray[np.bool_] | None:
        """Whose words allow that they name the same thing; None where each is alone."""
        compete = self.image.config.mode == "semantic"
        return self.image.queries.may_share if compete else None

    def apply(self, level: Level) -> None:
        """Work at another level of quality from the next frame on; what is followed stays.

        Only where SAM comes or goes, tracks or maps begin anew (presence stays).
        """
        followed = self.follows
        self.image.config, self.video = at_level(*self.settings, level)
        self.spacing = spacing_at(level, self.settings[1].keyframes)
        if self.follows != followed:
            self.maps.reset()
            self.schedule.reset()
            if self.tracker is not None:
                self.tracker.reset()

    def is_new_scene(self, frame: Frame, colours: NDArray[np.float64]) -> bool:
        """Whether a new scene begins with this frame.

        Args:
            frame: the next frame.
            colours: see :func:`~car_video.video.scheduling.keyframes.colour_histogram`.
        """
        return self.size != (frame.height, frame.width) or self.cuts.is_cut(colours)

    def begin_frame(self, frame: Frame, colours: NDArray[np.float64]) -> float:
        """Take note of a new frame; with a new scene the old one is forgotten.

        Returns:
            Seconds since the last frame.
        """
        if self.is_new_scene(frame, colours):
            best = self.presence.best
            self._forget()
            self.presence.best = best
            self.size = (frame.height, frame.width)
        self.cuts.step(colours)
        seconds = self.frame_clock.step(frame.time)
        self.schedule.advance(seconds)
        return seconds

    @in_standard_torch
    def observe(self, frame: EncodedFrame, thumbnail: NDArray[np.uint8]) -> Observation:
        """Let language see a frame that is encoded."""
        return observe(self.image, frame, thumbnail, self.presence)

    @in_standard_torch
    @torch.inference_mode()
    def follow(
        self, observation: Observation, seconds: float, overdue: float
    ) -> tuple[Tensor, NDArray[np.float32]]:
        """Let the tracks take a language frame; those whose target has left end.

        Args:
            observation: of the frame.
            seconds: since the last frame.
            overdue: seconds that presence is to move on.

        Returns:
            Logits [Q, a, b] of the best tracks; float32 [Q] how sure frame and track are.
        """
        assert self.tracker is not None
        since = self.tracker.since_language + seconds
        logits = self.tracker.step(observation.frame, seconds)
        scores = track_presence(observation.scores, self.tracker.agreement())
        _, present = self.presence.step(scores, overdue)
        self.tracker.drop(~present)
        self.tracker.compare(observation.frame, since)
        return logits, scores

    def answer(
        self,
        frame: Frame,
        logits: Tensor,
        scores: NDArray[np.float32],
        present: NDArray[np.bool_],
        evidence: dict[str, NDArray[np.float32]] | None = None,
    ) -> FramePrediction:
        """A prediction from logits [Q, a, b], scores float32 [Q] and presence bool [Q], with
        the evidence of the observation where language has seen this frame."""
        size = bounded(frame.height, frame.width, MAX_WORKING_SIDE)
        shown = torch.from_numpy(present).to(logits.device)
        # Masks of absent targets take no pixel from the others.
        logits = logits.masked_fill(~shown[:, None, None], -MAX_LOGIT)
        exclusive = self.image.config.mode == "semantic"
        masks = resolve_overlaps(logits, size) if exclusive else enlarge(logits, size) > 0
        return self.image.predict(
            frame.image, masks, scores.copy(), present, frame.index, frame.time, evidence
        )

    @in_standard_torch
    def state_dict(self) -> State:
        """Everything that the next frame depends on, as plain tensors by name.

        Costs nothing: the tensors are those that the segmenter holds, but later frames do not
        change them. Empty in ``per-frame`` mode. Texts are UTF-8 in uint8 tensors.

        Raises:
            ConfigError: the next frames follow from a correction, which is no part of it.
        """
        if not self.corrections.idle:
            raise ConfigError("the state holds no corrections; take it when they have ended")
        if self.video.mode == "per-frame":
            return {}
        return take_state(self)

    @in_standard_torch
    def load_state_dict(self, state: State) -> None:
        """Go on as the segmenter whose :meth:`state_dict` it is would have gone on.

        Raises:
            ConfigError: it is of other expressions or settings, or damaged; the segmenter is
                then as after :meth:`reset`.
        """
        self.reset()
        if self.video.mode == "per-frame":
            if state:
                raise ConfigError("the state is of another mode; per-frame keeps none")
            return
        give_state(self, state)

    def begin_pace(self) -> None:
        """Work at the best level of quality again, as the user's settings say."""
        self.pace = new_pace(*self.settings)
        self.image.config, self.video = self.settings
        self.spacing = 1

    def _forget(self) -> None:
        """Begin a new scene."""
        queries, config = len(self.image.queries), self.image.config
        self.presence = PresenceFilter(
            queries, config.presence_threshold, self.video.presence, config.assume_present
        )
        self.cuts = CutDetector(self.video.keyframes.cut)
        self.maps = MapPropagation(queries, self.video.memory)
        self.tracker = self.new_tracker() if self.image.sam is not None else None
        self.schedule = KeyframeSchedule()
        self.size = None

    def _step(self, frame: Frame) -> FramePrediction:
        thumbnail = shrink(frame.image)
        seconds = self.begin_frame(frame, colour_histogram(thumbnail))
        settled = bool(self.presence.present.all()) and not self.image.queries.open_ended
        interval = self.video.keyframes.interval_now(self.follows and settled)
        due = self.schedule.due(interval, self.spacing)
        if self.tracker is None or not self.follows:
            return self._with_maps(frame, due, seconds)
        if not due:
            prediction = self._propagate(frame, thumbnail, self.tracker, seconds)
            if prediction is not None:
                return prediction
        before = self.presence.present
        (encoded,) = encode_frames(self.image, [frame])
        overdue = self.schedule.overdue(interval, self.spacing)
        observation = self.observe(encoded, thumbnail)
        logits, _ = self.follow(observation, seconds, overdue)
        self.schedule.language_ran(bool((before & ~self.presence.present).any()))
        return self._answer(frame, logits, observation.evidence)

    def _propagate(
        self, frame: Frame, thumbnail: NDArray[np.uint8], tracker: Tracker, seconds: float
    ) -> FramePrediction | None:
        """A frame between keyframes: tracks go on by themselves; None if they are in doubt
        or new."""
        present, config = self.presence.present, self.video.keyframes
        if bool((present & tracker.trackless()).any()):
            return None  # a target is present and nothing follows it
        if tracker.newborn(config.newborn, present):
            return None
        doubt = config.doubt if self.schedule.reached(config.min_interval) else 0.0
        given = IntermediateFrame(
            thumbnail, frame.image, config.side, present, self.image.proposer.device
        )
        logits = tracker.propagate(given, seconds, doubt, config)
        return None if logits is None else self._answer(frame, logits)

    def _with_maps(self, frame: Frame, keyframe: bool, seconds: float) -> FramePrediction:
        """A frame without mask candidates: proposals with memory, then their refinement."""
        masks, scores, evidence = self.maps.step(self.image, frame.image, keyframe, seconds)
        if keyframe:
            self.schedule.language_ran(False)
        if self.tracker is not None and self.settings[0].prompted:
            # The last level of pace has no tracks; its scores must mean what theirs do.
            scores = track_presence(scores)
        smooth, present = self.presence.step(scores, seconds)
        return self.image.predict(
            frame.image, masks, smooth, present, frame.index, frame.time, evidence
        )

    def _answer(
        self,
        frame: Frame,
        logits: Tensor,
        evidence: dict[str, NDArray[np.float32]] | None = None,
    ) -> FramePrediction:
        """Masks of the tracks, and presence as it stands."""
        scores, present = self.presence.scores, self.presence.present
        assert scores is not None
        assert self.tracker is not None
        scores, present = doubting(scores, present, self.tracker.against())
        return self.answer(frame, logits, scores, present, evidence)
