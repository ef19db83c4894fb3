"""Whatever the package imports is declared in pyproject.toml."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from importlib import metadata
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
OWN = {"car_video", "eval", "configs"}
DISTRIBUTIONS = {"pygame": "pygame-ce", "pydensecrf": "pydensecrf2"}
"""Of extras, where the environment may lack them and the names differ."""


def imported(folder: str) -> dict[str, Path]:
    """Top-level packages that a folder imports, and one file that does."""
    found: dict[str, Path] = {}
    for file in (ROOT / folder).rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                names = [node.module or ""]
            else:
                continue
            found |= {name.split(".")[0]: file for name in names}
    return found


def plain(name: str) -> str:
    """A distribution's name as registries compare it."""
    return re.sub(r"[-_.]+", "-", re.split(r"[<>=!~;\[ ]", name)[0]).lower()


@pytest.mark.parametrize("folder", ["car_video", "eval"])
def test_every_import_is_declared(folder: str) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    extras = [line for extra in project["optional-dependencies"].values() for line in extra]
    declared = {plain(line) for line in [*project["dependencies"], *extras]}
    known = metadata.packages_distributions()
    packages = imported(folder)
    assert len(packages) > 5
    for package, file in packages.items():
        if package in sys.stdlib_module_names or package in OWN:
            continue
        names = {plain(DISTRIBUTIONS.get(package, package))}
        names |= {plain(name) for name in known.get(package, [])}
        assert names & declared, f"{file} imports {package}, which pyproject.toml does not name"
