"""Where the time of a frame goes, part by part: ``python -m benchmarks.profile``.

    python -m benchmarks.profile [--presets default fast] [--counts 1 4 10] [--heights 480 1080]
        [--frames 17] [--clip examples/person.mp4] [--start 3]

A piece of the clip is encoded anew at each height and segmented as ``car-video`` does it, from
the file to the files, but one after the other in one thread. Prints milliseconds of processor
time of this process per frame, which a busy machine disturbs little. A part does not hold the
time of parts inside it. The first frame is left out: memory is allocated there, and nothing is
followed yet.

"waits" is how often a frame makes Python wait for a tensor: for a number of it, for which
entries are true, or for a copy of it on the CPU. On a GPU each of them empties the queue.

The first expression is in the clip; of the others some are: what is absent is not followed.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import Any
from unittest import mock

import av
import torch
from torch.overrides import TorchFunctionMode

from car_video import VideoSegmenter, load_model, load_preset, read_frames
from car_video.io.containers import open_output
from car_video.io.writers import OutputFolder, OutputInfo, Outputs
from car_video.models.pair import ModelPair
from car_video.video.tracking import state as track_state

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
RATE = 12
PARTS = (
    "decoding",
    "trunk",
    "MobileSAM encoder",
    "MobileSAM decoder",
    "maps and evidence",
    "motion",
    "tracking",
    "masks of the answer",
    "writing",
    "rest",
)


@dataclass
class Stopwatch:
    """Processor time by part; a part does not hold the time of parts inside it.

    Attributes:
        seconds: of each part.
    """

    seconds: Counter[str] = field(default_factory=Counter)
    _inner: list[float] = field(default_factory=list)

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """The block is of this part."""
        began = time.process_time()
        self._inner.append(0.0)
        try:
            yield
        finally:
            whole = time.process_time() - began
            self.seconds[name] += whole - self._inner.pop()
            if self._inner:
                self._inner[-1] += whole

    @contextmanager
    def watching(self, owner: Any, function: str, name: str) -> Iterator[None]:
        """In the block, calls of a function of a module or object are of this part."""
        inner = getattr(owner, function)

        def timed(*arguments: Any, **named: Any) -> Any:
            with self.part(name):
                return inner(*arguments, **named)

        with mock.patch.object(owner, function, timed):
            yield


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


def enlarged(clip: Path, start: float, frames: int, height: int, out: Path) -> None:
    """Write a piece of a clip at another height, as H.264."""
    with open_output(out, format="mp4") as container:
        stream = container.add_stream("libx264", rate=Fraction(RATE))
        stream.pix_fmt = "yuv420p"
        for number, frame in enumerate(islice(read_frames(str(clip), start=start), frames)):
            if not number:
                stream.height = height
                stream.width = round(frame.width * height / frame.height / 2) * 2
            picture = av.VideoFrame.from_ndarray(frame.image, format="rgb24")
            picture = picture.reformat(stream.width, stream.height, "yuv420p")
            container.mux(stream.encode(picture))
        container.mux(stream.encode())


def segmented(
    segmenter: VideoSegmenter, clip: Path, texts: Sequence[str], stopwatch: Stopwatch
) -> Iterator[None]:
    """Segment and write a clip, frame by frame."""
    frames = iter(read_frames(str(clip)))
    with tempfile.TemporaryDirectory() as place, ExitStack() as closing:
        outputs: Outputs | None = None
        while True:
            with stopwatch.part("decoding"):
                frame = next(frames, None)
            if frame is None:
                return
            if outputs is None:
                size = frame.width, frame.height
                info = OutputInfo("clip", *size, float(RATE), "none", tuple(texts))
                folder = OutputFolder.open(Path(place) / "out", info)
                outputs = closing.enter_context(Outputs(folder, ("overlay", "masks", "json")))
            with stopwatch.part("rest"):
                prediction = segmenter.step(frame)
            with stopwatch.part("writing"):
                outputs.write(frame, prediction)
            yield


def milliseconds(
    model: ModelPair, clip: Path, preset: str, texts: Sequence[str]
) -> dict[str, float]:
    """Of each part, per frame after the first one."""
    segmenter = VideoSegmenter(model, texts, load_preset(preset))
    sam, tracker, stopwatch = segmenter.image.sam, segmenter.tracker, Stopwatch()
    with ExitStack() as stack:
        for owner, function, part in (
            (model.proposer, "encode_image", "trunk"),
            (sam, "encode_each", "MobileSAM encoder"),
            (sam, "predict", "MobileSAM decoder"),
            (segmenter.image, "recur", "maps and evidence"),
            (track_state, "block_flow", "motion"),
            (segmenter, "follow", "tracking"),
            (tracker, "propagate", "tracking"),
            (segmenter, "answer", "masks of the answer"),
        ):
            stack.enter_context(stopwatch.watching(owner, function, part))
        run = segmented(segmenter, clip, texts, stopwatch)
        next(run)
        first = Counter(stopwatch.seconds)
        count = sum(1 for _ in run)
    return {part: 1000 * (stopwatch.seconds[part] - first[part]) / count for part in PARTS}


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
    parser.add_argument("--presets", nargs="+", default=["default", "fast"])
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
            enlarged(options.clip, options.start, options.frames, height, clip)
            for preset in options.presets:
                for number in options.counts:
                    texts = EXPRESSIONS[:number]
                    parts = milliseconds(model, clip, preset, texts)
                    name = f"{preset}, {number}, {height}p"
                    columns.append((name, parts, waits(model, clip, preset, texts)))
    print(f"| CPU ms a frame | {' | '.join(name for name, _, _ in columns)} |")
    print(f"|---|{'---|' * len(columns)}")
    for part in PARTS:
        print(f"| {part} | {' | '.join(f'{parts[part]:.0f}' for _, parts, _ in columns)} |")
    sums = [sum(parts.values()) for _, parts, _ in columns]
    print(f"| **all** | {' | '.join(f'**{total:.0f}**' for total in sums)} |")
    print(f"| waits | {' | '.join(f'{number:.0f}' for _, _, number in columns)} |")


if __name__ == "__main__":
    main()
