"""Words of a query as sentences tell them."""

from __future__ import annotations

import pytest

from car_video.explaining.votes import without_each_word
from car_video.explaining.wording import colours_of, joined, mentioned_in, places_of


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("the dog on the left", ("leftmost of its kind",)),
        ("the 11th dog from the left", ("11th leftmost of its kind",)),
        ("the third dog from the right", ("3rd rightmost of its kind",)),
        ("the dog left of the car", ("left of the car",)),
        ("the dog behind the car", ("behind the car",)),
        ("the biggest dog", ("biggest of its kind",)),
        ("the dog", ()),
    ],
)
def test_places(text: str, said: tuple[str, ...]) -> None:
    assert places_of(text, True) == said
    assert places_of(text, False) == ()


def test_colours_and_what_is_mentioned() -> None:
    assert colours_of("the man in a silver coat beside a red car") == ("grey or white",)
    assert mentioned_in("the dog", "the dog left of the car") == ("the car",)
    assert mentioned_in("a woman walking in a park", "a woman walking in a park") == ("a park",)


def test_joined() -> None:
    assert joined(["a"]) == "a"
    assert joined(["a", "b", "c"]) == "a, b and c"


def test_words_left_out_one_by_one() -> None:
    assert without_each_word("a woman in a red dress") == {
        "woman": "a in a red dress",
        "red": "a woman in a dress",
        "dress": "a woman in a red",
    }
    assert without_each_word("a person") == {}
    assert len(without_each_word(" ".join(f"word{n}" for n in range(30)))) == 8
