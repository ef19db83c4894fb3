"""Where the time of a frame goes, part by part: ``python -m benchmarks.profile``.

    python -m benchmarks.profile [--presets best default] [--counts 1 4 10] [--heights 480 1080]
        [--frames 17] [--clip examples/person.mp4] [--start 3]

A piece of the clip is encoded anew at each height and measured as ``car-video bench`` does it
(:mod:`car_video.profiling`), but in one thread and in milliseconds of processor time of this
process per frame, which a busy machine disturbs little.

"waits" is how often a frame makes Python wait for a tensor: for a number of it, for which
entries are true, or for a copy of it on the CPU. On a GPU each of them empties the queue.

The first expression is in the clip; of the others some are: what is absent is not followed.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

from car_video import VideoSegmenter, load_model, load_preset, read_frames
from car_video.models.pair import ModelPair
from car_video.profiling import PARTS, enlarged, profile

EXPRESSIONS = (
    "the person",
    "the floor",
    "a shelf",
    "a bottle",
    "a red car",
    "a dog",
    "the door",
    "a chair",
    "a hat",
    "a bag",
)


class Waits(TorchFunctionMode):
    """Counts what would make the processor wait for a GPU."""

    NAMES = frozenset(("item", "tolist", "cpu", "nonzero", "__bool__", "__int__", "__float__"))

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        name = getattr(func, "__name__", "")
        keys: Any = args[1] if name in ("__getitem__", "__setitem__") else ()
        masks = (
            isinstance(key, torch.Tensor) and key.dtype == torch.bool
            for key in (keys if isinstance(keys, tuple) else (keys,))
        )
        self.count += name in self.NAMES or any(masks)
        return func(*args, **(kwargs or {}))


def waits(model: ModelPair, clip: Path, preset: str, texts: Sequence[str]) -> float:
    """Per frame after the first one."""
    segmenter = VideoSegmenter(model, texts, load_preset(preset))
    count = Waits()
    for number, frame in enumerate(read_frames(str(clip))):
        with count if number else nullcontext():
            segmenter.step(frame)
    return count.count / number


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--presets", nargs="+", default=["best", "default"])
    parser.add_argument("--counts", nargs="+", type=int, default=[1, 4, 10])
    parser.add_argument("--heights", nargs="+", type=int, default=[480, 1080])
    parser.add_argument("--frames", type=int, default=17)
    parser.add_argument("--clip", type=Path, default=Path("examples/person.mp4"))
    parser.add_argument("--start", type=float, default=3.0, help="seconds")
    options = parser.parse_args()
    torch.set_num_threads(1)
    columns: list[tuple[str, dict[str, float], float]] = []
    model = load_model("lite", "cpu")
    with tempfile.TemporaryDirectory() as place:
        for height in options.heights:
            clip = Path(place) / f"{height}.mp4"
            enlarged(str(options.clip), options.start, options.frames, height, clip)
            for preset in options.presets:
                for number in options.counts:
                    texts = EXPRESSIONS[:number]
                    config = load_preset(preset)
                    measured = profile(model, clip, texts, config, clock=time.process_time)
                    name = f"{preset}, {number}, {height}p"
                    columns.append(
                        (name, measured.milliseconds, waits(model, clip, preset, texts))
                    )
    print(f"| CPU ms a frame | {' | '.join(name for name, _, _ in columns)} |")
    print(f"|---|{'---|' * len(columns)}")
    for part in PARTS:
        print(f"| {part} | {' | '.join(f'{parts[part]:.0f}' for _, parts, _ in columns)} |")
    sums = [sum(parts.values()) for _, parts, _ in columns]
    print(f"| **all** | {' | '.join(f'**{total:.0f}**' for total in sums)} |")
    print(f"| waits | {' | '.join(f'{number:.0f}' for _, _, number in columns)} |")


if __name__ == "__main__":
    main()
