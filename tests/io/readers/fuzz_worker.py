"""Reads every file of a folder and says how each one ended. Run in a process of its own, so
that a crash or a hang in a decoder is seen by the test and does not take it along.

Usage: ``python -m tests.io.readers.fuzz_worker FOLDER`` from the repository root; prints one
JSON object per file.
"""

from __future__ import annotations

import faulthandler
import itertools
import json
import sys
from pathlib import Path

from car_video.errors import SourceError
from car_video.io.readers import RandomAccessReader, read_frames


def read(path: Path) -> dict[str, object]:
    """How reading in order, from the middle and at random ends."""
    answer: dict[str, object] = {"file": path.name}
    try:
        with read_frames(path) as reader:
            frames = list(reader)
            indices = [frame.index for frame in frames]
            times = [frame.time for frame in frames]
            answer["frames"] = len(frames)
            answer["skipped"] = reader.skipped
            answer["orderly"] = all(
                a < b for row in (indices, times) for a, b in itertools.pairwise(row)
            ) and all(frame.image.ndim == 3 for frame in frames)
    except SourceError as error:
        answer["frames"], answer["error"] = 0, str(error)
        return answer
    for attempt in (_from_the_middle, _at_random):
        try:
            attempt(path, times[len(times) // 2], indices[-1])
        except SourceError as error:
            answer["later"] = str(error)
    return answer


def _from_the_middle(path: Path, start: float, _: int) -> None:
    with read_frames(path, start=start, stride=2, size=32) as reader:
        for _frame in reader:
            pass


def _at_random(path: Path, _: float, last: int) -> None:
    with RandomAccessReader(path) as reader:
        for place in (last, 0, len(reader) // 2):
            try:
                reader[min(place, len(reader) - 1)]
            except SourceError:
                continue


def main() -> None:
    faulthandler.enable()
    for path in sorted(Path(sys.argv[1]).iterdir()):
        print(json.dumps({"begin": path.name}), flush=True)
        try:
            print(json.dumps(read(path)), flush=True)
        except Exception as error:  # what the test looks for
            print(json.dumps({"file": path.name, "bug": repr(error)}), flush=True)


if __name__ == "__main__":
    main()
