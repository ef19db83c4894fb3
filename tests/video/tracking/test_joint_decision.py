"""Which track each expression takes: equal to trying everything, and what always holds."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from torch import Tensor

from car_video.video.tracking.joint_decision import (
    IMPOSSIBLE,
    assign,
    decide_together,
    hypotheses_of,
)
from car_video.video.tracking.tracks import NO_TRACK

SEEDS = st.integers(0, 100_000)
COSTS = st.sampled_from([0.0, 0.3, 0.7, 5.0])


def random_worth(seed: int, queries: int, things: int) -> NDArray[np.float64]:
    """[Q, H]; some expressions have no track of some hypotheses, or none at all."""
    rng = np.random.default_rng(seed)
    worth = rng.uniform(-4, 0, (queries, things))
    worth[rng.random((queries, things)) < 0.3] = IMPOSSIBLE
    return worth


def relations(seed: int, queries: int) -> NDArray[np.bool_]:
    """Symmetric, True on the diagonal."""
    upper = np.triu(np.random.default_rng(seed).random((queries, queries)) < 0.4)
    return np.asarray(upper | upper.T | np.eye(queries, dtype=bool))


def total(worth: NDArray[np.float64], taken: tuple[int, ...], cost: float) -> float:
    """What an assignment is worth: each that is not the first at a hypothesis pays."""
    held = [(row, column) for row, column in enumerate(taken) if column >= 0]
    sharing = len(held) - len({column for _, column in held})
    return sum(worth[row, column] for row, column in held) - cost * sharing


@given(SEEDS, st.integers(1, 4), st.integers(1, 4), COSTS)
@settings(deadline=None, max_examples=150)
def test_no_assignment_is_worth_more(seed: int, queries: int, things: int, cost: float) -> None:
    worth = random_worth(seed, queries, things)
    found = assign(worth, np.eye(queries, dtype=bool), cost)
    choices = [np.flatnonzero(row > IMPOSSIBLE).tolist() or [-1] for row in worth]
    best = max(total(worth, taken, cost) for taken in product(*choices))
    assert total(worth, tuple(found.tolist()), cost) == pytest.approx(best)


@given(SEEDS, st.integers(1, 6), st.integers(1, 5), COSTS)
@settings(deadline=None, max_examples=100)
def test_an_expression_with_tracks_takes_one_of_its_own(
    seed: int, queries: int, things: int, cost: float
) -> None:
    worth = random_worth(seed, queries, things)
    found = assign(worth, relations(seed, queries), cost)
    for row, column in enumerate(found.tolist()):
        if column < 0:
            assert worth[row].max() == IMPOSSIBLE
        else:
            assert worth[row, column] > IMPOSSIBLE


@given(SEEDS, st.integers(1, 4), st.integers(1, 4), COSTS)
@settings(deadline=None, max_examples=60)
def test_those_that_may_all_share_take_what_is_best_for_each(
    seed: int, queries: int, things: int, cost: float
) -> None:
    worth = random_worth(seed, queries, things)
    found = assign(worth, np.ones((queries, queries), bool), cost)
    best = np.where(worth.max(1) > IMPOSSIBLE, worth.argmax(1), -1)
    np.testing.assert_array_equal(found, best)


@given(SEEDS, st.integers(2, 4), st.sampled_from([0.1, 0.7, 2.0]))
@settings(deadline=None, max_examples=150)
def test_two_things_share_only_where_all_others_are_worse_by_the_cost(
    seed: int, things: int, cost: float
) -> None:
    worth = random_worth(seed, 2, things)
    one, two = assign(worth, np.eye(2, dtype=bool), cost)
    if one == two and one >= 0:
        others = np.delete(worth, one, 1)
        assert (worth[:, one, None] - others >= cost - 1e-9).all()


def test_general_words_beside_two_particular_ones() -> None:
    """The brown dog and the white dog are two; "the dog" may be either."""
    may_share = np.array([[1, 1, 1], [1, 1, 0], [1, 0, 1]], bool)
    worth = np.array([[-0.2, -0.1], [-0.5, -0.3], [-2.0, -0.2]])
    assert assign(worth, may_share, 0.7).tolist() == [1, 0, 1]


def test_a_third_that_means_something_else_pays_beside_paraphrases() -> None:
    """ "the dog" and "the brown dog" are one; "the cat" goes elsewhere unless nothing else is
    nearly as good."""
    may_share = np.array([[1, 1, 0], [1, 1, 0], [0, 0, 1]], bool)
    worth = np.array([[-0.1, -1.5], [-0.1, -1.5], [-0.2, -0.5]])
    assert assign(worth, may_share, 0.7).tolist() == [0, 0, 1]
    worth[2, 1] = -3.0
    assert assign(worth, may_share, 0.7).tolist() == [0, 0, 0]


# Masks of tracks ------------------------------------------------------------------------------


def box(left: int, right: int) -> Tensor:
    logits = torch.full((8, 24), -5.0)
    logits[2:6, left:right] = 5.0
    return logits


BOY, GIRL, NEARLY_GIRL = box(2, 8), box(12, 20), box(12, 19)
APART = np.eye(2, dtype=bool)


def test_tracks_of_one_mask_are_one_hypothesis() -> None:
    logits = torch.stack([torch.stack([BOY, GIRL]), torch.stack([NEARLY_GIRL, GIRL])])
    alive = torch.tensor([[True, True], [True, False]])
    numbers = hypotheses_of(logits, alive)
    assert numbers[0, 0] != numbers[0, 1]
    assert numbers[1, 0] == numbers[0, 1]
    assert numbers[1, 1] == -1


def test_the_boy_and_the_girl_take_two_tracks() -> None:
    """Each alone would take the girl; the boy is nearly as good for "the boy"."""
    logits = torch.stack([torch.stack([GIRL, BOY]), torch.stack([NEARLY_GIRL, BOY])])
    rank = torch.tensor([[-0.1, -0.4], [-0.1, -2.0]])
    assert decide_together(logits, rank, APART, 0.7).tolist() == [1, 0]
    assert decide_together(logits, rank, np.ones((2, 2), bool), 0.7).tolist() == [0, 0]


def test_what_only_one_track_shows_is_shared() -> None:
    logits = torch.stack([torch.stack([GIRL, BOY]), torch.stack([NEARLY_GIRL, BOY])])
    rank = torch.tensor([[-0.1, -3.0], [-0.1, -2.0]])
    assert decide_together(logits, rank, APART, 0.7).tolist() == [0, 0]
    alone = torch.tensor([[-0.1, NO_TRACK], [-0.1, NO_TRACK]])
    assert decide_together(logits, alone, APART, 0.7).tolist() == [0, 0]


@pytest.mark.parametrize("queries", [1, 2, 3])
def test_without_tracks_the_first_slot_is_taken(queries: int) -> None:
    logits = torch.zeros(queries, 2, 8, 24)
    rank = torch.full((queries, 2), NO_TRACK)
    found = decide_together(logits, rank, np.eye(queries, dtype=bool), 0.7)
    assert found.dtype == torch.int64
    assert found.tolist() == [0] * queries


def test_an_expression_without_a_track_leaves_the_others_alone() -> None:
    logits = torch.stack([torch.stack([GIRL, BOY])] * 3)
    rank = torch.tensor([[-0.1, -0.4], [NO_TRACK, NO_TRACK], [-0.1, -2.0]])
    assert decide_together(logits, rank, np.eye(3, dtype=bool), 0.7).tolist() == [1, 0, 0]


def test_one_expression_keeps_its_best_track() -> None:
    logits = torch.stack([BOY, GIRL])[None]
    found = decide_together(logits, torch.tensor([[-0.1, -0.2]]), np.eye(1, dtype=bool), 0.7)
    assert found.tolist() == [0]
