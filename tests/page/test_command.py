"""The line to paste."""

from __future__ import annotations

import shlex

import pytest

from car_video.page.command import shell_line

WORDS = ["car-video", "my clip.mp4", "--expr", 'the woman\'s "red" cup', "--stride", "2"]


def test_a_shell_reads_the_words_again() -> None:
    assert shlex.split(shell_line(WORDS, windows=False)) == WORDS


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["car-video", "clip.mp4"], "car-video clip.mp4"),
        (["car-video", "my clip.mp4"], 'car-video "my clip.mp4"'),
        (["--expr", "a man's hat"], '--expr "a man\'s hat"'),
        (["--expr", 'the "red" cup'], '--expr "the \\"red\\" cup"'),
    ],
)
def test_windows_has_double_quotes_only(words: list[str], line: str) -> None:
    assert shell_line(words, windows=True) == line
