"""What is recorded of a part of the sequences, and found again."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from car_video import load_preset
from tests.segment.colour_model import ColourModel
from tools import sequence_tables
from tools.sequence_tables import Table, kept_tables, new_parser, record_all


@dataclass(frozen=True)
class Named:
    name: str
    group: str


def test_every_part_is_recorded_once_and_all_are_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sequence_tables, "load_model", lambda name: ColourModel())
    monkeypatch.setattr(sequence_tables, "load_mask_model", lambda name, device: None)
    asked: list[str] = []

    def table_of(sequence: Any, *models: Any) -> Table:
        asked.append(sequence.name)
        return np.full((len(asked), 2), 0.5, np.float32)

    sequences: Any = [Named(name, f"g{name}") for name in "abc"]
    for part in ("0/2", "1/2", "0/1"):
        options = new_parser("d").parse_args(["--cache", str(tmp_path / "c"), "--part", part])
        record_all(sequences, options, load_preset(), "t", table_of)
    assert asked == ["a", "c", "b"], "what is kept is not recorded again"
    assert capsys.readouterr().out.splitlines() == ["a 1", "c 2", "b 3"]
    found = kept_tables(tmp_path / "c", "t")
    assert {name: (group, len(table)) for name, (group, table) in found.items()} == {
        "a": ("ga", 1), "b": ("gb", 3), "c": ("gc", 2),
    }  # fmt: skip


@pytest.mark.parametrize("part", ["2/2", "-1/2", "1", "a/b", "0/0"])
def test_no_part(part: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        new_parser("d").parse_args(["--cache", "c", f"--part={part}"])
    assert "--part" in capsys.readouterr().err
