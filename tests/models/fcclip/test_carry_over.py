"""Queries carried over: mechanics on random weights and on queries that are known."""

from __future__ import annotations

from dataclasses import replace

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from car_video.models.fcclip.carry_over import QueryCarrier, paired
from tests.models.fcclip.golden import small_network, values


@settings(max_examples=20, deadline=None)
@given(st.permutations(range(8)))
def test_queries_that_come_in_another_order_are_paired(order: list[int]) -> None:
    before = values("before", (8, 16))
    now = before[order] + 0.05 * values("noise", (8, 16))
    assert paired(before, now).tolist() == order


def test_every_track_is_given_once_even_where_queries_are_alike() -> None:
    before = values("before", (6, 4))
    now = before[:1].expand(6, 4)
    assert sorted(paired(before, now).tolist()) == list(range(6))


def test_matching_follows_queries_through_several_pictures() -> None:
    network = small_network()
    first = network.propose(values("picture", (1, 3, 64, 64)))
    carrier = QueryCarrier("match")
    assert carrier.step(first).tolist() == list(range(6))
    total = torch.arange(6)
    for seed in range(3):
        order = torch.randperm(6, generator=torch.Generator().manual_seed(seed))
        total = total[order]
        noise = 0.02 * values(f"noise {seed}", (1, 6, 64))
        moved = replace(first, queries=first.queries[:, total] + noise)
        assert carrier.step(moved).tolist() == total.tolist()
        assert carrier.start is None
    carrier.reset()
    assert carrier.step(moved).tolist() == list(range(6))


def test_states_carried_over_keep_their_places() -> None:
    network = small_network()
    picture = values("picture", (1, 3, 64, 64))
    carrier = QueryCarrier("start")
    first = network.propose(picture, carrier.start)
    assert carrier.step(first).tolist() == list(range(6))
    assert carrier.start is first.states
    second = network.propose(picture, carrier.start)
    assert not torch.equal(second.states, first.states)
    assert carrier.step(second).tolist() == list(range(6))
    carrier.reset()
    assert torch.equal(network.propose(picture, carrier.start).states, first.states)


def test_a_picture_that_stays_the_same_keeps_all_of_its_queries() -> None:
    network = small_network()
    picture = values("picture", (1, 3, 96, 96))
    carrier = QueryCarrier("match")
    for _ in range(3):
        assert carrier.step(network.propose(picture)).tolist() == list(range(6))
