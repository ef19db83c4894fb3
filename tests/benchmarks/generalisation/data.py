"""A development set of two sequences, small enough to run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from benchmarks.generalisation.sequences import KINDS
from benchmarks.generalisation.video import Absence, Answer, SequenceResult

FRAMES, HEIGHT, WIDTH = 5, 64, 96


def write_set(folder: Path) -> Path:
    """``red`` (a square that moves over noise, two absent sentences) and ``blue``."""
    sequences: dict[str, Any] = {}
    for name, colour in (("red", (220, 30, 30)), ("blue", (30, 30, 220))):
        _write_frames(folder / "ref-davis-dev", name, colour)
        sequences[name] = {
            "group": name,
            "frames_in": "ref-davis-dev",
            "frames": FRAMES,
            "absent": {"near": "a green ball", "far": "an elephant"},
            "objects": {"1": {"extent": "thing", **dict.fromkeys(KINDS, f"a {name} square")}},
        }
    file = folder / "ref-video-dev" / "sentences.json"
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps({"sequences": sequences}), "utf-8")
    return folder


def _write_frames(davis: Path, name: str, colour: tuple[int, int, int]) -> None:
    rng = np.random.default_rng(0)
    for number in range(FRAMES):
        pixels = rng.integers(90, 120, (HEIGHT, WIDTH, 3), np.uint8)
        mask = np.zeros((HEIGHT, WIDTH), np.uint8)
        mask[16:48, 20 + 4 * number : 52 + 4 * number] = 1
        pixels[mask > 0] = colour
        for kind, suffix, array in (
            ("JPEGImages", "jpg", pixels),
            ("Annotations", "png", mask),
        ):
            file = davis / kind / "480p" / name / f"{number:05d}.{suffix}"
            file.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(array).save(file)


def result(name: str, jf: dict[str, float], absent: bool = False) -> SequenceResult:
    """A record: J&F by kind of one object; what was said of the absent sentences."""
    answers = tuple(Answer(kind, 1, "thing", v, v, v > 0.1, v) for kind, v in jf.items())
    said = Absence(absent, 0.9 if absent else 0.1)
    return SequenceResult(name, name, 10, 20.0, answers, {"near": said, "far": said})
