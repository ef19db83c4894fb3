"""The score of association: what it is made of, what it is read from."""

from __future__ import annotations

import json
import math
from dataclasses import asdict
from pathlib import Path

import pytest
import torch

from car_video.errors import ConfigError
from car_video.video.tracking.association import (
    SUPPORT_FLOOR,
    Association,
    read_association,
    shipped_association,
)

NUMBERS = Association(3.0, 4.0, 2.0, 1.5, 0.5, 0.25)


def log_odds(
    numbers: Association, overlap: float, cosine: float, support: float | None
) -> float:
    """Of one candidate and one track."""
    one = torch.ones(1, 1, 1)
    known = torch.tensor([[support is not None]])
    given = one * overlap, one * cosine, one * (support or 0.0), known
    return float(numbers.log_odds(*given))


def test_the_terms_are_summed() -> None:
    wanted = 3 + 2 * 0.5 + 1.5 * 0.4 + 0.5 * math.log(0.3) + 0.25
    assert log_odds(NUMBERS, 0.5, 0.4, 0.3) == pytest.approx(wanted, abs=1e-5)


def test_what_memory_does_not_know_says_nothing() -> None:
    assert log_odds(NUMBERS, 0.5, 0.4, None) == pytest.approx(4.6, abs=1e-5)
    floor = log_odds(NUMBERS, 0, 0, SUPPORT_FLOOR)
    assert log_odds(NUMBERS, 0, 0, 0) == pytest.approx(floor, abs=1e-5)


def test_the_shipped_numbers_know_one_thing_from_another() -> None:
    numbers = shipped_association()
    assert log_odds(numbers, 0.9, 0.9, 0.9) > 0
    assert log_odds(numbers, 0.0, -0.1, 0.0) < 0
    assert min(numbers.language, numbers.overlap, numbers.appearance, numbers.memory) > 0


@pytest.mark.parametrize(
    "text", ["", "[]", '{"form": 2}', '{"form": 1, "association": {"offset": 1}}', "\x00"]
)
def test_a_file_that_is_none_is_refused_in_one_line(tmp_path: Path, text: str) -> None:
    path = tmp_path / "numbers.json"
    path.write_text(text)
    with pytest.raises(ConfigError, match=r"tracking numbers '.*' is damaged") as told:
        read_association(path)
    assert "\n" not in str(told.value)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    path = tmp_path / "numbers.json"
    path.write_text(json.dumps({"form": 1, "association": asdict(NUMBERS)}))
    assert read_association(path) == NUMBERS
