"""Remarks on expressions and on the rate."""

from __future__ import annotations

from dataclasses import replace

import pytest

from car_video.cli.warnings import (
    missed_rate,
    not_english,
    several_things,
    without_a_thing,
    without_calibration,
)
from car_video.config import load_preset
from car_video.config.calibration import Calibration, cached_file


def test_an_expression_without_a_noun():
    (remark,) = without_a_thing(["second from the left", "the left dog", "a dog"])
    assert remark.startswith("'second from the left' says where, not what; name the thing")
    assert "\n" not in remark
    assert len(without_a_thing(["find the left one", "find the left dog"])) == 1


def test_expressions_without_a_latin_letter():
    remarks = not_english(["大象", "🐘", "42", "the éléphant", "a dog"], "lite")
    assert [remark.split()[0] for remark in remarks] == ["'大象'", "'🐘'", "'42'"]
    assert remarks[0] == "'大象' has no English word, and lite reads English"


@pytest.mark.parametrize(
    "text",
    [
        "das rote Auto",
        "der Mann mit dem Hut",
        "Hund",
        "le chien",
        "la voiture rouge",
        "el perro negro",
        "il cane",
        "o cachorro preto",
        "de rode auto",
        "en hund",
    ],
)
def test_other_languages(text):
    (remark,) = not_english([text], "lite")
    assert remark == (
        f"'{text}' does not look like English, which is all that lite reads; say it in English"
    )


ENGLISH = [
    "the man in red",
    "dog",
    "the El train",
    "a die on the table",
    "la-z-boy chair",
    "the man with a dark blue t-shirt, black shorts and knee pads",
    "the person with a blue helmet, a red backpack and a yellow board",
    "a duck that walks over the grass, then takes off and flies",
    "the smallest girl, in a turquoise shirt and dark shorts",
    "a bike and its rider",
    "man, left",
    "second from left, red shirt",
]


@pytest.mark.parametrize("text", ENGLISH)
def test_english_sentences_are_not_remarked_on(text):
    assert not_english([text], "lite") == several_things([text]) == []


@pytest.mark.parametrize(
    ("text", "things"),
    [
        ("the dog, the person", ["the dog", "the person"]),
        ("The dog, the person.", ["The dog", "the person"]),
        ("dog, person", ["dog", "person"]),
        ("dog;cat", ["dog", "cat"]),
        ("a dog / a cat", ["a dog", "a cat"]),
        ("a bird, a car, and a bus", ["a bird", "a car", "a bus"]),
    ],
)
def test_lists_of_things(text, things):
    (remark,) = several_things([text])
    each = " ".join(f'--expr "{thing}"' for thing in things)
    assert remark == (
        f"'{text}' is one expression and gets one mask; for a mask of each thing: {each}"
    )


def test_a_rate_that_was_not_kept():
    assert missed_rate(12, 100, 100 / 12, lowest=False) == []
    assert missed_rate(12, 1, 10, lowest=True) == []
    (remark,) = missed_rate(12, 20, 10, lowest=True)
    assert remark.startswith("--target-fps 12 was not kept: 2.0 frames/s; this computer is too")
    (remark,) = missed_rate(12, 20, 2, lowest=False)
    assert remark.endswith("the first frames are slow until the quality is low enough")


def test_a_model_without_calibration(tmp_path, monkeypatch):
    monkeypatch.setenv("CAR_VIDEO_CACHE", str(tmp_path))
    clip = load_preset("clip").segment
    (remark,) = without_calibration("clip-b16", clip)
    assert "car-eval calibrate clip-b16 --data DIR" in remark
    assert "\n" not in remark
    assert without_calibration("lite", clip) == [], "it ships with one"
    assert without_calibration("clip-b16", replace(clip, calibration="none")) == []
    assert without_calibration("clip-b16", load_preset("voc").segment) == [], "CaR's scores"
    Calibration("clip-b16", 3.0, 0.0, True, "2026-11-27", "x", 5, 5, 5, 0.5).save(
        cached_file("clip-b16")
    )
    assert without_calibration("clip-b16", clip) == []
