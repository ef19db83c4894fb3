"""What is left of the speed beside one other busy program: ``python -m benchmarks.company``.

    python -m benchmarks.company [--preset default] [--frames 30] [--rounds 3] [--cores 2]
        [--clip examples/person.mp4] [--start 3] [--anyway]

The same frames are segmented alone and beside one program that computes on one core without
end, in turn, on the first ``--cores`` cores that this program may use: from the command line,
and through the Python interface with torch imported first. It prints frames per second of each
round and the part of the idle speed that is kept (of the sums of the rounds). It refuses to
measure while other programs take more than a tenth of a core, but for ``--anyway``.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

from car_video.cli.launcher import OPENMP_VARIABLES
from car_video.models.free_cores import STATISTICS, busy_seconds

QUIET = 0.1  # cores that other programs may take
WATCHED = 3.0  # seconds

FROM_PYTHON = """
import torch, sys, time
from itertools import islice
from car_video import VideoSegmenter, load_model, load_preset, read_frames
clip, start, count, preset = sys.argv[1], float(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
frames = list(islice(read_frames(clip, start=start), count + 1))
segmenter = VideoSegmenter(load_model("lite", "cpu"), ["the person"], load_preset(preset))
segmenter.step(frames[0])
began = time.perf_counter()
for frame in frames[1:]:
    segmenter.step(frame)
print((len(frames) - 1) / (time.perf_counter() - began), "frames/s")
"""


def others(cores: set[int]) -> float:
    """Cores that other programs take, on average over some seconds."""
    tick = 1 / os.sysconf("SC_CLK_TCK")
    before = busy_seconds(STATISTICS.read_text(), cores, tick)
    time.sleep(WATCHED)
    return (busy_seconds(STATISTICS.read_text(), cores, tick) - before) / WATCHED


@contextmanager
def busy() -> Iterator[None]:
    """In the block one program computes on one core."""
    program = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        yield
    finally:
        program.kill()
        program.wait()


def from_python(options: argparse.Namespace) -> list[str]:
    given = (options.clip, options.start, options.frames, options.preset)
    return [sys.executable, "-c", FROM_PYTHON, *map(str, given)]


def from_command(options: argparse.Namespace, out: str) -> list[str]:
    given = ("--expr", "the person", "--preset", options.preset, "--save", "json", "--out", out)
    extent = ("--start", str(options.start), "--max-frames", str(options.frames))
    return [sys.executable, "-m", "car_video", str(options.clip), *given, *extent]


def speed(command: list[str]) -> float:
    """Frames per second, as the program prints them."""
    # Importing this package has set what the command sets and a program of one's own does not.
    clean = {name: value for name, value in os.environ.items() if name not in OPENMP_VARIABLES}
    done = subprocess.run(command, env=clean, check=True, capture_output=True, text=True)
    found = re.search(r"([\d.]+) frames/s", done.stdout)
    assert found is not None, done.stdout
    return float(found[1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--preset", default="default")
    parser.add_argument("--frames", type=int, default=30)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("--clip", type=Path, default=Path("examples/person.mp4"))
    parser.add_argument("--start", type=float, default=3.0, help="seconds")
    parser.add_argument("--anyway", action="store_true")
    options = parser.parse_args()
    cores = set(sorted(os.sched_getaffinity(0))[: options.cores])
    os.sched_setaffinity(0, cores)
    found = others(cores)
    print(f"other programs take {found:.2f} of {len(cores)} cores")
    if found > QUIET and not options.anyway:
        sys.exit("that is too much to measure beside exactly one: stop them, or say --anyway")
    print("| from | alone, frames/s | beside one busy program | kept |")
    print("|---|---|---|---|")
    with tempfile.TemporaryDirectory() as place:
        for name in ("Python", "command line"):
            speeds: dict[bool, list[float]] = {False: [], True: []}
            for number in range(options.rounds):
                for beside in (False, True):
                    command = (
                        from_python(options)
                        if name == "Python"
                        else from_command(options, f"{place}/{number}-{beside}")
                    )
                    with busy() if beside else nullcontext():
                        speeds[beside].append(speed(command))
            alone, company = (", ".join(f"{s:.2f}" for s in one) for one in speeds.values())
            kept = sum(speeds[True]) / sum(speeds[False])
            print(f"| {name} | {alone} | {company} | {kept:.0%} |", flush=True)


if __name__ == "__main__":
    main()
