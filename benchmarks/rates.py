"""Whether the frame rate of a source changes what is found.

    python -m benchmarks.rates --data ../shared/data [--sequences lucia stroller]
        [--strides 1 2 4 8] [--preset default] [--kind noun] [--seconds 2]

Every sequence of ``ref-video-dev`` is segmented at its own 24 frames/s and thinned out. All
runs are scored on the same frames, those that the coarsest one has, but for the first. Prints J
of each sequence, mean over its objects, and the mean.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from benchmarks.generalisation.sequences import KINDS, RATE, VideoSequence, load_sequences
from benchmarks.generalisation.sharing import SharedFrames
from car_video import Config, VideoSegmenter, load_model, load_preset
from car_video.models.sam.registry import load_mask_model


def scores(
    sequence: VideoSequence,
    strides: list[int],
    kind: str,
    seconds: float,
    shared: SharedFrames,
    config: Config,
) -> list[float]:
    """Mean J for each stride."""
    texts = [target.sentences[kind] for target in sequence.targets]
    segmenters = {
        stride: VideoSegmenter(
            shared.model, texts, config.segment, config.video, mask_model=shared.sam
        )
        for stride in strides
    }
    found: dict[int, list[float]] = {stride: [] for stride in strides}
    for number, frame in enumerate(sequence.frames()):
        if number > seconds * RATE:
            break
        for stride, segmenter in segmenters.items():
            if number % stride:
                continue
            labels = segmenter.step(frame).label_map()
            if number == 0 or number % max(strides):
                continue
            for place, target in enumerate(sequence.targets, start=1):
                truth, mask = sequence.masks[number] == target.number, labels == place
                union = int((truth | mask).sum())
                found[stride].append(int((truth & mask).sum()) / union if union else 1.0)
        shared.forget()
    return [float(np.mean(found[stride])) for stride in strides]


def main() -> None:
    parser = argparse.ArgumentParser(description="Does the frame rate change what is found?")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--sequences", nargs="+", default=[])
    parser.add_argument("--strides", type=int, nargs="+", default=[1, 2, 4, 8])
    parser.add_argument("--preset", default="default")
    parser.add_argument("--kind", choices=KINDS, default="noun")
    parser.add_argument("--seconds", type=float, default=2.0)
    given = parser.parse_args()
    config = load_preset(given.preset)
    model = load_model(config.model)
    name = config.segment.sam.model
    shared = SharedFrames(model, load_mask_model(name, model.device), name)
    rates = " | ".join(f"{RATE / stride:g}/s" for stride in given.strides)
    print(f"| J | {rates} |\n|---|{'---|' * len(given.strides)}")
    rows = []
    for sequence in load_sequences(given.data):
        if given.sequences and sequence.name not in given.sequences:
            continue
        rows.append(scores(sequence, given.strides, given.kind, given.seconds, shared, config))
        print(f"| {sequence.name} | {' | '.join(f'{j:.3f}' for j in rows[-1])} |", flush=True)
    mean = " | ".join(f"{j:.3f}" for j in np.mean(rows, axis=0))
    print(f"| mean of {len(rows)} | {mean} |")


if __name__ == "__main__":
    main()
