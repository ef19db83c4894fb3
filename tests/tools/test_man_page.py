"""The man pages: that they are those of today's options, and that troff takes them."""

from __future__ import annotations

import shutil
import subprocess
import tomllib

import pytest

from tests.paths import ROOT
from tools.man_page import FOLDER, page, pages


@pytest.fixture(scope="module")
def made() -> dict[str, str]:
    return pages()


def test_the_pages_are_of_todays_options(made) -> None:
    kept = {file.name: file.read_text("ascii") for file in FOLDER.iterdir()}
    assert kept == made, "run: python -m tools.man_page"


def test_the_wheel_has_them(made) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    files = project["tool"]["setuptools"]["data-files"]["share/man/man1"]
    assert sorted(files) == sorted(f"docs/man/{name}" for name in made)


def test_every_command_and_option_is_there(made) -> None:
    text = made["car-video.1"].replace(r"\-", "-")
    for wanted in ("car-video convert", "car-video ui", "--resume", "--browser, --no-browser"):
        assert wanted in text
    assert ".SS car-eval ref-davis" in made["car-eval.1"].replace(r"\-", "-")


def test_letters_that_troff_would_obey_are_letters() -> None:
    class Command:
        params = ()
        help = ".hidden \\fBbold\n\n'quoted'"
        epilog = None

    text = page("name", "what", Command, {})
    assert "\\&.hidden \\efBbold" in text
    assert "\\&'quoted'" in text


def test_troff_has_nothing_to_say_against_them(made) -> None:
    if not shutil.which("groff"):
        pytest.skip("no groff on this machine")
    for text in made.values():
        done = subprocess.run(
            ["groff", "-man", "-Tutf8", "-ww"], input=text, capture_output=True, text=True
        )
        assert (done.returncode, done.stderr) == (0, "")
        assert "User Commands" in done.stdout
