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
from torch import Tensor

from car_video.config import AutomaticConfig
from car_video.io.label_outputs.records import encode_mask
from car_video.io.rle import decode_rle
from car_video.models.sam.base import MaskModel
from car_video.segment.mask_selection.automatic import automatic_masks
from tools.build_mask_decoder.recipe import Recipe

FILE = "targets.jsonl"


def picture(path: Path, side: int) -> Tensor:
    """A photo as a square: float32 [1, 3, side, side] in [0, 1]."""
    image = Image.open(path).convert("RGB").resize((side, side), Image.Resampling.BILINEAR)
    pixels = torch.from_numpy(np.array(image))
    return pixels.permute(2, 0, 1)[None].float() / 255


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
            pixels = picture(path, recipe.side).to(sam.device)
            embedding = sam.encode(pixels, recipe.side)
            logits = automatic_masks(sam, embedding, (recipe.side, recipe.side), config)
            masks = chosen_masks(logits, recipe)
            codes = [encode_mask(mask)["counts"] for mask in masks]
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
    masks = [decode_rle({"size": size, "counts": code}) for code in codes]
    stacked = np.stack(masks) if masks else np.zeros((0, *size), bool)
    return torch.from_numpy(stacked).float()
