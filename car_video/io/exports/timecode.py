"""Timecodes: what the first picture of a source is called on the clock of its camera."""

from __future__ import annotations

import re
from fractions import Fraction
from pathlib import Path

import av

from car_video.io.containers import open_input

_TIMECODE = re.compile(r"(\d{2}):(\d{2}):(\d{2})([:;.])(\d{2,3})")


def source_timecode(path: Path) -> str | None:
    """The timecode of the first picture of a file; None where it has none."""
    if not path.is_file():
        return None
    try:
        with open_input(path) as container:
            tags = [container.metadata, *(stream.metadata for stream in container.streams)]
    except (av.FFmpegError, ValueError):
        return None
    found = (value for tag in tags for key, value in tag.items() if key.lower() == "timecode")
    return next((value for value in found if _TIMECODE.fullmatch(value)), None)


def parts(timecode: str) -> tuple[int, int, int, int, bool]:
    """Hours, minutes, seconds, frame, and whether it is of the kind that leaves numbers out.

    Raises:
        ValueError: this is no timecode.
    """
    match = _TIMECODE.fullmatch(timecode)
    if match is None:
        raise ValueError(f"'{timecode}' is no timecode")
    hours, minutes, seconds, sign, frame = match.groups()
    return int(hours), int(minutes), int(seconds), int(frame), sign != ":"


def advance(timecode: str, frames: int, rate: Fraction) -> str:
    """The timecode so many pictures later.

    Args:
        timecode: ``hh:mm:ss:ff``; with ``;`` or ``.`` before the last part the numbers 0 and 1
            (at 60 per second 0 to 3) are left out at the beginning of every minute but each
            tenth, so that 29.97 pictures per second keep to the clock (SMPTE 12M, drop frame).
        frames: 0 or more.
        rate: pictures per second.

    Example:
        >>> advance("00:00:59;29", 1, Fraction(30000, 1001))
        '00:01:00;02'

    Raises:
        ValueError: this is no timecode.
    """
    hours, minutes, seconds, last, drops = parts(timecode)
    sign, digits = timecode[8], len(timecode) - 9
    base = max(1, round(rate))
    dropped = 2 * base // 30 if drops and base % 30 == 0 else 0
    whole = hours * 60 + minutes
    number = (whole * 60 + seconds) * base + last - dropped * (whole - whole // 10) + frames
    if dropped:
        per_ten = 600 * base - 9 * dropped
        tens, rest = divmod(number, per_ten)
        past = max(0, rest - dropped) // (60 * base - dropped)  # minutes after a tenth
        number += dropped * (9 * tens + past)
    seconds_in_all, frame = divmod(number, base)
    minute, second = divmod(seconds_in_all, 60)
    hour, minute = divmod(minute, 60)
    return f"{hour % 24:02d}:{minute:02d}:{second:02d}{sign}{frame:0{digits}d}"
