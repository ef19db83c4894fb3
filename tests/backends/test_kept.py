"""What is kept is whole or made anew."""

from __future__ import annotations

import json

import pytest

from car_video.backends.kept import MANIFEST, kept, kept_json, key_of
from car_video.errors import ModelError


@pytest.fixture
def made():
    """Calls of a function that writes a file."""
    calls = []

    def make(folder):
        calls.append(folder)
        (folder / "numbers").write_bytes(b"123")

    make.calls = calls
    return make


def test_made_once(made, empty_cache):
    folder = kept("thing", "k", made)
    assert kept("thing", "k", made) == folder
    assert len(made.calls) == 1
    assert sorted(one.name for one in folder.iterdir()) == [MANIFEST, "numbers"]
    assert [one.name for one in (empty_cache / "backends").iterdir() if one.is_dir()] == [
        "thing-k"
    ]


@pytest.mark.parametrize("damage", ["changed", "missing", "manifest", "no manifest"])
def test_damaged_is_made_anew(made, damage):
    folder = kept("thing", "k", made)
    if damage == "changed":
        (folder / "numbers").write_bytes(b"124")
    elif damage == "missing":
        (folder / "numbers").unlink()
    elif damage == "manifest":
        (folder / MANIFEST).write_text("[")
    else:
        (folder / MANIFEST).unlink()
    assert kept("thing", "k", made) == folder
    assert len(made.calls) == 2
    assert (folder / "numbers").read_bytes() == b"123"


def test_nothing_is_kept_of_a_failure(made, empty_cache):
    def fail(folder):
        made(folder)
        raise ModelError("cannot")

    with pytest.raises(ModelError, match="cannot"):
        kept("thing", "k", fail)
    assert not any(one.is_dir() for one in (empty_cache / "backends").iterdir())
    assert (kept("thing", "k", made) / "numbers").is_file()


def test_a_cache_that_cannot_be_written_is_one_line(made, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("CAR_VIDEO_CACHE", str(tmp_path / "file"))
    with pytest.raises(ModelError, match="CAR_VIDEO_CACHE, or use --backend torch") as caught:
        kept("thing", "k", made)
    assert "\n" not in str(caught.value)
    assert made.calls == []


def test_values_come_back_from_the_file():
    assert kept_json("value", "k", lambda: {"iou": 0.5}) == {"iou": 0.5}
    assert kept_json("value", "k", lambda: pytest.fail("found anew")) == {"iou": 0.5}


def test_keys_tell_parts_apart():
    keys = {key_of("a", "b"), key_of("ab"), key_of("a", "b", ""), key_of("b", "a")}
    assert len(keys) == 4
    assert all(len(key) == 20 and json.dumps(key).isascii() for key in keys)
