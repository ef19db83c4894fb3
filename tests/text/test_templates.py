"""Templates and background words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from car_video.errors import ConfigError
from car_video.text.background import BACKGROUND_23, without_named
from car_video.text.templates import (
    CAR_15,
    ORIGAMI,
    TEMPLATES,
    VILD_14,
    fill,
    template_set,
)


def test_the_lists_of_the_paper() -> None:
    assert len(CAR_15) == len(set(CAR_15)) == 15
    assert len(VILD_14) == 14
    assert CAR_15[0] == ORIGAMI == "a clean origami {}."
    assert [t for t in CAR_15 if not t.endswith(".")] == list(CAR_15[2:6])  # as published
    assert len(BACKGROUND_23) == len(set(BACKGROUND_23)) == 23


@pytest.mark.parametrize("name", TEMPLATES)
def test_every_template_has_one_place(name: str) -> None:
    assert all(template.count("{}") == 1 for template in template_set(name))


@given(st.text())
def test_fill_keeps_the_query_as_it_is(query: str) -> None:
    assert fill(ORIGAMI, query) == "a clean origami " + query + "."


def test_template_sets_by_name_or_whole() -> None:
    assert template_set("vild") == VILD_14
    assert template_set("a {} here") == ("a {} here",)
    with pytest.raises(ConfigError, match="no template set 'poem'"):
        template_set("poem")
    with pytest.raises(ConfigError, match=r"has no \{\}"):
        fill("a thing", "dog")


def test_background_words_that_are_named_step_back() -> None:
    kept = without_named(BACKGROUND_23, ("the man on the Bridge.", "two trees"))
    assert "bridge" not in kept
    assert "tree" not in kept
    assert len(kept) == 21
    assert without_named(BACKGROUND_23, ()) == BACKGROUND_23
