"""The version that results are stamped with."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version


def tool_version() -> str:
    """Version of the installed package; ``"source"`` for a checkout that is not installed."""
    try:
        return version("car-video")
    except PackageNotFoundError:
        return "source"
