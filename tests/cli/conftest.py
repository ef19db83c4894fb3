"""Runs of car-video in an empty folder, with a segmenter that is not the point."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import pytest
import typer

from car_video.cli import run as run_module
from car_video.cli.app import main
from tests.cli.fakes import COUNT, Loader
from tests.io.readers.media import numbered, write_video


@pytest.fixture(autouse=True, scope="session")
def commands_are_built_once() -> Iterator[None]:
    """typer makes a command of a function's options anew for every run."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(typer.main, "get_command", cache(typer.main.get_command))
        yield


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    folder = tmp_path_factory.mktemp("clips")
    return write_video(folder / "clip.mp4", [numbered(n) for n in range(COUNT)], audio=1.2)


@pytest.fixture
def loader(monkeypatch):
    """In place of the loading of a model."""
    made = Loader()
    monkeypatch.setattr(run_module, "load_segmenter", made)
    return made


@pytest.fixture
def cli(tmp_path, monkeypatch, capfd, loader):
    """Runs car-video; gives exit code, standard output and standard error."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "60")  # narrow: nothing may be wrapped

    def run(*arguments: object) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as end:
            main([str(a) for a in arguments])
        captured = capfd.readouterr()
        return int(end.value.code), captured.out, captured.err

    return run
