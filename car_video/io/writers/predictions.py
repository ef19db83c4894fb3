"""``predictions.json``: written and read line by line, whatever the length of the video."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from car_video.errors import OutputError
from car_video.io.writers.atomic_files import part_of, remove, writing
from car_video.io.writers.base import OutputInfo, Run, Target
from car_video.io.writers.run_record import public_name
from car_video.types import Frame, FramePrediction

RESULTS = "predictions.json"
_OPEN, _CLOSE = b'"frames": [', b"]}"


def write_predictions(
    path: Path, info: OutputInfo, frames: int, lines: Iterable[bytes]
) -> None:
    """Write the whole file, or nothing: a head, then one frame per line.

    Args:
        path: of the file.
        info: of the run; an fps that is no finite number becomes 0.
        frames: how many lines there are.
        lines: JSON texts of the frames (``formats.as_frame_dict``) by rising index.

    Raises:
        OutputError: the disk does not take it.
    """
    video = {
        "source": public_name(info.source),
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


def read_head(path: Path) -> dict[str, Any]:
    """What a ``predictions.json`` says before its frames.

    Raises:
        OutputError: it cannot be read, or is no JSON object.
    """
    with writing(path), path.open("rb") as file:
        line = file.readline().rstrip()
        try:
            head = json.loads(line + _CLOSE if line.endswith(_OPEN) else path.read_bytes())
        except ValueError:
            raise _not_ours(path) from None
    if not isinstance(head, dict):
        raise _not_ours(path)
    return head


def frame_lines(path: Path, expressions: tuple[str, ...]) -> Iterator[bytes]:
    """JSON texts of the frames in a ``predictions.json``, one line each.

    What :func:`write_predictions` has written is read line by line; a file that another
    program has laid out anew is read as a whole.

    Args:
        path: of the file.
        expressions: that it must have.

    Raises:
        OutputError: it is no such file any more, or has other expressions.
    """
    with writing(path), path.open("rb") as file:
        line = file.readline().rstrip()
        by_lines = line.endswith(_OPEN)
        try:
            head = json.loads(line + _CLOSE if by_lines else path.read_bytes())
            if tuple(head["expressions"]) != expressions:
                raise OutputError(
                    f"'{path}' has other expressions than the run; put it right, or start "
                    "over with --overwrite"
                )
            if not by_lines:
                yield from (json.dumps(frame).encode("ascii") for frame in head["frames"])
                return
        except (ValueError, KeyError, TypeError):
            raise _not_ours(path) from None
        for line in file:
            line = line.strip()
            if line == _CLOSE:
                return
            yield line.removesuffix(b",")
    raise _not_ours(path)


def _not_ours(path: Path) -> OutputError:
    return OutputError(
        f"'{path}' is not what car-video writes any more; put it right, or start over "
        "with --overwrite"
    )


class PredictionsWriter:
    """``predictions.json``, put together from the run's journal when the run closes.

    Args:
        run: it keeps the journal.
    """

    def __init__(self, run: Run) -> None:
        self.notices: list[str] = []
        self._run = run
        self._frames = 0
        self._paths: list[Path] = []

    def open(self, info: OutputInfo) -> None:
        """Nothing to prepare."""

    def write(self, frame: Frame, prediction: FramePrediction) -> None:
        """Nothing to do: the run has the frame in its journal."""
        self._frames += 1

    def close(self, complete: bool = True) -> None:
        if self._frames:
            self._paths = [self._run.write_predictions()]

    def abort(self) -> None:
        """Nothing to remove: the journal stays."""

    def paths(self) -> list[Path]:
        return self._paths


TARGET = Target(PredictionsWriter, files=(RESULTS,))
