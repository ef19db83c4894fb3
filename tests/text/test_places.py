"""Words of place: what they say, what stays of the text, and what only looks like one."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from car_video.text.expression import words_of
from car_video.text.places import Place, PlacedExpression, take_places

L, R, T, B = (Place(d) for d in ("left", "right", "top", "bottom"))
MIDDLE, FRONT, BACK = (Place(d) for d in ("middle", "front", "back"))

# expression, what is left of it, places
TABLE: list[tuple[str, str, tuple[Place, ...]]] = [
    ("the left dog", "the dog", (L,)),
    ("Dog on the LEFT!", "dog", (L,)),
    ("leftmost", "", (L,)),
    ("right", "", (R,)),
    ("left-most giraffe", "giraffe", (L,)),
    ("far left person white tank", "person white tank", (L,)),
    ("the second person from the left", "the person", (Place("left", 2),)),
    ("third from right", "", (Place("right", 3),)),
    ("2nd guy from left", "guy", (Place("left", 2),)),
    ("second zebra on the right", "zebra", (Place("right", 2),)),
    ("the second biggest dog", "the dog", (Place("biggest", 2),)),
    ("first zebra", "zebra", (L,)),
    ("the zebra in the foreground the first zebra", "the zebra the first zebra", (FRONT,)),
    ("top right guy", "guy", (T, R)),
    ("top right of camera", "", (T, R)),
    ("hand right bottom", "hand", (R, B)),
    ("hand only in front right", "hand only", (FRONT, R)),
    ("the man in the upper left-hand corner of the picture", "the man", (T, L)),
    ("man on right side of picture", "man", (R,)),
    ("person on right in black shirt", "person in black shirt", (R,)),
    ("guy in the right lane", "guy in the lane", (R,)),
    ("the girl on the left with a hat", "the girl with a hat", (L,)),
    ("woman standing to the left", "woman standing", (L,)),
    ("person walking on the left", "person walking", (L,)),
    ("center polka", "polka", (MIDDLE,)),
    ("zebra in the middle", "zebra", (MIDDLE,)),
    ("zebra at the bottom", "zebra", (B,)),
    ("closest zebra", "zebra", (FRONT,)),
    ("the elephant that is farthest from the camera", "the elephant", (BACK,)),
    ("person in front of us", "person", (FRONT,)),
    ("background guy", "guy", (BACK,)),
    ("lady in back left", "lady", (BACK, L)),
    ("the largest pizza", "the pizza", (Place("biggest"),)),
    ("smaller sheep", "sheep", (Place("smallest"),)),
    ("woman on the left of the table", "woman", (Place("left", anchor="the table"),)),
    (
        "a steel fork on the right side of a green plate",
        "a steel fork",
        (Place("right", anchor="a green plate"),),
    ),
    ("the boy left of the two girls", "the boy", (Place("left", anchor="the two girls"),)),
    ("bear to the left of the tree", "bear", (Place("left", anchor="the tree"),)),
    ("the person above the sign", "the person", (Place("top", anchor="the sign"),)),
    ("left woman's right shoe", "woman's right shoe", (L,)),
]  # fmt: skip

NO_PLACES = """a dog
a man facing left
the guy looking to the right
a car turning left
his left leg
her right hand
the man right next to the bus
right behind the car
the bag left behind
a man who left
the back of the bus
person in the back of the bus
the man on the back of the motorcycle
person with his back to us
black shirt showing back
a horse with a rider on its back
woman in black shirt sits in front of computer
a brown bear walking in front of rocks
man behind the car
man in the middle of the road
cat on top of the fridge
woman in white top
girl in striped top
middle aged man
upper body of man
right half of sandwich
the chair closest to the window
the left and right dogs
player on first base
a woman standing in the snow with people in the background
a small dog looks at a larger brown dog
the girl is running through a science center
a dog shaking the water off getting a second dog wet
una mujer a la izquierda
左の犬""".split("\n")


@pytest.mark.parametrize(("text", "rest", "places"), TABLE)
def test_table(text: str, rest: str, places: tuple[Place, ...]) -> None:
    assert take_places(text) == PlacedExpression(rest, places)


@pytest.mark.parametrize("text", NO_PLACES)
def test_what_only_looks_like_a_place_stays(text: str) -> None:
    assert take_places(text) == PlacedExpression(text, ())


WORDS = """a the man dog 's left right second from of on in top front back middle facing his
side picture closest to and above biggest first table 🐶 車""".split()


@settings(max_examples=200, deadline=None)
@given(st.one_of(st.text(), st.lists(st.sampled_from(WORDS)).map(" ".join)))
def test_nothing_is_made_up(text: str) -> None:
    taken = take_places(text)
    assert taken == take_places(f"  {text}\n")
    if not taken.places:
        assert taken.text == " ".join(text.split())
        return
    spoken = " ".join(words_of(text)).replace("-", " ").split()
    assert all(word in spoken for word in taken.text.replace("-", " ").split())
    assert len(taken.text.split()) < len(spoken)
    for place in taken.places:
        assert place.ordinal >= 1
        assert all(word in spoken for word in place.anchor.replace("-", " ").split())


@pytest.mark.parametrize(
    "part", ["left of ", "left of a ", "top ", "on the ", "second ", "a dog "]
)
def test_10000_characters(part: str) -> None:
    text = part * (10_000 // len(part))
    assert isinstance(take_places(text).text, str)
