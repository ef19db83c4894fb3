"""The wheel holds every package of the tree, and every file that a package reads."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
AT_THE_TOP = {"eval": "car_video.eval", "configs": "car_video.configs"}
"""Folders that stand beside the package and ship inside of it."""


def setuptools_settings() -> dict[str, Any]:
    with (ROOT / "pyproject.toml").open("rb") as handle:
        return dict(tomllib.load(handle)["tool"]["setuptools"])


def package_of(folder: Path) -> str:
    """The name under which a folder of the repository is installed."""
    first, *rest = folder.relative_to(ROOT).parts
    return ".".join([AT_THE_TOP.get(first, first), *rest])


def test_every_package_ships() -> None:
    folders = {
        file.parent for top in ("car_video", "eval") for file in (ROOT / top).rglob("*.py")
    }
    assert len(folders) > 30
    wanted = {package_of(folder) for folder in folders} | {"car_video.configs"}
    assert set(setuptools_settings()["packages"]) == wanted


def test_every_data_file_ships() -> None:
    shipped = {
        file
        for name, patterns in setuptools_settings()["package-data"].items()
        for folder in [_folder(name)]
        for pattern in patterns
        for file in folder.glob(pattern)
    }
    there = {
        file
        for top in ("car_video", *AT_THE_TOP)
        for file in (ROOT / top).rglob("*")
        if file.is_file() and file.suffix not in {".py", ".pyc"}
    }
    assert len(there) > 10
    assert there - shipped == set()


def _folder(package: str) -> Path:
    for top, name in AT_THE_TOP.items():
        if package == name or package.startswith(f"{name}."):
            return ROOT / top / Path(*package.split(".")[2:])
    return ROOT / Path(*package.split("."))
