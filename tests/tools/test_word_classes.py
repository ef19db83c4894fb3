"""Word classes by WordNet's counts."""

from __future__ import annotations

import pytest
import yaml

from car_video.text.parsing.word_classes import (
    is_adjective,
    is_adverb,
    is_finite_verb,
    is_gerund,
    is_participle,
    word_classes,
)
from tools.word_classes import classes_of, counted, written

LINES = """\
white%3:00:01:: 00395797 1 76
white%1:07:00:: 04966583 2 16
light%1:19:00:: 11494000 1 117
light%3:00:06:: 00271373 1 45
walk%2:38:00:: 01908455 1 40
walk%1:04:00:: 00284101 1 10
train%2:31:00:: 00603298 1 39
train%1:06:00:: 04475240 1 10
bump%2:35:00:: 01242391 1 9
parked%5:00:00:still:00 02414350 1 1
slowly%4:02:00:: 00162027 1 20
hot_dog%1:13:00:: 07692347 1 3
dog%1:05:00:: 02086723 1 0
""".splitlines()


def test_the_most_frequent_class_counts() -> None:
    assert classes_of(counted(LINES)) == {
        "adjective": ["parked", "white"],
        "verb": ["walk"],  # "train" is a noun too often, "bump" is too rare
        "adverb": ["slowly"],
    }


def test_what_is_written_is_read_back() -> None:
    classes = {"adjective": [f"word{n}" for n in range(500)], "verb": [], "adverb": ["so"]}
    data = yaml.safe_load(written(classes))
    assert {name: data[f"{name}s"].split() for name in classes} == classes
    assert max(map(len, written(classes).splitlines())) <= 98


def test_the_shipped_lists() -> None:
    shipped = word_classes()
    assert len(shipped.adjectives) > 4_000
    assert {"white", "young", "wooden"} <= shipped.adjectives
    assert {"walk", "hold", "carry"} <= shipped.verbs
    assert shipped.verbs.isdisjoint({"train", "bump", "dog"})


@pytest.mark.parametrize(
    ("test", "yes", "no"),
    [
        (is_adjective, "white 7 spotless futuristic", "dog city model bus"),
        (is_adverb, "slowly away then", "in left dog"),
        (is_gerund, "walking fishing", "king building awning"),
        (is_participle, "parked worn striped", "bed moped left red"),
        (is_finite_verb, "walks carries catches takes", "trains dress bus walk glass"),
    ],
)
def test_classes_of_words(test, yes: str, no: str) -> None:
    assert [word for word in yes.split() if not test(word)] == []
    assert [word for word in no.split() if test(word)] == []
