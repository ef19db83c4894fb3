"""Which expressions name several different things, and what the things are."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from car_video.text.label_spaces import label_space
from car_video.text.parsing.conjunction import split_conjunction


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("the dog and the cat", ["the dog", "the cat"]),
        ("The dog AND the cat.", ["The dog", "the cat"]),
        ("the dog & the cat", ["the dog", "the cat"]),
        ("the dog + the cat", ["the dog", "the cat"]),
        ("the dog, the cat", ["the dog", "the cat"]),
        ("the dog,the cat", ["the dog", "the cat"]),
        ("the dog; the cat", ["the dog", "the cat"]),
        ("the dog, the cat and the bird", ["the dog", "the cat", "the bird"]),
        ("the dog, cat, and bird", ["the dog", "the cat", "the bird"]),
        ("the dog and cat and bird", ["the dog", "the cat", "the bird"]),
        ("both the dog and the cat", ["the dog", "the cat"]),
        ("the men and women", ["the men", "the women"]),
        ("the blonde and the brunette", ["the blonde", "the brunette"]),
        ("two dogs and a cat", ["two dogs", "a cat"]),
        ("2 dogs and 3 cats", ["2 dogs", "3 cats"]),
        ("a man and his dog", ["a man", "the dog"]),
        ("her bag and umbrella", ["the bag", "the umbrella"]),
        ("the man and the woman's dog", ["the man", "the woman's dog"]),
        ("the player number 7 and the player number 9",
         ["the player number 7", "the player number 9"]),
        # What follows the last is said of all.
        ("a horse and its rider on the beach",
         ["a horse on the beach", "the rider on the beach"]),
        ("the horse and rider above the bars",
         ["the horse above the bars", "the rider above the bars"]),
        ("a woman and child crossing", ["a woman crossing", "the child crossing"]),
        # But what speaks of one of them is said of the last.
        ("the man and his hands in his pockets", ["the man", "the hands in his pockets"]),
        ("a man, a boy and a dog with a stick in its mouth",
         ["a man", "a boy", "a dog with a stick in its mouth"]),
        ("a girl and a boy looking up at her", ["a girl", "a boy looking up at her"]),
        ("a man and woman outside while it snows",
         ["a man outside while it snows", "the woman outside while it snows"]),
        # Colours and places.
        ("a red bus and a blue car", ["a red bus", "a blue car"]),
        ("the red and white bus and the car", None),  # its first "and" joins colours
        ("the left dog and the right dog", ["the left dog", "the right dog"]),
        # Garments.
        ("a shirt and trousers", ["a shirt", "the trousers"]),
        ("the black shirt and the white shirt", ["the black shirt", "the white shirt"]),
    ],
)  # fmt: skip
def test_several_things(text: str, parts: list[str] | None) -> None:
    assert split_conjunction(text) == tuple(parts or [text])


@pytest.mark.parametrize(
    "text",
    [
        "a dog", "the band", "and", "the dog and", "and the dog", "the dog and and the cat", "",
        "both", "both dogs", "both and", "the dog or the cat", "!",
        # One thing with two properties.
        "a red and white bus", "the black and white dog", "a small white and brown dog",
        "the black-and-white cat", "a tall, thin man", "a big, old, brown dog",
        "a striped and dotted ball", "the young and old", "black and white",
        "a rusty, broken car",
        "a broken and a rusty car",
        # Several of one kind: the noun comes after the last.
        "a black and a white dog", "the left and the right dog", "the second and third bottle",
        "the first and the second person", "the left and right bottles", "the red and the blue",
        "the dog and the other one", "the dog and the other",
        # After a comma more is said of the same thing.
        "the dog, asleep", "the man, second from the left", "the girl, closest to the camera",
        "the dog, left", "the man, on the left", "the cat, black", "a man, facing left",
        # What a thing is beside, wears or has is no second thing.
        "the space between a dog and a cat", "a dog next to the cat and the bird",
        "a man in a hat and a coat", "a man wearing a shirt and trousers",
        "girl in pink and white", "the woman with a bag and an umbrella",
        "the dog on the left and the cat on the right",
        # Denied.
        "a dog, not red, and a cat", "the dog and not the cat", "neither the dog nor the cat",
        # Names and fixed phrases.
        "the rock and roll band", "the fish and chips plate", "the H&M", "an AT&T logo",
        "the M&Ms", "the A&E sign",
        # Bare names: classes of a label space.
        "dog and cat", "salt and pepper", "mother and child", "Tom and Jerry", "dog, cat",
        "people and cars",
    ],
)  # fmt: skip
def test_one_thing(text: str) -> None:
    assert split_conjunction(text) == (text,)


@pytest.mark.parametrize("name", ["voc", "coco-object", "context", "ade"])
def test_classes_are_never_split(name: str) -> None:
    for text in label_space(name).names:
        assert split_conjunction(text) == (text,)


WORDS = st.sampled_from(
    """the a dog cat red white and , & + ; both his two 2 left first in with wearing not no
    the, dog, cat. AND Its ' - one other""".split()
)
SENTENCES = st.lists(WORDS, max_size=12).map(" ".join)


@given(st.one_of(st.text(max_size=40), SENTENCES))
def test_parts_are_phrases_whatever_the_text(text: str) -> None:
    parts = split_conjunction(text)
    assert parts
    if len(parts) == 1:
        assert parts == (text,), "what is one thing stays as it is"
    for part in parts:
        if len(parts) > 1:
            first, *others = part.split()
            assert others, "an article or the like, and a noun"
            assert first.lower() != "and"
            assert part == " ".join([first, *others])


@given(st.one_of(st.text(max_size=40), SENTENCES))
def test_without_a_joint_nothing_is_split(text: str) -> None:
    if not re.search(r"\band\b|[&+,;]", text, re.IGNORECASE):
        assert split_conjunction(text) == (text,)


@given(
    st.lists(
        st.sampled_from(["dog", "cat", "bus", "old man", "red car"]), min_size=2, max_size=5
    ),
    st.sampled_from(["", " on the beach", " wearing a hat"]),
)
def test_any_number_of_things(things: list[str], rest: str) -> None:
    named = [f"the {thing}" for thing in things]
    text = ", ".join(named[:-1]) + f" and {named[-1]}{rest}"
    assert split_conjunction(text) == tuple(thing + rest for thing in named)
