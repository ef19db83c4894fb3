"""The folder in which weights and calibrations are kept."""

from __future__ import annotations

import os
from pathlib import Path

from platformdirs import user_cache_path


def cache_folder() -> Path:
    """``$CAR_VIDEO_CACHE``, else the platform's cache folder."""
    override = os.environ.get("CAR_VIDEO_CACHE")
    return Path(override).expanduser() if override else user_cache_path("car-video")
