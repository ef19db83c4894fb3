"""``Tracker``: follows the objects of all expressions with SAM, flow and feature memory."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from car_video.config import SamRefineConfig
from car_video.models.sam import MobileSam, SamEmbedding, crop_logits
from car_video.segment.candidates import stability
from car_video.segment.sam_refine import agreement_with, propose_candidates
from car_video.video.config import MemoryConfig, TrackConfig
from car_video.video.memory import FeatureMemory, Votes
from car_video.video.motion import block_flow
from car_video.video.state import State, as_array, joined, part_of, take
from car_video.video.tracks import Offer, Tracks, advance, glide

LANGUAGE_OFFERS = 8  # of the masks that language prompts for an expression, the best go on
ANCHOR_FADES = 0.01  # per frame, so that an endless stream does not live on its first minute
LIMIT = 10.0  # logits beyond it say no more


@dataclass(frozen=True)
class Scene:
    """A frame as the tracker sees it.

    Attributes:
        thumbnail: uint8 [h', w', 3], for motion.
        embedding: SAM's.
        size: (H, W) in pixels that prompts are given in.
        features: [D, h, w] cells for memory; None on frames that language does not look at.
        maps: [N, h, w] proposals of the queries that are alive, as ``evidence``.
        evidence: [N, h, w].
        alive: int64 [N] their numbers.
    """

    thumbnail: NDArray[np.uint8]
    embedding: SamEmbedding
    size: tuple[int, int]
    features: Tensor | None = None
    maps: Tensor | None = None
    evidence: Tensor | None = None
    alive: Tensor | None = None


@dataclass
class TrackState:
    """What goes from frame to frame: plain tensors, so that it can be stored.

    Attributes:
        tracks: the masks and how language has liked them.
        labels: [Q, K, R, n] masks on the cells of remembered frames.
        known: bool [Q, K, R] whether the track was there.
        thumbnail: of the last frame.
        anchor: how much language liked the anchor frame.
    """

    tracks: Tracks
    labels: Tensor
    known: Tensor
    thumbnail: NDArray[np.uint8]
    anchor: float


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
        sam: MobileSam,
        queries: int,
        tracks: TrackConfig,
        memory: MemoryConfig,
        refine: SamRefineConfig,
    ) -> None:
        self.sam, self.queries, self.config, self.refine = sam, queries, tracks, refine
        self.memory = FeatureMemory(memory)
        self.state: TrackState | None = None
        self._cells = (0, 0)

    def reset(self) -> None:
        """Forget all tracks and frames, as after a cut."""
        self.state = None
        self.memory.clear()

    def look_back(self, features: Tensor) -> Votes | None:
        """Where the cells of a frame have come from; None without a past of the same size."""
        if self.memory.empty or self.state is None:
            return None
        if self.state.labels.shape[-1] != features.shape[-2] * features.shape[-1]:
            self.reset()
            return None
        return self.memory.match(features)

    def step(self, scene: Scene, votes: Votes | None) -> Tensor:
        """A keyframe: language and memory both speak.

        Args:
            scene: with features and proposals.
            votes: of :meth:`look_back` for the same features.

        Returns:
            Logits [Q, a, b] of each expression's best track, below zero where there is none.
        """
        assert scene.features is not None
        language = self._language(scene)
        grid = (int(language.logits.shape[-2]), int(language.logits.shape[-1]))
        if self.state is None or votes is None:
            cells = scene.features.shape[-2] * scene.features.shape[-1]
            self.state = self._blank(grid, cells, scene)
            votes = None
        moved = self._moved(scene, grid)
        tracked = self._tracked(scene, moved, grid)
        offer = Offer(
            torch.cat([language.logits, tracked.logits], 1),
            torch.cat([language.agreement, tracked.agreement], 1),
            language.by_language,
        )
        state = self.state
        rows, columns = scene.features.shape[-2:]
        if votes is None:
            expected = offer.logits.new_zeros(*state.tracks.value.shape, rows, columns)
            known = torch.zeros_like(state.tracks.alive)
        else:
            expected, known = votes.carry(state.labels, state.known)
        tracks, parents = advance(state.tracks, offer, moved, expected, known, self.config)
        self._remember(scene, tracks, parents)
        return self.best()

    def glide(self, scene: Scene) -> Tensor:
        """A frame between keyframes: tracks go on by themselves; returns as :meth:`step`."""
        assert self.state is not None, "the first frame must be a keyframe"
        grid = (
            int(self.state.tracks.logits.shape[-2]),
            int(self.state.tracks.logits.shape[-1]),
        )
        moved = self._moved(scene, grid)
        offer = self._tracked(scene, moved, grid)
        quality = stability(offer.logits)
        tracks, parents = glide(self.state.tracks, offer, moved, quality, self.config)
        self.state.tracks = tracks
        # Not in place: a state that was taken before stays as it is.
        self.state.known = self.state.known & (parents >= 0)[..., None]
        self.state.thumbnail = scene.thumbnail
        return self.best()

    def state_dict(self) -> State:
        """Nothing before the first frame; else :class:`TrackState` and ``memory``."""
        state = self.state
        if state is None:
            return {}
        return {
            **joined({"tracks": state.tracks.state_dict(), "memory": self.memory.state_dict()}),
            "labels": state.labels,
            "known": state.known,
            "thumbnail": torch.from_numpy(state.thumbnail),
            "anchor": torch.tensor(state.anchor, dtype=torch.float64),
        }

    def load_state_dict(self, state: State) -> None:
        """Go on from there. Raises ConfigError where it does not fit."""
        self.reset()
        if not state:
            return
        device = next(self.sam.parameters()).device
        shape = (self.queries, self.config.count)
        self.memory.load_state_dict(part_of(state, "memory"), device)
        slots, cells = self.memory.slots, self.memory.cells
        self.state = TrackState(
            Tracks.from_state(part_of(state, "tracks"), shape, device),
            take(state, "labels", torch.float32, (*shape, slots, cells)).to(device),
            take(state, "known", torch.bool, (*shape, slots)).to(device),
            as_array(take(state, "thumbnail", torch.uint8, (None, None, 3))),
            float(take(state, "anchor", torch.float64, ())),
        )
        self._cells = self.memory.grid or (0, 0)

    def leaderless(self) -> NDArray[np.bool_]:
        """bool [Q]: expressions without a track."""
        if self.state is None:
            return np.ones(self.queries, bool)
        return np.asarray(~self.state.tracks.alive[:, 0].cpu().numpy())

    def _blank(self, grid: tuple[int, int], cells: int, scene: Scene) -> TrackState:
        like = scene.embedding.tokens
        slots = self.memory.slots
        shape = (self.queries, self.config.count, slots)
        return TrackState(
            Tracks.none(self.queries, self.config.count, grid, like),
            like.new_zeros(*shape, cells),
            torch.zeros(shape, dtype=torch.bool, device=like.device),
            scene.thumbnail,
            float("-inf"),
        )

    @property
    def cells(self) -> tuple[int, int]:
        """Rows and columns of the cells that labels live on."""
        return self._cells

    def best(self) -> Tensor:
        """Logits [Q, a, b] of each expression's best track."""
        assert self.state is not None
        tracks = self.state.tracks
        return tracks.logits[:, 0].masked_fill(~tracks.alive[:, 0, None, None], -LIMIT)

    def _language(self, scene: Scene) -> Offer:
        """The best masks that SAM gives at the peaks of each proposal."""
        assert scene.maps is not None
        assert scene.evidence is not None
        assert scene.alive is not None
        found = propose_candidates(
            self.sam, scene.embedding, scene.maps, scene.evidence, scene.size, self.refine
        )
        count = min(LANGUAGE_OFFERS, found.agreement.shape[1])
        agreement, best = found.agreement.topk(count, 1)
        rows = torch.arange(len(best), device=best.device)[:, None]
        shape = found.logits.shape[-2:]
        logits = found.logits.new_full((self.queries, count, *shape), -LIMIT)
        scores = found.agreement.new_full((self.queries, count), -1.0)
        logits[scene.alive] = found.logits[rows, best].clamp(-LIMIT, LIMIT)
        scores[scene.alive] = agreement
        return Offer(logits, scores, count)

    def _moved(self, scene: Scene, grid: tuple[int, int]) -> Tensor:
        """Masks of the tracks where the picture has moved them to."""
        assert self.state is not None
        logits = self.state.tracks.logits
        if not bool(self.state.tracks.alive.any()):
            return logits
        if self.state.thumbnail.shape != scene.thumbnail.shape:
            return F.interpolate(logits, grid, mode="bilinear", align_corners=False)
        flow = block_flow(self.state.thumbnail, scene.thumbnail)
        return move(logits, torch.from_numpy(flow).to(logits.device), grid)

    def _tracked(self, scene: Scene, moved: Tensor, grid: tuple[int, int]) -> Offer:
        """Three masks for the box of every track, [Q, 3 K, a, b]."""
        assert self.state is not None
        queries, count = self.state.tracks.value.shape
        inside = moved > 0
        asked = (self.state.tracks.alive & inside.flatten(2).any(2)).flatten().nonzero()[:, 0]
        logits = moved.new_full((queries * count, 3, *grid), -LIMIT)
        agreement = moved.new_full((queries * count, 3), -1.0)
        if len(asked):
            boxes = boxes_of(inside.flatten(0, 1)[asked], scene.size)
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

    def _agreement(self, scene: Scene, logits: Tensor, owner: Tensor) -> Tensor:
        """How masks [P, 3, a, b] agree with the proposals of their expressions [P]."""
        agreement = logits.new_zeros(logits.shape[:2])
        if scene.maps is None or scene.evidence is None or scene.alive is None:
            return agreement
        row = torch.full((self.queries,), -1, device=logits.device)
        row[scene.alive] = torch.arange(len(scene.alive), device=logits.device)
        heard = row[owner] >= 0
        rows = row[owner[heard]]
        agreement[heard] = agreement_with(logits[heard], scene.maps[rows], scene.evidence[rows])
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
        self._cells = (int(scene.features.shape[-2]), int(scene.features.shape[-1]))
        now = F.adaptive_avg_pool2d((tracks.logits > 0).float(), self._cells)
        leading = tracks.value[:, 0][tracks.alive[:, 0]]
        liked = float(leading.mean()) if len(leading) else float("-inf")
        anchor = liked > state.anchor - ANCHOR_FADES
        self.memory.push(scene.features, anchor)
        self.state = TrackState(
            tracks,
            self.memory.shift(labels, now.flatten(2), anchor),
            self.memory.shift(known, tracks.alive, anchor),
            scene.thumbnail,
            liked if anchor else state.anchor - ANCHOR_FADES,
        )


