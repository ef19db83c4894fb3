"""Where results come from: versions, machine, date and command."""

from __future__ import annotations

import datetime
import platform
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version
from typing import Any


def tool_version() -> str:
    """Version of the installed package; ``"source"`` for a checkout that is not installed."""
    return _version("car-video") or "source"


def provenance(command: str, devices: Iterable[str]) -> dict[str, Any]:
    """What ``results.json`` says of its own making, as plain data.

    Args:
        command: the command line; empty when called from Python.
        devices: names of the devices that the model ran on; none where masks were only scored.
    """
    return {
        "version": tool_version(),
        "torch": _version("torch"),
        "numpy": _version("numpy"),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "device": ", ".join(sorted(set(devices))) or None,
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "command": command or None,
    }


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
