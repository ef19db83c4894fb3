"""What the command line may say: examples, times, and what a misspelt option means."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Sequence
from typing import Any

from car_video.errors import ConfigError

EXAMPLES = (
    'car-video clip.mp4 --expr "the man in red"',
    'car-video clip.mp4 --expr "the dog" --expr "the woman" --save overlay,cutout,sheet',
    'car-video clip.mp4 --expr "a bottle" --start 1:02 --end 1:05.5 --stride 5',
    'car-video clip.mp4 --expr "the man in red" --resume   (continues a stopped run)',
    'car-video photos/ --expr "a cat" --out cats           (pictures in a row)',
    'car-video clips/ --expr "a cat" --preset fast         (every clip by itself)',
    'car-video webcam:0 --expr "a cup" --show --target-fps 8',
    "car-video picture.jpg --labels coco --task panoptic    (all classes of a list)",
    "car-video convert clip_car --to coco                   (other forms of the masks)",
    "car-video ui                                          (a page in the browser)",
    'car-video explain clip.mp4 --expr "the dog" --frame 12 (why it was found there, or not)',
    "car-video models                                      (what --model may name)",
    "car-video licences                                    (of all that is shipped)",
    "car-video presets                                     (what --preset may name)",
)
"""Of ``car-video --help``."""

_TIME = re.compile(r"(?:(?:(\d+):)?([0-5]?\d):)?([0-5]?\d(?:\.\d*)?)", re.ASCII)


def parse_time(text: str) -> float:
    """Seconds from ``62.5``, ``1:02.5`` or ``00:01:02.5``.

    Raises:
        ConfigError: none of these.
    """
    text = text.strip()
    clock = _TIME.fullmatch(text)
    if clock and ":" in text:
        hours, minutes, seconds = (float(part or 0) for part in clock.groups())
        return 3600 * hours + 60 * minutes + seconds
    try:
        return float(text)
    except ValueError:
        raise ConfigError(
            f"'{text}' is no time; give seconds (62.5), minutes:seconds (1:02.5) or "
            "hours:minutes:seconds (00:01:02.5)"
        ) from None


def explained(
    error: Any, arguments: Sequence[str], options: Sequence[str], program: str = "car-video"
) -> str:
    """One line on a command line that is not understood: what is wrong, what to do.

    Args:
        error: of the library that parses.
        arguments: as given.
        options: names of all options.
        program: whose help tells more.
    """
    unknown = (
        getattr(error, "option_name", "") if "such option" in error.message.lower() else ""
    )
    if not unknown:
        text = error.format_message().rstrip(".")
        text = re.sub(r": .*\bvalid int.*", ": want a whole number", text)  # versions differ
        return f"{text}; see {program} --help"
    if not unknown.startswith("--"):  # -expr is parsed as -e -x -p -r
        unknown = next(
            (a for a in arguments if re.match(rf"{re.escape(unknown)}.", a)), unknown
        )
    if os.path.lexists(unknown):
        return f"{unknown} is taken for an option; for the file give ./{unknown}"
    word = unknown.lstrip("-").split("=")[0].lower()
    known = {option.lstrip("-"): option for option in options if option.startswith("--")}
    near = [name for name in known if word.startswith(name) or name.startswith(word)]
    near = near or difflib.get_close_matches(word, known, n=1, cutoff=0.6)
    near = near or [name for name in known if word in name.split("-")]
    hint = f"; did you mean {known[near[0]]}?" if near else ""
    return f"no such option: {unknown}{hint} (see {program} --help)"
