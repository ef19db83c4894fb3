"""Command line: targets, train, recall."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from car_video.config import AutomaticConfig
from car_video.errors import CarVideoError, DataError
from car_video.models.lite.model import load_lite
from car_video.models.sam.mobile_sam import load_mobile_sam
from car_video.segment.mask_selection.automatic import automatic_masks
from eval.data.coco import find_image, read_coco
from eval.data.rle import decode
from tools.build_mask_decoder.network import ObjectMasks, trunk_stages
from tools.build_mask_decoder.recall import best_ious, recall
from tools.build_mask_decoder.recipe import Recipe
from tools.build_mask_decoder.targets import (
    chosen_masks,
    decoded,
    make_targets,
    picture,
    read_targets,
)
from tools.build_mask_decoder.train import train

WEIGHTS = "mask_decoder.safetensors"
CPU = torch.device("cpu")


def main(arguments: list[str] | None = None) -> int:
    """Run one stage; returns the exit code."""
    parser = argparse.ArgumentParser("python -m tools.build_mask_decoder")
    parser.add_argument("stage", choices=("targets", "train", "recall"))
    parser.add_argument("--photos", type=Path, help="folder of .jpg files, for targets")
    parser.add_argument("--data", type=Path, help="folder with instances.json, for recall")
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--limit", type=int, default=0, help="only so many pictures")
    options = parser.parse_args(arguments)
    recipe = Recipe()
    torch.manual_seed(recipe.seed)
    try:
        if options.stage == "targets":
            photos = sorted((options.photos or Path()).glob("**/*.jpg"))[
                : options.limit or None
            ]
            if not photos:
                raise DataError("no .jpg below --photos")
            sam = load_mobile_sam(CPU)
            for number, path in enumerate(make_targets(photos, sam, options.work, recipe), 1):
                print(f"{number} {path.name}", flush=True)
        elif options.stage == "train":
            _train(options.work, recipe, options.limit)
        else:
            _recall(options.work, options.data, recipe, options.limit)
    except CarVideoError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


def _train(work: Path, recipe: Recipe, limit: int) -> None:
    known = [(p, codes) for p, codes in read_targets(work) if codes][: limit or None]
    if not known:
        raise DataError(f"no targets in {work}; run the stage 'targets' first")
    lite = load_lite(CPU)
    generator = np.random.default_rng(recipe.seed)
    each = max(1, len(known) // recipe.batch)
    order = np.concatenate([generator.permutation(len(known)) for _ in range(recipe.epochs)])

    def batch(step: int) -> tuple[tuple[Tensor, ...], list[Tensor]]:
        places = order[step * recipe.batch : (step + 1) * recipe.batch]
        pixels = torch.cat([picture(Path(known[i][0]), recipe.side) for i in places])
        masks = [decoded(known[i][1], recipe.side) for i in places]
        return trunk_stages(lite, pixels), masks

    network = ObjectMasks(recipe)
    train(
        network,
        batch,
        each * recipe.epochs,
        recipe,
        lambda step, loss: print(f"{step} {loss:.3f}", flush=True),
    )
    save_file(network.state_dict(), work / WEIGHTS)


def _recall(work: Path, data: Path, recipe: Recipe, limit: int) -> None:
    network = ObjectMasks(recipe).eval()
    network.load_state_dict(load_file(work / WEIGHTS))
    lite, sam = load_lite(CPU), load_mobile_sam(CPU)
    coco = read_coco(data / "instances.json")
    ours, theirs = list[Tensor](), list[Tensor]()
    for image in list(coco.images.values())[: limit or None]:
        pixels = picture(find_image(data, image.file_name), recipe.side)
        things = [i for i in coco.by_image[image.id] if not i.crowd]
        full = [decode(i.segmentation, image.size, f"object {i.id}") for i in things]
        if not full:
            continue
        size = (recipe.side // 4, recipe.side // 4)
        truth = torch.nn.functional.interpolate(
            torch.from_numpy(np.stack(full))[None].float(), size, mode="area"
        )[0].gt(0.5)
        with torch.no_grad():
            masks, scores = network(trunk_stages(lite, pixels))[-1]
        objects = scores[0].softmax(-1)[:, 0] > 0.5
        ours.append(best_ious(masks[0][objects] > 0, truth))
        embedding = sam.encode(pixels, recipe.side)
        found = automatic_masks(sam, embedding, (recipe.side,) * 2, AutomaticConfig())
        theirs.append(best_ious(torch.from_numpy(chosen_masks(found, recipe)), truth))
    for name, ious in (("decoder", ours), ("MobileSAM", theirs)):
        print(name, recall(torch.cat(ious) if ious else torch.zeros(0)))


if __name__ == "__main__":
    sys.exit(main())
