"""Things of a picture asked for together, told that they are there: who gets which mask?

    python -m benchmarks.together --data ../shared/data/coco-dev [--limit 20]

All classes of a picture of which a thing fills 0.5 % of it or more are named in one run ("the
dog", "the person", "the car"), with ``segment.assume_present``. A class with one such thing is
scored. Rows: expressions that never compete (``mode: refer``); that compete and are dropped by
the recurrence where another has more of all that they propose; and as it is, where they compete
and none is dropped. Intervals are 95 %, over pictures.
"""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
from car_video.eval.data import rle
from car_video.eval.data.coco import CocoFile, find_image, read_coco
from car_video.eval.data.images import read_rgb
from numpy.typing import NDArray

from benchmarks.spatial import iou
from car_video import ImageSegmenter, SegmentConfig, load_model, load_preset
from car_video.models.pair import ModelPair

LEAST = 0.005
"""Part of the picture that a thing has to fill to be named."""


@dataclass(frozen=True)
class Picture:
    """A picture and what is named in it.

    Attributes:
        path: of the picture.
        texts: a text for each of the Q classes.
        things: for each of them the masks of its things, bool [n, H, W], n >= 1.
    """

    path: Path
    texts: tuple[str, ...]
    things: tuple[NDArray[np.bool_], ...]


def pictures(data: Path) -> Iterator[Picture]:
    """All with two classes and more, one of which has a single thing."""
    coco = read_coco(data / "instances.json")
    for number, record in coco.images.items():
        named = classes(coco, number)
        if len(named) > 1 and any(len(masks) == 1 for masks in named.values()):
            texts = tuple(f"the {name}" for name in named)
            masks = tuple(np.stack(some) for some in named.values())
            yield Picture(find_image(data, record.file_name), texts, masks)


def classes(coco: CocoFile, number: int) -> dict[str, list[NDArray[np.bool_]]]:
    """Names of a picture's classes, with the masks of all things that are large enough."""
    size, found = coco.images[number].size, {}
    for instance in coco.by_image[number]:
        mask = rle.decode(instance.segmentation, size, "instances.json")
        if not instance.crowd and mask.mean() >= LEAST:
            found.setdefault(coco.categories[instance.category], []).append(mask)
    return found


def dropping(model: ModelPair, config: SegmentConfig) -> ImageSegmenter:
    """A segmenter whose recurrence drops as if presence were decided."""
    segmenter = ImageSegmenter(model, ["a"], config)
    recurrence = config.recurrence
    segmenter.config = dataclasses.replace(segmenter.config, recurrence=recurrence)
    return segmenter


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.together", description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--limit", type=int)
    args = parser.parse_args()
    config = dataclasses.replace(load_preset().segment, assume_present=True)
    model = load_model("lite")
    alone = ImageSegmenter(model, ["a"], dataclasses.replace(config, mode="refer"))
    kept = ImageSegmenter(model, ["a"], config)
    rows = {"alone": alone, "dropped": dropping(model, config), "kept": kept}
    found: dict[str, list[list[tuple[float, float]]]] = {name: [] for name in rows}
    for picture in islice(pictures(args.data), args.limit):
        image = read_rgb(picture.path)
        for name, segmenter in rows.items():
            segmenter.set_expressions(picture.texts)
            found[name].append(scores(segmenter.segment(image).masks, picture.things))
    print("| | IoU | on another of the things | less kept |\n|---|---|---|---|")
    for name, overlaps in found.items():
        flat = np.array([pair for of_picture in overlaps for pair in of_picture])
        low, high = interval(overlaps, found["kept"])
        print(
            f"| {name} | {flat[:, 0].mean():.3f} | {(flat[:, 1] > 0.5).mean():.3f} "
            f"| {low:+.3f} to {high:+.3f} |"
        )
    print(f"\n{len(flat)} things on {len(found['kept'])} pictures")


def scores(
    masks: NDArray[np.bool_], things: tuple[NDArray[np.bool_], ...]
) -> list[tuple[float, float]]:
    """IoU with the thing that is meant and the best with another, of single things."""
    single = [n for n, some in enumerate(things) if len(some) == 1]
    return [
        (
            iou(masks[n], things[n][0]),
            max(
                iou(masks[n], other)
                for m, some in enumerate(things)
                if m != n
                for other in some
            ),
        )
        for n in single
    ]


def interval(
    some: list[list[tuple[float, float]]], others: list[list[tuple[float, float]]]
) -> tuple[float, float]:
    """95 % of the difference of mean IoU, by bootstrap over pictures."""
    rng = np.random.default_rng(0)
    pairs = list(zip(some, others, strict=True))
    apart = [np.array(a)[:, 0] - np.array(b)[:, 0] for a, b in pairs]
    means = [
        np.concatenate([apart[n] for n in rng.integers(len(apart), size=len(apart))]).mean()
        for _ in range(2000)
    ]
    low, high = np.percentile(means, [2.5, 97.5])
    return float(low), float(high)


if __name__ == "__main__":
    main()
