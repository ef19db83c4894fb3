"""What presets that differ in their keyframes cost and give: J&F, and the time of a frame.

    python -m benchmarks.keyframes --data ../shared/data [--sequences lucia boat]
        [--presets best default mine.yaml] [--kind attribute] [--frames 33]
        [--threads 1] [--noise 1]

Every sequence of ``ref-video-dev`` is segmented at its own 24 frames/s by each preset in turn.
J&F is that of DAVIS: the first and the last frame do not count. Processor time is that of all
threads together; the clock means something only on a machine that does nothing else.
``--noise N`` adds -1, 0 or 1 grey levels to every value, by the seed N: what differs then hung
by a rounding.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import numpy as np
import torch
from car_video.eval.metrics import score_sequence

from benchmarks.generalisation.sequences import KINDS, VideoSequence, load_sequences
from car_video import Config, Frame, VideoSegmenter, load_model, load_preset
from car_video.models.pair import ModelPair
from car_video.models.sam.base import MaskModel
from car_video.models.sam.registry import load_mask_model


@dataclass(frozen=True)
class Run:
    """A sequence by one preset.

    Attributes:
        quality: J&F.
        keyframes: milliseconds of processor time of each frame that language saw.
        between: the same of the other frames.
        clock: seconds that passed, in all frames together.
    """

    quality: float
    keyframes: list[float]
    between: list[float]
    clock: float

    @property
    def mean(self) -> float:
        """Milliseconds of processor time a frame."""
        return float(np.mean(self.keyframes + self.between))

    @property
    def rate(self) -> float:
        """Frames a second by the clock."""
        return len(self.keyframes + self.between) / self.clock


def measure(
    sequence: VideoSequence,
    texts: list[str],
    config: Config,
    model: ModelPair,
    sam: MaskModel,
    frames: int,
    noise: int = 0,
) -> Run:
    """Segment the first frames of a sequence; all expressions compete in one run.
    ``noise``: see :func:`noisy`."""
    segmenter = VideoSegmenter(model, texts, config, mask_model=sam)
    spent: dict[bool, list[float]] = {True: [], False: []}
    found: list[np.ndarray] = []
    clock = 0.0
    for frame in noisy(islice(sequence.frames(), frames), noise):
        began, clock_then = time.process_time(), time.perf_counter()
        prediction = segmenter.step(frame)
        spent[segmenter.schedule.frames == 0].append(1000 * (time.process_time() - began))
        clock += time.perf_counter() - clock_then
        labels = np.zeros(prediction.masks.shape[1:], np.uint8)
        for target, mask in zip(sequence.targets, prediction.masks, strict=True):
            labels[mask] = target.number
        found.append(labels)
    truth = sequence.masks[: len(found)]
    objects = max(target.number for target in sequence.targets)
    scores = score_sequence(truth, np.stack(found), objects=objects)
    quality = float(scores.j.mean() + scores.f.mean()) / 2
    return Run(quality, spent[True], spent[False], clock)


def noisy(frames: Iterator[Frame], seed: int) -> Iterator[Frame]:
    """Frames with -1, 0 or 1 grey levels added to every value; seed 0 adds none."""
    random = np.random.default_rng(seed)
    for frame in frames:
        if seed:
            values = frame.image + random.integers(-1, 2, frame.image.shape)
            frame = replace(frame, image=values.clip(0, 255).astype(np.uint8))
        yield frame


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--sequences", nargs="+", default=[])
    parser.add_argument("--presets", nargs="+", default=["best", "default"])
    parser.add_argument("--kind", choices=KINDS, default="attribute")
    parser.add_argument("--frames", type=int, default=33)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--noise", type=int, default=0)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    configs = {name: load_preset(name) for name in given.presets}
    model = load_model("lite", "cpu")
    sam = load_mask_model(configs[given.presets[0]].segment.sam.model, model.device)
    runs: dict[str, list[Run]] = {name: [] for name in configs}
    print("| | preset | J&F | CPU ms a frame | keyframes | ms of one | ms between | frames/s |")
    print("|---|---|---|---|---|---|---|---|")
    for sequence in load_sequences(given.data):
        if given.sequences and sequence.name not in given.sequences:
            continue
        texts = [target.sentences[given.kind] for target in sequence.targets]
        for name, config in configs.items():
            run = measure(sequence, texts, config, model, sam, given.frames, given.noise)
            runs[name].append(run)
            between = f"{np.mean(run.between):.0f}" if run.between else ""
            print(
                f"| {sequence.name} | {name} | {run.quality:.3f} | {run.mean:.0f} "
                f"| {len(run.keyframes)} | {np.mean(run.keyframes):.0f} | {between} "
                f"| {run.rate:.2f} |",
                flush=True,
            )
    for name, all_runs in runs.items():
        quality = np.mean([run.quality for run in all_runs])
        mean = np.mean([run.mean for run in all_runs])
        rate = np.mean([run.rate for run in all_runs])
        print(
            f"| **mean of {len(all_runs)}** | {name} | {quality:.3f} | {mean:.0f} "
            f"| | | | {rate:.2f} |"
        )


if __name__ == "__main__":
    main()
