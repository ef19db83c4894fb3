"""What each part of the video algorithm is worth: J, F, flicker and frames/s, row by row.

Run from the repository's root on a folder in the layout of Ref-DAVIS 2017 (docs/benchmarks.md):

    python -m benchmarks.video --data ../shared/data/ref-davis-dev [--rows online offline]
        [--sequences dog-agility] [--limit 4] [--objects one-by-one] [--out ladder.json]

Rows, each with one thing more than the one before it unless it says otherwise:

    maps-per-frame   every frame on its own, masks straight from the proposals
    maps             + queries carried over and maps that remember (no mask candidates)
    per-frame        every frame on its own, SAM candidates
    tracks           + one track per expression, feature memory, presence over time
    online           + rival tracks: the default
    offline          + both ways over windows of frames
    keyframes-N      online, language on every N-th frame only (N = 2, 4, 8), by seconds

Protocol and measures are those of ``car-eval ref-davis`` (semi-supervised task; flicker after
the best translation). Frames/s are wall time of the segmenter in this process on this machine,
files not counted: compare rows of one run, not runs.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from car_video.eval.benchmarks import Benchmark, Item, Options, make_benchmark
from car_video.eval.benchmarks.ref_davis import DAVIS_RATE
from car_video.eval.model_segmenters import make_spec

from car_video import VideoConfig, load_preset
from car_video.config import Config
from car_video.config.video import KeyframeConfig, TrackConfig, VideoMode
from car_video.errors import CarVideoError

ALONE = TrackConfig(count=1)


@dataclass(frozen=True)
class Row:
    """One rung: which mode, whether mask candidates are asked for, and what is changed."""

    mode: VideoMode
    candidates: bool = True
    tracks: TrackConfig | None = None
    every: int = 1  # of the 24 frames in a second

    def config(self, preset: Config, refine: str) -> Config:
        """The preset as this row wants it; ``refine`` is for rows without candidates."""
        interval = 0.0 if self.every == 1 else self.every / DAVIS_RATE
        video = replace(
            preset.video,
            mode=self.mode,
            tracks=self.tracks or preset.video.tracks,
            keyframes=replace(preset.video.keyframes, interval=interval),
        )
        segment = replace(preset.segment, refine="sam" if self.candidates else refine)
        return replace(preset, segment=segment, video=video)


ROWS = {
    "maps-per-frame": Row("per-frame", candidates=False),
    "maps": Row("online", candidates=False),
    "per-frame": Row("per-frame"),
    "tracks": Row("online", tracks=ALONE),
    "online": Row("online"),
    "offline": Row("offline"),
    "keyframes-2": Row("online", every=2),
    "keyframes-4": Row("online", every=4),
    "keyframes-8": Row("online", every=8),
}


@dataclass(frozen=True)
class Result:
    """Measures of one row over all items; fractions, and frames per second."""

    row: str
    jf: float
    j: float
    f: float
    flicker: float
    flicker_truth: float
    speed: float
    sequences: dict[str, float]

    def line(self) -> str:
        """One line of the table in Markdown."""
        values = (self.jf, self.j, self.f, self.flicker)
        cells = [self.row, *(f"{value:.3f}" for value in values), f"{self.speed:.2f}"]
        return f"| {' | '.join(cells)} |"


def chosen(benchmark: Benchmark, sequences: Sequence[str], limit: int | None) -> list[Item]:
    """Items of the sequences that are wanted, at most ``limit`` sequences."""
    items = benchmark.items()
    groups = list(dict.fromkeys(item.group for item in items))
    if unknown := sorted(set(sequences) - set(groups)):
        raise SystemExit(f"no sequence '{unknown[0]}'; known: {', '.join(groups)}")
    wanted = [group for group in groups if not sequences or group in sequences][:limit]
    return [item for item in items if item.group in wanted]


def measure(
    name: str, config: Config, mode: VideoMode, benchmark: Benchmark, items: list[Item]
) -> Result:
    """Predict and score all items with one configuration."""
    segmenters = make_spec(config.model, config, mode, "auto").build()
    with tempfile.TemporaryDirectory() as folder:
        out, scores = Path(folder), {}
        for item in items:
            benchmark.predict(item, segmenters, out)
            scores[item.key] = benchmark.score(item, out)
    results = benchmark.summarise(scores, items).results
    sequences = {
        sequence: sum((o["J"] + o["F"]) / 2 for o in objects.values()) / len(objects)
        for sequence, objects in results["per_sequence"].items()
    }
    return Result(
        name,
        results["J&F"],
        results["J"],
        results["F"],
        results["flicker"]["prediction"],
        results["flicker"]["truth"],
        segmenters.clock.segmentations / segmenters.clock.seconds,
        sequences,
    )


def main() -> None:
    """Predict, score, print, row by row."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data/ref-davis-dev"))
    parser.add_argument("--rows", nargs="+", choices=ROWS, default=list(ROWS))
    parser.add_argument("--sequences", nargs="*", default=(), help="only these")
    parser.add_argument("--limit", type=int, help="sequences at most")
    parser.add_argument("--preset", default="default")
    parser.add_argument("--model", help="another model than the preset's")
    parser.add_argument(
        "--refine", choices=("none", "crf"), default="none", help="of the rows of maps"
    )
    parser.add_argument("--objects", choices=("together", "one-by-one"), default="together")
    parser.add_argument("--keyframe-side", type=int, help="SAM's side between keyframes")
    parser.add_argument("--out", type=Path, help="JSON file for all measures")
    options = parser.parse_args()
    try:
        run(options)
    except CarVideoError as error:
        parser.error(str(error))


def run(options: argparse.Namespace) -> None:
    """All rows."""
    preset = load_preset(options.preset)
    if options.model:
        preset = replace(preset, model=options.model)
    if options.keyframe_side:
        keyframes = KeyframeConfig(side=options.keyframe_side)
        preset = replace(preset, video=VideoConfig(keyframes=keyframes))
    benchmark = make_benchmark("ref-davis", options.data, Options(objects=options.objects))
    items = chosen(benchmark, options.sequences, options.limit)
    groups = {item.group for item in items}
    print(f"{options.data.name}: {len(groups)} sequences, objects {options.objects}, ", end="")
    print(f"model {preset.model}, refinement of maps: {options.refine}\n")
    print("| row | J&F | J | F | flicker | frames/s |\n|---|---|---|---|---|---|")
    results = []
    for name in options.rows:
        config = ROWS[name].config(preset, options.refine)
        results.append(measure(name, config, ROWS[name].mode, benchmark, items))
        print(results[-1].line(), flush=True)
        if options.out:
            text = json.dumps([dataclasses.asdict(result) for result in results], indent=1)
            options.out.write_text(text + "\n")
    print(f"\nflicker of the truth: {results[0].flicker_truth:.3f}")


if __name__ == "__main__":
    main()
