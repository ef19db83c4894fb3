"""Frames per second wanted, reached, and what they cost in J.

Run from the repository's root; needs the development data (not part of the repository):

    python -m benchmarks.pace --data ../shared/data [--targets 1 2 4 8] [--videos 4]
        [--frames 60] [--refine sam]

Per target one line: frames per second of the segmenter alone (decoding and scoring not
counted), after the first quarter of each clip and over all of it, mean J over all objects and
frames of the annotated expressions (first annotator), and where the ladder ended. Times are
of this machine, and of one run.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter

import numpy as np
from car_video.eval.metrics import region_similarity
from numpy.typing import NDArray
from PIL import Image

from car_video import Frame, SegmentConfig, VideoSegmenter, load_model
from car_video.config.video import VideoConfig
from car_video.models.pair import ModelPair

FPS = 24.0


@dataclass(frozen=True)
class Clip:
    """A video of Ref-DAVIS with one expression per object."""

    name: str
    frames: tuple[Path, ...]
    truths: tuple[Path, ...]
    objects: tuple[int, ...]
    expressions: tuple[str, ...]

    def pictures(self) -> Iterator[tuple[Frame, NDArray[np.uint8]]]:
        """Frames and label maps."""
        for number, (frame, truth) in enumerate(zip(self.frames, self.truths, strict=True)):
            with Image.open(frame) as picture, Image.open(truth) as labels:
                image = np.asarray(picture.convert("RGB"))
                yield Frame(number, number / FPS, image), np.asarray(labels)


@dataclass
class Tally:
    """What the clips of one target came to."""

    overlaps: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    settled: list[float] = field(default_factory=list)
    levels: Counter[int] = field(default_factory=Counter)

    def row(self, target: float | None) -> str:
        wanted = "full" if target is None else f"{target:g}"
        levels = " ".join(f"{level}x{count}" for level, count in sorted(self.levels.items()))
        return (
            f"{wanted:>6} | {rate(self.settled):6.2f} | {rate(self.seconds):6.2f} | "
            f"{np.mean(self.overlaps):.3f} | {levels}"
        )


def rate(seconds: list[float]) -> float:
    return len(seconds) / sum(seconds)


def clips(data: Path, videos: int, frames: int) -> Iterator[Clip]:
    """Evenly chosen videos of ref-davis-dev."""
    root = data / "ref-davis-dev"
    texts = json.loads((root / "meta_expressions.json").read_text())["videos"]
    names = sorted(texts)
    places = np.linspace(0, len(names) - 1, min(videos, len(names))).round().astype(int)
    for name in (names[place] for place in places):
        own: dict[int, str] = {}
        for entry in texts[name]["expressions"].values():
            own.setdefault(int(entry["obj_id"]), entry["exp"])
        images = sorted((root / "JPEGImages" / "480p" / name).glob("*.jpg"))[:frames]
        truths = [root / "Annotations" / "480p" / name / f"{path.stem}.png" for path in images]
        yield Clip(name, tuple(images), tuple(truths), tuple(own), tuple(own.values()))


def run(pair: ModelPair, clip: Clip, target: float | None, refine: str, tally: Tally) -> None:
    """Segment a clip at a target and note what came of it."""
    segmenter = VideoSegmenter(
        pair,
        clip.expressions,
        SegmentConfig(refine=refine),  # type: ignore[arg-type]
        VideoConfig(target_fps=target),
    )
    for number, (frame, truth) in enumerate(clip.pictures()):
        began = perf_counter()
        found = segmenter.step(frame)
        spent = perf_counter() - began
        tally.seconds.append(spent)
        if number >= len(clip.frames) // 4:
            tally.settled.append(spent)
        truths = np.stack([truth == number for number in clip.objects])
        tally.overlaps += region_similarity(truths, found.masks).tolist()
    tally.levels[segmenter.pace.level if segmenter.pace else 0] += 1


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--targets", type=float, nargs="+", default=[1, 2, 4, 8])
    parser.add_argument("--videos", type=int, default=4)
    parser.add_argument("--frames", type=int, default=60)
    parser.add_argument("--refine", default="sam")
    parser.add_argument("--model", default="lite")
    given = parser.parse_args()
    pair = load_model(given.model)
    chosen = list(clips(given.data, given.videos, given.frames))
    print("target | settled |  all  |   J   | last levels (level x clips)")
    for target in (None, *given.targets):
        tally = Tally()
        for clip in chosen:
            run(pair, clip, target, given.refine, tally)
        print(tally.row(target), flush=True)


if __name__ == "__main__":
    main()
