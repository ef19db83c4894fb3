"""Hard cases with exact truth: presence, J, identity over crossings, recovery, by kind.

Run from the repository's root; needs the development data (not part of the repository):

    python -m benchmarks.hard_cases --data ../shared/data [--mode online] [--refine sam]
        [--kinds crossing absent] [--limit 4] [--every 1] [--seed 0] [--out scores.json]

Clips come from ``tests/hard_cases`` (what is in them: ``tests/hard_cases/scenes.py``).
``--every 3`` predicts every third frame only, fair for ``per-frame`` alone; recovery is then
counted in frames that were predicted. Prints one line per expression as it goes, then the
table: presence (part of the clear frames with the right yes or no), J (mean over the frames
where the target is to be seen), identity (part of the crossings before and after which the mask
lies on the named object), stayed (part of the crossings after which it lies on the object on
which it lay before, be it the named one or not), delay (frames from a return until J is 0.5).
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import math
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import cast

from car_video import (
    Frame,
    FramePrediction,
    SegmentConfig,
    VideoConfig,
    VideoSegmenter,
    load_model,
    load_preset,
)
from car_video.config.video import VideoMode
from car_video.models.base import VisionLanguageModel
from car_video.models.pair import ModelPair
from car_video.video.offline import OfflineSegmenter
from tests.hard_cases import HardCase, KindScore, Moment, QueryScore, Tally, by_kind, cases

MODES = ("per-frame", "online", "offline")
FPS = 25.0


def make_segmenter(
    mode: str,
    model: ModelPair | VisionLanguageModel,
    expressions: Sequence[str],
    config: SegmentConfig,
) -> VideoSegmenter | OfflineSegmenter:
    """The segmenter of a mode, fresh for one clip."""
    if mode not in MODES:
        raise ValueError(f"mode '{mode}' is not one of {', '.join(MODES)}")
    video = VideoConfig(mode=cast("VideoMode", mode))
    segmenter = VideoSegmenter(model, expressions, config, video)
    return OfflineSegmenter(segmenter) if mode == "offline" else segmenter


def predictions(
    segmenter: VideoSegmenter | OfflineSegmenter, frames: Iterable[Frame]
) -> Iterator[FramePrediction]:
    """One prediction per frame, in order."""
    if not isinstance(segmenter, OfflineSegmenter):
        for frame in frames:
            yield segmenter.step(frame)
        return
    for frame in frames:
        for _, prediction in segmenter.push(frame):
            yield prediction
    for _, prediction in segmenter.finish():
        yield prediction


def run_case(
    segmenter: VideoSegmenter | OfflineSegmenter, case: HardCase, every: int
) -> list[QueryScore]:
    """Predict a clip and score it; frames are rendered as the segmenter takes them.

    A truth waits only until its prediction is there, so memory holds as many frames as the
    segmenter lags behind.
    """
    waiting: dict[int, Moment] = {}

    def frames() -> Iterator[Frame]:
        for number in range(0, len(case), every):
            waiting[number] = moment = case.at(number)
            yield Frame(number, number / FPS, moment.image)

    tally = Tally(case)
    for prediction in predictions(segmenter, frames()):
        tally.add(waiting.pop(prediction.index), prediction.masks, prediction.present)
    return tally.scores()


def number(value: float, digits: int = 3) -> str:
    """Text for a table; a dash where there is nothing to measure."""
    return "-" if math.isnan(value) else f"{value:.{digits}f}"


def row(score: KindScore) -> str:
    """One line of the table in Markdown."""
    cells = (
        score.kind,
        str(score.expressions),
        number(score.presence),
        number(score.j),
        number(score.identity_kept, 2),
        number(score.stayed, 2),
        number(score.delay, 1),
    )
    return f"| {' | '.join(cells)} |"


def line(score: QueryScore) -> str:
    """One line about one expression of one case."""
    passed = "" if score.crossing is None else f"  {' -> '.join(score.crossing)}"
    delays = "" if not score.delays else f"  delays {list(score.delays)}"
    return (
        f"{score.kind}: {score.case}: {score.expression}: "
        f"presence {number(score.presence)} J {number(score.j)}{passed}{delays}"
    )


def main() -> None:
    """Predict, score, print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--mode", choices=MODES, default="online")
    parser.add_argument("--preset", default="default")
    parser.add_argument("--refine", choices=("sam", "crf", "none"))
    parser.add_argument("--kinds", nargs="*", default=())
    parser.add_argument("--limit", type=int, help="cases at most")
    parser.add_argument("--every", type=int, default=1, help="predict every n-th frame")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, help="JSON file for the scores of every expression")
    options = parser.parse_args()
    if not options.data.is_dir():
        parser.error(f"--data {options.data}: no such folder")
    preset = load_preset(options.preset)
    config = preset.segment
    if options.refine:
        config = dataclasses.replace(config, refine=options.refine)
    model = load_model(preset.model)
    scores: list[QueryScore] = []
    for case in islice(cases(options.data, options.seed, options.kinds), options.limit):
        segmenter = make_segmenter(options.mode, model, case.expressions, config)
        for score in run_case(segmenter, case, options.every):
            scores.append(score)
            print(line(score), flush=True)
    print(
        f"\n{options.mode}, refine {config.refine}, every {options.every}, seed {options.seed}"
    )
    print("| kind | expressions | presence | J | identity | stayed | delay |")
    print("|---|---|---|---|---|---|---|")
    print("\n".join(row(score) for score in by_kind(scores)))
    if options.out:
        options.out.write_text(json.dumps([dataclasses.asdict(s) for s in scores], indent=1))


if __name__ == "__main__":
    main()
