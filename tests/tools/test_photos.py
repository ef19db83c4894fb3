"""Folders of captioned pictures, and the split into training and held-out pictures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from car_video.errors import DataError
from tools.build_lite.photos import read_captioned, read_photos, split


def folder(root: Path, names: str, captions: list[str], labels: list[str]) -> Path:
    (root / "images").mkdir(parents=True)
    for name in names.split():
        (root / "images" / name).touch()
    (root / "captions.tsv").write_text("\n".join(captions) + "\n")
    if labels:
        (root / "labels.tsv").write_text("\n".join(labels) + "\n")
    return root


@pytest.fixture
def first(tmp_path: Path) -> Path:
    lines = ["images/b.jpg\tA dog .", "images/a.jpg\tA cat .", "images/b.jpg\tTwo\tdogs"]
    return folder(tmp_path / "first", "b.jpg a.jpg c.jpg", lines, [])


def test_read_captioned(first: Path) -> None:
    data = read_captioned(first, limit=2)
    assert [path.name for path in data.paths] == ["a.jpg", "b.jpg"]
    assert data.captions == ("A dog .", "A cat .", "Two\tdogs")
    assert data.image_of.tolist() == [1, 0, 1]
    assert data.counts == (2,)
    assert data.labels == ((), ())
    with pytest.raises(DataError, match="1 pictures have no caption"):
        read_captioned(first)
    with pytest.raises(DataError, match=r"want images/\*\.jpg"):
        read_captioned(first / "images")


def test_folders_stand_one_after_the_other(first: Path, tmp_path: Path) -> None:
    lines = ["images/b.jpg\tA bus", "images/a.jpg\tA car"]
    labels = ["images/b.jpg\t6 1", "images/elsewhere.jpg\t9"]
    second = folder(tmp_path / "second", "a.jpg b.jpg", lines, labels)
    data = read_photos((first, second), limit=2)
    assert [str(path.relative_to(tmp_path)) for path in data.paths] == [
        "first/images/a.jpg",
        "first/images/b.jpg",
        "second/images/a.jpg",
        "second/images/b.jpg",
    ]
    assert data.counts == (2, 2)
    assert data.captions[3:] == ("A bus", "A car")
    assert data.image_of.tolist() == [1, 0, 1, 3, 2]
    assert data.labels == ((), (), (), (6, 1))


def test_captions_of_some_pictures(first: Path) -> None:
    data = read_captioned(first, limit=2)
    own = data.captions_of(np.array([False, True]))
    assert own.tolist() == [0, 2]
    some = data.with_captions(own)
    assert some.captions == ("A dog .", "Two\tdogs")
    assert some.image_of.tolist() == [1, 1]
    assert some.paths == data.paths


def test_the_first_captions_of_each_picture(first: Path) -> None:
    data = read_captioned(first, limit=2, most=1)
    assert data.captions == ("A dog .", "A cat .")
    assert data.image_of.tolist() == [1, 0]


def test_split_is_a_partition_that_stays() -> None:
    train, held_out = split((50, 30), 10, seed=0)
    assert (held_out < 50).sum() == 10
    assert len(held_out) == 20
    assert sorted([*train, *held_out]) == list(range(80))
    for once, again in zip((train, held_out), split((50, 30), 10, seed=0), strict=True):
        np.testing.assert_array_equal(once, again)
    assert held_out.tolist() != split((50, 30), 10, seed=1)[1].tolist()
    with pytest.raises(DataError, match="none to train on"):
        split((50, 10), 10, 0)


def test_a_second_folder_leaves_the_split_of_the_first() -> None:
    alone, both = split((50,), 10, seed=0)[1], split((50, 30), 10, seed=0)[1]
    np.testing.assert_array_equal(both[both < 50], alone)
