"""Which expressions name two things at opposite places, and what the two are."""

from __future__ import annotations

import pytest

from car_video.text.parsing import opposites
from car_video.text.parsing.opposites import split_opposites
from car_video.text.parsing.places import PlacedExpression, take_places


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        (
            "The dog on the left and the cat on the right.",
            ("The dog on the left", "the cat on the right"),
        ),
        (
            "the man behind the bar and the woman in front of it",
            ("the man behind the bar", "the woman in front of the bar"),
        ),
        (
            "the cup left of the plate and the fork right of the knife",
            ("the cup left of the plate", "the fork right of the knife"),
        ),
        (
            "the dog behind the tree and the post and the cat in front of them",
            ("the dog behind the tree and the post", "the cat in front of the tree"),
        ),
        (
            "the dog above the sofa and the sofa below it",
            ("the dog above the sofa", "the sofa below the dog"),
        ),
        (
            "the man behind the car and the girl who is holding it in front of the bus",
            (
                "the man behind the car",
                "the girl who is holding it in front of the bus",
            ),
        ),
    ],
)
def test_two_things(text: str, parts: tuple[str, ...]) -> None:
    assert split_opposites(text) == parts


@pytest.mark.parametrize(
    "text",
    [
        *("", "and", "the dog", "the dog and the cat"),
        "the ball behind the post and the tree",
        "the ball behind the post and the tree on the left",
        "the ball behind the post and the tree in the front",  # a place of another sort
        "the dog on the left and the cat on the left",
        "the man on the left and in front of the car on the right",
        "the man on the left and standing in front of the car on the right",
        # What one of them has.
        "a man with a dog on the left and a cat on the right",
        "the road between the house on the left and the tree on the right",
        # The noun is not said twice.
        "the left and the right dog",
        "the dog on the left and the one on the right",
        # Denied.
        "not the dog on the left and the cat on the right",
        "the dog on the left and not the cat on the right",
    ],
)
def test_one_thing(text: str) -> None:
    assert split_opposites(text) == (text,)


def test_a_long_text_is_read_a_bounded_number_of_times(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []

    def counted(text: str) -> PlacedExpression:
        seen.append(text)
        return take_places(text)

    monkeypatch.setattr(opposites, "take_places", counted)
    text = "the dog on the left and " * 200
    assert split_opposites(text) == (text,)
    assert 0 < len(seen) <= 2 * opposites.JOINTS
