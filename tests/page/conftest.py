"""A session with a small clip and models that are not the point."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from car_video.page.limits import Limits
from car_video.page.session import Session
from tests.io.readers.media import numbered, write_video
from tests.page.fakes import FakeEngine

COUNT = 12


@pytest.fixture(scope="session")
def clip_file(tmp_path_factory):
    folder = tmp_path_factory.mktemp("page")
    return write_video(folder / "clip.mp4", [numbered(n) for n in range(COUNT)])


@pytest.fixture
def uploaded(clip_file, tmp_path):
    """Gives a copy of the clip, as the browser would have uploaded it."""

    def upload(name: str = "clip.mp4") -> Path:
        folder = tmp_path / f"upload-{len(list(tmp_path.iterdir()))}"
        folder.mkdir()
        return Path(shutil.copy(clip_file, folder / name))

    return upload


@pytest.fixture
def engine():
    return FakeEngine()


@pytest.fixture
def session(engine, tmp_path, uploaded):
    """A session with the clip."""
    made = Session(engine, tmp_path / "sessions" / "one", Limits())
    made.open([uploaded()])
    yield made
    made.close()
