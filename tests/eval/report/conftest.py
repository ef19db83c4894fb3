"""Reports whose charts are drawn, unlike those of the other tests of evaluations."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def charts() -> None:
    """In place of the grey pictures of ``tests/eval/conftest.py``."""
