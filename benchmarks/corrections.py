"""How much a correction is worth: J&F after 0, 1, 2, ... corrections, by simulation.

Run from the repository's root on a folder in the layout of Ref-DAVIS 2017 (docs/benchmarks.md):

    python -m benchmarks.corrections --data ../shared/data/ref-davis-dev
        [--sequences dog-agility soccerball] [--kinds box click] [--rounds 3] [--stride 1]
        [--preset default] [--out corrections.json] [--sloppy 0.05]
    python -m benchmarks.corrections --tables corrections.json more.json

The second form prints the tables of results that ``--out`` has written before.

The protocol is that of interactive segmentation (DAVIS 2018, arXiv 1803.00557): a run with the
sentence alone; then, again and again, the frame with the lowest J gets one correction. A *box*
is that around the truth. A *click* is the pixel farthest from the border of the largest error:
positive where the mask misses the truth, negative where it is too large. Where the mask is on
something else (J below 0.1), it is a positive one in the middle of the truth. A *mask* is the
truth itself. Where the truth is empty the correction is "absent". A click that is refused as it
would leave nothing is followed by a box. A frame is corrected once. With ``--sloppy`` a
click is not in the middle: it is moved by chance, by at most this part of the longer side of
the truth's box on either axis, to a pixel that is of the target, or not, as the middle is.

J and F are those of ``car-eval ref-davis``, over all frames but the first and the last.
Corrected frames count as the others do. *exact* says whether corrected frames came out as their
corrections say: masks to the pixel, clicks and boxes as the mask model answered them. *others*
is what each correction does to the mean J of the frames that were never corrected; one that
lowers it by more than :data:`HARM` makes them worse, by more than
:data:`GREAT_HARM` much worse.

The means over sequences come with a 95 % interval, by bootstrap over sequences.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from car_video.eval.metrics import contour_accuracy, region_similarity
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from car_video import Config, Correction, load_model, load_preset, segment_stream
from car_video.errors import CorrectionError
from car_video.types import Frame, FramePrediction
from car_video.video.correction.clip import correct_clip
from car_video.video.correction.corrector import Corrector
from car_video.video.segmenter import VideoSegmenter

FPS = 24.0  # of DAVIS
ELSEWHERE = 0.1  # J below which a mask is on something else
HARM = 0.001  # fall of the mean J of the other frames: a point of the last digit that is shown
GREAT_HARM = 0.05  # fall that one sees at a glance
RESAMPLINGS, COVERED = 10_000, (2.5, 97.5)  # of the bootstrap; percentiles of the interval


class Clip:
    """Frames, truth and sentence of one object.

    Args:
        data: the folder.
        name: of the sequence.
        stride: 1 takes every frame, 2 every second one, ....
    """

    def __init__(self, data: Path, name: str, stride: int) -> None:
        pictures = sorted((data / "JPEGImages" / "480p" / name).glob("*.jpg"))[::stride]
        truths = sorted((data / "Annotations" / "480p" / name).glob("*.png"))[::stride]
        self.name, self.expression = name, expression_of(data, name)
        self.frames = [
            Frame(number * stride, number * stride / FPS, np.asarray(Image.open(file)))
            for number, file in enumerate(pictures)
        ]
        self.truths = [np.asarray(Image.open(file)) == 1 for file in truths]


def expression_of(data: Path, name: str) -> str:
    """The sentence of the object whose masks have the value 1."""
    file = data / "meta_expressions.json"
    videos = json.loads(file.read_text())["videos"]
    for one in videos.get(name, {"expressions": {}})["expressions"].values():
        if str(one["obj_id"]) == "1":
            return str(one["exp"])
    raise SystemExit(f"{file} has no sentence of {name}")


def simulated(
    frame: int,
    mask: NDArray[np.bool_],
    truth: NDArray[np.bool_],
    kind: str,
    sloppy: float = 0.0,
) -> Correction:
    """The correction that a person would make who sees a mask and knows the truth.

    Args:
        frame: its index.
        mask: bool [H, W] so far.
        truth: bool [H, W].
        kind: "mask", "box" or "click".
        sloppy: how far a click is moved at most, in longer sides of the truth's box.
    """
    if not truth.any():
        return Correction(frame, 0, absent=True)
    if kind == "mask":
        return Correction(frame, 0, mask=truth)
    rows, columns = np.flatnonzero(truth.any(1)), np.flatnonzero(truth.any(0))
    x, y = int(columns[0]), int(rows[0])
    box = (x, y, int(columns[-1]) - x + 1, int(rows[-1]) - y + 1)
    if kind == "box":
        return Correction(frame, 0, box=box)
    elsewhere = region_similarity(mask, truth) < ELSEWHERE
    parts, count = ndimage.label(truth if elsewhere else mask != truth)
    if not count:  # it is right already
        parts = truth.astype(int)
    sizes = np.bincount(parts.ravel())[1:]
    largest = np.pad(parts == 1 + sizes.argmax(), 1)
    inside = ndimage.distance_transform_edt(largest)[1:-1, 1:-1]
    y, x = (int(one) for one in np.unravel_index(inside.argmax(), inside.shape))
    if sloppy:
        y, x = moved(y, x, truth, sloppy * max(box[2:]), np.random.default_rng(frame))
    return Correction(frame, 0, [(float(x) + 0.5, float(y) + 0.5, bool(truth[y, x]))])


def moved(
    y: int, x: int, truth: NDArray[np.bool_], reach: float, chance: np.random.Generator
) -> tuple[int, int]:
    """A pixel like another one, by chance: at most ``reach`` pixels away on either axis.

    Args:
        y: row of the pixel.
        x: column.
        truth: bool [H, W]; the new pixel has the same value.
        reach: in pixels.
        chance: decides; all such pixels are as likely.
    """
    left, top = max(0, int(np.ceil(x - reach))), max(0, int(np.ceil(y - reach)))
    near = truth[top : int(y + reach) + 1, left : int(x + reach) + 1]
    rows, columns = np.nonzero(near == truth[y, x])
    chosen = int(chance.integers(len(rows)))
    return top + int(rows[chosen]), left + int(columns[chosen])


def without_corrections(clip: Clip, model: Any, preset: Config) -> dict[int, FramePrediction]:
    """The run that is corrected."""
    answers = segment_stream(model, clip.frames, [clip.expression], preset)
    return {frame.index: one for frame, one in answers}


def run(
    clip: Clip,
    predictions: dict[int, FramePrediction],
    kind: str,
    rounds: int,
    segmenter: VideoSegmenter,
    sloppy: float = 0.0,
) -> dict[str, Any]:
    """The scores of one sequence, after each number of corrections."""
    predictions = dict(predictions)
    corrector = Corrector(segmenter.image, segmenter.video)
    by_index = {frame.index: frame for frame in clip.frames}
    corrected: list[tuple[int, int]] = []
    given: dict[int, NDArray[np.bool_]] = {}
    scores = [score(predictions, clip)]
    exact, computed, seconds, others = True, [], [], []
    for _ in range(rounds):
        worst = worst_frame(predictions, clip, {index for index, _ in corrected})
        place = list(by_index).index(worst)
        one = simulated(worst, predictions[worst].masks[0], clip.truths[place], kind, sloppy)
        before = similarities(predictions, clip)
        seen: set[int] = set()
        began = time.perf_counter()
        apply = partial(correct_clip, corrector, by_index.__getitem__, predictions)
        try:
            changed = list(apply([one], corrected, seen.add))
        except CorrectionError:  # a click that leaves nothing: whoever reads so draws a box
            one = simulated(worst, predictions[worst].masks[0], clip.truths[place], "box")
            changed = list(apply([one], corrected, seen.add))
        predictions |= {found.index: found for found in changed}
        seconds.append(time.perf_counter() - began)
        computed.append(len(seen))
        corrected.append((worst, 0))
        given[worst] = predictions[worst].masks[0] if one.mask is None else one.mask
        exact &= all((predictions[index].masks[0] == m).all() for index, m in given.items())
        scores.append(score(predictions, clip))
        after = similarities(predictions, clip)
        rest = [index for index in after if index not in given]
        others.append(float(np.mean([after[index] - before[index] for index in rest])))
    return {
        "sequence": clip.name,
        "kind": kind,
        "frames": len(clip.frames),
        "J&F": scores,
        "corrected": [index for index, _ in corrected],
        "computed": computed,
        "others": others,
        "seconds": seconds,
        "exact": bool(exact),
    }


def score(predictions: dict[int, FramePrediction], clip: Clip) -> float:
    """Mean of J and F over all frames but the first and the last."""
    found = [
        (region_similarity(one.masks[0], truth) + contour_accuracy(one.masks[0], truth)) / 2
        for one, truth in list(zip(predictions.values(), clip.truths, strict=True))[1:-1]
    ]
    return float(np.mean(found))


def similarities(predictions: dict[int, FramePrediction], clip: Clip) -> dict[int, float]:
    """J by index of the frame."""
    return {
        index: region_similarity(one.masks[0], truth)
        for (index, one), truth in zip(predictions.items(), clip.truths, strict=True)
    }


def worst_frame(predictions: dict[int, FramePrediction], clip: Clip, done: set[int]) -> int:
    """Index of the frame with the lowest J among those that are not corrected yet."""
    scores = {k: v for k, v in similarities(predictions, clip).items() if k not in done}
    return min(scores, key=scores.__getitem__)


def interval(scores: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Both ends of the 95 % interval of the mean of scores [n, ...] over n sequences."""
    chance = np.random.default_rng(0)
    means = scores[chance.integers(0, len(scores), (RESAMPLINGS, len(scores)))].mean(1)
    low, high = np.percentile(means, COVERED, 0)
    return low, high


