"""The first moments of the command."""

from __future__ import annotations

import sys
from types import ModuleType

import pytest

from car_video.cli import launcher


class Hasty(ModuleType):
    """A module during whose import somebody presses Ctrl-C."""

    def __getattr__(self, name: str) -> object:
        raise KeyboardInterrupt


def test_an_interrupt_while_libraries_load_is_no_traceback(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "car_video.cli.app", Hasty("car_video.cli.app"))
    with pytest.raises(SystemExit) as ended:
        launcher.main()
    assert ended.value.code == launcher.INTERRUPTED == 130


def test_the_command_is_that_of_the_cli(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["car-video", "--version"])
    with pytest.raises(SystemExit) as ended:
        launcher.main()
    assert ended.value.code == 0
    assert capsys.readouterr().out.startswith("car-video ")
