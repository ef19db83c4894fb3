"""Spatial words against exact truth: "the second dog from the left" among COCO's instances.

Run from the repository's root; needs the development data (not part of the repository):

    python -m benchmarks.spatial --data ../shared/data/coco-dev [--refine none sam] [--seed 0]
        [--half first] [--list]

Pictures with two to five instances of a class, each over 1 % of the picture and none between
0.3 % and that (a sentence does not mean a smaller one). Where the instances are clearly apart
along an axis, in size or in depth (lowest edge and area agree), sentences from templates name
one of them; "behind" and "in front of" a thing is what ends higher or lower than it, near it.
Every sentence is segmented alone, with ``expression.spatial`` off and on. Prints mean IoU and
the part of sentences with IoU above 0.5, by relation.
"""

from __future__ import annotations

import argparse
import dataclasses
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from statistics import fmean

import numpy as np
from car_video.eval.data import rle
from car_video.eval.data.coco import CocoFile, find_image, read_coco
from car_video.eval.data.images import read_rgb
from numpy.typing import NDArray

from car_video import ImageSegmenter, SegmentConfig, load_model, load_preset

LEAST, IGNORED = 0.01, 0.003  # parts of the picture: of what is named, of what may be ignored
APART = 0.1  # of the picture's side, between centres of neighbours
DEEPER = 0.05  # between lowest edges of what is behind or in front and its anchor
ACROSS = 0.25  # aside of the anchor at most; farther away a thing is not "behind" it
BIGGER = 1.5  # times the area of the next
TALLER = 1.25  # times the height of the next
DEPTHS = ("behind", "in front of")  # they came later: templates of their own dice
HEIGHTS = ("tallest", "shortest")  # these as well
WORDS = ("second", "third", "fourth")
TEMPLATES = {
    "left": ("the left {}", "{} on the left", "leftmost {}", "far left {}", "{} on left side"),
    "right": ("the right {}", "{} on the right", "rightmost {}", "the {} on far right"),
    "top": ("the top {}", "{} at the top", "upper {}"),
    "bottom": ("the bottom {}", "{} at the bottom", "lower {}"),
    "middle": ("the middle {}", "{} in the middle", "center {}"),
    "biggest": ("the biggest {}", "largest {}"),
    "smallest": ("the smallest {}", "smallest {}"),
    "tallest": ("the tallest {}", "the taller {}"),
    "shortest": ("the shortest {}", "the shorter {}"),
    "front": ("the {} in front", "closest {}", "{} in the foreground", "nearest {}"),
    "back": ("the {} in the back", "farthest {}", "{} in the background"),
    "from left": ("{n} {} from the left", "the {n} {} from left"),
    "from right": ("{n} {} from the right", "the {n} {} from right"),
    "left of": ("the {} on the left of the {a}", "{} left of the {a}"),
    "right of": ("the {} on the right side of the {a}", "{} to the right of the {a}"),
    "behind": ("the {} behind the {a}", "{} right behind a {a}"),
    "in front of": ("the {} in front of the {a}", "{} standing in front of a {a}"),
}


@dataclass(frozen=True)
class Thing:
    """An instance: mask bool [H, W]; parts of the sides: middle, lowest edge, height; area."""

    mask: NDArray[np.bool_]
    x: float
    y: float
    low: float
    area: float
    height: float


@dataclass(frozen=True)
class Sample:
    """A sentence and what it names in a picture."""

    image: Path
    relation: str
    text: str
    truth: NDArray[np.bool_]


def thing(mask: NDArray[np.bool_]) -> Thing:
    rows, columns = np.nonzero(mask)
    height, width = mask.shape
    return Thing(
        mask,
        (columns.min() + columns.max() + 1) / 2 / width,
        (rows.min() + rows.max() + 1) / 2 / height,
        (rows.max() + 1) / height,
        float(mask.mean()),
        (rows.max() + 1 - rows.min()) / height,
    )


