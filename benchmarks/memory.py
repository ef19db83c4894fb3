"""Resident memory of an endless stream: ``python -m benchmarks.memory --frames 20000``.

A synthetic 480p stream (patches that move over a drifting picture, noise, a cut now and then,
objects that come and go) with five expressions, by default with small inputs to the networks
so that many frames are done soon; what is kept from frame to frame is the same, only on fewer
cells. Prints resident memory at steps, as it is and after the allocator has given back what is
free (loading a model leaves gaps in which a leak could hide), and the drift of both between a
tenth of the run and its end.
"""

from __future__ import annotations

import argparse
import ctypes
import dataclasses
import gc
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch

from car_video import VideoSegmenter, load_model
from car_video.config import ProposalConfig, SamRefineConfig, SegmentConfig
from car_video.config.video import KeyframeConfig, VideoConfig
from car_video.types import Frame

EXPRESSIONS = (
    "the man in red",
    "a black dog",
    "the car behind the house",
    "a bicycle",
    "the green ball on the left",
)
SIZE = (480, 854)
TARGET = 2.0  # percent


def resident_mb() -> float:
    """Memory of this process that is in RAM now, in MB (Linux)."""
    for line in Path("/proc/self/status").read_text("ascii").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError("no VmRSS in /proc/self/status")


def trimmed_mb() -> float:
    """The same after free memory has gone back to the system (glibc; elsewhere the same)."""
    gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
    return resident_mb()


def report(name: str, values: list[float]) -> None:
    """Drift and spread of readings in MB, the first at a tenth of the run."""
    drift = 100 * (values[-1] / values[0] - 1)
    spread = 100 * (max(values) / min(values) - 1)
    verdict = "within" if abs(drift) <= TARGET else "outside"
    print(
        f"{name}: drift from 10 % to 100 % {drift:+.2f} % ({verdict} {TARGET:g} %), "
        f"highest above lowest {spread:.2f} %"
    )


def stream(frames: int, scene: int) -> Iterator[Frame]:
    """Frames of ``SIZE``; every ``scene`` of them a cut."""
    height, width = SIZE
    y, x = np.mgrid[:height, :width].astype(np.float32)
    random = np.random.default_rng(0)
    background = np.zeros((height, width, 3), np.uint8)
    for index in range(frames):
        if index % scene == 0:
            phase, colour = random.uniform(0, 6, 3), random.uniform(40, 200, 3)
            waves = [
                c + 40 * np.sin(x / 90 + y / 70 + p) for c, p in zip(colour, phase, strict=True)
            ]
            background = np.clip(np.stack(waves, -1), 0, 255).astype(np.uint8)
            objects = random.integers(0, 256, (4, 3))
            starts = random.uniform(0, 1, (4, 2))
        image = np.roll(background, index, axis=1)
        for number, (tint, (top, left)) in enumerate(zip(objects, starts, strict=True)):
            if (index // 40 + number) % 3 == 0:
                continue  # away for a while
            row = int((top + index / 400) % 1 * (height - 120))
            column = int((left + index / 200) % 1 * (width - 90))
            image[row : row + 120, column : column + 90] = tint
        image[::2] ^= random.integers(0, 8, (height // 2, 1, 3)).astype(np.uint8)
        yield Frame(index, index / 25, image)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--frames", type=int, default=20_000)
    parser.add_argument("--size", type=int, default=128, help="proposal.size")
    parser.add_argument("--side", type=int, default=256, help="sam.side")
    parser.add_argument("--interval", type=float, default=0.0, help="keyframes.interval")
    parser.add_argument("--scene", type=int, default=500, help="frames from cut to cut")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--threshold", type=float, default=0.5, help="presence_threshold")
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    config = SegmentConfig(
        presence_threshold=given.threshold,
        proposal=ProposalConfig(size=given.size),
        sam=SamRefineConfig(side=given.side),
    )
    video = dataclasses.replace(
        VideoConfig(), keyframes=KeyframeConfig(interval=given.interval, side=given.side)
    )
    segmenter = VideoSegmenter(load_model("lite", "cpu"), EXPRESSIONS, config, video)
    step = max(1, given.frames // 20)
    began = time.perf_counter()
    present, readings = 0, []
    print("frame  resident MB  trimmed MB  present  frames/s", flush=True)
    for seen, frame in enumerate(stream(given.frames, given.scene), 1):
        prediction = segmenter.step(frame)
        present += int(prediction.present.sum())
        if seen % step == 0:
            readings.append((seen, resident_mb(), trimmed_mb()))
            rate = seen / (time.perf_counter() - began)
            share = present / (seen * len(EXPRESSIONS))
            _, resident, trimmed = readings[-1]
            row = f"{seen:5d}  {resident:11.1f}  {trimmed:10.1f}  {share:7.1%}  {rate:8.2f}"
            print(row, flush=True)
    settled = [reading for reading in readings if reading[0] >= given.frames / 10]
    report("resident", [resident for _, resident, _ in settled])
    report("trimmed", [trimmed for _, _, trimmed in settled])


if __name__ == "__main__":
    main()
