"""Which track each expression takes on every frame of a window, when all frames are known.

Two passes have followed the window, one forwards and one backwards, and each frame has the
tracks of both. A path takes one of them on every frame. What its tracks are worth to the
sentence is summed over time; going on with a track costs nothing, beginning with another one
costs what the forward pass would let a new track pay until it has settled, and more if it looks
different. The path that is worth most is found by dynamic programming (Viterbi), so a thing
that most of the window speaks for is the answer also where one pass followed something else.
A frame speaks as surely as language finds the target in it: while it is hidden, what else is
there does not count for much.

Shapes: T frames, Q expressions, K tracks of each pass, N = 2 K + 1 nodes: the tracks of the
forward pass, those of the backward pass, and "nothing".
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from car_video.config.video import TrackConfig
from car_video.segment.mask_selection.overlaps import half_masks
from car_video.video.tracking.appearance import NEUTRAL_COSINE, SCORE_WEIGHT
from car_video.video.tracking.mask_tensors import MAX_LOGIT
from car_video.video.tracking.tracker import Tracker
from car_video.video.tracking.tracks import (
    AGREEMENT_FLOOR,
    KIND_FLOOR,
    NO_TRACK,
    SAME_TRACK_IOU,
    overlaps,
)

NOTHING = math.log(AGREEMENT_FLOOR) + math.log(KIND_FLOOR)
"""Worth of no track: that of the worst one."""


@dataclass(frozen=True)
class PassFrame:
    """What one pass has made of a frame, before targets that have left are dropped.

    Attributes:
        logits: float16 [Q, K, a, b].
        value: [Q, K] running text score, -inf: no track.
        kind: [Q, K] running score among things of one kind.
        appearance: float16 [Q, K, D].
        parents: int64 [Q, K] slot on the frame that the pass took before, -1: a new track.
    """

    logits: Tensor
    value: Tensor
    kind: Tensor
    appearance: Tensor
    parents: Tensor

    @classmethod
    def newest(cls, tracker: Tracker) -> PassFrame:
        """Of the last language frame, at half precision, to wait in a window."""
        assert tracker.decided is not None
        tracks, parents = tracker.decided
        appearance = tracks.appearance.half()
        return cls(tracks.logits.half(), tracks.value, tracks.kind, appearance, parents)


@dataclass(frozen=True)
class Nodes:
    """The tracks of both passes on one frame.

    Attributes:
        forward: of the forward pass.
        backward: of the backward pass.
        same: bool [Q, 2 K, Q, 2 K] which masks are of one thing.
    """

    forward: PassFrame
    backward: PassFrame
    same: Tensor

    @classmethod
    def of(cls, forward: PassFrame, backward: PassFrame) -> Nodes:
        """Of the same frame."""
        logits = torch.cat([forward.logits, backward.logits], 1).float()
        masks = half_masks(logits).flatten(0, 1)[None]
        same = overlaps(masks, masks)[0] >= SAME_TRACK_IOU
        shape = logits.shape[:2]
        return cls(forward, backward, same.unflatten(0, shape).unflatten(2, shape))

    @property
    def value(self) -> Tensor:
        """[Q, N] running text scores; -inf: no track, as that of "nothing" is."""
        values = [self.forward.value, self.backward.value]
        return torch.cat([*values, values[0].new_full((len(values[0]), 1), NO_TRACK)], 1)

    @property
    def worth(self) -> Tensor:
        """[Q, N] what a second of each is worth, as log agreement."""
        kinds = torch.cat([self.forward.kind, self.backward.kind], 1)
        worth = self.value
        worth[:, :-1] += kinds
        worth[:, -1] = NOTHING
        return worth

    @property
    def appearance(self) -> Tensor:
        """[Q, 2 K, D]."""
        return torch.cat([self.forward.appearance, self.backward.appearance], 1).float()

    def agreement(self, chosen: Tensor) -> NDArray[np.float32]:
        """float32 [Q] of the chosen nodes int64 [Q] with the text so far; 0 for "nothing"."""
        value = self.value.gather(1, chosen[:, None])[:, 0]
        return np.asarray(value.exp().cpu().numpy(), np.float32)

    def logits(self, chosen: Tensor) -> Tensor:
        """Logits [Q, a, b] of the chosen nodes int64 [Q]."""
        logits = torch.cat([self.forward.logits, self.backward.logits], 1)
        rows = torch.arange(len(chosen), device=logits.device)
        nothing = chosen == logits.shape[1]
        taken = logits[rows, chosen.masked_fill(nothing, 0)].float()
        return taken.masked_fill(nothing[:, None, None], -MAX_LOGIT)

    def own(self) -> Tensor:
        """bool [Q, 2 K, 2 K]: which masks of an expression are of one thing."""
        return self.same.diagonal(dim1=0, dim2=2).permute(2, 0, 1)


def _goes_on(before: Nodes, now: Nodes) -> Tensor:
    """bool [Q, 2 K, 2 K]: which tracks of a frame go on as which of the next one.

    A pass knows of its own. A track of one pass goes on as one of the other where the two are
    of one thing on one of the frames.
    """
    count = now.forward.parents.shape[1]
    slots = torch.arange(count, device=now.forward.parents.device)
    own = torch.zeros_like(now.own())
    own[:, :count, :count] = now.forward.parents[:, None, :] == slots[:, None]
    own[:, count:, count:] = before.backward.parents[:, :, None] == slots
    return (before.own().float() @ own.float() @ now.own().float()) > 0


def change_costs(before: Nodes, now: Nodes, config: TrackConfig) -> Tensor:
    """[Q, N, N] what it costs to take a node of ``now`` after one of ``before``, in worth times
    seconds: nothing along a track, and what a new track pays until it has settled for another.
    """
    cosine = before.appearance @ now.appearance.transpose(-1, -2)
    strange = SCORE_WEIGHT * (NEUTRAL_COSINE - cosine).clamp_min(0)
    other = config.settling * (config.birth_cost + strange)
    tracks = other.masked_fill(_goes_on(before, now), 0)
    costs = tracks.new_zeros(len(tracks), *(size + 1 for size in tracks.shape[1:]))
    costs[:, :-1, :-1] = tracks
    costs[:, -1, :-1] = config.settling * config.birth_cost
    return costs


def best_path(worth: Tensor, changes: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
    """The path of each expression that is worth most: int64 [T, Q], and its worth [Q].

    Args:
        worth: [T, Q, N]; -inf where there is no such node.
        changes: T - 1 times [Q, N, N], see :func:`change_costs`.
    """
    total = worth[0]
    back = []
    for own, costs in zip(worth[1:], changes, strict=True):
        came, source = (total[:, :, None] - costs).max(1)
        total = came + own
        back.append(source)
    best, node = total.max(1)
    path = [node]
    for source in reversed(back):
        path.append(source.gather(1, path[-1][:, None])[:, 0])
    return torch.stack(path[::-1]), best


def choose(
    nodes: Sequence[Nodes],
    seconds: Sequence[float],
    there: NDArray[np.float32],
    config: TrackConfig,
    may_share: NDArray[np.bool_] | None,
) -> Tensor:
    """The node that each expression takes on each frame: int64 [T, Q].

    Expressions that mean different things pay for taking the same thing, as on a single frame
    (:mod:`~car_video.video.tracking.joint_decision`): the path that is worth most is chosen
    first, and the others know of it.

    Args:
        nodes: of the T frames of the window.
        seconds: from the frame before to each. What a frame says counts for so long, but no
            longer than a track takes to settle: frames far apart are as good as alone.
        there: float32 [T, Q] in [0, 1], how sure language is that each target is in each frame,
            whatever the tracks show. A frame counts by so much: one that the target is not in
            says nothing of which track it is.
        config: of the tracks.
        may_share: bool [Q, Q]: whose words allow that they name the same thing; None: all.
    """
    counted = [min(one, config.settling) for one in seconds]
    spans = nodes[0].worth.new_tensor(counted)[:, None, None]
    alone = torch.stack([one.worth for one in nodes]) * spans
    sure = torch.from_numpy(there).to(spans)[..., None]
    worth = alone.clone()  # "nothing" stays the worst, however sure a frame is
    tracks = alone[..., :-1]
    worth[..., :-1] = torch.where(tracks.isfinite(), tracks * sure, tracks)
    changes = [change_costs(*pair, config) for pair in pairwise(nodes)]
    path, _ = best_path(worth, changes)
    if may_share is None or bool(may_share.all()):
        return path
    # Whoever fits best chooses first; what is not there fits no better for that.
    total = alone.gather(2, path[..., None])[..., 0].sum(0)
    settled: list[int] = []
    for query in total.argsort(descending=True).tolist():
        rivals = [one for one in settled if not may_share[query, one]]
        paid = config.share_cost * spans[:, 0] * sure[:, query]
        cost = paid * _taken(nodes, path, query, rivals)
        own = slice(query, query + 1)
        steps = [costs[own] for costs in changes]
        path[:, query] = best_path(worth[:, own] - cost[:, None], steps)[0][:, 0]
        settled.append(query)
    return path


def _taken(nodes: Sequence[Nodes], path: Tensor, query: int, rivals: Sequence[int]) -> Tensor:
    """[T, N] 1 where a node of an expression is the thing that one of ``rivals`` takes."""
    count = nodes[0].same.shape[1]
    taken = torch.zeros(len(nodes), count + 1, device=path.device)
    for place, one in enumerate(nodes):
        for rival in rivals:
            node = int(path[place, rival])
            if node < count:
                taken[place, :-1] += one.same[query, :, rival, node]
    return taken.clamp_max(1)
