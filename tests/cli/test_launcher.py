"""The first moments of the command."""

from __future__ import annotations

import os
import sys
from types import ModuleType

import pytest

from car_video.cli import interrupts, launcher


class Hasty(ModuleType):
    """A module during whose import Ctrl-C is pressed."""

    def __getattr__(self, name: str) -> object:
        raise KeyboardInterrupt


def test_an_interrupt_while_libraries_load_is_no_traceback(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "car_video.cli.app", Hasty("car_video.cli.app"))
    with pytest.raises(SystemExit) as ended:
        launcher.main()
    assert ended.value.code == interrupts.EXIT_CODE == 130


def test_the_command_is_that_of_the_cli(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["car-video", "--version"])
    with pytest.raises(SystemExit) as ended:
        launcher.main()
    assert ended.value.code == 0
    assert capsys.readouterr().out.startswith("car-video ")


def test_idle_threads_spin_for_a_moment_only(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in launcher.OPENMP_VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GOMP_SPINCOUNT", "removed on the next line; put back after the test")
    monkeypatch.delenv("GOMP_SPINCOUNT")
    launcher.limit_spinning()
    assert os.environ["GOMP_SPINCOUNT"] == launcher.SPIN_COUNT


@pytest.mark.parametrize("name", launcher.OPENMP_VARIABLES)
def test_a_value_that_the_user_has_set_stays(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    for other in launcher.OPENMP_VARIABLES:
        monkeypatch.delenv(other, raising=False)
    monkeypatch.setenv(name, "user")
    launcher.limit_spinning()
    assert {other: os.environ.get(other) for other in launcher.OPENMP_VARIABLES} == {
        **dict.fromkeys(launcher.OPENMP_VARIABLES),
        name: "user",
    }