def main(arguments: Sequence[str] | None = None) -> None:
    """Print a table: a row for each sequence and kind, and the means."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path)
    parser.add_argument("--sequences", nargs="+")
    parser.add_argument("--kinds", nargs="+", default=["box", "click"])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--stride", type=int, default=1)
    parser.add_argument("--preset", default="default")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--sloppy", type=float, default=0.0)
    parser.add_argument("--tables", type=Path, nargs="+")
    options = parser.parse_args(arguments)
    if options.tables:
        files = [json.loads(file.read_text()) for file in options.tables]
        print(*tables([row for rows in files for row in rows]), sep="\n")
        return
    if options.data is None:
        parser.error("give --data, or --tables")
    every = (options.data / "ImageSets" / "2017" / "val.txt").read_text().split()
    preset = load_preset(options.preset)
    model = load_model(preset.model)
    rows: list[dict[str, Any]] = []
    for name in options.sequences or every:
        clip = Clip(options.data, name, options.stride)
        segmenter = VideoSegmenter(model, [clip.expression], preset)
        predictions = without_corrections(clip, model, preset)
        for kind in options.kinds:
            rows.append(run(clip, predictions, kind, options.rounds, segmenter, options.sloppy))
            print(line_of(rows[-1]), flush=True)
            if options.out is not None:
                options.out.write_text(json.dumps(rows, indent=1))
    print(*tables(rows), sep="\n")


def tables(rows: Sequence[dict[str, Any]]) -> list[str]:
    """Lines of a table: a row for each sequence and kind, and the means with intervals."""
    rounds = len(rows[0]["J&F"])
    heads = " | ".join(map(str, range(rounds)))
    lines = [f"| sequence | kind | {heads} | computed | others | exact |"]
    lines.append("|---" * (rounds + 5) + "|")
    lines += [line_of(row) for row in rows]
    for kind in sorted({row["kind"] for row in rows}):
        own = [row for row in rows if row["kind"] == kind]
        scores = np.array([row["J&F"] for row in own])
        ends = zip(scores.mean(0), *interval(scores), strict=True)
        cells = " | ".join(f"{mean:.3f} ({low:.3f} to {high:.3f})" for mean, low, high in ends)
        changes = [change for row in own for change in row["others"]]
        worse, much = (
            sum(change < -least for change in changes) for least in (HARM, GREAT_HARM)
        )
        harm = f"{worse} of {len(changes)} worse, {much} much"
        lines.append(f"| mean of {len(own)} | {kind} | {cells} | | {harm} | |")
    return lines


def line_of(row: dict[str, Any]) -> str:
    """A row of the table; *computed*: frames that each correction computed again."""
    cells = " | ".join(f"{value:.3f}" for value in row["J&F"])
    computed = ", ".join(map(str, row["computed"]))
    others = ", ".join(f"{change:+.3f}" for change in row["others"])
    return (
        f"| {row['sequence']} ({row['frames']}) | {row['kind']} | {cells} | {computed} | "
        f"{others} | {'yes' if row['exact'] else 'no'} |"
    )


if __name__ == "__main__":
    main()
