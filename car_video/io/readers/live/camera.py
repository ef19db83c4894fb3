"""Cameras of this computer, through FFmpeg's capture devices.

PyAV's wheels carry ``video4linux2`` on Linux (checked in 18.1), ``avfoundation`` on macOS and
``dshow`` on Windows.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import av
from av.error import FFmpegError

from car_video.errors import SourceError
from car_video.io.containers import open_source


@dataclass(frozen=True, slots=True)
class Capture:
    """How FFmpeg is asked for a camera.

    Attributes:
        format: its capture device.
        address: which camera, in that device's words.
        options: device options.
    """

    format: str
    address: str
    options: dict[str, str] = field(default_factory=dict)


def captures(device: str, platform: str = sys.platform) -> list[Capture]:
    """The ways to ask for a camera on a platform, the best first.

    Args:
        device: number from 0, or the platform's own name (``/dev/video2``, "FaceTime HD").
        platform: as in ``sys.platform``.

    Raises:
        SourceError: a platform without cameras; Windows: no camera with that number.
    """
    if platform.startswith("linux"):
        return [Capture("v4l2", f"/dev/video{device}" if device.isdecimal() else device)]
    if platform == "darwin":
        # Built-in cameras offer 30 and 15 frames/s exactly; FFmpeg's default of 29.97 fails.
        rates: list[dict[str, str]] = [{"framerate": "30"}, {"framerate": "15"}, {}]
        return [Capture("avfoundation", f"{device}:none", rate) for rate in rates]
    if platform == "win32":
        name = _windows_name(int(device)) if device.isdecimal() else device
        return [Capture("dshow", f"video={name}")]
    raise SourceError(f"webcam:{device}: cameras are known on Linux, macOS and Windows only")


def open_camera(device: str, silence: float) -> Any:
    """Open a camera; a read that waits longer than ``silence`` seconds fails.

    Returns:
        An ``av.container.InputContainer``.

    Raises:
        SourceError: there is none of that name, it is in use, or access is refused.
    """
    problem: Exception | None = None
    for capture in captures(device):
        try:
            return open_source(capture.address, silence, capture.options, capture.format)
        except (FFmpegError, ValueError) as error:
            problem = error
    raise SourceError(f"webcam:{device}: {_why(problem, silence)}") from problem


def _why(problem: Exception | None, silence: float) -> str:
    if isinstance(problem, PermissionError):
        return "no permission; on Linux join the group 'video', elsewhere allow camera access"
    if type(problem).__name__ == "ExitError":
        return f"nothing came for {silence:g} s; check that the camera is free"
    if getattr(problem, "errno", None) == 16:  # EBUSY
        return "in use by another program; close it first"
    if isinstance(problem, ValueError) and "format" in str(problem):
        return "this build of PyAV has no camera support; install the wheel from PyPI"
    found = sorted(str(path) for path in Path("/dev").glob("video*"))
    there = f"found: {', '.join(found)}" if found else "none is connected"
    return f"no such camera; {there}" if sys.platform.startswith("linux") else "no such camera"


def _windows_name(number: int) -> str:
    """DirectShow wants the camera's name."""
    if not hasattr(av, "enumerate_input_devices"):
        raise SourceError(
            f"webcam:{number}: this PyAV cannot list cameras; give the name: webcam:NAME"
        )
    names = [
        device.name
        for device in av.enumerate_input_devices("dshow")
        if not device.media_types or "video" in device.media_types
    ]
    if number >= len(names):
        raise SourceError(f"webcam:{number}: no such camera; there are {len(names)}")
    return str(names[number])
