"""Measure the shipped model, through ``load_model("lite")`` as users have it.

``python -m tools.build_lite.evaluate [--flickr DIR] [--coco DIR] [--work DIR]``

--flickr  text to image retrieval on the held-out pictures of the training set
--coco    zero-shot top-1 on single objects cut out of COCO pictures by their boxes
--work    how far int8 moves embeddings and maps, against the float32 export of a build
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from PIL import Image
from tokenizers import Tokenizer
from torch import Tensor

from car_video.errors import CarVideoError
from car_video.models import VisionLanguageModel, bundled, load_model
from car_video.models.lite.model import LiteModel
from tools.build_lite.export import load_float
from tools.build_lite.features import read_picture
from tools.build_lite.photos import Captioned, read_captioned, split
from tools.build_lite.recipe import Recipe
from tools.build_lite.retrieval import recalls

TEMPLATE = "a photo of a {}"
MAP_WORDS = ("a person", "a dog", "grass", "water", "a car", "the sky", "a ball", "a building")


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


def zero_shot(
    model: VisionLanguageModel, folder: Path, smallest: float = 64
) -> tuple[int, int, float, float]:
    """Top-1 of ``a photo of a CLASS`` on boxes cut out and pressed into a square.

    Returns:
        Objects, classes to choose from, top-1 over objects, and its mean over the classes that
        occur.
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
    best = (embed_pictures(model, crops()) @ texts.T).argmax(1)
    truth = np.array([classes.index(name) for _, _, name in boxes])
    right = best.numpy() == truth
    per_class = [right[truth == c].mean() for c in np.unique(truth)]
    return len(boxes), len(classes), float(right.mean()), float(np.mean(per_class))


def _inside(box: Any, size: tuple[int, int]) -> tuple[float, float, float, float]:
    """Rounding in annotations may put a corner a fraction of a pixel outside."""
    x0, y0, x1, y1 = box
    return max(0.0, x0), max(0.0, y0), min(float(size[0]), x1), min(float(size[1]), y1)


def drift(ours: Tensor, theirs: Tensor) -> float:
    """Mean over rows of the distance from ``theirs``, relative to its length."""
    return float(((ours - theirs).norm(dim=-1) / theirs.norm(dim=-1)).mean())


@torch.inference_mode()
def quantisation_drift(
    shipped: VisionLanguageModel, exact: VisionLanguageModel, paths: Sequence[Path]
) -> dict[str, float]:
    """How far rounding moves what the model says; both models in float32.

    Returns:
        ``pooled``, ``dense``, ``text``: relative distance of embeddings. ``cosine``: mean
        absolute change of the cosine of cells with words, which lies in [-1, 1]; ``map``: of
        maps in [0, 1], the softmax of a word against other words. ``argmax``: fraction of
        cells whose best word stays.
    """
    texts = [model.encode_text(MAP_WORDS) for model in (shipped, exact)]
    rows: dict[str, list[float]] = {"text": [drift(texts[0], texts[1])]}
    for path in paths:
        picture = torch.from_numpy(read_picture(path, shipped.input_size))
        pixels = picture.permute(2, 0, 1)[None].float() / 255
        looks = [model.encode_image(pixels) for model in (shipped, exact)]
        cells = [look.dense.flatten(2)[0].T for look in looks if look.dense is not None]
        cosines = [F.normalize(c, dim=-1) @ t.T for c, t in zip(cells, texts, strict=True)]
        maps = [(cosine * exact.logit_scale).softmax(-1) for cosine in cosines]
        change = {
            "pooled": drift(looks[0].pooled, looks[1].pooled),
            "dense": drift(cells[0], cells[1]),
            "cosine": float((cosines[0] - cosines[1]).abs().mean()),
            "map": float((maps[0] - maps[1]).abs().mean()),
            "argmax": float((maps[0].argmax(-1) == maps[1].argmax(-1)).float().mean()),
        }
        for name, value in change.items():
            rows.setdefault(name, []).append(value)
    return {name: float(np.mean(values)) for name, values in rows.items()}


def exact_model(work: Path) -> LiteModel:
    """The float32 weights of a build, on the CPU."""
    tokenizer = Tokenizer.from_file(str(bundled.weights_folder() / "tokenizer.json"))
    model = LiteModel(bundled.config(), tokenizer, bundled.load_json("lite_nouns.json"))
    model.load_state_dict(load_float(work), strict=True)
    return model.requires_grad_(False).eval()


def main(arguments: list[str] | None = None) -> int:
    """Print the measurements that were asked for; returns the exit code."""
    parser = argparse.ArgumentParser("python -m tools.build_lite.evaluate")
    parser.add_argument("--flickr", type=Path, help="folder with images/ and captions.tsv")
    parser.add_argument("--coco", type=Path, help="folder with images/ and instances.json")
    parser.add_argument("--work", type=Path, help="work folder of the build that was shipped")
    parser.add_argument("--pictures", type=int, default=100, help="for --work (default 100)")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--dtype", help="of the image trunk; default: the fastest there is")
    options = parser.parse_args(arguments)
    if options.work and not options.flickr:
        parser.error("--work needs --flickr, for pictures")
    recipe = Recipe()
    try:
        model = load_model("lite", options.device, options.dtype).proposer
        if options.flickr:
            data = read_captioned(options.flickr)
            held_out = split(data.counts, recipe.held_out, recipe.seed)[1]
            found = retrieval(model, data, held_out)
            line = ", ".join(f"R@{k} {value:.3f}" for k, value in found.items())
            print(f"text to image, {len(held_out)} held-out pictures: {line}")
        if options.coco:
            count, classes, micro, macro = zero_shot(model, options.coco)
            print(
                f"zero-shot, {count} objects, {classes} classes: top-1 {micro:.3f}, "
                f"mean over classes {macro:.3f}"
            )
        if options.work:
            exact = exact_model(options.work)
            shipped = load_model("lite", "cpu", "float32").proposer
            paths = [data.paths[i] for i in held_out[: options.pictures]]
            moved = quantisation_drift(shipped, exact, paths)
            line = ", ".join(f"{name} {value:.4f}" for name, value in moved.items())
            print(f"int8 against float32, {len(paths)} pictures: {line}")
    except CarVideoError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
