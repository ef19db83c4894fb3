"""The command from the development set to the table."""

from __future__ import annotations

import json
import sys
from copy import copy
from pathlib import Path

import pytest

from benchmarks.generalisation import work
from benchmarks.generalisation.__main__ import main
from car_video.models.pair import ModelPair
from tests.benchmarks.generalisation.data import write_set

SMALL = ("--set", "segment.sam.side=128", "segment.proposal.size=128")


@pytest.fixture(autouse=True)
def loaded(monkeypatch: pytest.MonkeyPatch, lite: ModelPair) -> None:
    """The model of all tests, of which a run changes a copy."""

    def load(name: str) -> ModelPair:
        model = copy(lite.proposer)
        return ModelPair(name, model, model)

    monkeypatch.setattr(work, "load_model", load)


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> None:
    monkeypatch.setattr(sys, "argv", ["generalisation", "--jobs", "1", *arguments])
    main()


@pytest.mark.slow
def test_a_run_that_was_stopped_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    data, out = str(write_set(tmp_path / "data")), str(tmp_path / "out")
    thin = ("--data", data, "--out", out, "--thin", "--step", "2", *SMALL)
    run(monkeypatch, *thin, "--sequences", "red")
    assert "1 sequences, 3 frames, 1 sentences" in capsys.readouterr().out
    record = tmp_path / "out" / "video" / "red.json"
    (answer,) = json.loads(record.read_text("utf-8"))["answers"]
    assert answer["kind"] == "attribute"
    assert 0 <= answer["j"] <= 1
    written = record.stat().st_mtime_ns
    run(monkeypatch, *thin)
    assert "2 sequences, 6 frames, 2 sentences" in capsys.readouterr().out
    assert record.stat().st_mtime_ns == written
    run(monkeypatch, "--compare", out, out)
    assert "| J&F, all | +0.000 [+0.000, +0.000] |" in capsys.readouterr().out


def test_what_is_wrong_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        run(monkeypatch, "--data", str(tmp_path), "--out", str(tmp_path / "out"))
    assert stopped.value.code == 2
    assert capsys.readouterr().err.startswith("error: ")
    assert not (tmp_path / "out").exists()
