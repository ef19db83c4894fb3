from __future__ import annotations

from pathlib import Path

import pytest
from car_video.eval.data.files import atomic, inside, read_json, write_json, write_text

from car_video.errors import DataError, OutputError


@pytest.mark.parametrize(
    "name",
    [
        "",
        "..",
        "../x",
        "a/../../x",
        "/etc/passwd",
        "a//b",
        "\\x",
        "..\\x",
        "C:/x",
        "a\0b",
        "a/..",
    ],
)
def test_names_that_leave_the_root_are_refused(tmp_path, name):
    with pytest.raises(DataError, match="refused path"):
        inside(tmp_path, "ok", name)


@pytest.mark.parametrize("name", ["a", "a/b.png", "..a", "a.b", "Ünï côdé", "a b", "x..y/z"])
def test_ordinary_names_stay(tmp_path, name):
    assert inside(tmp_path, name) == tmp_path / name


def test_a_file_is_whole_or_not_there(tmp_path):
    path = tmp_path / "deep" / "x.txt"
    with pytest.raises(ZeroDivisionError), atomic(path) as part:
        part.write_text(f"half {1 / 0}")
    assert list(path.parent.iterdir()) == []
    write_text(path, "whole")
    assert path.read_text() == "whole"
    assert [p.name for p in path.parent.iterdir()] == ["x.txt"]


def test_unwritable_folder_is_one_line(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="--out"):
        write_text(tmp_path / "file" / "x.txt", "")


def test_json_keeps_all_digits_and_refuses_nan(tmp_path):
    value = {"x": 0.1 + 0.2, "y": [1 / 3]}
    write_json(tmp_path / "a.json", value)
    assert read_json(tmp_path / "a.json", "file") == value
    with pytest.raises(ValueError, match="JSON"):
        write_json(tmp_path / "b.json", float("nan"))
    assert not (tmp_path / "b.json").exists()


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000])
def test_broken_json_is_named(tmp_path, text):
    (tmp_path / "x.json").write_text(text)
    with pytest.raises(DataError, match=r"x\.json"):
        read_json(tmp_path / "x.json", "list")


def test_an_interrupt_while_the_file_is_made_leaves_nothing(tmp_path, monkeypatch):
    made = Path.touch

    def interrupted(self: Path, *given: object, **named: object) -> None:
        made(self)
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "touch", interrupted)
    with pytest.raises(KeyboardInterrupt), atomic(tmp_path / "a.json"):
        raise AssertionError("not reached")
    assert list(tmp_path.iterdir()) == []