def groups(coco: CocoFile, image: int) -> dict[str, list[Thing]]:
    """Things of a picture by class; only classes without crowds and doubtful sizes."""
    size = coco.images[image].size
    found: dict[str, list[Thing]] = {}
    unclear = set()
    for instance in coco.by_image[image]:
        name = coco.categories[instance.category]
        mask = rle.decode(instance.segmentation, size, "instances.json")
        if instance.crowd or IGNORED < mask.mean() < LEAST:
            unclear.add(name)
        elif mask.mean() >= LEAST:
            found.setdefault(name, []).append(thing(mask))
    return {name: things for name, things in found.items() if name not in unclear}


def ordered(values: Sequence[float], apart: float) -> list[int] | None:
    """Indices by ascending value, None where two neighbours are nearer than ``apart``."""
    order = sorted(range(len(values)), key=values.__getitem__)
    clear = all(values[b] - values[a] >= apart for a, b in pairwise(order))
    return order if clear else None


def ends(values: Sequence[float], apart: float) -> tuple[int | None, int | None]:
    """The lowest and the highest, each None where it is not clear of the next."""
    order = sorted(range(len(values)), key=values.__getitem__)
    low = order[0] if values[order[1]] - values[order[0]] >= apart else None
    high = order[-1] if values[order[-1]] - values[order[-2]] >= apart else None
    return low, high


