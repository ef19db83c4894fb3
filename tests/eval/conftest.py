"""Fixtures of the evaluation tests: the command line with a fake model, the shared data."""

from __future__ import annotations

import io
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
import typer
from car_video.eval import cli, model_segmenters
from car_video.eval.report import plots
from PIL import Image

from tests.paths import SHARED

from .fakes import ColourSpec


@pytest.fixture(scope="session")
def grey_chart() -> bytes:
    data = io.BytesIO()
    Image.new("L", (8, 8), 128).save(data, "PNG")
    return data.getvalue()


@pytest.fixture(autouse=True, scope="session")
def commands_are_built_once() -> Iterator[None]:
    """typer makes a command of a function's options anew for every run."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(typer.main, "get_command", cache(typer.main.get_command))
        yield


@pytest.fixture(autouse=True)
def charts(monkeypatch: pytest.MonkeyPatch, grey_chart: bytes) -> None:
    """A grey picture in place of each chart: matplotlib takes half a second for every report.

    ``tests/eval/report`` has charts that are drawn.
    """
    monkeypatch.setattr(plots, "bars", lambda *_: grey_chart)
    monkeypatch.setattr(plots, "flicker", lambda *_: grey_chart)


@pytest.fixture
def shared_data() -> Path:
    if not SHARED.is_dir():
        pytest.skip("the development data (../shared/data) is not on this machine")
    return SHARED


@pytest.fixture
def car_eval(monkeypatch, capsys):
    """Run car-eval with the colour segmenter; gives exit code, standard output and error."""

    def run(*arguments, spec: ColourSpec | None = None) -> tuple[int, str, str]:
        made = spec or ColourSpec()
        monkeypatch.setattr(model_segmenters, "make_spec", lambda *_: made)
        with pytest.raises(SystemExit) as exit_info:
            cli.main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return int(exit_info.value.code or 0), captured.out, captured.err

    return run
