"""Things that fill the picture: presence and IoU by the share of the picture that they cover.

    python -m benchmarks.covers --data ../shared/data [--shares 0.92 0.7 0.5] [--preset default]
        [--route cells] [--split 0/2] [--out rows.json]

Of every class of ``coco-dev``, and of every object of ``ref-video-dev``, the largest boxes are
cut out of the pictures of which the truth mask covers so much. Each crop is asked for what it
shows, for something alike that is not in the picture, and for something else; each alone.
Prints how often the first is called present, its IoU with the truth (an absent one has 0),
and how often the others are called absent.
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from benchmarks.generalisation.sequences import load_sequences
from benchmarks.generalisation.sharing import SharedFrames
from car_video import Config, Frame, ImageSegmenter, VideoSegmenter, load_model, load_preset
from car_video.config.segment import PROMPTED
from car_video.models.sam.registry import load_mask_model

LEAST_SIDE = 120
"""Sides of a crop are not below so many pixels: less is no picture of the thing."""
ASPECTS = (1.0, 4 / 3, 3 / 4)
"""Width over height of the crops that are tried."""
STEP = 8
"""Sides are tried in steps of so many pixels."""
PER_CLASS = 2
"""Crops of a class: the largest objects."""
FRAME = 8
"""The frame of a sequence that crops are cut from."""


@dataclass(frozen=True)
class Crop:
    """A part of a picture.

    Attributes:
        name: of the class or object.
        image: uint8 [h, w, 3].
        truth: bool [h, w].
        share: of the crop that the truth covers.
        texts: by ``present``, ``near`` and ``far``.
    """

    name: str
    image: NDArray[np.uint8]
    truth: NDArray[np.bool_]
    share: float
    texts: dict[str, str]


def largest_box(mask: NDArray[np.bool_], share: float) -> tuple[slice, slice] | None:
    """Rows and columns of the largest box of which a mask covers ``share``, or None.

    Args:
        mask: bool [H, W].
        share: least part of the box that is in the mask.
    """
    height, width = mask.shape
    total = np.pad(mask.astype(np.int64).cumsum(0).cumsum(1), ((1, 0), (1, 0)))
    best: tuple[int, int, int, int] | None = None
    for aspect in ASPECTS:
        for side in range(min(height, width), LEAST_SIDE - 1, -STEP):
            rows = side if aspect >= 1 else round(side / aspect)
            columns = round(side * aspect) if aspect >= 1 else side
            if rows > height or columns > width:
                continue
            held = total[rows:, columns:] - total[:-rows, columns:]
            held = held - total[rows:, :-columns] + total[:-rows, :-columns]
            if held.max() >= share * rows * columns:
                if best is None or rows * columns > best[2] * best[3]:
                    top, left = np.unravel_index(held.argmax(), held.shape)
                    best = (int(top), int(left), rows, columns)
                break
    if best is None:
        return None
    return slice(best[0], best[0] + best[2]), slice(best[1], best[1] + best[3])


def coco_crops(data: Path, share: float) -> Iterator[Crop]:
    """Of the pictures of ``coco-dev``: the largest objects of each class."""
    record = json.loads((data / "coco-dev" / "instances.json").read_text("utf-8"))
    images = {image["id"]: image for image in record["images"]}
    classes = {one["id"]: one for one in record["categories"]}
    shown = defaultdict(set)
    for one in record["annotations"]:
        shown[one["image_id"]].add(one["category_id"])
    found: dict[int, int] = defaultdict(int)
    taken = set()
    for one in sorted(record["annotations"], key=lambda one: -one["area"]):
        own, number = one["category_id"], one["image_id"]
        if one["iscrowd"] or found[own] == PER_CLASS or (own, number) in taken:
            continue
        entry = images[number]
        mask = _polygons(one["segmentation"], (entry["height"], entry["width"]))
        box = largest_box(mask, share)
        if box is None:
            continue
        found[own] += 1
        taken.add((own, number))
        with Image.open(data / "coco-dev" / "images" / entry["file_name"]) as picture:
            pixels = np.asarray(picture.convert("RGB"))
        others = [classes[key] for key in sorted(classes) if key not in shown[number]]
        kind = classes[own]["supercategory"]
        near = [other["name"] for other in others if other["supercategory"] == kind]
        far = [other["name"] for other in others if other["supercategory"] != kind]
        texts = {"present": classes[own]["name"], "far": far[one["id"] % len(far)]}
        if near:
            texts["near"] = near[one["id"] % len(near)]
        truth = mask[box]
        yield Crop(classes[own]["name"], pixels[box], truth, float(truth.mean()), texts)


def video_crops(data: Path, share: float) -> Iterator[Crop]:
    """Of one frame of each sequence of ``ref-video-dev``: all objects."""
    for sequence in load_sequences(data, FRAME):
        frame = next(frame for frame in sequence.frames() if frame.index >= FRAME)
        for target in sequence.targets:
            mask = sequence.masks[1] == target.number
            box = largest_box(mask, share) if target.extent == "thing" else None
            if box is not None:
                texts = {"present": target.sentences["noun"], **sequence.absent}
                truth = mask[box]
                pixels = frame.image[box]
                yield Crop(sequence.name, pixels, truth, float(truth.mean()), texts)


def _polygons(parts: Sequence[Sequence[float]], size: tuple[int, int]) -> NDArray[np.bool_]:
    picture = Image.new("1", (size[1], size[0]))
    for part in parts:
        ImageDraw.Draw(picture).polygon(list(part), fill=1)
    return np.asarray(picture)


def ask(crop: Crop, shared: SharedFrames, config: Config, video: bool) -> dict[str, Any]:
    """Row of a crop: for each text ``score`` and ``found``, and for the present one ``iou``."""
    row: dict[str, Any] = {"name": crop.name, "share": crop.share}
    segment = config.segment
    for kind, text in crop.texts.items():
        image = np.ascontiguousarray(crop.image)
        if video:
            segmenter = VideoSegmenter(
                shared.model, [text], segment, config.video, mask_model=shared.sam
            )
            said = segmenter.step(Frame(0, 0.0, image))
        else:
            said = ImageSegmenter(shared.model, [text], segment, shared.sam).segment(image)
        mask, found = said.masks[0], bool(said.present[0])
        both = float((mask & crop.truth).sum() / max((mask | crop.truth).sum(), 1))
        row[kind] = {
            "text": text,
            "found": found,
            "score": float(said.scores[0]),
            "iou": both if found else 0.0,
        }
    shared.forget()
    return row


def table(rows: Sequence[dict[str, Any]]) -> list[str]:
    """Markdown: a line for each least share."""
    lines = [
        "| covers | crops | present | IoU | near absent | far absent |",
        "|---|---|---|---|---|---|",
    ]
    for least in sorted({row["least"] for row in rows}, reverse=True):
        own = [row for row in rows if row["least"] == least]
        here = [row["present"] for row in own]
        cells = [np.mean([one["found"] for one in here]), np.mean([one["iou"] for one in here])]
        for kind in ("near", "far"):
            asked = [not row[kind]["found"] for row in own if kind in row]
            cells.append(np.mean(asked))
        numbers = " | ".join(f"{cell:.3f}" for cell in cells)
        lines.append(f"| {least:.2f} | {len(own)} | {numbers} |")
    return lines


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--shares", type=float, nargs="+", default=[0.92, 0.7, 0.5])
    parser.add_argument("--preset", default="default")
    parser.add_argument("--video", action="store_true", help="as the first frame of a video")
    parser.add_argument("--refine", choices=("sam", "crf", "none"))
    parser.add_argument("--route", choices=("cells", "cam"), default="cells")
    parser.add_argument("--split", default="0/1", metavar="K/N", help="of the names")
    parser.add_argument("--out", type=Path, help="keep the rows as JSON")
    given = parser.parse_args()
    config = load_preset(given.preset)
    segment = replace(config.segment, refine=given.refine or config.segment.refine)
    if given.route == "cam":  # what CLIP is used with
        proposal = replace(segment.proposal, source="cam")
        segment = replace(segment, proposal=proposal, classifier=PROMPTED)
    config = replace(config, segment=segment)
    model = load_model(config.model)
    sam = load_mask_model(segment.sam.model, model.device)
    shared = SharedFrames(model, sam, segment.sam.model)
    part, _, parts = given.split.partition("/")
    rows = []
    for least in given.shares:
        crops = [*coco_crops(given.data, least), *video_crops(given.data, least)]
        names = sorted({crop.name for crop in crops})[int(part) :: int(parts)]
        for crop in crops:
            if crop.name in names:
                row = ask(crop, shared, config, given.video)
                rows.append({"least": least, **row})
    if given.out:
        given.out.write_text(json.dumps(rows))
    print("\n".join(table(rows)))


if __name__ == "__main__":
    main()