def named(things: Sequence[Thing]) -> Iterator[tuple[str, int, int]]:
    """Relation, ordinal and which thing, all that are clear."""
    left, right = ends([t.x for t in things], APART)
    top, bottom = ends([t.y for t in things], APART)
    small, big = ends([float(np.log(t.area)) for t in things], float(np.log(BIGGER)))
    back, front = ends([t.low for t in things], APART)
    front = front if front == big else None
    back = back if back == small else None
    short, tall = ends([float(np.log(t.height)) for t in things], float(np.log(TALLER)))
    found = {"left": left, "right": right, "top": top, "bottom": bottom, "biggest": big}
    found |= {"smallest": small, "front": front, "back": back}
    for relation, index in {**found, "tallest": tall, "shortest": short}.items():
        if index is not None:
            yield relation, 1, index
    order = ordered([t.x for t in things], APART)
    if order is not None and len(order) > 2:
        for number in range(1, len(order) - 1):
            yield "from left", number + 1, order[number]
            yield "from right", number + 1, order[-1 - number]
        if len(order) % 2:
            yield "middle", 1, order[len(order) // 2]


def beside(things: Sequence[Thing], anchor: Thing) -> Iterator[tuple[str, int]]:
    """Which of the things is the only one on that side of the anchor."""
    for relation, sign in (("left of", -1), ("right of", 1)):
        on = [n for n, t in enumerate(things) if sign * (t.x - anchor.x) >= APART]
        off = [n for n, t in enumerate(things) if sign * (t.x - anchor.x) <= 0]
        if len(on) == 1 and len(on) + len(off) == len(things):
            yield relation, on[0]
    for relation, sign in zip(DEPTHS, (-1, 1), strict=True):
        on = [n for n, t in enumerate(things) if sign * (t.low - anchor.low) >= DEEPER]
        off = [n for n, t in enumerate(things) if sign * (t.low - anchor.low) <= 0]
        only = len(on) == 1 and len(on) + len(off) == len(things)
        if only and abs(things[on[0]].x - anchor.x) <= ACROSS:
            yield relation, on[0]


def samples(data: Path, seed: int) -> list[Sample]:
    """All sentences; templates are drawn by the seed."""
    coco = read_coco(data / "instances.json")
    chance, depth, height = (random.Random(seed) for _ in range(3))
    found = []
    for number, image in coco.images.items():
        things_of = groups(coco, number)
        path = find_image(data, image.file_name)
        for name, things in sorted(things_of.items()):
            if not 2 <= len(things) <= 5:
                continue
            for relation, ordinal, index in named(things):
                draw = height if relation in HEIGHTS else chance
                text = draw.choice(TEMPLATES[relation]).replace("{}", name)
                text = text.replace("{n}", WORDS[ordinal - 2])
                found.append(Sample(path, relation, text, things[index].mask))
            for other, anchors in sorted(things_of.items()):
                if other != name and len(anchors) == 1:
                    for relation, index in beside(things, anchors[0]):
                        draw = depth if relation in DEPTHS else chance
                        text = draw.choice(TEMPLATES[relation]).replace("{a}", other)
                        text = text.replace("{}", name)
                        found.append(Sample(path, relation, text, things[index].mask))
    return found


def iou(found: NDArray[np.bool_], truth: NDArray[np.bool_]) -> float:
    return float((found & truth).sum() / max(1, (found | truth).sum()))


def run(segmenter: ImageSegmenter, chosen: Sequence[Sample]) -> list[float]:
    """IoU of every sample; a picture is encoded once."""
    scores, last, view = [], None, None
    for sample in chosen:
        if sample.image != last:
            last, view = sample.image, segmenter.encode(read_rgb(sample.image))
        segmenter.set_expressions([sample.text])
        assert view is not None
        scores.append(iou(segmenter.segment_encoded(view).masks[0], sample.truth))
    return scores


def config_of(refine: str, spatial: bool, base: SegmentConfig) -> SegmentConfig:
    expression = dataclasses.replace(base.expression, spatial=spatial)
    return dataclasses.replace(base, refine=refine, expression=expression)  # type: ignore[arg-type]


def table(
    chosen: Sequence[Sample], columns: dict[str, list[float]], title: str = "relation"
) -> str:
    """Markdown: mean IoU and accuracy at 0.5 of each column, by relation and in all."""
    heads = [f"{name}: {what}" for name in columns for what in ("IoU", "> 0.5")]
    lines = [f"| {title} | sentences | {' | '.join(heads)} |", "|---" * (len(heads) + 2) + "|"]
    for relation in (*TEMPLATES, "all"):
        rows = [n for n, s in enumerate(chosen) if relation in (s.relation, "all")]
        if not rows:
            continue
        cells = []
        for scores in columns.values():
            own = [scores[n] for n in rows]
            cells += [f"{fmean(own):.3f}", f"{fmean(s > 0.5 for s in own):.2f}"]
        lines.append(f"| {relation} | {len(rows)} | {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> None:
    """Predict, score, print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data/coco-dev"))
    parser.add_argument("--refine", nargs="+", choices=("none", "sam"), default=("none", "sam"))
    parser.add_argument("--preset", default="refcoco-lite", help="nothing is absent")
    parser.add_argument("--half", choices=("first", "second"), help="of the pictures")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--list", action="store_true", help="only print the sentences")
    options = parser.parse_args()
    if not options.data.is_dir():
        parser.error(f"--data {options.data}: no such folder")
    chosen = samples(options.data, options.seed)
    if options.half:
        pictures = sorted({s.image for s in chosen})
        mine = set(pictures[0 if options.half == "first" else 1 :: 2])
        chosen = [s for s in chosen if s.image in mine]
    pictures = {s.image for s in chosen}
    print(f"{len(chosen)} sentences, {len(pictures)} pictures, seed {options.seed}\n")
    if options.list:
        print("\n".join(f"{s.image.stem} {s.relation}: {s.text}" for s in chosen))
        return
    preset = load_preset(options.preset)
    model = load_model(preset.model)
    columns = {}
    for refine in options.refine:
        for spatial in (False, True):
            config = config_of(refine, spatial, preset.segment)
            segmenter = ImageSegmenter(model, ["a thing"], config)
            columns[f"{refine}, {'on' if spatial else 'off'}"] = run(segmenter, chosen)
    print(table(chosen, columns))


if __name__ == "__main__":
    main()
