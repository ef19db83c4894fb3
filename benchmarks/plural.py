"""Plural expressions against exact truth: "the zebras", "two zebras" among COCO's instances.

Run from the repository's root; needs the development data (not part of the repository):

    python -m benchmarks.plural --data ../shared/data/coco-dev [--joined 0 3]

Pictures with two to five instances of a class, as in ``benchmarks/spatial.py``. All of them are
the truth; every sentence is segmented alone. Prints mean IoU for each value of
``sam.plural_masks``.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean

import numpy as np
from car_video.eval.data.coco import find_image, read_coco
from car_video.eval.data.images import read_rgb
from numpy.typing import NDArray

from benchmarks.spatial import groups, iou
from car_video import ImageSegmenter, load_model, load_preset

NUMBERS = ("two", "three", "four", "five")
UNLIKE = {
    "person": "people",
    "sheep": "sheep",
    "knife": "knives",
    "bus": "buses",
    "bench": "benches",
    "sandwich": "sandwiches",
    "toothbrush": "toothbrushes",
    "couch": "couches",
    "wine glass": "wine glasses",
    "mouse": "mice",
}


@dataclass(frozen=True)
class Group:
    """Things of one class in a picture: sentences, and bool [H, W] all of them."""

    image: Path
    texts: tuple[str, ...]
    truth: NDArray[np.bool_]
    best: float  # IoU of one of them with all of them


def plural(name: str) -> str:
    """Of a class of COCO."""
    return UNLIKE.get(name, f"{name}s")


def samples(data: Path) -> Iterator[Group]:
    """All groups of two to five."""
    coco = read_coco(data / "instances.json")
    for number, image in coco.images.items():
        for name, things in sorted(groups(coco, number).items()):
            if 2 <= len(things) <= 5:
                truth = np.logical_or.reduce([thing.mask for thing in things])
                texts = (f"the {plural(name)}", f"{NUMBERS[len(things) - 2]} {plural(name)}")
                best = max(iou(thing.mask, truth) for thing in things)
                yield Group(find_image(data, image.file_name), texts, truth, best)


def measure(segmenter: ImageSegmenter, chosen: list[Group]) -> float:
    """Mean IoU over all sentences."""
    found = []
    for group in chosen:
        view = segmenter.encode(read_rgb(group.image))
        for text in group.texts:
            segmenter.set_expressions([text])
            found.append(iou(segmenter.segment_encoded(view).masks[0], group.truth))
    return fmean(found)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="a folder of COCO's form")
    parser.add_argument("--joined", type=int, nargs="+", default=[0, 3])
    given = parser.parse_args()
    chosen = list(samples(given.data))
    model = load_model("lite")
    base = replace(load_preset("default").segment, presence_threshold=0.0)
    print(
        f"{len(chosen)} groups; one thing of each at best: {fmean(g.best for g in chosen):.3f}"
    )
    print("\n| sam.plural_masks | mean IoU |\n|---|---|")
    for most in given.joined:
        config = replace(base, sam=replace(base.sam, plural_masks=most))
        segmenter = ImageSegmenter(model, ["a thing"], config)
        print(f"| {most} | {measure(segmenter, chosen):.3f} |", flush=True)


if __name__ == "__main__":
    main()
