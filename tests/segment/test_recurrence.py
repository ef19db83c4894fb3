"""The recurrence against a plain loop, and on colours where the answer is known."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from car_video.config import ProposalConfig, RecurrenceConfig
from car_video.segment.segmenter import ImageSegmenter
from tests.segment.colour_model import BOTH, PLAIN, RED, ColourModel, picture
from tests.segment.fake_model import FakeModel

torch.set_num_threads(1)


def scripted(
    segmenter: ImageSegmenter, table: dict[frozenset[int], list[float]]
) -> list[list[int]]:
    """Let ``table`` score the queries that are alive; gives what was asked, step by step."""
    asked: list[list[int]] = []

    def classify(view: object, maps: Tensor, alive: Tensor) -> tuple[Tensor, Tensor]:
        assert len(maps) == len(alive)
        asked.append(alive.tolist())
        scores = torch.tensor(table[frozenset(alive.tolist())])[alive]
        return scores, scores / 2

    segmenter._classify = classify  # type: ignore[method-assign]
    return asked


def naive_recurrence(
    table: dict[frozenset[int], list[float]], count: int, threshold: float, most: int
) -> list[list[int]]:
    """The queries alive at each step, from the words of CaR's algorithm 1."""
    alive = list(range(count))
    steps = [alive]
    while len(steps) < most:
        scores = {query: table[frozenset(alive)][query] for query in alive}
        left = [query for query in alive if scores[query] >= threshold]
        if not left:
            left = [max(alive, key=lambda query: (scores[query], -query))]
        if left == alive:
            break
        alive = left
        steps.append(alive)
    return steps


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    count=st.integers(1, 4),
    threshold=st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0]),
    most=st.integers(1, 5),
)
def test_queries_are_dropped_until_nothing_changes(
    seed: int, count: int, threshold: float, most: int
) -> None:
    random = np.random.default_rng(seed)
    table = {
        frozenset(some): random.choice([0.0, 0.2, 0.3, 0.6, 0.9], count).tolist()
        for size in range(1, count + 1)
        for some in itertools.combinations(range(count), size)
    }
    recurrence = RecurrenceConfig(confidence_threshold=threshold, max_steps=most)
    names = [f"thing {n}" for n in range(count)]
    segmenter = ImageSegmenter(FakeModel(), names, replace(PLAIN, recurrence=recurrence))
    asked = scripted(segmenter, table)
    end = segmenter.recur(segmenter.encode(BOTH))
    expected = naive_recurrence(table, count, threshold, most)
    assert asked == expected
    assert end.steps == len(expected)
    assert end.alive.tolist() == expected[-1]
    assert len(end.maps) == len(end.evidence) == len(end.scores) == len(end.alive)
    scores = torch.tensor(table[frozenset(expected[-1])])[end.alive]
    torch.testing.assert_close(end.scores, scores / 2)


@pytest.mark.parametrize("best", [0, 1, 2])
def test_when_none_passes_the_best_one_stays(best: int) -> None:
    scores = [0.01, 0.01, 0.01]
    scores[best] = 0.02
    table = {frozenset({0, 1, 2}): scores, frozenset({best}): scores}
    segmenter = ImageSegmenter(FakeModel(), ["a", "b", "c"], PLAIN)
    asked = scripted(segmenter, table)
    end = segmenter.recur(segmenter.encode(BOTH))
    assert end.alive.tolist() == [best]
    assert asked == [[0, 1, 2], [best]]


def test_one_step_drops_nothing() -> None:
    recurrence = RecurrenceConfig(confidence_threshold=1.0, max_steps=1)
    segmenter = ImageSegmenter(
        ColourModel(), ["a red ball", "a blue car"], replace(PLAIN, recurrence=recurrence)
    )
    end = segmenter.recur(segmenter.encode(BOTH))
    assert (end.steps, end.alive.tolist()) == (1, [0, 1])


def test_the_classifier_drops_what_the_picture_does_not_show() -> None:
    recurrence = RecurrenceConfig(confidence_threshold=0.5)
    names = ["a blue car", "a red ball", "a pot"]  # a pot is grey, as the background
    segmenter = ImageSegmenter(ColourModel(), names, replace(PLAIN, recurrence=recurrence))
    end = segmenter.recur(segmenter.encode(picture((RED, (255, 0, 0)))))
    assert 0 not in end.alive.tolist()
    assert 1 in end.alive.tolist()
    assert end.steps > 1


def test_a_dropped_query_has_no_mask_and_no_score() -> None:
    table = {frozenset({0, 1}): [0.0, 0.9], frozenset({1}): [0.0, 0.9]}
    proposal = ProposalConfig(size=96, affinity=False, source="cam")
    config = replace(PLAIN, presence_threshold=0.0, proposal=proposal)
    segmenter = ImageSegmenter(ColourModel(), ["a red ball", "a green frog"], config)
    scripted(segmenter, table)
    found = segmenter.segment(BOTH)
    assert found.present.tolist() == [False, True]
    assert not found.masks[0].any()
    assert found.scores.tolist() == pytest.approx([0.0, 0.45])
