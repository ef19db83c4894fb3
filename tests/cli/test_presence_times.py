from __future__ import annotations

import pytest

from car_video.cli.presence_times import Presence, clock


def presence(flags: str, fps: float = 10.0) -> Presence:
    """One frame per character, ``x`` where the expression is present."""
    result = Presence("a dog")
    for number, flag in enumerate(flags):
        result.add(number / fps, flag == "x")
    return result


@pytest.mark.parametrize(
    ("flags", "text"),
    [
        ("", "no frame was written"),
        ("....", "not found"),
        ("xxxx", "0.0-0.3 s (100 % of frames)"),
        ("..xx.x", "0.2-0.3 s, 0.5 s (50 % of frames)"),
        ("x.x.x.x.x.x.x.", "0.0 s, 0.2 s, 0.4 s, 0.6 s, 0.8 s, 2 more (50 % of frames)"),
        ("x" + 999 * ".", "0.0 s (1 % of frames)"),
        (999 * "x" + ".", "0.0-1:39.8 (99 % of frames)"),
    ],
)
def test_ranges(flags, text):
    assert presence(flags).text() == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0, "0.0"),
        (59.94, "59.9"),
        (59.96, "1:00.0"),
        (64.25, "1:04.2"),
        (3599.99, "1:00:00.0"),
        (3664.2, "1:01:04.2"),
    ],
)
def test_clock(seconds, text):
    assert clock(seconds) == text
