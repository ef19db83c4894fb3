"""Nouns that the classifier cannot tell are found, and left out."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
import torch

from tools.build_lite.noun_check import best_cells, not_told, separation, without, worse
from tools.build_lite.recipe import Recipe
from tools.build_lite.texts import TextTables


def quiet(line: str) -> None:
    """Say nothing."""


def test_best_cell_of_a_group() -> None:
    weight = torch.eye(3)[:2] * 8  # two channels, three classes
    cells = torch.zeros(2, 2, 4, dtype=torch.float16)
    cells[0, 1, 0] = 1  # one cell of the first picture shows class 0
    cells[:, :, 2:] = 9  # channels that the classifier does not have
    found = best_cells(cells, (weight, torch.zeros(3)), [[0], [0, 2]], quiet)
    sure = np.exp(4) / (np.exp(4) + 2)  # temperature 2
    rest = 1 / (np.exp(4) + 2)
    np.testing.assert_allclose(found, [[sure, sure + rest], [1 / 3, 2 / 3]], rtol=1e-5)


def test_pictures_beyond_one_batch() -> None:
    cells = torch.randn(230, 3, 4).half()
    classifier = torch.randn(4, 5), torch.randn(5)
    whole = best_cells(cells, classifier, [[1], [2, 3]], quiet)
    assert whole.shape == (230, 2)
    part = best_cells(cells[210:], classifier, [[1], [2, 3]], quiet)
    np.testing.assert_allclose(whole[210:], part, rtol=1e-5)


def test_separation() -> None:
    assert separation(np.array([2.0, 3.0]), np.array([0.0, 1.0])) == (1.0, 0.0)
    assert separation(np.array([0.0, 1.0]), np.array([0.0, 1.0]))[0] == 0.5
    mean, _ = separation(np.array([1.0, 3.0, 5.0]), np.array([0.0, 2.0]))
    assert mean == pytest.approx(5 / 6)


def test_deviation_is_that_of_repeated_draws() -> None:
    random = np.random.default_rng(0)
    drawn = [
        separation(random.normal(0.7, 1, 40), random.normal(0, 1, 300)) for _ in range(400)
    ]
    means, deviations = np.array(drawn).T
    assert deviations.mean() == pytest.approx(means.std(), rel=0.1)


def test_only_what_is_surely_worse() -> None:
    random = np.random.default_rng(0)
    count = 400
    has = np.zeros((count, 4), np.bool_)
    has[:100, :2] = has[:15, 2] = has[:25, 3] = True
    evidence = random.random((count, 4)).astype(np.float32)
    evidence[:100, 1] += 1  # the second noun is told; the third is rare, the fourth in doubt
    evidence[:25, 3] += 0.18
    found = worse(evidence, has, ~has, least=0.7, pictures=20)
    assert found.tolist() == [True, False, False, False]
    assert worse(evidence, has, ~has, least=0.7, pictures=15).tolist()[2]
    assert 0.6 < separation(evidence[:25, 3], evidence[25:, 3])[0] < 0.7
    ignored = ~has & (np.arange(count) >= 395)[:, None]
    assert not worse(evidence, has, ignored, least=0.7, pictures=20).any()


@pytest.fixture
def tables() -> TextTables:
    """Pictures 0 to 29 have a dog and a light, the rest have neither."""
    empty = {f.name: np.zeros((0, 4)) for f in dataclasses.fields(TextTables)}
    has = np.zeros((90, 3), np.bool_)
    has[:30] = True
    found: dict[str, Any] = {
        "words": np.array(["dog", "sky", "light"]),
        "has_word": has,
        "ignore_word": np.zeros_like(has),
    }
    return TextTables(**{**empty, **found})


TABLE = {"sets": [[0], [1], [1, 2]], "nouns": {"dog": 0, "light": 1, "lamp": 1, "thing": 2}}


def test_nouns_of_pictures(tables: TextTables) -> None:
    cells = torch.rand(90, 2, 3)
    cells[:30, 1, 0] += 2
    cells[80:, :, 1] += 5  # a picture that is held out, in which a light would be told
    classifier = torch.eye(3) * 4, torch.zeros(3)
    train, recipe = np.arange(80), Recipe()
    found = not_told(cells.half(), train, classifier, tables, TABLE, recipe, quiet)
    assert found == ["light"]
    every = dataclasses.replace(recipe, noun_separation=1.1)
    assert not_told(cells.half(), train, classifier, tables, TABLE, every, quiet) == [
        "dog",
        "light",
    ]


def test_pictures_that_may_have_it_do_not_count(tables: TextTables) -> None:
    cells = torch.rand(90, 2, 3)
    cells[:30, 1, :2] += 2
    cells[30:60, 1, 1] += 4  # what looks like a light, in pictures of which nothing is known
    classifier = torch.eye(3) * 4, torch.zeros(3)
    arguments = (classifier, tables, TABLE, Recipe(), quiet)
    assert not_told(cells.half(), np.arange(90), *arguments) == ["light"]
    tables.ignore_word[30:60, 2] = True
    assert not_told(cells.half(), np.arange(90), *arguments) == []


def test_table_without_nouns() -> None:
    assert without(TABLE, []) == TABLE
    assert without(TABLE, ["light", "dog"]) == {
        "sets": [[1], [1, 2]],
        "nouns": {"lamp": 0, "thing": 1},
    }
    assert without(TABLE, ["light", "lamp"])["sets"] == [[0], [1, 2]]