def move(logits: Tensor, flow: Tensor, size: tuple[int, int]) -> Tensor:
    """Masks of the last frame where the picture has moved them to.

    Args:
        logits: [Q, K, a, b].
        flow: [2, h, w] backward, in pixels of its own grid (:mod:`motion`).
        size: (a', b') wanted.

    Returns:
        [Q, K, a', b'].
    """
    rows, columns = flow.shape[-2:]
    y = torch.arange(rows, device=flow.device)[:, None] + 0.5 + flow[0]
    x = torch.arange(columns, device=flow.device)[None] + 0.5 + flow[1]
    grid = torch.stack([2 * x / columns - 1, 2 * y / rows - 1])
    if (rows, columns) != size:
        grid = F.interpolate(grid[None], size, mode="bilinear", align_corners=False)[0]
    grid = grid.permute(1, 2, 0)[None]
    flat = logits.flatten(0, 1)[None]
    moved = F.grid_sample(flat, grid, padding_mode="border", align_corners=False)
    return moved[0].unflatten(0, logits.shape[:2])


def boxes_of(masks: Tensor, size: tuple[int, int]) -> Tensor:
    """Boxes x0, y0, x1, y1 around non-empty masks [P, a, b], in pixels of ``size``: [P, 4]."""
    height, width = masks.shape[-2:]
    sides = []
    for axis, cells, pixels in ((1, width, size[1]), (2, height, size[0])):
        line = masks.any(axis).to(torch.uint8)
        first = line.argmax(1)
        last = cells - line.flip(1).argmax(1)
        sides.append((first * (pixels / cells), last * (pixels / cells)))
    (x0, x1), (y0, y1) = sides
    return torch.stack([x0, y0, x1, y1], 1).float()
