"""What only asks for a thing goes, the thing stays."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from car_video.text.parsing.requests import without_request


@pytest.mark.parametrize(
    ("text", "thing"),
    [
        ("find the dog", "the dog"),
        ("FIND THE DOG", "THE DOG"),
        ("find dog", "dog"),
        ("find red car", "red car"),
        ("show me the dog", "the dog"),
        ("please segment the dog", "the dog"),
        ("the dog, please!", "the dog"),
        ("red car please", "red car"),
        ("please, the dog", "the dog"),
        ("i want the dog", "the dog"),
        ("I want to see the dog", "the dog"),
        ("I\u2019d like the dog", "the dog"),
        ("can you please find the two dogs", "the two dogs"),
        ("let's track the red car", "the red car"),
        ("where is the dog?", "the dog?"),
        ("mask of the dog", "the dog"),
        ("a photo of a dog", "a dog"),
        ("look at the big dog on the left, please.", "the big dog on the left"),
        ("select the man and the woman", "the man and the woman"),
        ("show me dogs", "dogs"),
        ("give me the dog", "the dog"),
        ("pls find the dog", "the dog"),
        ("red car plz", "red car"),
        ("hey, find the dog", "the dog"),
        ("lets track the red car", "the red car"),
        ("photos of a dog", "a dog"),
        ("it's a red car", "a red car"),
        ("this is the dog", "the dog"),
        ("where are the dogs", "the dogs"),
        ("hey, it's a dog", "a dog"),
        ("hi, where's the dog", "the dog"),
        ("these are the dogs", "the dogs"),
        ("here is my dog", "my dog"),
        ("there's a dog", "a dog"),
        # Things that are called so.
        ("it is red", "it is red"),
        ("it's one meter tall", "it's one meter tall"),
        ("that's it", "that's it"),
        ("this dog", "this dog"),
        ("hi vis jacket", "hi vis jacket"),
        ("show me", "show me"),
        ("give", "give"),
        ("track shoes", "track shoes"),
        ("the track that the man runs on", "the track that the man runs on"),
        ("show jumping", "show jumping"),
        ("mark twain", "mark twain"),
        ("the mask of the man", "the mask of the man"),
        ("the photo of a dog", "the photo of a dog"),
        ("a picture of the dog on the wall", "a picture of the dog on the wall"),
        ("segment of an orange", "segment of an orange"),
        ("find", "find"),
        ("find the", "find the"),
        ("please", "please"),
        ("Please!", "Please!"),
        ("the dog", "the dog"),
    ],
)
def test_requests(text: str, thing: str) -> None:
    assert without_request(text) == thing


WORDS = "please find show me the a dog of photo can you i want , . mask where is".split()


@given(st.one_of(st.text(), st.lists(st.sampled_from(WORDS)).map(" ".join)))
def test_any_text_keeps_something(text: str) -> None:
    rest = without_request(text)
    assert rest in text
    assert bool(rest.strip()) == bool(text.strip())
