"""What a container states about its video, and how far that is to be believed."""

from __future__ import annotations

import math
import re
from typing import Any

DEFAULT_RATE = 25.0
"""Frames per second where a stream states none that can be."""

USUAL_RATE = 1000.0
"""Frames per second up to which a stated rate is believed as it stands. Above, some containers
state the unit of their clock (1,000 or 90,000) as a rate."""

LONGEST_PAUSE = 24 * 3600.0
"""Seconds. A recording without a stated duration may rest for a night on one picture; a longer
pause is a damaged timestamp."""


def frame_rate(stream: Any) -> float:
    """Nominal frames per second, :data:`DEFAULT_RATE` where what is stated cannot be."""
    for name in ("average_rate", "guessed_rate", "base_rate"):
        rate = getattr(stream, name, None)
        if rate and rate > 0 and (rate <= USUAL_RATE or _is_real(rate, stream)):
            return float(rate)
    return DEFAULT_RATE


def _is_real(rate: Any, stream: Any) -> bool:
    """Whether a high rate is more than the unit of the stream's clock stated as a rate."""
    if not stream.time_base or rate * stream.time_base != 1:
        return True
    if not stream.frames or not stream.duration:
        return False
    counted = stream.frames / float(stream.duration * stream.time_base)
    return math.isclose(counted, rate, rel_tol=0.1)


def video_seconds(container: Any, stream: Any) -> float | None:
    """Seconds from the first picture to the end, None where the container does not state it."""
    if stream.duration and stream.time_base:
        return float(stream.duration * stream.time_base)
    end = _matroska_end(container, stream)
    if end is not None:
        start = float((stream.start_time or 0) * stream.time_base)
        return max(end - start, 0.0) or None
    return container.duration / 1e6 if container.duration and container.duration > 0 else None


def _matroska_end(container: Any, stream: Any) -> float | None:
    """Time on the clock of a Matroska file at which its video ends, if it says so."""
    if "matroska" not in container.format.name:
        return None
    tagged = re.fullmatch(r"(\d+):(\d+):(\d+\.?\d*)", stream.metadata.get("DURATION", ""))
    if tagged:
        hours, minutes, seconds = tagged.groups()
        return int(hours) * 3600 + int(minutes) * 60 + float(seconds)
    return container.duration / 1e6 if container.duration and container.duration > 0 else None


def believed_until(container: Any) -> float:
    """Up to which time (seconds) a long pause between two frames is believed.

    Containers of recordings give every frame a time of its own, and most state a duration that
    was computed from them. Elsewhere (MPEG-TS, raw streams) a jump of the clock is the likelier
    reason.
    """
    if not any(
        name in container.format.name for name in ("mp4", "matroska", "gif", "asf", "nut")
    ):
        return 0.0
    if not container.duration or container.duration <= 0:
        return LONGEST_PAUSE
    return float(container.duration) / 1e6 + 1.0
