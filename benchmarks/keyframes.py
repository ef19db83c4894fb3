"""What presets that differ in their keyframes cost and give: J&F and processor time a frame.

    python -m benchmarks.keyframes --data ../shared/data [--sequences lucia boat]
        [--presets best default mine.yaml] [--kind attribute] [--frames 33]

Every sequence of ``ref-video-dev`` is segmented at its own 24 frames/s by each preset in turn,
in one thread. J&F is that of DAVIS: the first and the last frame do not count.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
import torch
from car_video.eval.metrics import score_sequence

from benchmarks.generalisation.sequences import KINDS, VideoSequence, load_sequences
from car_video import Config, VideoSegmenter, load_model, load_preset
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
    """

    quality: float
    keyframes: list[float]
    between: list[float]

    @property
    def mean(self) -> float:
        """Milliseconds a frame."""
        return float(np.mean(self.keyframes + self.between))


def measure(
    sequence: VideoSequence,
    texts: list[str],
    config: Config,
    model: ModelPair,
    sam: MaskModel,
    frames: int,
) -> Run:
    """Segment the first frames of a sequence; all expressions compete in one run."""
    segmenter = VideoSegmenter(model, texts, config, mask_model=sam)
    spent: dict[bool, list[float]] = {True: [], False: []}
    found = []
    for frame in islice(sequence.frames(), frames):
        began = time.process_time()
        prediction = segmenter.step(frame)
        spent[segmenter.schedule.frames == 0].append(1000 * (time.process_time() - began))
        labels = np.zeros(prediction.masks.shape[1:], np.uint8)
        for target, mask in zip(sequence.targets, prediction.masks, strict=True):
            labels[mask] = target.number
        found.append(labels)
    truth = sequence.masks[: len(found)]
    objects = max(target.number for target in sequence.targets)
    scores = score_sequence(truth, np.stack(found), objects=objects)
    quality = float(scores.j.mean() + scores.f.mean()) / 2
    return Run(quality, spent[True], spent[False])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--sequences", nargs="+", default=[])
    parser.add_argument("--presets", nargs="+", default=["best", "default"])
    parser.add_argument("--kind", choices=KINDS, default="attribute")
    parser.add_argument("--frames", type=int, default=33)
    given = parser.parse_args()
    torch.set_num_threads(1)
    configs = {name: load_preset(name) for name in given.presets}
    model = load_model("lite", "cpu")
    sam = load_mask_model(configs[given.presets[0]].segment.sam.model, model.device)
    runs: dict[str, list[Run]] = {name: [] for name in configs}
    print("| | preset | J&F | CPU ms a frame | keyframes | ms of one | ms between |")
    print("|---|---|---|---|---|---|---|")
    for sequence in load_sequences(given.data):
        if given.sequences and sequence.name not in given.sequences:
            continue
        texts = [target.sentences[given.kind] for target in sequence.targets]
        for name, config in configs.items():
            run = measure(sequence, texts, config, model, sam, given.frames)
            runs[name].append(run)
            between = f"{np.mean(run.between):.0f}" if run.between else ""
            print(
                f"| {sequence.name} | {name} | {run.quality:.3f} | {run.mean:.0f} "
                f"| {len(run.keyframes)} | {np.mean(run.keyframes):.0f} | {between} |",
                flush=True,
            )
    for name, all_runs in runs.items():
        quality = np.mean([run.quality for run in all_runs])
        mean = np.mean([run.mean for run in all_runs])
        print(f"| **mean of {len(all_runs)}** | {name} | {quality:.3f} | {mean:.0f} | | | |")


if __name__ == "__main__":
    main()
