"""What each word of an expression does: verbs in "ing" and "ed" above all."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from car_video.text.parsing.conjunction import split_conjunction
from car_video.text.parsing.expression import parse_expression
from car_video.text.parsing.roles import Role, roles_of

# d: determiner, m: modifier, n: noun, l: link, v: verb, r: adverb or pronoun, a: and
LETTERS = dict(zip(Role, "dmnlvra", strict=True))


@pytest.mark.parametrize(
    ("text", "roles"),
    [
        ("the white fishing boat", "dmmn"),
        ("the boat fishing near the pier", "dnvldn"),
        ("running dog", "mn"),
        ("a dog running", "dnv"),
        ("man in white holding racket", "nlnvn"),
        ("the panda on its back eating bamboo", "dnldmvn"),
        ("a brand new looking stove", "dnmmn"),
        ("a bear walking to the left and climbing over stones", "dnvldmavln"),
        ("on rolling hills", "lmn"),
        ("a man while riding horses", "dnlvn"),
        ("the blue awning", "dmn"),
        ("the parked car", "dmn"),
        ("the car parked there", "dnvr"),
        ("the ball that is being kicked", "dnllvv"),
        ("the schoolbag carried by the child", "dnvldn"),
        ("snow covered mountain", "nmn"),
        ("two brightly coloured kites", "mmmn"),
        ("a pick up truck", "dmmn"),
        ("a car up the hill", "dnldn"),
        ("a duck that walks over the grass then takes off and flies", "dnlvldnrvlav"),
        ("the girl who slowly walks home", "dnlrvn"),
        ("the dog runs", "dnv"),
        ("the commuter trains", "dnn"),
        ("inline skates on a shelf", "nnldn"),
        ("her hat", "dn"),
        ("the girl behind her", "dnlr"),
        ("each other", "dr"),
        ("that car", "dn"),
        ("the car that turns", "dnlv"),
    ],
)
def test_roles(text: str, roles: str) -> None:
    assert "".join(LETTERS[role] for role in roles_of(text.split())) == roles


# What an expression names: no verb, no adjective alone.
@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("the small barking dog", "the small barking dog"),
        ("a red racing car speeding round the track", "a red racing car"),
        ("old parking meter in front of a salon", "old parking meter"),
        ("a little crying boy in a blue coat", "a little crying boy"),
        ("a red bus parked on the road", "a red bus"),
        ("a zebra standing on dry grass", "a zebra"),
        ("the tennis racket held by the woman", "the tennis racket"),
        ("the shopping cart pushed by the lady", "the shopping cart"),
        ("a child being carried by his father", "a child"),
        ("several vending trucks", "several vending trucks"),
        ("a very big pretty blue plane", "a very big pretty blue plane"),
        ("a living room filled with furniture", "a living room"),
    ],
)
def test_head(text: str, named: str) -> None:
    assert parse_expression(text).noun_phrase == named


# What is only mentioned competes with the target: adverbs, verbs and pronouns do not.
@pytest.mark.parametrize(
    ("text", "mentioned"),
    [
        ("a bus driving slowly down the street", ("the street",)),
        ("an elephant walking away", ()),
        ("a motorcycle with two people on it", ()),
        ("the car that comes closer and takes the bend", ("the bend",)),
        ("a camel led by a man in a blue robe", ("a man",)),
    ],
)
def test_mentioned(text: str, mentioned: tuple[str, ...]) -> None:
    assert parse_expression(text).context == mentioned


def test_a_conjunction_ends_where_the_head_does() -> None:
    boats = "the white fishing boat and the red buoy"
    assert split_conjunction(boats) == ("the white fishing boat", "the red buoy")


WORDS = """a the dog red left walking parked walks slowly in of with who that is and it up two
fishing boat held her very""".split()


@settings(deadline=None)
@given(st.lists(st.sampled_from(WORDS)))
def test_every_word_has_a_role(words: list[str]) -> None:
    roles = roles_of(words)
    assert len(roles) == len(words)
    for word, role in zip(words, roles, strict=True):
        assert (role is Role.AND) == (word == "and")
        if word in ("in", "of", "with", "who", "is"):
            assert role is Role.LINK
