"""What papers print, one protocol a board (``published.yaml``)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import yaml

KINDS = ("trained", "MLLM", "CLIP")


@dataclass(frozen=True)
class Row:
    """One method: numbers in percent, None where its paper does not print one."""

    method: str
    kind: str
    numbers: tuple[float | None, ...]
    source: str


@dataclass(frozen=True)
class Board:
    """Published numbers of one protocol; ``published.yaml`` says what its parts are."""

    benchmark: str
    split: str
    protocol: str
    needs: Mapping[str, Any]
    columns: Mapping[str, str]
    rows: tuple[Row, ...]


@cache
def boards() -> tuple[Board, ...]:
    """Every board, in the order of the file."""
    text = (resources.files(__package__) / "published.yaml").read_text("utf-8")
    return tuple(
        Board(
            benchmark=entry["benchmark"],
            split=entry["split"],
            protocol=entry["protocol"],
            needs=entry["needs"],
            columns=entry["columns"],
            rows=tuple(
                Row(row[0], row[1], tuple(row[2:-1]), str(row[-1])) for row in entry["rows"]
            ),
        )
        for entry in yaml.safe_load(text)
    )
