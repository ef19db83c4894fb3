"""The command; see the package."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from datetime import date
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import tools.fit_tracking
from benchmarks.generalisation.sequences import VideoSequence, load_sequences
from car_video import Config, VideoSegmenter, load_preset
from car_video.video.tracking.association import FORM
from tools.fit_tracking.choices import Recorder, recording
from tools.fit_tracking.fitting import Clip, fit, held_out
from tools.sequence_tables import kept_tables, new_parser, record_all

FRAMES, STEP = 14, 4
"""Frames of a sequence, and how many apart they lie; more cost hours on two cores."""
KIND = "attribute"
PRESET = "best"
"""Language sees every frame, so that there is a choice on each."""


def choices_of(
    sequence: VideoSequence, config: Config, model: Any, sam: Any
) -> NDArray[np.float32]:
    """Choices that the tracker meets in a sequence, see ``choices.COLUMNS``."""
    texts = [target.sentences[KIND] for target in sequence.targets]
    segmenter = VideoSegmenter(model, texts, config.segment, config.video, mask_model=sam)
    recorder = Recorder()
    with recording(recorder):
        for number, frame in enumerate(islice(sequence.frames(), FRAMES)):
            labels = sequence.masks[number]
            recorder.see(np.stack([labels == t.number for t in sequence.targets]))
            segmenter.step(frame)
    return recorder.table()


def main(argv: Sequence[str] | None = None) -> None:
    """Record, fit, print, write."""
    parser = new_parser(tools.fit_tracking.__doc__)
    parser.add_argument("--out", type=Path, help="JSON file for the numbers of all groups")
    options = parser.parse_args(argv)
    if options.record:
        wanted = load_sequences(options.data, STEP)
        record_all(wanted, options, load_preset(PRESET), "choices", choices_of)
    kept = {name: Clip(*of) for name, of in kept_tables(options.cache, "choices").items()}
    if not kept:
        parser.exit(2, f"error: '{options.cache}' holds no choices; add --record\n")
    if len({clip.group for clip in kept.values() if len(clip.choices)}) < 2:
        parser.exit(2, f"error: '{options.cache}' has choices of less than two groups\n")
    print(held_out(kept))
    numbers = {k: round(v, 3) for k, v in dataclasses.asdict(fit(kept, sorted(kept))).items()}
    print("\n" + "\n".join(f"{name}: {value}" for name, value in numbers.items()))
    if options.out:
        made = {
            "form": FORM,
            "model": "lite",
            "made": str(date.today()),
            "data": "ref-video-dev: " + ", ".join(kept),
            "candidates": sum(len(clip.choices) for clip in kept.values()),
            "association": numbers,
        }
        options.out.write_text(json.dumps(made, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
