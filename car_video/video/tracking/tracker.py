"""``Tracker``: follows the objects of all expressions with SAM, flow and feature memory."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from car_video.config import SamRefineConfig
from car_video.config.video import KeyframeConfig, MemoryConfig, TrackConfig
from car_video.models.sam.base import MaskModel
from car_video.segment.mask_selection.candidates import stability
from car_video.video.feature_memory import FeatureMemory, Votes
from car_video.video.state.tensors import State, joined, part_of
from car_video.video.tracking.appearance import PROVEN_SECONDS
from car_video.video.tracking.association import shipped_association
from car_video.video.tracking.calm import is_calm, looks_the_same
from car_video.video.tracking.frames import IntermediateFrame, LanguageFrame
from car_video.video.tracking.joint_decision import decide_together
from car_video.video.tracking.likeness import glanced, look_of
from car_video.video.tracking.mask_tensors import MAX_LOGIT
from car_video.video.tracking.own_motion import RecentThumbnails, with_motion
from car_video.video.tracking.propagation import FlowPropagation, Propagation
from car_video.video.tracking.sam_candidates import (
    gathered,
    language_candidates,
    remembered_candidates,
    wanted_tracks,
)
from car_video.video.tracking.state import TrackState
from car_video.video.tracking.timing import Elapsed
from car_video.video.tracking.track_selection import select_state, shared
from car_video.video.tracking.tracks import (
    NO_TRACK,
    Tracks,
    advance,
    propagate,
    with_first,
    without,
)
from car_video.video.tracking.turns import Turns

ANCHOR_FADES = 0.03  # per second, so that an endless stream does not live on its first minute
DOUBTFUL = 0.2  # part of the tracks that may be in doubt: a keyframe is paid for all of them


class Tracker:
    """Masks of all expressions, each following one object.

    Args:
        sam: the mask model.
        queries: how many expressions.
        tracks: see :class:`TrackConfig`.
        memory: see :class:`MemoryConfig`.
        refine: how language prompts SAM.
        may_share: bool [Q, Q]: whose words allow that they name the same thing; None where
            expressions do not compete for things.
        propagation: where the tracks' things are on the next frame; by default the flow says.

    Attributes:
        state: None before the first frame.
        decided: tracks of the last language frame before any is dropped, and int64 [Q, K] the
            slot that each has come from, -1: it is new. No part of the state.
    """

    def __init__(
        self,
        sam: MaskModel,
        queries: int,
        tracks: TrackConfig,
        memory: MemoryConfig,
        refine: SamRefineConfig,
        may_share: NDArray[np.bool_] | None = None,
        propagation: Propagation | None = None,
    ) -> None:
        self.sam, self.queries, self.refine = sam, queries, refine
        self.propagation = propagation or FlowPropagation(sam, refine)
        self.may_share = may_share
        self.config = shared(tracks, queries)
        self.association = shipped_association()
        self.turns = Turns(queries)
        self.memory = FeatureMemory(memory)
        self.recent = RecentThumbnails()
        self.state: TrackState | None = None
        self._fetched: tuple[Tensor, NDArray[np.float32]] | None = None  # newest doubts
        self.decided: tuple[Tracks, Tensor] | None = None

    def reset(self) -> None:
        """Forget all tracks and frames, as after a cut."""
        self.state = None
        self.memory.clear()
        self.recent = RecentThumbnails()
        self.turns = Turns(self.queries)

    def select(
        self,
        places: Sequence[int],
        tracks: TrackConfig,
        may_share: NDArray[np.bool_] | None = None,
    ) -> None:
        """Other expressions from now on; new ones have no track yet.

        Args:
            places: see :mod:`car_video.video.state.selection`.
            tracks: as given to the constructor.
            may_share: as given to the constructor, of the new expressions.
        """
        self.may_share = may_share
        self.queries = len(places)
        self.config = shared(tracks, self.queries)
        self.turns.select(places)
        self.propagation.select(places)
        if self.state is not None:
            self.state = select_state(self.state, places, self.config.count)

    def step(self, frame: LanguageFrame, seconds: float) -> Tensor:
        """A language frame: language, motion and memory speak.

        Args:
            frame: with features and proposals.
            seconds: since the last frame, whether language has seen that or not.

        Returns:
            Logits [Q, a, b] of each expression's best track, below zero where there is none.
        """
        before = self.recent.step(frame.thumbnail, seconds)
        frame = with_motion(frame, before, self.config.own_motion)
        assert frame.features is not None
        votes = self._votes(frame.features, seconds)
        trackless = None if self.state is None else self.trackless()
        room = max(1, self.config.prompts // self.refine.points)
        turn = self.turns.next(frame, room, trackless)
        language, prompted = language_candidates(
            self.sam, frame, turn, self.refine, self.queries
        )
        grid = (int(language.logits.shape[-2]), int(language.logits.shape[-1]))
        if self.state is None or votes is None:
            self.state = TrackState.blank(
                frame, self.queries, self.config.count, self.memory.slots, grid
            )
            votes = None
        state = self.state
        alive = state.tracks.alive
        moved = self.propagation.moved(state, frame, grid)
        if votes is None:
            expected = moved.new_zeros(*moved.shape[:2], *frame.features.shape[-2:])
            known = torch.zeros_like(alive)
        else:
            expected, known = votes.carry(state.labels, state.known)
        wanted = wanted_tracks(alive, moved > 0, frame.possible)
        tracked = [
            self.propagation.on_keyframe(frame, moved, wanted),
            remembered_candidates(
                self.sam, frame, (alive & known)[:, :1], expected[:, :1], moved[:, :1]
            ),
        ]
        candidates = gathered(frame, language, tracked, prompted)
        elapsed = Elapsed(seconds, state.since_language + seconds)
        tracks, parents, rank = advance(
            state.tracks,
            candidates,
            moved,
            expected,
            known,
            self.config,
            elapsed,
            self.association,
            state.objects,
        )
        if self.may_share is not None:
            first = decide_together(tracks.logits, rank, self.may_share, self.config.share_cost)
            tracks, parents = tracks.with_first(first), with_first(parents, first)
        self.propagation.decided(tracks, parents[:, 0] == 0)
        self.decided = tracks, parents
        self._remember(frame, tracks, parents, elapsed.language)
        return self.best()

    def propagate(
        self,
        frame: IntermediateFrame,
        seconds: float,
        doubt: float = 0.0,
        config: KeyframeConfig | None = None,
    ) -> Tensor | None:
        """A frame between keyframes: tracks go on by themselves.

        Args:
            frame: the frame.
            seconds: since the last frame.
            doubt: a mask with less IoU with the moved mask of the last frame is doubtful.
            config: when masks move with the picture alone, see
                :mod:`~car_video.video.tracking.calm`; by default never.

        Returns:
            As :meth:`step`; None, with nothing changed, where a track is lost or more than a
            fifth of them are doubtful: then language has to see the frame.
        """
        assert self.state is not None, "the first frame must be a keyframe"
        state = self.state
        moved = self.propagation.moved(state, frame, state.grid)
        config = config or KeyframeConfig()
        left = state.calm_left - seconds
        if left >= seconds / 2 and self._looks_the_same(frame, moved, config.cut):
            age = state.tracks.age + seconds
            tracks = replace(state.tracks, logits=moved, age=age)
            state.likeness = glanced(state.likeness, tracks, frame)
            return self._between(frame, tracks, seconds, left)
        wanted = wanted_tracks(state.tracks.alive, moved[:, :1] > 0, frame.possible)
        candidates = self.propagation.between(frame, moved[:, :1], wanted)
        quality = stability(candidates.logits)
        tracks, lost, overlap = propagate(
            state.tracks, candidates, moved, quality, self.config, seconds
        )
        most = math.floor(DOUBTFUL * float(state.tracks.alive_here[:, 0].sum()))
        doubtful = lost.any() | ((overlap < doubt).sum() > most)
        likeness = glanced(state.likeness, tracks, frame)
        flags = torch.stack([doubtful, is_calm(overlap, config)]).to(likeness.against)
        # The device is waited for once.
        asks, calm, *against = torch.cat([flags, likeness.against]).tolist()
        if asks:
            return None
        state.likeness = likeness
        self._fetched = likeness.against, np.array(against, np.float32)
        return self._between(frame, tracks, seconds, config.calm_seconds if calm else 0.0)

    def _looks_the_same(self, frame: IntermediateFrame, moved: Tensor, most: float) -> bool:
        """Whether the best tracks, at ``moved`` [Q, K, a, b] now, have the colours they had."""
        assert self.state is not None
        before = self.state.tracks.logits[:, 0], self.state.thumbnail
        return looks_the_same(before, (moved[:, 0], frame.thumbnail), most)

    def _between(
        self, frame: IntermediateFrame, tracks: Tracks, seconds: float, calm_left: float
    ) -> Tensor:
        """Take over the tracks of a frame between keyframes; gives :meth:`best`."""
        assert self.state is not None
        state = self.state
        state.tracks, state.calm_left = tracks, calm_left
        state.thumbnail = frame.thumbnail
        self.recent.step(frame.thumbnail, seconds)
        state.since_language += seconds
        return self.best()

    def best(self) -> Tensor:
        """Logits [Q, a, b] of each expression's best track."""
        assert self.state is not None
        tracks = self.state.tracks
        return tracks.logits[:, 0].masked_fill(~tracks.alive[:, 0, None, None], -MAX_LOGIT)

    def agreement(self) -> NDArray[np.float32]:
        """float32 [Q] in [0, 1]: agreement of each best track with its text so far, less if its
        appearance is not that of the object before."""
        assert self.state is not None
        tracks = self.state.tracks
        strange = self.state.objects.score(tracks.appearance[:, :1])[:, 0]
        return np.asarray((tracks.value[:, 0] + strange).exp().cpu().numpy(), np.float32)

    def trackless(self) -> NDArray[np.bool_]:
        """bool [Q]: expressions without a track."""
        if self.state is None:
            return np.ones(self.queries, bool)
        return ~self.state.tracks.alive_here[:, 0]

    def newborn(self, frames: int, present: NDArray[np.bool_]) -> bool:
        """Whether many best tracks are new: more than the part that may be in doubt.

        Args:
            frames: a track that fewer language frames have seen is new.
            present: bool [Q] which targets are in the frame; tracks of others do not count.
        """
        assert self.state is not None
        tracks = self.state.tracks
        followed = tracks.alive_here[:, 0] & present
        new = followed & (tracks.seen_here[:, 0] < frames)
        return bool(new.sum() > math.floor(DOUBTFUL * followed.sum()))

    def drop(self, gone: NDArray[np.bool_]) -> None:
        """Let go of the tracks of some expressions (bool [Q]); language finds new ones."""
        assert self.state is not None
        mask = torch.from_numpy(gone).to(self.state.known.device)
        self.state.tracks = without(self.state.tracks, mask)
        self.state.known = self.state.known & ~mask[:, None, None]

    @property
    def since_language(self) -> float:
        """Seconds from the last frame that language has seen to the last frame."""
        return 0.0 if self.state is None else self.state.since_language

    def compare(self, frame: LanguageFrame, seconds: float) -> None:
        """Note what the best tracks look like that are left on a language frame.

        Args:
            frame: that :meth:`step` has had, its absent targets dropped.
            seconds: since the last frame that language has seen.
        """
        assert self.state is not None
        assert frame.features is not None
        tracks = self.state.tracks
        there, proven = tracks.alive[:, 0], tracks.age[:, 0] >= PROVEN_SECONDS
        look = look_of(tracks.logits[:, 0], there, frame.thumbnail, frame.features)
        self.state.likeness.step(look, proven, seconds)

    def against(self) -> NDArray[np.float32]:
        """float32 [Q]: log-odds, below 0 where what is at the place of a best track does not
        look like what was there, else 0."""
        assert self.state is not None
        newest = self.state.likeness.against
        if self._fetched is None or self._fetched[0] is not newest:
            self._fetched = newest, np.asarray(newest.cpu().numpy(), np.float32)
        return self._fetched[1]

    @property
    def cells(self) -> tuple[int, int]:
        """Rows and columns of the cells that labels live on."""
        assert self.memory.grid is not None
        return self.memory.grid

    def state_dict(self) -> State:
        """Nothing before the first frame; else :class:`TrackState`, ``memory``, ``recent``,
        ``turns``, ``propagation``."""
        if self.state is None:
            return {}
        parts = {
            "memory": self.memory.state_dict(),
            "recent": self.recent.state_dict(),
            "turns": self.turns.state_dict(),
            "propagation": self.propagation.state_dict(),
        }
        return {**joined(parts), **self.state.state_dict()}

    def load_state_dict(self, state: State) -> None:
        """Go on from there. Raises ConfigError where it does not fit."""
        self.reset()
        if not state:
            return
        device = self.sam.device
        self.memory.load_state_dict(part_of(state, "memory"), device)
        self.recent.load_state_dict(part_of(state, "recent"))
        self.turns.load_state_dict(part_of(state, "turns"))
        self.propagation.load_state_dict(part_of(state, "propagation"))
        shape = (self.queries, self.config.count)
        slots, cells = self.memory.slots, self.memory.cells
        self.state = TrackState.from_state(state, shape, slots, cells, device)

    def _votes(self, features: Tensor, seconds: float) -> Votes | None:
        """Where the cells of a frame have come from, seconds after the last one; None without
        a past."""
        if self.memory.empty or self.state is None:
            return None
        grid = int(features.shape[-2]), int(features.shape[-1])
        self.state.labels = self.memory.resize(grid, self.state.labels)
        return self.memory.match(features, self.state.since_language + seconds)

    def _remember(
        self, frame: LanguageFrame, tracks: Tracks, parents: Tensor, seconds: float
    ) -> None:
        """Take over the new tracks with the labels of those they have come from.

        Args:
            frame: the frame.
            tracks: of it.
            parents: int64 [Q, K], see :func:`advance`.
            seconds: since the last frame that language has seen.
        """
        assert self.state is not None
        assert frame.features is not None
        state = self.state
        queries = torch.arange(self.queries, device=parents.device)[:, None]
        source = parents.clamp_min(0)
        labels = state.labels[queries, source]
        known = state.known[queries, source] & (parents >= 0)[..., None]
        leading = tracks.value[:, 0].cpu()
        leading = leading[leading > NO_TRACK]
        score = float(leading.mean()) if len(leading) else NO_TRACK
        faded = state.anchor - ANCHOR_FADES * seconds
        anchor = score > faded
        turnover = self.memory.push(frame.features, anchor, seconds)
        now = F.adaptive_avg_pool2d((tracks.logits > 0).float(), self.cells)
        self.state = TrackState(
            tracks,
            turnover.of(labels, now.flatten(2)),
            turnover.of(known, tracks.alive),
            frame.thumbnail,
            score if anchor else faded,
            state.objects,
            state.likeness,
        )
        state.objects.update(
            tracks.appearance[:, 0], tracks.age[:, 0], tracks.alive[:, 0], seconds
        )
