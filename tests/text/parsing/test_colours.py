"""Which colours an expression gives its target, and how much of each."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from car_video.text.parsing.colours import (
    SYNONYMS,
    TERMS,
    target_colours,
)
from car_video.text.parsing.garments import PLACES


@pytest.mark.parametrize(
    ("text", "own", "worn"),
    [
        ("a red car", [("red",)], []),
        ("a man in red", [], [("red",)]),
        ("a man in a red shirt and blue jeans", [], [("red",), ("blue",)]),
        ("a black and white dog", [("black",), ("white",)], []),
        ("a woman with blonde hair", [], [SYNONYMS["blonde"]]),
        ("the silver car", [SYNONYMS["silver"]], []),
        ("a light blue car", [("blue",)], []),
        ("a dark horse", [("dark",)], []),
        # Not the target's, or not a colour.
        ("a man next to a red car", [], []),
        ("a black man", [], []),
        ("a white woman in black", [], [("black",)]),
        ("a dog", [], []),
        # Denied.
        ("the car that is not red", [], []),
        ("a dog with no red collar", [], []),
        ("the car that isn't red", [], []),
        ("a man without a red hat", [], []),
        ("the cars other than the red one", [], []),
        ("the cars except the red one", [], []),
        ("a non-red car", [], []),
        ("neither the red nor the blue car", [], []),
        ("the red car, not the blue one", [("red",)], []),
        ("a man who is not in a red shirt but in a blue one", [], [("blue",)]),
        # Nouns and names.
        ("the traffic light", [], []),
        ("the red light", [("red",)], []),
        ("a street light", [], []),
        ("a light bulb", [], []),
        ("the light on the left", [], []),
        ("light", [], []),
        ("a lighter", [], []),
        ("the lighter dog", [("light",)], []),
        ("the car that is light", [("light",)], []),
        ("a man in the dark", [], []),
        ("a girl holding an orange", [], []),
        ("the girl in the orange", [], [("orange",)]),
        ("an ice cream", [], []),
        ("Mr. Brown", [], []),
        ("James Brown on stage", [], []),
        ("a man next to the White House", [], []),
        ("the White House", [], []),
        ("RED CAR!!!", [("red",)], []),
        ("The Red Car", [("red",)], []),
        ("Red car", [("red",)], []),
        # People's skin, and what only sounds like people.
        ("black kids", [], []),
        ("white children", [], []),
        ("a black baby", [], []),
        ("a black football player", [], []),
        ("the white lady on the left", [], []),
        ("the black man's hat", [], []),
        ("dark-skinned man", [], []),
        ("a brown baby elephant", [("brown",)], []),
        ("a white pitcher", [("white",)], []),  # a jug more often than a player
        ("a brown boxer", [("brown",)], []),  # a dog
        ("a black female dog", [("black",)], []),
        ("black shirt man", [], [("black",)]),
        ("white striped shirt guy", [], [("white",)]),
        # Parts.
        ("a red-and-white striped shirt", [("red",), ("white",)], []),
        ("the red-haired woman", [], [("red",)]),
        ("the red haired woman", [], [("red",)]),
        ("the blonde woman", [], [SYNONYMS["blonde"]]),
        ("a black-clad man", [], [("black",)]),
        ("a blue-eyed cat", [], []),
        ("a cat with blue eyes", [], []),
        ("a red-painted car", [("red",)], []),
        ("a light-blue car", [("blue",)], []),
        # What the target is said to be, or what it has is.
        ("the bus is red", [("red",)], []),
        ("the car which is blue", [("blue",)], []),
        ("the ball that's yellow", [("yellow",)], []),
        ("the dog is black and white", [("black",), ("white",)], []),
        ("the car next to the bus is red", [("red",)], []),
        ("the man's shirt is red", [("red",)], []),
        ("the man is black", [], []),
        ("the man is in black", [], [("black",)]),
        ("the man whose shirt is not red", [], []),
        ("the dog whose collar is red", [], [("red",)]),
        ("the girl is blonde", [], [SYNONYMS["blonde"]]),
        # Of somebody else.
        ("a dog near a man in a red coat", [], []),
        ("a boy in blue beside a girl wearing red", [], [("blue",)]),
        ("the bus is red and the car is blue", [("red",)], []),
        ("the one that is red", [("red",)], []),
        ("the dog next to the man who is in black", [], []),
        ("a brown dog jumping up at a woman who is wearing a red skirt", [("brown",)], []),
        ("a boy in a red cap while a girl in blue watches", [], [("red",)]),
        ("the dog of the redhead", [], []),
        ("the blonde's bag", [], []),
        ("the man runs and the water is blue", [], []),
        ("the ginger", [], []),  # a root, or somebody
        ("the ginger cat", [SYNONYMS["ginger"]], []),
        ("", [], []),
    ],
)
def test_colours_of_the_target(text: str, own: list[object], worn: list[object]) -> None:
    colours = target_colours(text)
    assert [colour.terms for colour in colours] == [*own, *worn]
    assert [colour.place == "whole" for colour in colours] == [True] * len(own) + [False] * len(
        worn
    )
    assert all(colour.among == len(own) for colour in colours[: len(own)])


@pytest.mark.parametrize("term", sorted({"red", "grey", "blonde", "teal"}))
@given(st.sampled_from(["not", "isn't", "no", "without", "except", "nor", "other than"]))
def test_what_is_denied_is_no_colour_of_the_target(term: str, denial: str) -> None:
    assert target_colours(f"a {term} car") != ()
    assert target_colours(f"the one {denial} the {term} car") == ()
    assert target_colours(f"the thing that is {denial} {term}") == ()


@given(st.text(max_size=60))
def test_any_text_will_do(text: str) -> None:
    for colour in target_colours(text):
        assert set(colour.terms) <= set(TERMS)
        assert colour.place in PLACES
        assert colour.among >= 1
