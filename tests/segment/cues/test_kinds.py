"""Which of several things of one kind a mask shows."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from car_video.segment.cues.kinds import KindCue, on_cells
from car_video.segment.cues.mask_cues import MaskCues

SEEDS = st.integers(0, 100_000)


def cue(rng: np.random.Generator, queries: int) -> KindCue:
    """Random logits on 3 x 4 cells, of queries that fall into random kinds."""
    kind = rng.integers(0, 3, queries)
    return KindCue(
        torch.from_numpy(rng.normal(0, 3, (queries, 3, 4))),
        torch.from_numpy(kind[:, None] == kind),
        torch.arange(queries),
    )


@given(SEEDS, st.integers(1, 5), st.integers(0, 4))
@settings(deadline=None, max_examples=40)
def test_match_is_the_slow_loop(seed: int, queries: int, masks: int) -> None:
    rng = np.random.default_rng(seed)
    kinds = cue(rng, queries)
    weights = torch.from_numpy(rng.random((queries, masks, 3, 4)))
    found = kinds.match(weights)
    assert found.shape == (queries, masks)
    for query, mask in np.ndindex(queries, masks):
        region = weights[query, mask].numpy()
        likely = {}
        for other in range(queries):
            if kinds.same[query, other]:
                mean = (region * kinds.logits[other].numpy()).sum() / region.sum()
                likely[other] = math.exp(mean)
        expected = likely[query] / sum(likely.values())
        assert float(found[query, mask]) == pytest.approx(expected, abs=1e-6)


@given(SEEDS, st.integers(1, 5))
@settings(deadline=None, max_examples=20)
def test_probabilities_of_a_kind_sum_to_1(seed: int, queries: int) -> None:
    """The same mask for all: it is exactly one thing of each kind."""
    rng = np.random.default_rng(seed)
    kinds = cue(rng, queries)
    mask = torch.from_numpy(rng.random((3, 4)))
    found = kinds.match(mask.expand(queries, 1, -1, -1))[:, 0]
    for query in range(queries):
        assert float(found[kinds.same[query]].sum()) == pytest.approx(1, abs=1e-6)


def test_the_only_one_of_its_kind_is_meant() -> None:
    rng = np.random.default_rng(1)
    alone = KindCue(
        torch.from_numpy(rng.normal(0, 3, (3, 3, 4))),
        torch.eye(3, dtype=torch.bool),
        torch.arange(3),
    )
    assert alone.match(torch.rand(3, 2, 3, 4).double()).tolist() == [[1.0, 1.0]] * 3


@given(SEEDS, st.integers(1, 5))
@settings(deadline=None, max_examples=20)
def test_some_queries_are_judged_as_among_all(seed: int, queries: int) -> None:
    rng = np.random.default_rng(seed)
    kinds = cue(rng, queries)
    weights = torch.from_numpy(rng.random((queries, 2, 3, 4)))
    rows = torch.from_numpy(rng.permutation(queries)[: rng.integers(1, queries + 1)])
    torch.testing.assert_close(kinds[rows].match(weights[rows]), kinds.match(weights)[rows])


def test_an_empty_mask_tells_nothing() -> None:
    same = torch.ones(2, 2, dtype=torch.bool)
    kinds = KindCue(torch.randn(2, 3, 4), same, torch.arange(2))
    assert kinds.match(torch.zeros(2, 1, 3, 4)).tolist() == [[0.5], [0.5]]


def test_masks_on_cells() -> None:
    logits = torch.full((1, 1, 6, 8), -3.0)
    logits[..., :2, :2] = 5.0  # all of the first cell
    logits[..., 2:4, 4] = 5.0  # half of another
    cells = on_cells(logits, (3, 4))[0, 0]
    expected = torch.zeros(3, 4)
    expected[0, 0], expected[1, 2] = 1.0, 0.5
    assert torch.equal(cells, expected)


def test_cues_tell_masks_apart_only_where_there_are_kinds() -> None:
    logits = torch.full((2, 2, 6, 8), -3.0)
    logits[:, 0, :, :4] = 3.0
    logits[:, 1, :, 4:] = 3.0
    plain = MaskCues.of(["the tall girl", "the small girl"], None)
    assert torch.equal(plain.among_kind(logits), torch.ones(2, 2))
    fit = torch.zeros(2, 3, 4)
    fit[0, :, :2], fit[1, :, 2:] = 2.0, 2.0  # the tall one is on the left
    kinds = KindCue(fit, torch.ones(2, 2, dtype=torch.bool), torch.arange(2))
    cues = MaskCues(plain.things, kinds=kinds)
    likely = torch.tensor(2.0).sigmoid()
    expected = torch.stack([likely, 1 - likely])
    torch.testing.assert_close(
        cues.among_kind(logits), torch.stack([expected, expected.flip(0)])
    )
    second = torch.tensor([1])
    torch.testing.assert_close(cues[second].among_kind(logits[second]), expected.flip(0)[None])
