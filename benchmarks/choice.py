"""How good single pictures come out under several presets: IoU on both development sets.

Run from the repository's root:

    python -m benchmarks.choice [--data ../shared/data] [--every 8] [--sets refcoco davis]
        default my.yaml ...

Each preset is a name or a YAML file. ``davis``: every N-th frame of each sequence of
``ref-davis-dev``, each on its own; ``refcoco``: all expressions of ``refcoco-dev``. Nothing is
rejected as absent. Seconds are of the segmenter, of this machine as busy as it is.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from car_video.eval.data.expressions import ref_davis_expressions
from car_video.eval.data.images import read_labels, read_rgb
from car_video.eval.model_segmenters import make_spec
from numpy.typing import NDArray

from car_video import load_preset


@dataclass(frozen=True)
class Sample:
    """A picture, what to find in it and where that is."""

    image: NDArray[np.uint8]
    expression: str
    truth: NDArray[np.bool_]


def davis(root: Path, every: int) -> Iterator[Sample]:
    """Each ``every``-th frame of each sequence."""
    (spoken,) = ref_davis_expressions(root).values()
    for name, said in sorted(spoken.items()):
        for picture in sorted((root / "JPEGImages" / "480p" / name).iterdir())[::every]:
            labels = read_labels(root / "Annotations" / "480p" / name / f"{picture.stem}.png")
            for number, expression in said.items():
                yield Sample(read_rgb(picture), expression, labels == number)


def refcoco(root: Path) -> Iterator[Sample]:
    """All expressions; those of one picture share the array, so that it is encoded once."""
    image, file = None, ""
    rows = json.loads((root / "triples.json").read_text("utf-8"))
    for row in sorted(rows, key=lambda row: row["image"]):
        if row["image"] != file:
            image, file = read_rgb(root / row["image"]), row["image"]
        assert image is not None
        yield Sample(image, row["expression"], read_labels(root / row["mask"]) > 0)


def iou(found: NDArray[np.bool_], truth: NDArray[np.bool_]) -> float:
    return float((found & truth).sum() / max(1, (found | truth).sum()))


def measure(preset: str, samples: Iterator[Sample]) -> tuple[float, int, float]:
    """Mean IoU, number of samples, seconds each."""
    config = load_preset(preset)
    segment = replace(config.segment, presence_threshold=0.0)
    segmenters = make_spec(config.model, config, "per-frame", "auto").build()
    scores, seconds = [], 0.0
    for sample in samples:
        began = time.perf_counter()
        found = segmenters.image(sample.image, [sample.expression], segment)
        seconds += time.perf_counter() - began
        scores.append(iou(found.masks[0], sample.truth))
    return float(np.mean(scores)), len(scores), seconds / len(scores)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("presets", nargs="+")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--every", type=int, default=8)
    parser.add_argument("--sets", nargs="+", choices=("davis", "refcoco"))
    given = parser.parse_args(arguments)
    for name in given.sets or ("davis", "refcoco"):
        for preset in given.presets:
            root = given.data / f"{'ref-davis' if name == 'davis' else name}-dev"
            samples = davis(root, given.every) if name == "davis" else refcoco(root)
            mean, count, seconds = measure(preset, samples)
            print(
                f"{name:8} {preset:24} IoU {mean:.3f} of {count}, {seconds:.2f} s", flush=True
            )


if __name__ == "__main__":
    main()
