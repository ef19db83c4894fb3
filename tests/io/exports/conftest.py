from __future__ import annotations

import pytest

from tests.io.exports.runs import make_run


@pytest.fixture
def run(tmp_path):
    """The folder of a finished run of four frames."""
    return make_run(tmp_path / "clip_car")
