"""The command; see the package."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

import tools.fit_likeness
from benchmarks.generalisation.sequences import RATE, VideoSequence, load_sequences
from benchmarks.gone import STEP, there_and_back
from car_video import Config, Frame, VideoSegmenter, load_preset
from tools.fit_likeness.fitting import GLANCE_SIGNS, STEP_SIGNS, Clip, fit
from tools.fit_likeness.looks import MOMENTS, looks_of
from tools.fit_likeness.report import DRAWS, held_out, intervals, table
from tools.sequence_tables import kept_tables, new_parser, record_all

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


def main(argv: Sequence[str] | None = None) -> None:
    """Record, fit, print."""
    parser = new_parser(tools.fit_likeness.__doc__)
    parser.add_argument("--draws", type=int, default=DRAWS, help="of groups, for the intervals")
    options = parser.parse_args(argv)
    if options.record:
        wanted = (one for one in load_sequences(options.data) if one.name not in APART)
        record_all(wanted, options, load_preset(PRESET), "looks", recorded)
    tables = kept_tables(options.cache, "looks")
    kept = {name: Clip(group, looks) for name, (group, looks) in tables.items() if len(looks)}
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
