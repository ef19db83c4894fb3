"""Fixtures: the development data, where it exists, and made-up objects where it does not."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.paths import SHARED


@pytest.fixture(scope="session")
def data() -> Path:
    wanted = [SHARED / name for name in ("ref-davis-dev", "coco-dev", "clips")]
    if not all(folder.is_dir() for folder in wanted):
        pytest.skip("the development data (../shared/data) is not on this machine")
    return SHARED
