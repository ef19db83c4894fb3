"""Whether the size of the frames changes what is found.

    python -m benchmarks.sizes --data ../shared/data --sequences lucia stroller
        [--sizes 480 720 1080] [--preset default] [--kind noun] [--step 4] [--seconds 3]

Every frame of a sequence of ``ref-video-dev`` is enlarged (bicubic) until its shorter side has
so many pixels. The sequences are 480p and there is no larger truth, so this tests that nothing
is counted in pixels, not what finer pictures are worth. Answers are reduced to the size of the
truth. Prints J&F of each sequence, mean over its objects, the mean, and the largest difference
from the first size.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from car_video.eval.metrics import score_sequence
from numpy.typing import NDArray
from PIL import Image

from benchmarks.generalisation.sequences import KINDS, RATE, VideoSequence, load_sequences
from car_video import Config, Frame, VideoSegmenter, load_model, load_preset
from car_video.models.pair import ModelPair
from car_video.models.sam.base import MaskModel
from car_video.models.sam.registry import load_mask_model


def scaled(frame: Frame, shorter: int) -> Frame:
    """The frame with a shorter side of so many pixels."""
    scale = shorter / min(frame.height, frame.width)
    size = (round(frame.width * scale), round(frame.height * scale))
    picture = Image.fromarray(frame.image).resize(size, Image.Resampling.BICUBIC)
    return Frame(frame.index, frame.time, np.asarray(picture))


def labels_of(
    sequence: VideoSequence, shorter: int, seconds: float, segmenter: VideoSegmenter
) -> NDArray[np.uint8]:
    """uint8 [T, H, W] at the sequence's own size: the id of the object at each pixel."""
    numbers = np.zeros(256, np.uint8)
    for place, target in enumerate(sequence.targets, 1):
        numbers[place] = target.number
    found = []
    for frame in sequence.frames():
        if frame.time > seconds:
            break
        labels = segmenter.step(scaled(frame, shorter)).label_map()
        own = (frame.width, frame.height)
        small = Image.fromarray(numbers[labels]).resize(own, Image.Resampling.NEAREST)
        found.append(np.asarray(small))
    return np.stack(found)


def score(
    sequence: VideoSequence,
    shorter: int,
    seconds: float,
    kind: str,
    models: tuple[ModelPair, MaskModel],
    config: Config,
) -> float:
    """Mean J&F of the objects of a sequence at a size."""
    texts = [target.sentences[kind] for target in sequence.targets]
    segmenter = VideoSegmenter(
        models[0], texts, config.segment, config.video, mask_model=models[1]
    )
    labels = labels_of(sequence, shorter, seconds, segmenter)
    objects = max(target.number for target in sequence.targets)
    found = score_sequence(sequence.masks[: len(labels)], labels, objects=objects)
    rows = [target.number - 1 for target in sequence.targets]
    return float(np.mean([(found.j[row] + found.f[row]) / 2 for row in rows]))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description="Does the size of frames change what is found?"
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--sequences", nargs="+", default=[])
    parser.add_argument("--sizes", type=int, nargs="+", default=[480, 720, 1080])
    parser.add_argument("--preset", default="default")
    parser.add_argument("--kind", choices=KINDS, default="noun")
    parser.add_argument("--step", type=int, default=4, help="every so many frames")
    parser.add_argument("--seconds", type=float, default=3.0)
    given = parser.parse_args()
    config = load_preset(given.preset)
    model = load_model(config.model)
    models = model, load_mask_model(config.segment.sam.model, model.device)
    sizes = " | ".join(f"{size}p" for size in given.sizes)
    print(f"| J&F at {RATE / given.step:g}/s | {sizes} | largest difference |")
    print(f"|---|{'---|' * len(given.sizes)}---|")
    rows = []
    for sequence in load_sequences(given.data, given.step):
        if given.sequences and sequence.name not in given.sequences:
            continue
        row = [
            score(sequence, size, given.seconds, given.kind, models, config)
            for size in given.sizes
        ]
        rows.append(row)
        print(_line(sequence.name, row), flush=True)
    print(_line(f"mean of {len(rows)}", [float(mean) for mean in np.mean(rows, axis=0)]))


def _line(name: str, row: list[float]) -> str:
    difference = max(abs(value - row[0]) for value in row)
    return f"| {name} | {' | '.join(f'{value:.3f}' for value in row)} | {difference:.3f} |"


if __name__ == "__main__":
    main()
