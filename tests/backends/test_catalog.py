"""Names of back ends, and what they need."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import get_args

import pytest

from car_video.backends import catalog
from car_video.backends.catalog import AUTO, BACKENDS, TORCH, check_backend, installed
from car_video.config.segment import BackendName
from car_video.errors import ConfigError

ROOT = Path(__file__).parents[2]


@pytest.fixture
def bare(monkeypatch):
    """A machine on which no package of a back end is installed."""
    monkeypatch.setattr(catalog, "find_spec", lambda name: None)


def test_the_settings_take_these_names_and_no_others():
    assert set(get_args(BackendName)) == {TORCH, AUTO, *(one.name for one in BACKENDS)}


@pytest.mark.parametrize("name", [one.name for one in BACKENDS])
def test_what_is_missing_is_told_in_one_line(bare, name):
    extra = name.split("-")[0]
    with pytest.raises(ConfigError, match=rf"needs .*pip install 'car-video\[{extra}\]'$"):
        check_backend(name)
    assert installed() == []


def test_torch_and_auto_need_nothing(bare):
    check_backend(TORCH)
    check_backend(AUTO)


def test_an_unknown_name_is_one_line():
    with pytest.raises(
        ConfigError, match="unknown --backend 'abacus'; choose from torch, onnx"
    ):
        check_backend("abacus")


def test_extras_install_what_back_ends_import():
    with (ROOT / "pyproject.toml").open("rb") as file:
        extras = tomllib.load(file)["project"]["optional-dependencies"]
    for backend in BACKENDS:
        names = {line.split(">")[0] for line in extras[backend.extra]}
        assert set(backend.packages) <= names
