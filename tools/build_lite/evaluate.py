"""Measure weights: those that ship, or those that a build has exported.

``python -m tools.build_lite.evaluate [--weights DIR] [--photos DIR ...] [--coco DIR] ...``

--photos  text to image retrieval on the held-out pictures of each folder
--coco    zero-shot top-1 and top-5 of single objects cut out of COCO pictures by their boxes,
          and maps of COCO's 80 nouns
--voc     maps of VOC's 20 nouns
--work    how far rounding moves embeddings and maps, against the float32 export of a build
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from PIL import Image
from tokenizers import Tokenizer
from torch import Tensor

from car_video.errors import CarVideoError, ModelError
from car_video.models import VisionLanguageModel, bundled, int8_weights
from car_video.models.lite.model import LiteModel
from car_video.models.numerics import WithoutRandomWeights
from eval.data.coco import read_coco
from eval.data.semantic import COCO_IDS, read_coco_object, read_voc
from tools.build_lite.export import IMAGE, NOUN_TABLE, NOUNS, TEXT
from tools.build_lite.features import read_picture
from tools.build_lite.noun_maps import (
    TEMPLATE,
    VOC_NOUNS,
    NounMap,
    by_frequency,
    caption_counts,
    noun_maps,
)
from tools.build_lite.photos import Captioned, read_captioned, split
from tools.build_lite.recipe import Recipe
from tools.build_lite.retrieval import recalls
from tools.build_lite.rounding import exact_model, quantisation_drift


def embed_pictures(
    model: VisionLanguageModel, pictures: Iterator[NDArray[np.uint8]], batch: int = 16
) -> Tensor:
    """Unit-length embeddings [N, D] of square pictures, uint8 [S, S, 3]."""
    found: list[Tensor] = []
    waiting: list[NDArray[np.uint8]] = []

    def flush() -> None:
        x = torch.from_numpy(np.stack(waiting)).permute(0, 3, 1, 2).float() / 255
        found.append(F.normalize(model.embed_image(x.to(model.device)), dim=-1).cpu())
        waiting.clear()

    for picture in pictures:
        waiting.append(picture)
        if len(waiting) == batch:
            flush()
    if waiting:
        flush()
    return torch.cat(found)


def retrieval(
    model: VisionLanguageModel, data: Captioned, held_out: NDArray[np.int64]
) -> dict[int, float]:
    """R@1, 5, 10 of the first caption of every held-out picture among all of them."""
    side = model.input_size
    images = embed_pictures(model, (read_picture(data.paths[i], side) for i in held_out))
    first = [int(np.flatnonzero(data.image_of == i)[0]) for i in held_out]
    texts = model.encode_text([data.captions[i] for i in first]).cpu()
    return recalls(texts @ images.T)


def object_boxes(instances: dict[str, Any], smallest: float) -> list[tuple[str, Any, str]]:
    """(file, (x0, y0, x1, y1), class) of every single object of a COCO annotation file.

    Args:
        instances: the parsed file.
        smallest: both sides of the box are at least so many pixels.
    """
    names = {c["id"]: c["name"] for c in instances["categories"]}
    files = {image["id"]: image["file_name"] for image in instances["images"]}
    found = []
    for annotation in instances["annotations"]:
        x, y, width, height = annotation["bbox"]
        if min(width, height) >= smallest and not annotation.get("iscrowd", 0):
            box = (x, y, x + width, y + height)
            found.append((files[annotation["image_id"]], box, names[annotation["category_id"]]))
    return found


@dataclass(frozen=True)
class ZeroShot:
    """Classification of single objects by ``a photo of a CLASS``.

    Attributes:
        objects: how many; classes: to choose from.
        top1, top5: fractions of the objects.
        mean_top1: mean of top-1 over the classes that occur.
    """

    objects: int
    classes: int
    top1: float
    top5: float
    mean_top1: float

    def __str__(self) -> str:
        return (
            f"{self.objects} objects, {self.classes} classes: top-1 {self.top1:.3f}, "
            f"top-5 {self.top5:.3f}, mean top-1 over classes {self.mean_top1:.3f}"
        )


def zero_shot(model: VisionLanguageModel, folder: Path, smallest: float = 64) -> ZeroShot:
    """Classify boxes that are cut out and pressed into a square.

    Args:
        model: to measure.
        folder: with ``images/`` and ``instances.json``.
        smallest: both sides of a box are at least so many pixels.
    """
    instances = json.loads((folder / "instances.json").read_text("utf-8"))
    boxes = object_boxes(instances, smallest)
    classes = sorted(c["name"] for c in instances["categories"])
    side = model.input_size

    def crops() -> Iterator[NDArray[np.uint8]]:
        for file, box, _ in boxes:
            with Image.open(folder / "images" / file) as image:
                crop = image.convert("RGB").resize(
                    (side, side), Image.Resampling.BICUBIC, box=_inside(box, image.size)
                )
            yield np.asarray(crop)

    texts = model.encode_text([TEMPLATE.format(name) for name in classes]).cpu()
    order = (embed_pictures(model, crops()) @ texts.T).argsort(1, descending=True).numpy()
    truth = np.array([classes.index(name) for _, _, name in boxes])
    right = order == truth[:, None]
    per_class = [right[truth == c, 0].mean() for c in np.unique(truth)]
    top5 = float(right[:, :5].any(1).mean())
    first = float(right[:, 0].mean())
    return ZeroShot(len(boxes), len(classes), first, top5, float(np.mean(per_class)))


def _inside(box: Any, size: tuple[int, int]) -> tuple[float, float, float, float]:
    """Rounding in annotations may put a corner a fraction of a pixel outside."""
    x0, y0, x1, y1 = box
    return max(0.0, x0), max(0.0, y0), min(float(size[0]), x1), min(float(size[1]), y1)


def model_in(folder: Path) -> VisionLanguageModel:
    """The model whose weights were written to a folder, on the CPU in float32.

    Raises:
        ModelError: a file is missing or damaged.
    """
    config = folder / "lite.json"
    if not config.is_file():
        raise ModelError(f"{folder}: no lite.json; run the stage 'export' first")
    settings = json.loads(config.read_text("utf-8"))
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    nouns = json.loads((folder / NOUN_TABLE).read_text("utf-8"))
    with WithoutRandomWeights():
        model = LiteModel(settings, tokenizer, nouns)
    state: dict[str, Tensor] = {}
    for file in (IMAGE, TEXT, NOUNS):
        state |= int8_weights.load(folder / file, settings["sha256"][file])
    model.load_state_dict(state, strict=True)
    return model.requires_grad_(False).eval()


def main(arguments: list[str] | None = None) -> int:
    """Print the measurements that were asked for; returns the exit code."""
    parser = argparse.ArgumentParser("python -m tools.build_lite.evaluate")
    parser.add_argument(
        "--photos",
        type=Path,
        action="append",
        help="folder that was trained on; may be repeated",
    )
    parser.add_argument("--coco", type=Path, help="folder with images/ and instances.json")
    parser.add_argument("--voc", type=Path, help="folder with VOC2012/")
    parser.add_argument("--weights", type=Path, help="folder of exported weights to measure")
    parser.add_argument("--work", type=Path, help="work folder of the build that was shipped")
    parser.add_argument("--pictures", type=int, default=100, help="for --work (default 100)")
    parser.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE", help="change the recipe"
    )
    options = parser.parse_args(arguments)
    if not options.photos and (options.work or options.voc):
        parser.error("--work and --voc need --photos")
    try:
        for line in measurements(options, Recipe().changed(options.set)):
            print(line, flush=True)
    except CarVideoError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


def measurements(options: argparse.Namespace, recipe: Recipe) -> Iterator[str]:
    """Lines of results."""
    shipped = bundled.weights_folder()
    model = model_in(options.weights or shipped)
    training: list[str] = []
    for folder in options.photos or ():
        data = read_captioned(folder, recipe.images)
        train, held_out = split(data.counts, recipe.held_out, recipe.seed)
        found = retrieval(model, data, held_out)
        line = ", ".join(f"R@{k} {value:.3f}" for k, value in found.items())
        yield f"text to image, {len(held_out)} held-out pictures of {folder.name}: {line}"
        own = np.zeros(len(data.paths), np.bool_)
        own[train] = True
        training += [data.captions[i] for i in np.flatnonzero(own[data.image_of])]
    if options.coco:
        yield f"zero-shot, {zero_shot(model, options.coco)}"
        pictures = read_coco_object(options.coco, "val2017")
        categories = read_coco(options.coco / "instances.json").categories
        names = [categories[number] for number in COCO_IDS]
        yield from _map_lines("coco", noun_maps(model, pictures, names), names, training)
    if options.voc:
        pictures = read_voc(options.voc, "VOC2012", "SegmentationClass", "Segmentation", "val")
        scores = noun_maps(model, pictures, VOC_NOUNS)
        yield from _map_lines("voc", scores, VOC_NOUNS, training)
    if options.work:
        data = read_captioned(options.photos[0], recipe.images)
        held_out = split(data.counts, recipe.held_out, recipe.seed)[1]
        paths = [data.paths[i] for i in held_out[: options.pictures]]
        moved = quantisation_drift(model, exact_model(options.work), paths)
        line = ", ".join(f"{name} {value:.4f}" for name, value in moved.items())
        yield f"at rest against float32, {len(paths)} pictures: {line}"


def _map_lines(
    data_set: str, scores: Sequence[NounMap], names: Sequence[str], training: Sequence[str]
) -> Iterator[str]:
    for label, count, hits, iou in by_frequency(scores, caption_counts(names, training)):
        yield (
            f"maps of {data_set}, {count} nouns in {label} training captions: "
            f"pointing game {hits:.3f}, soft IoU {iou:.3f}"
        )


if __name__ == "__main__":
    sys.exit(main())
