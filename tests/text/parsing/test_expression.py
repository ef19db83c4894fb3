"""What a sentence names and what it only mentions, phrase by phrase."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from car_video.text.parsing import roles
from car_video.text.parsing.expression import parse_expression

Parts = tuple[str, ...]
NONE: Parts = ()

# expression, what it names, what that has, what is only mentioned, words of position
TABLE: list[tuple[str, str, Parts, Parts, Parts]] = [
    ("a dog", "a dog", NONE, NONE, NONE),
    ("RED CAR!!!", "red car", NONE, NONE, NONE),
    ("the man in red", "the man", ("red",), NONE, NONE),
    ("a woman in a dress walking in a park", "a woman", ("a dress",), ("a park",), NONE),
    ("a brown bear walking in front of rocks", "a brown bear", NONE, ("rocks",), ("front",)),
    ("a boat sailing on the water", "a boat", NONE, ("the water",), NONE),
    ("a dog running through agility poles", "a dog", NONE, ("agility poles",), NONE),
    ("person standing next to the bus", "person", NONE, ("the bus",), NONE),
    ("the man with a hat on a bench", "the man", ("a hat",), ("a bench",), NONE),
    ("the girl with long hair, holding an umbrella", "the girl", ("long hair", "an umbrella"),
     NONE, NONE),
    ("a group of people", "a group", ("people",), NONE, NONE),
    ("the man who is wearing a red shirt", "the man", ("a red shirt",), NONE, NONE),
    ("a man that has a hat", "a man", ("a hat",), NONE, NONE),
    ("the car that is red", "the car", ("red",), NONE, NONE),
    ("the man who is on the bench", "the man", NONE, ("the bench",), NONE),
    ("woman in black shirt in front of computer", "woman", ("black shirt",), ("computer",),
     ("front",)),
    ("a cat on top of the fridge", "a cat", NONE, ("the fridge",), ("top",)),
    ("the cup left of the plate", "the cup left", NONE, ("the plate",), ("left",)),
    ("a black and white dog beside a fence", "a black and white dog", NONE, ("a fence",), NONE),
    ("the red and white plate and two others", "the red and white plate", NONE, NONE, NONE),
    ("a woman with a glove and several others", "a woman", ("a glove",), NONE, NONE),
    ("the middle-aged man", "the middle-aged man", NONE, NONE, NONE),
    ("the man and the dog", "the man", NONE, NONE, NONE),
    ("a boy in a cap and glasses near a swing", "a boy", ("a cap and glasses",), ("a swing",),
     NONE),
    ("a horse near a car and a bus", "a horse", NONE, ("a car", "a bus"), NONE),
    ("a woman dressed in red", "a woman", ("red",), NONE, NONE),
    ("the second person from the left", "the second person", NONE, NONE, ("second", "left")),
    ("the leftmost red-haired man", "the leftmost red-haired man", NONE, NONE, ("leftmost",)),
    ("the dog's ball", "the dog's ball", NONE, NONE, NONE),
    ("the running dog", "the running dog", NONE, NONE, NONE),
    ("running dog", "running dog", NONE, NONE, NONE),
    ("a building", "a building", NONE, NONE, NONE),
    ("that car over there", "that car", NONE, NONE, NONE),
    ("  two \t people\n riding a motorbike ", "two people", ("a motorbike",), NONE, NONE),
    ("in the park", "the park", NONE, NONE, NONE),
    ("una mujer con un perro", "una mujer con un perro", NONE, NONE, NONE),
    ("ein Mann mit Hut", "ein mann mit hut", NONE, NONE, NONE),
    ("красная машина", "красная машина", NONE, NONE, NONE),
    ("赤い車", "赤い車", NONE, NONE, NONE),
    ("लाल कार", "लाल कार", NONE, NONE, NONE),  # vowels are combining marks
    ("سيارة حمراء", "سيارة حمراء", NONE, NONE, NONE),
    ("cafe\u0301 noir", "café noir", NONE, NONE, NONE),
    ("🐶", "🐶", NONE, NONE, NONE),
    ("a red 🚗 on the road", "a red 🚗", NONE, ("the road",), NONE),
    ("the bus is red", "the bus", ("red",), NONE, NONE),
    ("the man whose shirt is red", "the man", ("shirt",), NONE, NONE),
    ("the dog whose owner waves", "the dog", NONE, ("owner",), NONE),
    ("a person who wears a hat", "a person", ("a hat",), NONE, NONE),
    ("a boy who rides along a road", "a boy", NONE, ("a road",), NONE),
    ("a dog near a man who is in black", "a dog", NONE, ("a man",), NONE),
    ("a dog near a man who holds a ball", "a dog", NONE, ("a man", "a ball"), NONE),
    ("a man in a hat while a girl holds a ball", "a man", ("a hat",), ("a girl", "a ball"),
     NONE),
    ("there's a cat", "a cat", NONE, NONE, NONE),
    ("he wears a cap", "he", ("a cap",), NONE, NONE),
    ("the dark haired one", "the dark haired one", NONE, NONE, NONE),
    ("two dogs run in the grass", "two dogs", NONE, ("the grass",), NONE),
    ("people watch", "people", NONE, NONE, NONE),
    ("two officials wear black robes", "two officials", ("black robes",), NONE, NONE),
    ("a dog near a man in a red coat", "a dog", NONE, ("a man",), NONE),
    ("a girl in red beside a boy wearing blue", "a girl", ("red",), ("a boy",), NONE),
    ("a man next to a woman and holding a bag", "a man", ("a bag",), ("a woman",), NONE),
    ("a girl in a gym for skaters, while wearing a cap", "a girl", ("a gym", "a cap"),
     ("skaters",), NONE),
    ("a boy on a bench wearing a hat", "a boy", ("a hat",), ("a bench",), NONE),
    ("the man standing who is in black", "the man", ("black",), NONE, NONE),
    ("the man isn't in red", "the man", ("red",), NONE, NONE),
    ("the man doesn't wear a hat", "the man", ("a hat",), NONE, NONE),
    ("the bus is red and the car is blue", "the bus", ("red",), ("the car",), NONE),
    ("man kicks ball", "man", NONE, ("ball",), NONE),
    ("a boy plays soccer", "a boy", NONE, ("soccer",), NONE),
    ("man boots", "man", ("boots",), NONE, NONE),
    ("the thing he holds", "the thing", NONE, NONE, NONE),
    ("the dog that chases the cat", "the dog", NONE, ("the cat",), NONE),
    ("a dog with a ball as it jumps over a fence", "a dog", ("a ball",), ("a fence",), NONE),
    ("the dogs except the brown one", "the dogs", NONE, ("the brown one",), NONE),
    ("guy black shirt", "guy", ("black shirt",), NONE, NONE),
    ("far left woman blue", "far left woman", ("blue",), NONE, ("far", "left")),
    ("the man hat", "the man", ("hat",), NONE, NONE),
    ("man w/ hat", "man", ("hat",), NONE, NONE),
    ("person 1", "person 1", NONE, NONE, NONE),
    ("boy girl shirt", "boy girl shirt", NONE, NONE, NONE),
    ("black shirt guy", "black shirt guy", NONE, NONE, NONE),
    ("cowboy hat", "cowboy hat", NONE, NONE, NONE),
    ("the bus stop", "the bus stop", NONE, NONE, NONE),
    ("the lens cover", "the lens cover", NONE, NONE, NONE),
    ("a 👍🏽 sign", "a 👍🏽 sign", NONE, NONE, NONE),
]  # fmt: skip


@pytest.mark.parametrize(("text", "named", "has", "near", "spatial"), TABLE)
def test_table(text: str, named: str, has: Parts, near: Parts, spatial: Parts) -> None:
    parsed = parse_expression(text)
    assert parsed.noun_phrase == named
    assert parsed.attributes == has
    assert parsed.context == near
    assert parsed.spatial == spatial
    assert parsed.text == " ".join(text.split())


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("the bus is red", [("the bus", "red")]),
        ("the man whose shirt is red", [("shirt", "red")]),
        ("the car next to the bus is red", [("the car", "red")]),
        ("the car next to the bus that is red", []),
        ("the man in a coat that is long", [("a coat", "long")]),
        ("the man is in red", []),
        ("the red bus", []),
    ],
)
def test_what_is_said_of_what(text: str, said: list[tuple[str, str]]) -> None:
    assert list(parse_expression(text).predicates) == said


@pytest.mark.parametrize("text", ["the left", "of", "a", "...", "!?", "-", "'", "and", "_", ""])
def test_without_a_noun_the_whole_text_is_named(text: str) -> None:
    parsed = parse_expression(text)
    assert parsed.noun_phrase == text
    assert (parsed.attributes, parsed.context) == ((), ())


WORDS = """a the man dog red and in on of with that is has front left next to wearing standing
riding and building 🐶 車""".split()


@settings(max_examples=150, deadline=None)
@given(st.one_of(st.text(), st.lists(st.sampled_from(WORDS)).map(" ".join)))
@example("İstanbul'da bir araba")  # a capital that gets longer when it is made small
@example("\u200d")
@example("0:IN:0:AND:AND")
def test_any_text_is_taken_apart(text: str) -> None:
    parsed = parse_expression(text)
    assert parsed == parse_expression(f"  {text}\n"), "white space around it changes nothing"
    assert parsed.noun_phrase or not parsed.text.strip()
    spoken = set(parsed.text.lower().split())
    for phrase in (*parsed.attributes, *parsed.context):
        assert phrase.strip()
        assert not phrase.startswith("and ")
        assert not phrase.endswith(" and")
    if parsed.text.isascii() and parsed.text.replace(" ", "").isalpha():
        words = f"{parsed.noun_phrase} {' '.join(parsed.attributes + parsed.context)}".lower()
        assert set(words.split()) <= spoken, "no word is made up"


@pytest.mark.parametrize(
    "text", ["x" * 10_000, "a dog " * 1_666, "on a b " * 1_428, "狗" * 10_000, "-'" * 5_000]
)
def test_10000_characters(text: str) -> None:
    parsed = parse_expression(text)
    assert parsed.text == text.strip()
    assert 0 < len(parsed.noun_phrase) <= len(text)


def words_asked_for(monkeypatch: pytest.MonkeyPatch, text: str) -> int:
    """How often the parser asks whether a word describes one."""
    asked: list[str] = []
    monkeypatch.setattr(roles, "describes", lambda word: bool(asked.append(word)) or True)
    parse_expression(text)
    return len(asked)


def test_work_grows_with_the_length_only(monkeypatch: pytest.MonkeyPatch) -> None:
    counts = [words_asked_for(monkeypatch, "red " * times) for times in (200, 400)]
    assert 0 < counts[1] < 2.5 * counts[0]


def test_each_mention_of_a_long_text_is_found() -> None:
    things = [f"thing{n}" for n in range(1_000)]
    parsed = parse_expression("a man " + " ".join(f"near a {t}" for t in things))
    assert parsed.context == tuple(f"a {t}" for t in things)
