"""Texts are printed as they were typed."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from car_video.cli import display as display_module
from car_video.cli.display import Display, Report
from car_video.cli.presence_times import Presence

TEXTS = [
    ":dog: in [bold]red[/bold]",
    "[/]",
    "[link=file.mp4]x",
    "a\\[b] http://h 0x1F 'q' {task.total}",
    "🐕 :warning:",
]


def report(text: str) -> Report:
    presence = Presence(text)
    presence.add(0.0, True)
    folder = Path("out") / text.replace("/", "")
    return Report(folder, 1, 1, 1.0, [presence], [folder / text.replace("/", "")], [text])


@pytest.mark.parametrize("text", TEXTS)
def test_every_line_of_a_run(text, capsys):
    display = Display()
    display.summary(report(text))
    display.heading(text)
    display.result(text)
    display.table((text, "b"), [(text, ":cat:")], text)
    out = capsys.readouterr().out
    assert out.count(text) >= 6
    assert ":cat:" in out
    name = text.replace("/", "")
    assert f"written to {Path('out') / name}: {name}\n" in out
    display.error(text)
    display.stopped(text)
    display.say(text)
    assert capsys.readouterr().err == f"error: {text}\n{text}\n{text}\n"


@pytest.mark.parametrize("text", TEXTS)
def test_on_a_terminal_too(text, capsys, monkeypatch):
    monkeypatch.setattr(
        display_module,
        "Console",
        lambda **options: Console(**options, force_terminal=True, color_system=None),
    )
    display = Display()
    display.note(text)
    with display.progress(3) as tick:
        display.say(text)
        tick()
    display.summary(report(text))
    captured = capsys.readouterr()
    assert captured.err.count(text) == 2
    assert captured.out.count(text) >= 2


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=30))
def test_an_error_is_one_line_and_moves_no_cursor(text):
    display = Display()
    with display.err.capture() as captured:
        display.error(text)
    line = captured.get()
    assert line.startswith("error: ")
    assert line.endswith("\n")
    assert not any(ord(c) < 32 or 127 <= ord(c) < 160 for c in line[:-1])
