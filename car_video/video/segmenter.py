"""``VideoSegmenter``: the streaming entry, one ``step`` per frame.

Per frame: one pass of the backbone, the recurrence on its features, and what the frames before
know: tracks that follow objects (with SAM) or maps that remember (without), and presence that
does not blink. Memory is bounded, whatever the length of the stream.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from car_video.config import SegmentConfig
from car_video.config.video import VideoConfig
from car_video.errors import ConfigError
from car_video.models.base import VisionLanguageModel
from car_video.models.numerics import in_standard_torch
from car_video.models.pair import ModelPair
from car_video.segment.encoding import MAX_WORKING_SIDE
from car_video.segment.mask_selection.overlaps import resolve_overlaps
from car_video.segment.resizing import bounded, enlarge, to_pixels
from car_video.segment.segmenter import ImageSegmenter
from car_video.types import Frame, FramePrediction
from car_video.video.feature_memory import unit_features
from car_video.video.map_memory.carry_over import CarryOver
from car_video.video.map_memory.smoothing import MapMemory
from car_video.video.observation import Look, Observation, encode_frames, observe
from car_video.video.presence import PresenceFilter, track_presence
from car_video.video.scheduling.keyframes import CutDetector, Rhythm, colour_histogram
from car_video.video.scheduling.pace import Level, Pace, at_level, ladder_for
from car_video.video.state.rows import NEW, matching
from car_video.video.state.tensors import (
    FORMAT,
    State,
    as_text,
    from_text,
    joined,
    part_of,
    take,
)
from car_video.video.tracking.scene import Glimpse
from car_video.video.tracking.tracker import LIMIT, Tracker

THUMBNAIL = 256  # longest side in pixels of the picture that motion and cuts are seen in


class VideoSegmenter:
    """Masks of what expressions name, frame by frame, without end.

    Args:
        model: from :func:`car_video.load_model`.
        expressions: at least one sentence or phrase.
        config: see :class:`~car_video.config.SegmentConfig`.
        video: see :class:`~car_video.config.video.VideoConfig`. ``mode="per-frame"`` takes
            every frame on its own; ``offline`` needs to see frames ahead, which
            :func:`~car_video.video.stream.segment_stream` gives it: ``step`` is online.

    Raises:
        ExpressionError: no expression, or an empty one.
    """

    @in_standard_torch
    def __init__(
        self,
        model: ModelPair | VisionLanguageModel,
        expressions: Sequence[str],
        config: SegmentConfig | None = None,
        video: VideoConfig | None = None,
    ) -> None:
        self.image = ImageSegmenter(model, expressions, config)
        self.video = video or VideoConfig()
        self.settings = self.image.config, self.video  # of the user, whatever the level
        self.clock = time.perf_counter
        self.pace: Pace | None = None
        if self.video.target_fps is not None:
            ladder = ladder_for(self.image.config, self.video.keyframes)
            self.pace = Pace(self.video.target_fps, ladder)
        self.reset()

    def reset(self) -> None:
        """Forget the frames seen so far."""
        queries = len(self.image.queries)
        self.presence = PresenceFilter(
            queries, self.image.config.presence_threshold, self.video.presence
        )
        self.cuts = CutDetector(self.video.keyframes.cut)
        self.carry_over = CarryOver(queries)
        self.maps = MapMemory(queries, self.video.memory)
        self.tracker = self.new_tracker() if self.image.sam is not None else None
        self.rhythm = Rhythm()
        self.size: tuple[int, int] | None = None

    @in_standard_torch
    def set_expressions(self, expressions: Sequence[str]) -> None:
        """Look for other things from the next frame on.

        Expressions that stay (the same words, at any place) keep their tracks, memory and
        presence. Language looks at the next frame where there are new ones.

        Raises:
            ExpressionError: none, or an empty one; then nothing changes.
        """
        before = self.image.queries.texts
        self.image.set_expressions(expressions)
        rows = matching(before, self.image.queries.texts)
        self.presence.select(rows)
        self.carry_over.select(rows)
        self.maps.select(rows)
        if self.tracker is not None:
            self.tracker.select(rows, self.video.tracks)
        if NEW in rows:
            self.rhythm.reset()

    def new_tracker(self) -> Tracker:
        """A tracker that has seen nothing, for the expressions of this segmenter."""
        assert self.image.sam is not None
        return Tracker(
            self.image.sam,
            len(self.image.queries),
            self.video.tracks,
            self.video.memory,
            self.image.config.sam,
        )

    @in_standard_torch
    def state_dict(self) -> State:
        """Everything that the next frame depends on, as plain tensors by name.

        Costs nothing: the tensors are those that the segmenter holds, but later frames do not
        change them. Empty in ``per-frame`` mode. Texts are UTF-8 in uint8 tensors.
        """
        if self.video.mode == "per-frame":
            return {}
        parts = joined(
            {
                "presence": self.presence.state_dict(),
                "cuts": self.cuts.state_dict(),
                "carry_over": self.carry_over.state_dict(),
                "maps": self.maps.state_dict(),
                "tracker": {} if self.tracker is None else self.tracker.state_dict(),
            }
        )
        about = {
            "format": FORMAT,
            "model": self.image.proposer.name,
            "expressions": self.image.queries.expressions,
            "tracks": self.tracker is not None,
            "since_keyframe": self.rhythm.since,
            "wait": self.rhythm.wait,
            "size": self.size,
            "tensors": sorted(parts),
        }
        return {"about": as_text(about), **parts}

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
        about = from_text(take(state, "about", torch.uint8, (None,)))
        self._check(about)
        other = sorted({*about["tensors"], "about"} ^ state.keys())
        if other:
            raise ConfigError(f"the state is damaged: it lacks '{other[0]}' or has it too much")
        try:
            self.presence.load_state_dict(part_of(state, "presence"))
            self.cuts.load_state_dict(part_of(state, "cuts"))
            self.carry_over.load_state_dict(part_of(state, "carry_over"))
            self.maps.load_state_dict(part_of(state, "maps"), self.image.proposer.device)
            if self.tracker is not None:
                self.tracker.load_state_dict(part_of(state, "tracker"))
            self.rhythm.since = int(about["since_keyframe"])
            self.rhythm.wait = int(about["wait"])
            self.size = None if about["size"] is None else tuple(about["size"])
        except ConfigError:
            self.reset()
            raise

    def _check(self, about: object) -> None:
        """Raises ConfigError where a state is not of a segmenter like this one."""
        mine = {
            "format": FORMAT,
            "model": self.image.proposer.name,
            "expressions": list(self.image.queries.expressions),
            "tracks": self.tracker is not None,
        }
        needed = {*mine, "since_keyframe", "wait", "size", "tensors"}
        if not isinstance(about, dict) or not needed <= about.keys():
            raise ConfigError("the state is damaged: its description is not whole")
        for name, own in mine.items():
            if about[name] != own:
                raise ConfigError(
                    f"the state is of a segmenter with other {name}: {about[name]}, here {own}"
                )

    @in_standard_torch
    @torch.inference_mode()
    def step(self, frame: Frame) -> FramePrediction:
        """Segment the next frame. Its size may differ from the last one's."""
        if self.video.mode == "per-frame":
            return self.image.segment(frame.image, frame.index, frame.time)
        if self.pace is None:
            return self._step(frame)
        began, level = self.clock(), self.pace.level
        prediction = self._step(frame)
        keyframe = not self.follows or self.rhythm.since == 1
        if self.pace.step(self.clock() - began, keyframe) != level:
            self.apply(self.pace.ladder[self.pace.level])
        return prediction

    @property
    def follows(self) -> bool:
        """Whether tracks give the masks, rather than proposals with memory."""
        config = self.image.config
        prompted = config.refine == "sam" and config.sam.rule == "peaks"
        return self.tracker is not None and prompted

    def apply(self, level: Level) -> None:
        """Work at another level of quality from the next frame on; what is followed stays.

        Only where SAM comes or goes, tracks or maps begin anew (presence stays).
        """
        followed = self.follows
        self.image.config, self.video = at_level(*self.settings, level)
        if self.follows != followed:
            self.maps.reset()
            self.rhythm.reset()
            if self.tracker is not None:
                self.tracker.reset()

    def _step(self, frame: Frame) -> FramePrediction:
        thumbnail = shrink(frame.image, THUMBNAIL)
        self.begins(frame, colour_histogram(thumbnail))
        if self.tracker is None or not self.follows:
            return self._with_maps(frame)
        if not self.rhythm.due(self.video.keyframes.every):
            prediction = self._between(frame, thumbnail, self.tracker)
            if prediction is not None:
                self.rhythm.passed()
                return prediction
        before = self.presence.present
        (look,) = encode_frames(self.image, [frame])
        logits, _ = self.follow(self.observe(look, thumbnail))
        self.rhythm.looked(gone=bool((before & ~self.presence.present).any()))
        return self._answer(frame, logits)

    def begins(self, frame: Frame, colours: NDArray[np.float64]) -> bool:
        """Whether a new scene begins with this frame; then the old one is forgotten."""
        new = self.would_begin(frame, colours)
        if new:
            self.reset()
            self.size = (frame.height, frame.width)
        self.cuts.step(colours)
        return new

    def would_begin(self, frame: Frame, colours: NDArray[np.float64]) -> bool:
        """As :meth:`begins`, but nothing is forgotten yet."""
        return self.size != (frame.height, frame.width) or self.cuts.is_cut(colours)

    @in_standard_torch
    def observe(self, look: Look, thumbnail: NDArray[np.uint8]) -> Observation:
        """Let language look at a frame that is encoded."""
        return observe(self.image, look, thumbnail, self.presence)

    @in_standard_torch
    @torch.inference_mode()
    def follow(self, observation: Observation) -> tuple[Tensor, NDArray[np.float32]]:
        """Let the tracks take a frame, and let go of those whose target has left.

        Returns:
            Logits [Q, a, b] of the best tracks, and float32 [Q] how sure it is, of this frame
            and the track together, that each target is here.
        """
        assert self.tracker is not None
        logits = self.tracker.step(observation.scene)
        scores = track_presence(observation.scores, self.tracker.agreement())
        _, present = self.presence.step(scores)
        self.tracker.drop(~present)
        return logits, scores

    def _between(
        self, frame: Frame, thumbnail: NDArray[np.uint8], tracker: Tracker
    ) -> FramePrediction | None:
        """A frame on which tracks go on by themselves; None if they are in doubt."""
        if bool((self.presence.present & tracker.leaderless()).any()):
            return None  # there is nothing to go on with
        pixels = to_pixels(frame.image, self.image.proposer.device, MAX_WORKING_SIDE)
        config = self.video.keyframes
        doubt = config.doubt if self.rhythm.since >= config.gap else 0.0
        present = self.presence.present
        logits = tracker.glide(Glimpse(thumbnail, pixels, config.side, present), doubt)
        return None if logits is None else self._answer(frame, logits)

    def _with_maps(self, frame: Frame) -> FramePrediction:
        """Without mask candidates: proposals with memory, then their refinement."""
        view = self.image.encode(frame.image)
        features = unit_features(view.features.cam_map[0])
        frame_scores = self.image.frame_scores(view)
        if self.rhythm.since % self.video.keyframes.every == 0:
            survivors = self.image.recur(view)
        else:
            start = self.carry_over.start(frame_scores)
            survivors = self.image.recur(view, start, max_steps=1)
        self.rhythm.passed()
        self.carry_over.end(survivors.alive, frame_scores)
        votes = self.maps.look_back(features)
        mixed = self.maps.step(features, votes, survivors.maps, survivors.alive)
        masks = self.image.refine(view, dataclasses.replace(survivors, maps=mixed))
        everyone = masks.new_zeros(len(self.image.queries), *masks.shape[-2:])
        everyone[survivors.alive] = masks
        scores, present = self.presence.step(survivors.scores_of_all(len(self.image.queries)))
        return self.image.predict(
            frame.image, everyone, scores, present, frame.index, frame.time
        )

    def _answer(self, frame: Frame, logits: Tensor) -> FramePrediction:
        """Masks of the tracks, and presence as it stands."""
        assert self.presence.scores is not None
        return self.answer(frame, logits, self.presence.scores, self.presence.present)

    def answer(
        self,
        frame: Frame,
        logits: Tensor,
        scores: NDArray[np.float32],
        present: NDArray[np.bool_],
    ) -> FramePrediction:
        """A prediction from logits [Q, a, b], scores float32 [Q] and presence bool [Q]."""
        size = bounded(frame.height, frame.width, MAX_WORKING_SIDE)
        here = torch.from_numpy(present).to(logits.device)
        # Who is not here takes no pixel from who is.
        logits = logits.masked_fill(~here[:, None, None], -LIMIT)
        exclusive = self.image.config.mode == "semantic"
        masks = resolve_overlaps(logits, size) if exclusive else enlarge(logits, size) > 0
        return self.image.predict(
            frame.image, masks, scores.copy(), present, frame.index, frame.time
        )


def shrink(image: NDArray[np.uint8], longest: int) -> NDArray[np.uint8]:
    """A small copy by means over whole areas; uint8 [H, W, 3] -> uint8 [h, w, 3]."""
    size = bounded(image.shape[0], image.shape[1], longest)
    pixels = torch.from_numpy(np.require(image, requirements=["C", "W"]))
    pixels = pixels.permute(2, 0, 1)[None].float()
    small = F.interpolate(pixels, size, mode="area")[0].round().to(torch.uint8)
    return np.ascontiguousarray(small.permute(1, 2, 0).cpu().numpy())
