"""Vocabularies: the shipped ones, the forms of a file, and what a file may not be."""

from __future__ import annotations

from pathlib import Path

import pytest

from car_video.errors import ConfigError
from car_video.text.vocabulary import (
    MOST_LABELS,
    SHIPPED,
    load_vocabulary,
    parse_vocabulary,
    shipped_vocabulary,
)

COUNTS = {"coco": (133, 80), "ade": (150, 100), "cityscapes": (19, 8), "mapillary": (65, 37)}


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_vocabularies_have_the_classes_of_their_data_sets(name: str) -> None:
    vocabulary = shipped_vocabulary(name)
    assert (len(vocabulary.labels), sum(vocabulary.things)) == COUNTS[name]
    numbers = [label.number for label in vocabulary.labels]
    assert numbers == sorted(set(numbers))
    assert load_vocabulary(name) == vocabulary


def test_numbers_are_those_of_the_data_sets() -> None:
    coco = {label.name: label.number for label in shipped_vocabulary("coco").labels}
    assert (coco["person"], coco["toothbrush"], coco["banner"], coco["rug"]) == (1, 90, 92, 200)
    assert all(shipped_vocabulary("coco").things[:80])
    assert not any(shipped_vocabulary("coco").things[80:])
    cityscapes = {label.name: label for label in shipped_vocabulary("cityscapes").labels}
    assert cityscapes["person"].number == 24
    assert cityscapes["person"].thing
    ade = shipped_vocabulary("ade").labels
    assert [label.number for label in ade] == list(range(150))
    assert not ade[0].thing
    assert ade[12].synonyms[0] == "person"


def test_forms_of_lines() -> None:
    lines = [
        "0:invalid_class_id",
        "# remark",
        "7:dog, puppy,dog",
        "8:invalid_class_id",
        "9:sky,clouds | stuff",
        "bike Lane",
        "",
    ]
    found = parse_vocabulary(lines, "test").labels
    assert [label.synonyms for label in found] == [
        ("dog", "puppy"),
        ("sky", "clouds"),
        ("bike Lane",),
    ]
    assert [label.number for label in found] == [7, 9, 2]
    assert [label.thing for label in found] == [True, False, True]


def test_classes_that_share_a_name_with_the_trained_ones_are_seen() -> None:
    trained = parse_vocabulary(["person,people", "cat", "grass", "sky"], "trained")
    mine = parse_vocabulary(["person,child", "Cat", "lawn, grass", "zeppelin"], "mine")
    assert mine.shares_with(trained) == [True, False, True, False]


REFUSED = {
    "dog\n\ncat": "line 2 is empty",
    "dog,,puppy": "empty name",
    "": "no class",
    "0:invalid_class_id": "no class",
    "3:dog\n3:cat": "number 3 to two classes",
    "dog | animal": "'stuff' or 'thing'",
    "x" * 600: "more than 500 characters",
    "\n".join(f"name {i}" for i in range(10_000)): f"more than {MOST_LABELS} classes",
}


@pytest.mark.parametrize("text", list(REFUSED), ids=list(REFUSED.values()))
def test_files_that_are_no_label_files_are_refused_in_one_line(
    text: str, tmp_path: Path
) -> None:
    path = tmp_path / "labels.txt"
    path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        load_vocabulary(str(path))
    assert REFUSED[text] in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_there_or_no_text(tmp_path: Path) -> None:
    (tmp_path / "picture.png").write_bytes(b"\x89PNG\xff\xfe")
    for name, words in ((str(tmp_path / "picture.png"), "no text"), ("cocoo", "no label file")):
        with pytest.raises(ConfigError, match=words):
            load_vocabulary(name)
