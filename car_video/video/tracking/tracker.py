"""``Tracker``: follows the objects of all expressions with SAM, flow and feature memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from car_video.config import SamRefineConfig
from car_video.config.video import MemoryConfig, TrackConfig
from car_video.models.sam.base import MaskModel, crop_logits
from car_video.segment.cues.place_ranking import inherited_place_factor
from car_video.segment.mask_selection.candidates import boxes_of, stability
from car_video.segment.mask_selection.sam_prompts import map_agreement, propose_candidates
from car_video.video.feature_memory import FeatureMemory, Votes
from car_video.video.state.tensors import State, as_array, joined, part_of, take
from car_video.video.tracking.appearance import Identity
from car_video.video.tracking.mask_tensors import looks_of
from car_video.video.tracking.scene import Found, Glimpse, Scene, TrackState, carried
from car_video.video.tracking.search_window import around, fitted, leaks, placed, shape_for
from car_video.video.tracking.track_rows import selected, shared
from car_video.video.tracking.tracks import Offer, Tracks, advance, glide, without

LANGUAGE_OFFERS = 8  # of the masks that language prompts for an expression, the best go on
ANCHOR_FADES = 0.01  # per frame, so that an endless stream does not live on its first minute
DOUBTFUL = 0.2  # part of the tracks that may be in doubt; a look of language is for all of them
LIMIT = 10.0  # logits beyond it say no more


class Tracker:
    """Masks of all expressions, each following one object.

    Args:
        sam: the promptable segmenter.
        queries: how many expressions.
        tracks: see :class:`TrackConfig`.
        memory: see :class:`MemoryConfig`.
        refine: how language prompts SAM.
    """

    def __init__(
        self,
        sam: MaskModel,
        queries: int,
        tracks: TrackConfig,
        memory: MemoryConfig,
        refine: SamRefineConfig,
    ) -> None:
        self.sam, self.queries, self.refine = sam, queries, refine
        self.config = shared(tracks, queries)
        self.waited = np.zeros(queries, np.int64)
        self.memory = FeatureMemory(memory)
        self.state: TrackState | None = None

    def reset(self) -> None:
        """Forget all tracks and frames, as after a cut."""
        self.state = None
        self.memory.clear()
        self.waited = np.zeros(self.queries, np.int64)

    def select(self, rows: Sequence[int], tracks: TrackConfig) -> None:
        """Other expressions from now on, see :mod:`car_video.video.state.rows`; new ones have
        no track yet.

        Args:
            rows: where each has been.
            tracks: as given to the constructor.
        """
        self.queries = len(rows)
        self.config = shared(tracks, self.queries)
        self.waited = np.where(np.array(rows) >= 0, self.waited[np.array(rows)], 0)
        if self.state is not None:
            self.state = selected(self.state, rows, self.config.count)

    def _look_back(self, features: Tensor) -> Votes | None:
        """Where the cells of a frame have come from; None without a past."""
        if self.memory.empty or self.state is None:
            return None
        grid = int(features.shape[-2]), int(features.shape[-1])
        self.state.labels = self.memory.resize(grid, self.state.labels)
        return self.memory.match(features)

    def step(self, scene: Scene) -> Tensor:
        """A keyframe: language and memory both speak.

        Args:
            scene: with features and proposals.

        Returns:
            Logits [Q, a, b] of each expression's best track, below zero where there is none.
        """
        assert scene.features is not None
        votes = self._look_back(scene.features)
        language, found = self._language(scene)
        grid = (int(language.logits.shape[-2]), int(language.logits.shape[-1]))
        if self.state is None or votes is None:
            self.state = self._blank(grid, scene.features, scene)
            votes = None
        moved = carried(self.state, scene.thumbnail, grid)
        tracked = self._placed(found, self._tracked(scene, moved, grid))
        logits = torch.cat([language.logits, tracked.logits], 1)
        offer = Offer(
            logits,
            torch.cat([language.agreement, tracked.agreement], 1),
            language.by_language,
            looks_of(logits, scene.features),
        )
        state = self.state
        rows, columns = scene.features.shape[-2:]
        if votes is None:
            expected = offer.logits.new_zeros(*state.tracks.value.shape, rows, columns)
            known = torch.zeros_like(state.tracks.alive)
        else:
            expected, known = votes.carry(state.labels, state.known)
        tracks, parents = advance(
            state.tracks, offer, moved, expected, known, self.config, state.identity
        )
        self._remember(scene, tracks, parents)
        return self.best()

    def glide(self, glimpse: Glimpse, doubt: float = 0.0) -> Tensor | None:
        """A frame between keyframes: tracks go on by themselves.

        Args:
            glimpse: of the frame.
            doubt: IoU of a mask with where it should have moved to, below which it is doubtful.

        Returns:
            As :meth:`step`; None where one is lost, or so many are doubtful that language had
            better look: nothing has changed then.
        """
        assert self.state is not None, "the first frame must be a keyframe"
        grid = (
            int(self.state.tracks.logits.shape[-2]),
            int(self.state.tracks.logits.shape[-1]),
        )
        moved = carried(self.state, glimpse.thumbnail, grid)
        offer = self._continued(glimpse, moved[:, :1])
        quality = stability(offer.logits)
        tracks, lost, overlap = glide(self.state.tracks, offer, moved, quality, self.config)
        followed = float(self.state.tracks.alive[:, 0].sum())
        if bool(lost.any()) or float((overlap < doubt).sum()) > DOUBTFUL * followed:
            return None
        self.state.tracks = tracks
        self.state.thumbnail = glimpse.thumbnail
        return self.best()

    def agreement(self) -> NDArray[np.float32]:
        """float32 [Q] in [0, 1]: how well language has liked each best track so far, less if it
        does not look like the object that was there before."""
        assert self.state is not None
        tracks = self.state.tracks
        strange = self.state.identity.pull(tracks.look[:, :1])[:, 0]
        return np.asarray((tracks.value[:, 0] + strange).exp().cpu().numpy(), np.float32)

    def drop(self, gone: NDArray[np.bool_]) -> None:
        """Let go of the tracks of some expressions (bool [Q]); language finds new ones."""
        assert self.state is not None
        mask = torch.from_numpy(gone).to(self.state.known.device)
        self.state.tracks = without(self.state.tracks, mask)
        self.state.known = self.state.known & ~mask[:, None, None]

    def state_dict(self) -> State:
        """Nothing before the first frame; else :class:`TrackState` and ``memory``."""
        state = self.state
        if state is None:
            return {}
        return {
            **joined(
                {
                    "tracks": state.tracks.state_dict(),
                    "memory": self.memory.state_dict(),
                    "identity": state.identity.state_dict(),
                }
            ),
            "labels": state.labels,
            "known": state.known,
            "waited": torch.from_numpy(self.waited.copy()),  # it is changed in place
            "thumbnail": torch.from_numpy(state.thumbnail),
            "anchor": torch.tensor(state.anchor, dtype=torch.float64),
        }

    def load_state_dict(self, state: State) -> None:
        """Go on from there. Raises ConfigError where it does not fit."""
        self.reset()
        if not state:
            return
        device = self.sam.device
        shape = (self.queries, self.config.count)
        self.memory.load_state_dict(part_of(state, "memory"), device)
        slots, cells = self.memory.slots, self.memory.cells
        self.state = TrackState(
            Tracks.from_state(part_of(state, "tracks"), shape, device),
            take(state, "labels", torch.float32, (*shape, slots, cells)).to(device),
            take(state, "known", torch.bool, (*shape, slots)).to(device),
            as_array(take(state, "thumbnail", torch.uint8, (None, None, 3))),
            float(take(state, "anchor", torch.float64, ())),
            Identity.from_state(part_of(state, "identity"), self.queries, device),
        )
        self.waited = as_array(take(state, "waited", torch.int64, (self.queries,)))

    def leaderless(self) -> NDArray[np.bool_]:
        """bool [Q]: expressions without a track."""
        if self.state is None:
            return np.ones(self.queries, bool)
        return np.asarray(~self.state.tracks.alive[:, 0].cpu().numpy())

    def _blank(self, grid: tuple[int, int], cells: Tensor, scene: Scene) -> TrackState:
        like = scene.embedding.tokens
        features = int(cells.shape[0])
        slots = self.memory.slots
        shape = (self.queries, self.config.count, slots)
        return TrackState(
            Tracks.none(self.queries, self.config.count, grid, features, like),
            like.new_zeros(*shape, cells[0].numel()),
            torch.zeros(shape, dtype=torch.bool, device=like.device),
            scene.thumbnail,
            float("-inf"),
            Identity.unknown(self.queries, features, like),
        )

    @property
    def cells(self) -> tuple[int, int]:
        """Rows and columns of the cells that labels live on."""
        assert self.memory.grid is not None
        return self.memory.grid

    def best(self) -> Tensor:
        """Logits [Q, a, b] of each expression's best track."""
        assert self.state is not None
        tracks = self.state.tracks
        return tracks.logits[:, 0].masked_fill(~tracks.alive[:, 0, None, None], -LIMIT)

    def _language(self, scene: Scene) -> tuple[Offer, Found]:
        """The best masks that SAM gives at the peaks of the proposals that have their turn, and
        all of them."""
        assert scene.maps is not None
        assert scene.evidence is not None
        assert scene.alive is not None
        turn = self._turn(scene)
        alive, maps, evidence = scene.alive[turn], scene.maps[turn], scene.evidence[turn]
        colours = None if scene.colours is None else scene.colours[turn]
        places = None if scene.places is None else scene.places[turn]
        plural = None if scene.plural is None else scene.plural[turn]
        found = propose_candidates(
            self.sam,
            scene.embedding,
            maps,
            evidence,
            scene.size,
            self.refine,
            colours,
            places,
            plural,
        )
        count = min(LANGUAGE_OFFERS, found.agreement.shape[1])
        agreement, best = found.agreement.topk(count, 1)
        rows = torch.arange(len(best), device=best.device)[:, None]
        shape = found.logits.shape[-2:]
        logits = found.logits.new_full((self.queries, count, *shape), -LIMIT)
        scores = found.agreement.new_full((self.queries, count), -1.0)
        logits[alive] = found.logits[rows, best].clamp(-LIMIT, LIMIT)
        scores[alive] = agreement
        return Offer(logits, scores, count), Found(alive, found, places)

    def _placed(self, found: Found, tracked: Offer) -> Offer:
        """Masks of tracks, liked as the language's masks of the same things are for their
        places: left of what, language has seen."""
        if found.places is None or found.candidates.place_factor is None:
            return tracked
        rows, candidates = found.queries, found.candidates
        assert candidates.place_factor is not None
        factor = inherited_place_factor(
            tracked.logits[rows], candidates.logits, candidates.place_factor, found.places
        )
        agreement = tracked.agreement.clone()
        heard = agreement[rows]
        agreement[rows] = torch.where(heard > 0, (heard * factor).clamp_max(1), heard)
        return replace(tracked, agreement=agreement)

    def _turn(self, scene: Scene) -> Tensor:
        """Places in ``scene.alive`` of the expressions that language prompts on this frame.

        All, if the budget allows. Otherwise first those that may be here and have no track,
        then those that have waited longest: tracks carry the others meanwhile.
        """
        assert scene.alive is not None
        numbers = scene.alive.cpu().numpy()
        room = max(1, self.config.prompts // self.refine.points)
        if self.state is None or len(numbers) <= room:
            places = np.arange(len(numbers))
        else:
            here = np.ones(self.queries, bool) if scene.here is None else scene.here
            urgent = (here & self.leaderless())[numbers]
            places = np.lexsort((self.waited[numbers] * -1, ~urgent))[:room]
        self.waited += 1
        self.waited[numbers[places]] = 0
        return torch.from_numpy(np.sort(places)).to(scene.alive.device)

    def _tracked(self, scene: Scene, moved: Tensor, grid: tuple[int, int]) -> Offer:
        """Three masks for the box of each of the tracks that ``moved`` [Q, K, ...] holds:
        [Q, 3 K, a, b]. Where none is wanted, none is made."""
        queries, count = moved.shape[:2]
        asked = self._wanted(moved, scene.here)
        logits = moved.new_full((queries * count, 3, *grid), -LIMIT)
        agreement = moved.new_full((queries * count, 3), -1.0)
        if len(asked):
            boxes = boxes_of((moved > 0).flatten(0, 1)[asked], scene.size)
            answer, _ = self.sam.predict(scene.embedding, boxes=boxes)
            answer = crop_logits(answer, scene.embedding).clamp(-LIMIT, LIMIT)
            if answer.shape[-2:] != grid:
                answer = F.interpolate(answer, grid, mode="bilinear", align_corners=False)
            logits[asked] = answer
            agreement[asked] = self._agreement(scene, answer, asked // count)
        return Offer(
            logits.unflatten(0, (queries, count)).flatten(1, 2),
            agreement.unflatten(0, (queries, count)).flatten(1, 2),
            0,
        )

    def _continued(self, glimpse: Glimpse, moved: Tensor) -> Offer:
        """As :meth:`_tracked` for the best tracks, ``moved`` [Q, 1, a, b], from a look at where
        they are."""
        asked = self._wanted(moved, glimpse.here)
        logits = moved.new_full((len(moved), 3, *moved.shape[-2:]), -LIMIT)
        agreement = moved.new_full((len(moved), 3), -1.0)
        if len(asked):
            inside = moved[asked, 0] > 0
            window = around(inside)
            size = (int(glimpse.pixels.shape[-2]), int(glimpse.pixels.shape[-1]))
            shape = shape_for(window.extent(size), size, glimpse.side, self.refine.side)
            window = fitted(window, size, shape)
            rows, columns = window.on(size)
            part = glimpse.pixels[..., rows, columns]
            embedding = self.sam.encode(part, shape=shape)
            corner = moved.new_tensor([columns.start, rows.start] * 2)
            boxes = boxes_of(inside, size) - corner
            answer, _ = self.sam.predict(embedding, boxes=boxes)
            answer = crop_logits(answer, embedding).clamp(-LIMIT, LIMIT)
            answer = answer.masked_fill(leaks(answer, window)[..., None, None], -LIMIT)
            logits[asked] = placed(answer, window, -LIMIT)
            agreement[asked] = 0.0
        return Offer(logits, agreement, 0)

    def _wanted(self, moved: Tensor, here: NDArray[np.bool_] | None) -> Tensor:
        """Places in [Q * K] of the tracks of ``moved`` [Q, K, ...] that are worth a prompt."""
        assert self.state is not None
        alive = self.state.tracks.alive[:, : moved.shape[1]] & (moved > 0).flatten(2).any(2)
        if here is not None:
            alive &= torch.from_numpy(here).to(alive.device)[:, None]
        return alive.flatten().nonzero()[:, 0]

    def _agreement(self, scene: Scene, logits: Tensor, owner: Tensor) -> Tensor:
        """How masks [P, 3, a, b] agree with the proposals of their expressions [P]."""
        agreement = logits.new_zeros(logits.shape[:2])
        if scene.maps is None or scene.evidence is None or scene.alive is None:
            return agreement
        row = torch.full((self.queries,), -1, device=logits.device)
        row[scene.alive] = torch.arange(len(scene.alive), device=logits.device)
        heard = row[owner] >= 0
        rows = row[owner[heard]]
        colours = None if scene.colours is None else scene.colours[rows]
        agreement[heard] = map_agreement(
            logits[heard], scene.maps[rows], scene.evidence[rows], colours
        )
        return agreement

    def _remember(self, scene: Scene, tracks: Tracks, parents: Tensor) -> None:
        """Take over the new tracks with the labels of those they have come from."""
        assert self.state is not None
        assert scene.features is not None
        state = self.state
        queries = torch.arange(self.queries, device=parents.device)[:, None]
        source = parents.clamp_min(0)
        labels = state.labels[queries, source]
        known = state.known[queries, source] & (parents >= 0)[..., None]
        leading = tracks.value[:, 0][tracks.alive[:, 0]]
        liked = float(leading.mean()) if len(leading) else float("-inf")
        anchor = liked > state.anchor - ANCHOR_FADES
        self.memory.push(scene.features, anchor)
        now = F.adaptive_avg_pool2d((tracks.logits > 0).float(), self.cells)
        self.state = TrackState(
            tracks,
            self.memory.shift(labels, now.flatten(2), anchor),
            self.memory.shift(known, tracks.alive, anchor),
            scene.thumbnail,
            liked if anchor else state.anchor - ANCHOR_FADES,
            state.identity,
        )
        state.identity.update(tracks.look[:, 0], tracks.age[:, 0], tracks.alive[:, 0])
