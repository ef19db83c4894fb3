"""A cache of its own for each test, and no encoder left open."""

from __future__ import annotations

import pytest

from car_video.backends import building


@pytest.fixture(autouse=True)
def empty_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("CAR_VIDEO_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(building, "_open", building._open.__class__())
    return tmp_path / "cache"
