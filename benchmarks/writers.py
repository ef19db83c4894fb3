"""Time of every step between a prediction and the files: ``python -m benchmarks.writers``.

CPU time of all threads together, so a busy machine disturbs it little; single steps: the median
over the frames of a moving synthetic scene with four masks; whole writers: the mean. Prints
milliseconds and kilobytes per frame.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from car_video.io.formats import as_frame_dict, as_palette_image, from_frame_dict
from car_video.io.writers import TARGETS, OutputFolder, OutputInfo, Outputs
from car_video.io.writers.cutout import cut_out
from car_video.io.writers.drawing import draw_masks, draw_overlay
from car_video.types import Frame, FramePrediction

EXPRESSIONS = ("the man in red", "the dog", "the car behind the house", "a bicycle")


def scene(index: int, height: int, width: int) -> tuple[Frame, FramePrediction]:
    """Smooth colours with a little noise; four ellipses, together a third of the picture."""
    y, x = np.mgrid[:height, :width].astype(np.float32)
    noise = np.random.default_rng(index).normal(0, 4, (height, width, 1))
    waves = [128 + 90 * np.sin((x + k * y) / (60 + 20 * k) + index / 20) for k in range(3)]
    image = np.clip(np.stack(waves, -1) + noise, 0, 255).astype(np.uint8)
    shift = index / 200
    places = [
        (0.5, 0.3, 0.35, 0.18),
        (0.5, 0.7, 0.4, 0.15),
        (0.2, 0.5, 0.1, 0.1),
        (0.8, 0.8, 0.1, 0.15),
    ]
    masks = np.stack(
        [
            ((y / height - cy) / ry) ** 2 + ((x / width - (cx + shift) % 1) / rx) ** 2 < 1
            for cy, cx, ry, rx in places
        ]
    )
    scores = np.array([0.9, 0.8, 0.7, 0.6], np.float32)
    found = FramePrediction(index, index / 25, EXPRESSIONS, masks, scores, np.ones(4, bool))
    return Frame(index, index / 25, image), found


def median_ms(step: Callable[[Frame, FramePrediction], object], scenes: list) -> float:
    times = []
    for frame, prediction in scenes:
        start = time.process_time()
        step(frame, prediction)
        times.append(time.process_time() - start)
    return 1e3 * float(np.median(times))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", default="854x480", help="WIDTHxHEIGHT")
    parser.add_argument("--frames", type=int, default=60)
    options = parser.parse_args()
    width, height = (int(v) for v in options.size.split("x"))
    scenes = [scene(i, height, width) for i in range(options.frames)]
    print(f"{width}x{height}, {len(EXPRESSIONS)} masks, {options.frames} frames")
    print(f"{'step':34}{'CPU ms':>10}{'kB/frame':>10}")
    steps: dict[str, Callable[[Frame, FramePrediction], object]] = {
        "draw masks": lambda f, p: draw_masks(f.image, p),
        "draw masks and legend": lambda f, p: draw_overlay(f.image, p),
        "cut out": lambda f, p: cut_out(f.image, p, 2),
        "palette image": lambda f, p: as_palette_image(p),
        "COCO RLE": lambda f, p: as_frame_dict(p),
        "COCO RLE there and back": lambda f, p: from_frame_dict(as_frame_dict(p), EXPRESSIONS),
    }
    for name, step in steps.items():
        print(f"{name:34}{median_ms(step, scenes):10.2f}")
    info = OutputInfo("scene", width, height, 25.0, "none", EXPRESSIONS)
    for targets in [*((name,) for name in TARGETS), ("overlay", "masks", "json")]:
        with tempfile.TemporaryDirectory() as place:
            folder = OutputFolder.open(Path(place) / "out", info)
            outputs = Outputs(folder, targets)
            start = time.process_time()
            for frame, prediction in scenes:
                outputs.write(frame, prediction)
            outputs.close()
            per_frame = 1e3 * (time.process_time() - start) / len(scenes)
            size = sum(f.stat().st_size for f in Path(place).rglob("*") if f.is_file())
            label = "save " + ",".join(targets)
            print(f"{label:34}{per_frame:10.2f}{size / 1e3 / len(scenes):10.1f}")
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3:.0f} MB")


if __name__ == "__main__":
    main()
