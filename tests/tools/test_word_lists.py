"""The lists are clean."""

from __future__ import annotations

from tools.build_lite.word_lists import word_lists


def test_lists_are_clean() -> None:
    lists = word_lists()
    assert not lists.not_labels & lists.persons
    assert len(lists.plural_only) > 10
    assert all(word.endswith("s") for word in lists.plural_only)


def test_categories_are_those_of_coco() -> None:
    categories = word_lists().categories
    assert set(categories) == set(range(1, 20)) - {12}
    assert len(set(categories.values())) == 18
    assert (categories[1], categories[13], categories[19]) == ("person", "stop sign", "horse")
