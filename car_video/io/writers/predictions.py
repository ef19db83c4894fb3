"""``predictions.json``: written and read line by line, whatever the length of the video."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from car_video.errors import OutputError
from car_video.io.writers.atomic_files import part_of, remove, writing
from car_video.io.writers.base import OutputInfo

_OPEN, _CLOSE = b'"frames": [', b"]}"


def write_predictions(
    path: Path, info: OutputInfo, frames: int, lines: Iterable[bytes]
) -> None:
    """Write the whole file, or nothing: a head, then one frame per line.

    Args:
        path: of the file.
        info: of the run; an fps that is no finite number becomes 0.
        frames: how many lines there are.
        lines: JSON texts of the frames (``convert.as_frame_dict``) by rising index.

    Raises:
        OutputError: the disk does not take it.
    """
    video = {
        "source": info.source,
        "width": info.width,
        "height": info.height,
        "fps": round(info.fps, 6) if math.isfinite(info.fps) else 0.0,
        "frames": frames,
    }
    head = {"video": video, "model": info.model, "expressions": list(info.expressions)}
    part = part_of(path)
    with writing(path):
        try:
            with part.open("wb") as file:
                file.write(json.dumps(head).encode("ascii")[:-1] + b", " + _OPEN)
                for number, line in enumerate(lines):
                    file.write((b",\n" if number else b"\n") + line)
                file.write(b"\n" + _CLOSE + b"\n")
            os.replace(part, path)
        except BaseException:
            remove(part)
            raise


def frame_lines(path: Path) -> Iterator[bytes]:
    """JSON texts of the frames in a file that :func:`write_predictions` has written.

    Raises:
        OutputError: another program has written or changed it.
    """
    with path.open("rb") as file:
        line = file.readline().rstrip()
        if line.endswith(_OPEN):
            for line in file:
                line = line.strip()
                if line == _CLOSE:
                    return
                yield line.removesuffix(b",")
    raise OutputError(f"'{path}' was changed by another program; --overwrite replaces it")
