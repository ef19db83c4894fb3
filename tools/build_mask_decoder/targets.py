"""MobileSAM's masks of each photo, kept as run-length codes, one line of JSON a photo."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from PIL import Image
from pycocotools import mask as coco_mask
from torch import Tensor

from car_video.config import AutomaticConfig
from car_video.models.sam.base import MaskModel
from car_video.segment.mask_selection.automatic import automatic_masks
from tools.build_mask_decoder.recipe import Recipe

FILE = "targets.jsonl"


def photo(path: Path) -> Tensor:
    """A photo as it is: float32 [1, 3, H, W] in [0, 1]."""
    with Image.open(path) as image:
        return as_pixels(np.array(image.convert("RGB")))


def square(path: Path, side: int) -> NDArray[np.uint8]:
    """A photo as a square: uint8 [side, side, 3]."""
    with Image.open(path) as image:
        small = image.convert("RGB").resize((side, side), Image.Resampling.BILINEAR)
    return np.array(small)


def as_pixels(images: NDArray[np.uint8]) -> Tensor:
    """uint8 [H, W, 3] or [B, H, W, 3] -> float32 [B, 3, H, W] in [0, 1]."""
    pixels = torch.from_numpy(images.reshape(-1, *images.shape[-3:]))
    return pixels.permute(0, 3, 1, 2).float() / 255


def make_targets(
    photos: Sequence[Path], sam: MaskModel, work: Path, recipe: Recipe
) -> Iterator[Path]:
    """Write the masks of every photo that has none yet; gives each photo that was done."""
    work.mkdir(parents=True, exist_ok=True)
    done = {name for name, _ in read_targets(work)} if (work / FILE).is_file() else set()
    config = replace(AutomaticConfig(), points_per_side=recipe.grid)
    with (work / FILE).open("a") as file:
        for path in photos:
            if str(path) in done:
                continue
            pixels = photo(path).to(sam.device)
            embedding = sam.encode(pixels, recipe.teacher_side)
            size = pixels.shape[-2], pixels.shape[-1]
            logits = automatic_masks(sam, embedding, size, config)
            masks = chosen_masks(logits, recipe)
            columns = np.asfortranarray(masks.transpose(1, 2, 0).astype(np.uint8))
            codes = [code["counts"].decode("ascii") for code in coco_mask.encode(columns)]
            file.write(json.dumps({"photo": str(path), "masks": codes}) + "\n")
            yield path


def chosen_masks(logits: Tensor, recipe: Recipe) -> NDArray[np.bool_]:
    """bool [K, side / 4, side / 4]: masks that are large enough, the surest first.

    Args:
        logits: [K, a, b], the surest first.
        recipe: how many, and how large.
    """
    size = recipe.side // 4
    if not len(logits):
        return np.zeros((0, size, size), bool)
    small = F.interpolate(logits[None].float(), (size, size), mode="bilinear")[0] > 0
    large = small.flatten(1).float().mean(1) >= recipe.least_area
    return small[large][: recipe.most_masks].cpu().numpy()


def read_targets(work: Path) -> list[tuple[str, list[str]]]:
    """Photos and the codes of their masks; a line that was cut off ends the list."""
    found = []
    for line in (work / FILE).read_text().splitlines():
        try:
            record = json.loads(line)
        except ValueError:
            break
        found.append((str(record["photo"]), list(record["masks"])))
    return found


def decoded(codes: Sequence[str], side: int) -> Tensor:
    """float32 [K, side / 4, side / 4] of the codes of a photo."""
    size = [side // 4, side // 4]
    if not codes:
        return torch.zeros(0, *size)
    masks = coco_mask.decode([{"size": size, "counts": code} for code in codes])
    return torch.from_numpy(masks.transpose(2, 0, 1)).float()
