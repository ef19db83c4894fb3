"""The path with hindsight: equal to trying every path, and what it pays for."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from itertools import product

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from car_video.config.video import TrackConfig
from car_video.video.tracking.hindsight import (
    NOTHING,
    Nodes,
    PassFrame,
    best_path,
    change_costs,
    choose,
)
from car_video.video.tracking.mask_tensors import MAX_LOGIT
from car_video.video.tracking.tracks import NO_TRACK

CONFIG = TrackConfig()
STEP = 1 / 6  # seconds
GRID = (12, 48)
BIRTH = CONFIG.settling * CONFIG.birth_cost
FORWARD, BACKWARD = 0, 2  # the first node of each pass, of two tracks each
NONE = 4


def thing(number: int) -> Tensor:
    """Logits of one of four things side by side; -1: empty."""
    logits = torch.full(GRID, -5.0)
    if number >= 0:
        logits[2:10, 12 * number + 1 : 12 * number + 11] = 5.0
    return logits


@dataclass
class Track:
    """One of a pass; its look is that of its thing."""

    thing: int = -1
    value: float = NO_TRACK
    parent: int = -1
    kind: float = 0.0


@dataclass
class Slots:
    """Two tracks of one expression."""

    first: Track = field(default_factory=Track)
    second: Track = field(default_factory=Track)


def pass_frame(*expressions: Slots) -> PassFrame:
    rows = [(one.first, one.second) for one in expressions]
    looks = torch.cat([torch.eye(4), torch.zeros(1, 4)])
    return PassFrame(
        torch.stack([torch.stack([thing(t.thing) for t in row]) for row in rows]).half(),
        torch.tensor([[t.value for t in row] for row in rows]),
        torch.tensor([[t.kind for t in row] for row in rows]),
        torch.stack([torch.stack([looks[t.thing] for t in row]) for row in rows]).half(),
        torch.tensor([[t.parent for t in row] for row in rows]),
    )


def empty(count: int = 1) -> PassFrame:
    return pass_frame(*(Slots() for _ in range(count)))


def paths(
    nodes: list[Nodes],
    share: np.ndarray | None = None,
    there: list[float] | list[list[float]] | None = None,
) -> list[list[int]]:
    """The paths of all expressions, by how sure they are there: one number a frame for all,
    or one each."""
    sure = np.array(there or [1.0] * len(nodes), np.float32).reshape(len(nodes), -1)
    sure = np.broadcast_to(sure, (len(nodes), len(nodes[0].value))).copy()
    chosen: list[list[int]] = choose(nodes, [STEP] * len(nodes), sure, CONFIG, share).T.tolist()
    return chosen


@given(st.integers(0, 10_000), st.integers(1, 4), st.integers(1, 3))
@settings(deadline=None, max_examples=60)
def test_no_path_is_worth_more(seed: int, frames: int, count: int) -> None:
    rng = torch.Generator().manual_seed(seed)
    worth = -torch.rand(frames, 2, count, generator=rng)
    worth[torch.rand(frames, 2, count, generator=rng) < 0.2] = NO_TRACK
    worth[..., -1] = -1.5
    changes = [torch.rand(2, count, count, generator=rng) for _ in range(frames - 1)]
    path, found = best_path(worth, changes)

    def total(query: int, taken: tuple[int, ...]) -> float:
        whole = sum(float(worth[t, query, node]) for t, node in enumerate(taken))
        steps = zip(taken[:-1], taken[1:], changes, strict=True)
        return whole - sum(float(costs[query, a, b]) for a, b, costs in steps)

    for query in (0, 1):
        best = max(total(query, taken) for taken in product(range(count), repeat=frames))
        assert float(found[query]) == pytest.approx(best, abs=1e-5)
        assert total(query, tuple(path[:, query].tolist())) == pytest.approx(best, abs=1e-5)


def rivals(values: list[tuple[float, float]]) -> list[Nodes]:
    """Thing 0 and thing 1 on every frame, worth so much to one expression, forwards only."""
    return [
        Nodes.of(
            pass_frame(Slots(Track(0, a, 0 if t else -1), Track(1, b, 1 if t else -1))), empty()
        )
        for t, (a, b) in enumerate(values)
    ]


def test_while_a_thing_is_hidden_what_is_there_does_not_speak_for_itself() -> None:
    """Thing 0 is hidden on most frames; thing 1, which fits less, is there on all of them."""
    values = [(-1.2, -1.4)] * 4 + [(-2.5, -1.4)] * 8
    assert paths(rivals(values)) == [[1] * 12]
    assert paths(rivals(values), there=[1.0] * 4 + [0.05] * 8) == [[0] * 12]
    assert paths(rivals(values), there=[0.0] * 12) == [[0] * 12]
    lost = [(-1.2, NO_TRACK)] * 2 + [(NO_TRACK, -1.4)] * 2
    assert paths(rivals(lost), there=[1.0, 1.0, 0.0, 0.0])[0][:2] == [0, 0]
    assert 0 not in paths(rivals(lost), there=[1.0, 1.0, 0.0, 0.0])[0][2:]


@pytest.mark.parametrize("absent", [1.0, 0.05, 0.0])
@pytest.mark.parametrize("values", [((-1.0, -1.5), (-3.0, -3.5)), ((-0.3, -0.8), (-3.0, -3.9))])
def test_what_is_not_there_takes_nothing_from_what_is(
    absent: float, values: tuple[tuple[float, float], tuple[float, float]]
) -> None:
    frames = [
        Nodes.of(
            pass_frame(
                *(
                    Slots(Track(0, a, 0 if t else -1), Track(1, b, 1 if t else -1))
                    for a, b in values
                )
            ),
            empty(2),
        )
        for t in range(12)
    ]
    alone = np.eye(2, dtype=bool)
    assert paths(frames, alone, [[1.0, absent]] * 12)[0] == [0] * 12


@pytest.mark.parametrize("sure", [1.0, 0.3, 0.0])
def test_a_change_leaves_no_hole(sure: float) -> None:
    values = [(-1.2, NO_TRACK)] * 4 + [(NO_TRACK, -1.4)] * 4
    assert paths(rivals(values), there=[sure] * 8) == [[0] * 4 + [1] * 4]


def test_what_most_of_the_window_speaks_for_is_taken_throughout() -> None:
    """On a few frames something else is worth more."""
    values = [(-1.2, -1.3)] * 2 + [(-1.5, -1.0)] * 6 + [(-1.2, -1.3)] * 2
    assert paths(rivals(values)) == [[1] * 10]
    assert paths(rivals([(b, a) for a, b in values])) == [[0] * 10]


def test_a_lasting_change_is_believed() -> None:
    assert paths(rivals([(-0.5, -3.0)] * 5 + [(-3.0, -0.5)] * 5)) == [[0] * 5 + [1] * 5]


def test_the_kind_counts_as_the_text_does() -> None:
    frames = rivals([(-1.0, -1.0)] * 3)
    for one in frames:
        one.forward.kind[0, 0] = -0.5
    assert paths(frames) == [[1] * 3]


def test_what_one_pass_has_found_the_other_may_have_missed() -> None:
    """Forwards the thing is found late, backwards it is lost early: together it is whole."""
    nodes = []
    for t in range(6):
        late = Track(1, -0.3, -1 if t == 3 else 0) if t >= 3 else Track(0, -2.0, 0)
        back = Track(1, -0.3, -1 if t == 3 else 0) if t <= 3 else Track(2, -2.0, 0)
        nodes.append(Nodes.of(pass_frame(Slots(late)), pass_frame(Slots(back))))
    chosen = paths(nodes)[0]
    assert chosen[:3] == [BACKWARD] * 3
    assert chosen[4:] == [FORWARD] * 2


def test_along_a_track_nothing_is_paid_and_for_another_look_more_than_for_the_same() -> None:
    before = Nodes.of(
        pass_frame(Slots(Track(0, -1.0), Track(1, -1.0))),
        pass_frame(Slots(Track(0, -1.0, 0), Track(2, -1.0, 1))),
    )
    now = Nodes.of(
        pass_frame(Slots(Track(0, -1.0, 0), Track(1, -1.0, -1))),
        pass_frame(Slots(Track(0, -1.0), Track(2, -1.0))),
    )
    costs = change_costs(before, now, CONFIG)[0]
    strange = CONFIG.settling * (CONFIG.birth_cost + 2.0 * 0.5)  # looks that share nothing
    expected = torch.full((5, 5), strange)
    for same in ((0, 0), (0, 2), (2, 0), (2, 2), (3, 3)):  # each pass alone, and across
        expected[same] = 0.0
    expected[1, 1] = BIRTH  # the same look, but a new track
    expected[4] = BIRTH
    expected[:, 4] = 0.0
    torch.testing.assert_close(costs, expected)
    alone = rivals([(-1.0, -1.0)] * 2)  # what the other pass does not see
    assert change_costs(*alone, CONFIG)[0].diagonal().tolist()[:2] == [0.0, 0.0]


def test_nothing_is_taken_only_where_there_is_no_track() -> None:
    worst = math.log(0.02)  # as bad as a track can be
    gap = [Nodes.of(empty(), empty())]
    nodes = [*rivals([(worst, NO_TRACK)] * 2), *gap, *rivals([(NO_TRACK, worst)] * 2)]
    for one in nodes:
        one.forward.kind.fill_(-2.0)
    assert pytest.approx(NOTHING) == worst + math.log(0.05)
    assert paths(nodes) == [[0, 0, NONE, 1, 1]]
    shown = gap[0].logits(torch.tensor([NONE]))
    assert (shown == -MAX_LOGIT).all()
    assert gap[0].agreement(torch.tensor([NONE])).tolist() == [0.0]


def test_two_expressions_do_not_take_the_same_thing() -> None:
    """Both would take thing 0; the second has another that is nearly as good."""
    first = Slots(Track(0, -0.2, 0), Track(1, -3.0, 1))
    second = Slots(Track(0, -0.4, 0), Track(2, -0.6, 1))
    nodes = [Nodes.of(pass_frame(first, second), empty(2)) for _ in range(4)]
    assert paths(nodes) == [[0] * 4, [0] * 4]
    assert paths(nodes, np.ones((2, 2), bool)) == [[0] * 4, [0] * 4]
    assert paths(nodes, np.eye(2, dtype=bool)) == [[0] * 4, [1] * 4]
    # The order in which they are named does not matter.
    nodes = [Nodes.of(pass_frame(second, first), empty(2)) for _ in range(4)]
    assert paths(nodes, np.eye(2, dtype=bool)) == [[1] * 4, [0] * 4]


def test_paraphrases_share_what_others_may_not() -> None:
    """The first two say the same; the third means something else."""
    same = Slots(Track(0, -0.3, 0), Track(1, -0.5, 1))
    other = Slots(Track(0, -0.2, 0), Track(2, -2.0, 1))
    may = np.array([[1, 1, 0], [1, 1, 0], [0, 0, 1]], bool)
    nodes = [Nodes.of(pass_frame(same, same, other), empty(3)) for _ in range(4)]
    assert paths(nodes, may) == [[1] * 4, [1] * 4, [0] * 4]


def test_a_thing_is_shared_where_every_other_one_is_much_worse() -> None:
    first = Slots(Track(0, -0.2, 0), Track(1, -3.0, 1))
    second = Slots(Track(0, -0.4, 0), Track(2, -2.0, 1))
    nodes = [Nodes.of(pass_frame(first, second), empty(2)) for _ in range(4)]
    assert paths(nodes, np.eye(2, dtype=bool)) == [[0] * 4, [0] * 4]


def test_a_long_gap_does_not_outweigh_the_rest() -> None:
    """A clock that jumps by an hour."""
    nodes = rivals([(-1.0, -2.0)] * 9 + [(-2.0, -1.0)])
    chosen = choose(nodes, [STEP] * 9 + [3600.0], np.ones((10, 1), np.float32), CONFIG, None)[
        :, 0
    ].tolist()
    assert chosen == [0] * 10


def test_logits_are_those_of_the_chosen_track() -> None:
    nodes = Nodes.of(
        pass_frame(Slots(Track(0, -1.0), Track(1, -2.0))), pass_frame(Slots(Track(2, -3.0)))
    )
    for node, shown, value in ((0, 0, -1.0), (1, 1, -2.0), (2, 2, -3.0)):
        torch.testing.assert_close(nodes.logits(torch.tensor([node]))[0], thing(shown))
        agreement = nodes.agreement(torch.tensor([node]))
        assert agreement.tolist() == pytest.approx([math.exp(value)])
