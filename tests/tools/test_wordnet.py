"""Nouns and classes on a small WordNet in the true format."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.build_lite.wordnet import ClassNouns, Nouns

LICENCE = "  1 This software and database is being provided to you, the LICENSEE, by  \n"
DATA = """\
00000001 03 n 01 entity 0 000 | all
00000002 05 n 02 animal 0 beast 0 001 @ 00000001 n 0000 | moves
00000003 18 n 01 person 0 001 @ 00000002 n 0000 | people
00000004 05 n 01 bovine 0 001 @ 00000002 n 0000 | cattle and the like
00000005 05 n 01 cow 0 001 @ 00000004 n 0000 | gives milk
00000006 05 n 01 ox 0 001 @ 00000004 n 0000 | draws
00000007 06 n 01 bus 0 001 @ 00000001 n 0000 | vehicle
00000008 06 n 01 school_bus 0 002 @ 00000007 n 0000 + 00000009 v 0101 | yellow
00000010 06 n 01 bus 0 001 @ 00000001 n 0000 | conductors
00000011 06 n 02 busbar 0 bus 0 001 @ 00000010 n 0000 | a thick conductor
00000012 18 n 01 groom 0 002 @ 00000003 n 0000 #m 00000019 n 0000 | marries
00000013 06 n 01 board 0 001 @ 00000001 n 0000 | flat
00000014 06 n 01 scoreboard 0 001 @ 00000013 n 0000 | shows
00000015 06 n 01 skateboard 0 001 @ 00000013 n 0000 | rolls
00000016 05 n 01 Bessie 0 001 @i 00000005 n 0000 | one cow
00000017 06 n 01 locomotive 0 002 @ 00000001 n 0000 #m 00000018 n 0000 | pulls
00000018 06 n 01 train 0 001 @ 00000001 n 0000 | on rails
00000019 06 n 01 bridal_party 0 001 @ 00000001 n 0000 | people
00000020 04 n 01 swing 0 001 @ 00000001 n 0000 | a stroke
00000021 06 n 01 swing 0 001 @ 00000001 n 0000 | a seat
"""
SENSES = """\
animal%1:03:00:: 00000002 1 9
beast%1:03:00:: 00000002 1 0
board%1:06:00:: 00000013 1 0
bovine%1:05:00:: 00000004 1 0
bus%1:06:00:: 00000007 1 5
bus%1:06:01:: 00000010 2 0
bus%2:38:00:: 00000099 1 0
busbar%1:06:00:: 00000011 1 0
cow%1:05:00:: 00000005 1 3
entity%1:03:00:: 00000001 1 0
groom%1:18:00:: 00000012 1 0
ox%1:05:00:: 00000006 1 0
person%1:18:00:: 00000003 1 99
school_bus%1:06:00:: 00000008 1 0
scoreboard%1:06:00:: 00000014 1 0
skateboard%1:06:00:: 00000015 1 0
locomotive%1:06:00:: 00000017 1 0
train%1:06:00:: 00000018 1 4
bridal_party%1:06:00:: 00000019 1 0
swing%1:04:00:: 00000020 1 2
swing%1:06:00:: 00000021 2 2
"""
CLASSES = {
    "ox": 6,
    "school bus": 8,
    "groom, bridegroom": 12,
    "scoreboard": 14,
    "busbar, bus": 11,
    "locomotive": 17,
    "swing": 23,
}
"""Names of the classes, with their synsets in a version that counts a little further."""


@pytest.fixture
def classes(tmp_path: Path) -> ClassNouns:
    (tmp_path / "data.noun").write_text(LICENCE + DATA)
    (tmp_path / "index.sense").write_text(SENSES)
    return ClassNouns.match(Nouns.read(tmp_path), list(CLASSES), list(CLASSES.values()))


def test_a_noun_holds_the_classes_of_its_usual_meanings(classes: ClassNouns) -> None:
    closure = classes.closure()
    assert closure["bus"] == (1,), "not the conductors, which are never tagged"
    assert closure["busbar"] == (4,)
    assert closure["bovine"] == (0,)
    assert "cow" not in closure


def test_people_are_left_out_with_what_is_above_them(classes: ClassNouns) -> None:
    closure = classes.closure()
    assert not {"groom", "person", "animal", "beast", "entity"} & set(closure)


def test_wide_nouns_are_left_out(classes: ClassNouns) -> None:
    assert set(classes.closure(most=1)) == set(classes.closure()), "none holds two here"
    assert classes.closure(most=0) == {}


def test_animals_borrow_from_a_near_kind(classes: ClassNouns) -> None:
    assert classes.borrowed() == {"cow": (0,)}, "a skateboard looks like no scoreboard"


def test_kinds_above(classes: ClassNouns) -> None:
    above = classes.nouns.above(16)
    assert above == {16: 0, 5: 1, 4: 2, 2: 3, 1: 4}, "an instance is of a kind"


def test_a_class_without_a_synset(classes: ClassNouns) -> None:
    with pytest.raises(ValueError, match="no synset for 'zebra'"):
        ClassNouns.match(classes.nouns, ["zebra"], [5])


def test_of_synsets_with_the_same_names_the_nearest_is_the_class(classes: ClassNouns) -> None:
    assert classes.class_synsets[6] == 21, "the seat, not the stroke that stands before it"
    early = ClassNouns.match(classes.nouns, ["swing"], [19])
    assert early.class_synsets == (20,)
    named = ClassNouns.match(classes.nouns, ["busbar, bus"], [7])
    assert named.class_synsets == (11,), "names come before offsets"


def test_a_whole_holds_the_classes_of_its_members(classes: ClassNouns) -> None:
    closure = classes.closure()
    assert closure["train"] == closure["locomotive"] == (5,)
    assert "bridal party" not in closure, "people are told apart by no class"
