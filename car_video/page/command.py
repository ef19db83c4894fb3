"""The command line that does the same without the page, and the files that it needs."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
from collections.abc import Sequence

from car_video.io.corrections_file import as_entries
from car_video.page.engine import Engine
from car_video.page.work import Work


def correction_files(work: Work) -> dict[str, bytes]:
    """Files for ``--corrections``, by name: one for every time that masks were carried on."""
    files = {}
    for number, step in enumerate(work.steps, start=1):
        text = json.dumps({"corrections": as_entries(step)}, indent=1)
        files[_file_name(number)] = text.encode("ascii")
    return files


def _file_name(number: int) -> str:
    """Of the file of a step, counted from 1."""
    return f"corrections-{number}.json"


def commands(work: Work, engine: Engine, source: str) -> list[str]:
    """Lines for a shell, which make the masks that the page has.

    Args:
        work: with a run; else the lines of the run that would be made now.
        engine: whose settings they are.
        source: name of the clip.
    """
    if not work.expressions:
        return []
    options = work.options
    settings = engine.first if options is None else options.settings
    words = ["car-video", source if not source.startswith("-") else f"./{source}"]
    for text in work.expressions:
        words += ["--expr", text]
    words += ["--preset", settings.preset]
    if settings.assume_present:
        words.append("--assume-present")
    if engine.model is not None:
        words += ["--model", engine.model]
    if options is not None:
        if options.start:
            words += ["--start", f"{options.start:g}"]
        if options.stride != 1:
            words += ["--stride", str(options.stride)]
        if work.frames and not work.complete:
            words += ["--max-frames", str(len(work.frames))]
        if options.end is not None:
            words += ["--end", f"{options.end:g}"]
    run = shell_line(words)
    # Names alone: this is shown with every reply, and masks take long to encode.
    names = [_file_name(number) for number, _ in enumerate(work.steps, start=1)]
    return [run, *(f"{run} --resume --corrections {name}" for name in names)]


def shell_line(words: Sequence[str], windows: bool = os.name == "nt") -> str:
    """Words as a line to paste into a shell.

    Example:
        >>> shell_line(["car-video", "my clip.mp4"], windows=False)
        "car-video 'my clip.mp4'"
        >>> shell_line(["car-video", "my clip.mp4"], windows=True)
        'car-video "my clip.mp4"'
    """
    return subprocess.list2cmdline(words) if windows else shlex.join(words)
