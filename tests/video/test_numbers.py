"""``docs/numbers.md`` names every number of the video part, with its value."""

from __future__ import annotations

import ast
import dataclasses
import importlib
import math
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import car_video
from car_video.config import video as settings
from car_video.config.checks import Settings

PACKAGE = Path(car_video.__file__).parent
DOCS = Path(__file__).parents[2] / "docs" / "numbers.md"
SOURCES = [*sorted((PACKAGE / "video").rglob("*.py")), PACKAGE / "config" / "video.py"]
CHOSEN = ("fitted", "derived", "paper", "tried", "hand", "bound", "the same")
SAYING_NOTHING = {0.0, 1.0, 0.5, 2.0}
"""Floats that may stand in a formula: ends of a range, and halves."""


def rows() -> Iterator[tuple[str, str, str, str]]:
    """Part or file, name, value, how it was chosen."""
    for line in DOCS.read_text("utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == 5 and cells[1].startswith("`"):
            yield cells[0].strip("`"), cells[1].strip("`"), cells[2], cells[4]


def short(source: Path) -> str:
    """As the table names a file."""
    within = source.relative_to(PACKAGE).as_posix()
    return within.removeprefix("video/")


def numeric(node: ast.AST | None) -> bool:
    return node is not None and any(
        isinstance(one, ast.Constant) and type(one.value) in (int, float)
        for one in ast.walk(node)
    )


def constants(source: Path) -> Iterator[tuple[str, ast.stmt]]:
    """Names of a module in capitals that are made of numbers, and fields with a number."""
    for node in ast.parse(source.read_text("utf-8")).body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            name, value = node.targets[0].id, node.value
            if name.isupper() and not name.startswith("_") and numeric(value):
                yield name, node
        elif isinstance(node, ast.ClassDef):
            for field in node.body:
                if isinstance(field, ast.AnnAssign) and numeric(field.value):
                    assert isinstance(field.target, ast.Name)
                    yield f"{node.name}.{field.target.id}", field


def setting_rows() -> dict[tuple[str, str], Any]:
    """Part and name -> default, of every number in the settings."""
    found = {}
    for field in dataclasses.fields(settings.VideoConfig):
        part = field.default_factory() if callable(field.default_factory) else None
        if isinstance(part, Settings):
            for own in dataclasses.fields(part):
                value = getattr(part, own.name)
                if not isinstance(value, bool | str):
                    found[field.name, own.name] = value
    return found


def constant_rows() -> dict[tuple[str, str], Any]:
    """File and name -> value, of every constant and default outside the settings."""
    found = {}
    for source in SOURCES:
        name = ".".join(source.relative_to(PACKAGE.parent).with_suffix("").parts)
        module = importlib.import_module(name.removesuffix(".__init__"))
        for own, _ in constants(source):
            owner, _, field = own.rpartition(".")
            if owner and (owner == "TrackState" or hasattr(getattr(module, owner), "part")):
                continue  # no number that was chosen, or a setting
            holder = getattr(module, owner)() if owner else module
            found[short(source), own] = getattr(holder, field)
    return found


def numbers_in(value: Any) -> list[float]:
    """All numbers of a value, flat."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        value = dataclasses.astuple(value)
    return [float(one) for one in np.ravel(value)]


def test_every_number_is_in_the_table() -> None:
    table = {(file, name): value for file, name, value, _ in rows()}
    assert len(table) == len(list(rows())), "a number stands twice in docs/numbers.md"
    source = setting_rows() | constant_rows()
    assert set(table) == set(source), (
        f"docs/numbers.md and the source have other numbers: {sorted(set(table) ^ set(source))}"
    )
    for key, value in source.items():
        if key[1] == "LADDER":
            assert table[key] == f"{len(value)} levels"
            continue
        said = [float(Fraction(part.strip())) for part in table[key].split(",")]
        assert said == pytest.approx(numbers_in(value), rel=2e-3), f"{key}: {value}"


def test_every_number_says_how_it_was_chosen() -> None:
    for file, name, _, chosen in rows():
        assert chosen.startswith(CHOSEN), f"{file} {name}: {chosen}"
        assert chosen != "hand", f"{file} {name}: for what reason?"


@pytest.mark.parametrize("source", SOURCES, ids=short)
def test_formulas_hold_no_numbers_without_a_name(source: Path) -> None:
    tree = ast.parse(source.read_text("utf-8"))
    named = {
        id(one)
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign | ast.AnnAssign)
        and (node in tree.body or isinstance(node, ast.AnnAssign))
        for one in ast.walk(node)
    }
    odd = [
        f"line {one.lineno}: {one.value}"
        for one in ast.walk(tree)
        if isinstance(one, ast.Constant)
        and type(one.value) is float
        and id(one) not in named
        and math.fabs(one.value) not in SAYING_NOTHING
    ]
    assert not odd
