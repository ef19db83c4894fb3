"""Where a data set is to be had, and whether what is there is whole. Downloads nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import yaml

from .benchmarks import REGISTRY, Item, Options, make_benchmark
from .benchmarks.results import Cell, Table

_CHUNK = 1 << 20


@dataclass(frozen=True)
class Source:
    """What is known of a data set; ``sources.yaml`` says what the parts are."""

    benchmark: str
    pages: tuple[str, ...]
    licence: str = ""
    counts: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    sha256: Mapping[str, str] = field(default_factory=dict)

    def lines(self) -> list[str]:
        """What to tell, a line each."""
        lines = [REGISTRY[self.benchmark].about]
        lines += [f"from: {page}" for page in self.pages]
        if self.licence:
            lines.append(f"licence: {self.licence}")
        lines.append(f"layout: docs/benchmarks.md, '{self.benchmark}'")
        return lines


@dataclass(frozen=True)
class Checked:
    """What was found: (what, wanted, found); wanted is None where nothing is published."""

    benchmark: str
    rows: tuple[tuple[str, str | int | None, str | int], ...]

    @property
    def problems(self) -> list[str]:
        """What is not as published, a line each."""
        return [
            f"{what}: found {found}, published {wanted}; fetch it again, or it is of another "
            f"version"
            for what, wanted, found in self.rows
            if wanted is not None and wanted != found
        ]

    def table(self) -> Table:
        """A row per check."""
        rows: list[tuple[Cell, ...]] = [
            (what, found, wanted, "-" if wanted is None else "yes" if wanted == found else "NO")
            for what, wanted, found in self.rows
        ]
        heads = ("what", "found", "published", "the same")
        return Table(f"data of {self.benchmark}", "layout is sound", heads, tuple(rows))


@cache
def _sources() -> Mapping[str, Any]:
    text = (resources.files(__package__) / "sources.yaml").read_text("utf-8")
    sources: Mapping[str, Any] = yaml.safe_load(text)
    return sources


def source_of(benchmark: str) -> Source:
    """Where its data are to be had."""
    entry = _sources()[benchmark]
    return Source(
        benchmark,
        tuple(entry["from"]),
        entry.get("licence", ""),
        entry.get("counts", {}),
        entry.get("sha256", {}),
    )


def check_data(name: str, root: Path, split: str = "") -> Checked:
    """Layout, counts and checksums of a folder.

    Raises:
        DataError: the layout is not sound.
    """
    benchmark, source = make_benchmark(name, root, Options(split=split)), source_of(name)
    items = benchmark.items()
    chosen = benchmark.split or ("" if "" in source.counts else "val")
    counts = source.counts.get(chosen, {})
    unit = "sequences" if REGISTRY[name].kind == "video" else "pictures"
    rows: list[tuple[str, str | int | None, str | int]] = [
        (unit, counts.get("groups"), len({item.group for item in items})),
        ("items", counts.get("items"), len(items)),
        ("frames" if unit == "sequences" else "pictures", None, _pictures(items)),
    ]
    for file, wanted in source.sha256.items():
        path = root / file
        rows.append(
            (f"sha256 of {file}", wanted, _digest(path) if path.is_file() else "missing")
        )
    return Checked(name, tuple(rows))


def _pictures(items: list[Item]) -> int:
    """Frames or pictures, each counted once."""
    return sum({item.group: item.pictures for item in items}.values())


def _digest(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()
