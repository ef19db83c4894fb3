"""Words of place: what they say, what stays of the text, and what only looks like one."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from car_video.text.parsing import anchors
from car_video.text.parsing.expression import head_end, words_of
from car_video.text.parsing.places import Place, PlacedExpression, names_a_thing, take_places

L, R, T, B = (Place(d) for d in ("left", "right", "top", "bottom"))
MIDDLE, FRONT, BACK = (Place(d) for d in ("middle", "front", "back"))
BEHIND_CAR = Place("back", anchor="the car")
LEFT_OF_CAR = Place("left", anchor="the car")

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
    ("the tallest girl", "the girl", (Place("tallest"),)),
    ("the shorter of the two men", "the men", (Place("shortest"),)),
    ("the tall girl next to the smallest one", "the tall girl next to the smallest one", ()),
    ("the man beside the left one", "the man beside the left one", ()),
    ("the boy shorter than the girl", "the boy shorter than the girl", ()),
    ("the man next to the dog on the left", "the man next to the dog", (Place("left"),)),
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
    # Depth, beside something.
    ("man behind the car", "man", (Place("back", anchor="the car"),)),
    ("right behind the car", "", (Place("back", anchor="the car"),)),
    ("dog standing right behind a fence", "dog standing", (Place("back", anchor="a fence"),)),
    (
        "woman in black shirt sits in front of computer",
        "woman in black shirt sits",
        (Place("front", anchor="computer"),),
    ),
    (
        "a brown bear walking in front of rocks",
        "a brown bear walking",
        (Place("front", anchor="rocks"),),
    ),
    (
        "the man behind the woman in red",
        "the man",
        (Place("back", anchor="the woman in red"),),
    ),
    (
        "man behind the table in the background",
        "man",
        (Place("back", anchor="the table"), BACK),
    ),
    ("car behind the bus on the left", "car", (Place("back", anchor="the bus"), L)),
    ("the elephant behind the other one", "the elephant", (BACK,)),
    ("sheep in front of another sheep", "sheep", (FRONT,)),
    ("left woman's right shoe", "woman's right shoe", (L,)),
    # An anchor ends with its noun phrase, not with its first words.
    (
        "the ball behind the post and the tree",
        "the ball",
        (Place("back", anchor="the post"), Place("back", anchor="the tree")),
    ),
    (
        "the skater in front of the blue and pink wall",
        "the skater",
        (Place("front", anchor="the blue and pink wall"),),
    ),
    (
        "the rhino behind the trunk and the heap of stones",
        "the rhino",
        (Place("back", anchor="the trunk"), Place("back", anchor="the heap of stones")),
    ),
    (
        "the cup left of the table and chairs",
        "the cup",
        (Place("left", anchor="the table"), Place("left", anchor="chairs")),
    ),
    (
        "the bike below the man in the purple shirt",
        "the bike",
        (Place("bottom", anchor="the man in the purple shirt"),),
    ),
    (
        "the girl in front of the white wall, next to the stool",
        "the girl next to the stool",
        (Place("front", anchor="the white wall"),),
    ),
    (
        "the man behind the car and wearing a hat",
        "the man wearing a hat",
        (Place("back", anchor="the car"),),
    ),
    ("the dog behind the car and black", "the dog black", (BEHIND_CAR,)),
    ("the dog behind the car and close to us", "the dog close to us", (BEHIND_CAR,)),
    (
        "the boy behind the blue and white wall and next to a table",
        "the boy next to a table",
        (Place("back", anchor="the blue and white wall"),),
    ),
    ("the man behind the car and holds a bag", "the man holds a bag", (BEHIND_CAR,)),
    ("the dog behind the car and next to a man", "the dog next to a man", (BEHIND_CAR,)),
    ("the man behind the car and on the left", "the man", (BEHIND_CAR, L)),
    ("the man behind the car and closest to us", "the man", (BEHIND_CAR, FRONT)),
    # Two places beside one thing.
    ("the cup behind and left of the car", "the cup", (BEHIND_CAR, LEFT_OF_CAR)),
    ("the cup to the left of and behind the car", "the cup", (LEFT_OF_CAR, BEHIND_CAR)),
    (
        "the bird above and to the left of the car",
        "the bird",
        (Place("top", anchor="the car"), LEFT_OF_CAR),
    ),
    (
        "the cup behind the plate and two others",
        "the cup",
        (Place("back", anchor="the plate and two others"),),
    ),
    (
        "the chair in front and to the left of the car",
        "the chair",
        (Place("front", anchor="the car"), LEFT_OF_CAR),
    ),
    ("the man on the right waiting to jump", "the man waiting to jump", (R,)),
    ("a middle-aged woman on the left", "a middle-aged woman", (L,)),
    ("the right one to the left of the car", "the one", (R, LEFT_OF_CAR)),
    ("the one on the right to hold", "the one to hold", (R,)),
    # Counting.
    ("the sixth man from the left", "the man", (Place("left", 6),)),
    ("12th man from the right", "man", (Place("right", 12),)),
    ("the second one from the right", "the one", (Place("right", 2),)),
    ("the 23rd sheep", "the sheep", (Place("left", 23),)),
    ("the last man on the right", "the man", (R,)),
    ("the last man from the left", "the man", (R,)),
    ("the last dog on the left", "the dog", (L,)),
    ("the last dog", "the dog", (R,)),
    ("second to last zebra from the left", "zebra", (Place("right", 2),)),
    ("next to last person from the right", "person", (Place("left", 2),)),
    ("the second last car", "the car", (Place("right", 2),)),
    ("the smallest of the three dogs", "the dogs", (Place("smallest"),)),
    ("the second of the dogs from the left", "the dogs", (Place("left", 2),)),
    ("the second smallest of the four dogs", "the dogs", (Place("smallest", 2),)),
    ("the leftmost of the women", "the women", (L,)),
    # Nothing is left over.
    ("the bottle nearest the camera", "the bottle", (FRONT,)),
    ("the bottle nearest to the camera", "the bottle", (FRONT,)),
    ("the dog closest us", "the dog", (FRONT,)),
    ("the smallest camera", "the camera", (Place("smallest"),)),
    ("the closest camera", "the camera", (FRONT,)),
    ("the man furthest to the left", "the man", (L,)),
    ("the furthest left man", "the man", (L,)),
    ("the car nearest the left", "the car", (L,)),
    ("the man all the way to the left", "the man", (L,)),
    ("the most left person", "the person", (L,)),
    # What is denied is another thing than what is placed.
    ("the man without a hat on the left", "the man without a hat", (L,)),
    ("the woman with no bag in the middle", "the woman with no bag", (MIDDLE,)),
    ("the dog on the left, not the brown one", "the dog not the brown one", (L,)),
    ("not the cat, the left dog", "not the cat the dog", (L,)),
    ("not a cat but the left dog", "not a cat but the dog", (L,)),
    ("that left dog", "that dog", (L,)),
    ("woman on the left side of the table", "woman", (Place("left", anchor="the table"),)),
]  # fmt: skip

NO_PLACES = """a dog
a man facing left
the guy looking to the right
a car turning left
his left leg
her right hand
the man right next to the bus
the bag left behind
the chair behind
dog in front of him
a woman walking along the path to the right
a ball rolling slowly to the left through the garden
someone riding a bike over the bumps to the left
a motorcycle passing from left to right
a car that comes closer
a woman with trees behind her
a man with trees behind the house
cat not behind the sofa
boy sitting in the front of the bus
a man who left
the back of the bus
person in the back of the bus
the man on the back of the motorcycle
person with his back to us
black shirt showing back
a horse with a rider on its back
man in the middle of the road
cat on top of the fridge
woman in white top
girl in striped top
middle aged man
the middle-aged man
the left-handed man
the second-hand car
the right one to hold
the right tool to use
the man behind and on the left
upper body of man
right half of sandwich
the chair closest to the window
the left and right dogs
player on first base
a woman standing in the snow with people in the background
a small dog looks at a larger brown dog
the girl is running through a science center
a dog shaking the water off getting a second dog wet
the bottle that is not on the left
not the left dog
the dog that isn't on the left
the dog that isnt on the left
the dogs except the one on the left
the dog other than the left one
the dogs without the left one
all but the left dog
neither the left dog nor the right one
the man not wearing a hat on the left
the left hand of the man
the left hand
the left wing of the plane
the left glove
the left headlight of the car
the left side of the car
the left half
the left lane of the road
the left lane
the car that left the garage
the man who left
the dog has left
the man that left early
the chair nearest the window
the first to arrive
the first of May
the first two dogs
una mujer a la izquierda
左の犬""".split("\n")


@pytest.mark.parametrize(("text", "rest", "places"), TABLE)
def test_table(text: str, rest: str, places: tuple[Place, ...]) -> None:
    assert take_places(text) == PlacedExpression(rest, places)


@pytest.mark.parametrize("text", NO_PLACES)
def test_what_only_looks_like_a_place_stays(text: str) -> None:
    assert take_places(text) == PlacedExpression(text, ())


ORDINALS = """first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth
thirteenth fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth twentieth""".split()
WORDS = """a the man dog 's left right second from of on in top front back middle facing his
side picture closest to and above biggest first table 🐶 車 last 7th not without isn't , but
nearest the three dogs that hand lane""".split()


@settings(max_examples=200, deadline=None)
@given(st.one_of(st.text(), st.lists(st.sampled_from(WORDS)).map(" ".join)))
def test_nothing_is_made_up(text: str) -> None:
    taken = take_places(text)
    assert taken == take_places(f"  {text}\n")
    assert names_a_thing(text) or taken.places
    if not taken.places:
        assert taken.text == " ".join(text.split())
        return
    spoken = " ".join(words_of(text)).replace("-", " ").split()
    assert all(word in spoken for word in taken.text.replace("-", " ").split())
    assert len(taken.text.split()) < len(spoken)
    for place in taken.places:
        assert place.ordinal >= 1
        assert all(word in spoken for word in place.anchor.replace("-", " ").split())


@given(st.sampled_from(["left", "right"]), st.integers(1, 20), st.booleans())
def test_every_number_counts(side: str, number: int, digits: bool) -> None:
    """However it is written, and from the other end it is a place of the other side."""
    ending = {1: "st", 2: "nd", 3: "rd"}.get(number if number < 4 else 0, "th")
    spoken = f"{number}{ending}" if digits else ORDINALS[number - 1]
    other = "right" if side == "left" else "left"
    expected = {"left": L, "right": R}[side]
    taken = take_places(f"the {spoken} man from the {side}")
    assert taken == PlacedExpression("the man", (Place(expected.direction, number),))
    if number > 1:
        taken = take_places(f"the {spoken} to last man from the {other}")
        assert taken.places == (Place(expected.direction, number),)


@settings(max_examples=100)
@given(
    st.sampled_from(["not ", "except ", "other than ", "anything but ", "isn't ", "nor "]),
    st.sampled_from(TABLE),
)
def test_what_is_denied_is_no_place(denial: str, row: tuple[str, str, object]) -> None:
    text = denial + re.sub("[,!]| but ", " ", row[0])
    assert take_places(text) == PlacedExpression(" ".join(text.split()), ())


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("second from the left", False),
        ("right", False),
        ("the left one", False),
        ("the second one from the left", False),
        ("the left dog", True),
        ("dog", True),
        ("that one", True),
        ("", True),
    ],
)
def test_where_is_not_what(text: str, named: bool) -> None:
    assert names_a_thing(text) == named


@pytest.mark.parametrize(
    "part",
    [
        *("left of ", "left of a ", "top ", "on the ", "second ", "a dog ", "not ", "last "),
        *("nearest the ", "second of the ", "second to last "),
    ],
)
def test_10000_characters(part: str) -> None:
    text = part * (10_000 // len(part))
    assert isinstance(take_places(text).text, str)


def test_a_long_text_takes_time_in_proportion(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each word is looked at a bounded number of times, however many anchors there are."""
    seen = []

    def counted(words: list[str]) -> int:
        seen.append(len(words))
        return head_end(words)

    monkeypatch.setattr(anchors, "head_end", counted)
    assert len(take_places("behind the man and " * 300).places) == 1
    assert sum(seen) <= 300 * anchors.LONGEST
