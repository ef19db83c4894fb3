"""The command; see the package."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import tools.fit_likeness
from benchmarks.generalisation.sequences import RATE, VideoSequence, load_sequences
from benchmarks.gone import STEP, there_and_back
from car_video import Config, Frame, VideoSegmenter, load_model, load_preset
from car_video.models.sam.registry import load_mask_model
from tools.fit_likeness.fitting import GLANCE_SIGNS, STEP_SIGNS, Clip, fit
from tools.fit_likeness.looks import MOMENTS, looks_of
from tools.fit_likeness.report import DRAWS, held_out, intervals, table

FRAMES = 30
"""Of a sequence in which things are hidden; it is played backwards where it ends sooner."""
SLOW = 4
"""Frames apart in the whole sequences as they are: the slower, the more looks change."""
KIND, PRESET = "attribute", "default"
APART = (
    "boat breakdance-flare car-turn dance-jump elephant flamingo hike hockey rhino rollerblade "
    "stroller tennis"
).split()
"""Sequences of ``benchmarks.gone`` that nothing is fitted on; of other groups than the rest."""


def recorded(
    sequence: VideoSequence, config: Config, model: Any, sam: Any
) -> NDArray[np.float32]:
    """Looks of a sequence, whole as it is and with things hidden; see ``looks.COLUMNS``."""
    targets = sequence.targets
    texts = [target.sentences[KIND] for target in targets]
    parts = []
    for step in (SLOW, STEP):
        own = replace(sequence, step=step)
        images, labels = [frame.image for frame in own.frames()], list(own.masks)
        if step == STEP:
            images, labels = there_and_back(images, FRAMES), there_and_back(labels, FRAMES)
        frames = [Frame(n, n * step / RATE, image) for n, image in enumerate(images)]
        masks = [[label == target.number for target in targets] for label in labels]
        segmenter = VideoSegmenter(model, texts, config.segment, config.video, mask_model=sam)
        parts.append(looks_of(segmenter, frames, masks, MOMENTS if step == STEP else ()))
    return np.concatenate(parts)


def record_all(data: Path, cache: Path, part: tuple[int, int]) -> None:
    """Keep the looks of all sequences that are not kept yet; part (K, N) of them."""
    config = load_preset(PRESET)
    model = load_model(config.model)
    sam = load_mask_model(config.segment.sam.model, model.device)
    cache.mkdir(parents=True, exist_ok=True)
    wanted = [s for s in load_sequences(data) if s.name not in APART]
    for sequence in wanted[part[0] :: part[1]]:
        file = cache / f"{sequence.name}.npz"
        if not file.is_file():
            looks = recorded(sequence, config, model, sam)
            np.savez(file, group=sequence.group, looks=looks)
            print(sequence.name, len(looks), flush=True)


def main(argv: Sequence[str] | None = None) -> None:
    """Record, fit, print."""
    parser = argparse.ArgumentParser(
        description=tools.fit_likeness.__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--part", default="0/1", metavar="K/N", help="of the sequences")
    parser.add_argument("--record", action="store_true")
    parser.add_argument("--draws", type=int, default=DRAWS, help="of groups, for the intervals")
    options = parser.parse_args(argv)
    number, _, count = options.part.partition("/")
    if options.record:
        record_all(options.data, options.cache, (int(number), int(count)))
    kept = {}
    for file in sorted(options.cache.glob("*.npz")):
        with np.load(file) as found:
            if len(found["looks"]):
                kept[file.stem] = Clip(str(found["group"]), found["looks"])
    if len({clip.group for clip in kept.values()}) < 3:
        parser.exit(2, f"error: '{options.cache}' has looks of less than three groups\n")
    print(table(held_out(kept)))
    numbers, (low, high) = fit(kept, sorted(kept)), intervals(kept, options.draws)
    names = [f"same {name}" for name in ("offset", *STEP_SIGNS)]
    names += [f"glance {name}" for name in ("offset", *GLANCE_SIGNS)]
    print()
    for name, value, *ends in zip(
        names, [*numbers.step, *numbers.glance], low, high, strict=True
    ):
        print(f"{name}: {value:.2f} ({ends[0]:.2f} to {ends[1]:.2f})")
    print(f"other: {numbers.other:.2f}")


if __name__ == "__main__":
    main()
