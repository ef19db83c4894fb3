"""Command line: targets, train, recall, identity, referring."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import cast

import numpy as np
import torch
from safetensors.torch import save_file
from torch import Tensor

from benchmarks.pace import clips
from car_video import load_model
from car_video.errors import CarVideoError, DataError
from car_video.models.device import pick_device
from car_video.models.fcclip.promptable import JoinedMasks, ProposalMasks
from car_video.models.lite.model import load_lite
from car_video.models.sam.base import MaskModel
from car_video.models.sam.mobile_sam import load_mobile_sam
from car_video.models.sam.registry import load_mask_model
from tools.build_mask_decoder.masks import StandIn
from tools.build_mask_decoder.measure import identity, object_recall, referring
from tools.build_mask_decoder.network import ObjectMasks, trunk_stages
from tools.build_mask_decoder.recall import LEVELS, PictureRecall, either, recall
from tools.build_mask_decoder.recipe import Recipe
from tools.build_mask_decoder.targets import (
    as_pixels,
    decoded,
    make_targets,
    read_targets,
    square,
)
from tools.build_mask_decoder.train import (
    Batch,
    cropped,
    large_enough,
    orders,
    random_crop,
    train,
)

WEIGHTS = "mask_decoder.safetensors"


def main(arguments: list[str] | None = None) -> int:
    """Run one stage; returns the exit code."""
    parser = argparse.ArgumentParser("python -m tools.build_mask_decoder")
    parser.add_argument(
        "stage", choices=("targets", "train", "recall", "identity", "referring")
    )
    parser.add_argument("--photos", type=Path, help="folder of .jpg files, for targets")
    parser.add_argument("--work", type=Path, required=True, nargs="+", help="of the stages")
    parser.add_argument(
        "--data", type=Path, help="COCO's form for recall, else ref-davis-dev's"
    )
    parser.add_argument("--preset", default="default", help="of the product, for referring")
    parser.add_argument("--videos", type=int, default=12)
    parser.add_argument("--frames", type=int, default=24, help="of each video, from its start")
    parser.add_argument("--every", type=int, default=1, help="every n-th picture, for recall")
    parser.add_argument("--limit", type=int, default=0, help="only so many pictures")
    parser.add_argument("--minutes", type=float, default=0, help="stop after so long")
    parser.add_argument("--device", default="auto")
    options = parser.parse_args(arguments)
    recipe = Recipe()
    torch.manual_seed(recipe.seed)
    device = pick_device(options.device)
    ends = time.monotonic() + 60 * options.minutes if options.minutes else float("inf")
    try:
        if options.stage == "targets":
            _targets(options.photos, options.work[0], recipe, options.limit, device, ends)
        elif options.stage == "train":
            _train(options.work, recipe, options.limit, device, ends)
        else:
            _measure(options, device)
    except CarVideoError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


def _targets(
    folder: Path | None,
    work: Path,
    recipe: Recipe,
    limit: int,
    device: torch.device,
    ends: float,
) -> None:
    photos = sorted((folder or Path()).glob("**/*.jpg"))[: limit or None]
    if not photos:
        raise DataError("no .jpg below --photos")
    done = 0
    for _ in make_targets(photos, load_mobile_sam(device), work, recipe):
        done += 1
        if time.monotonic() > ends:
            break
    print(f"{done} of {len(photos)} photos")


def _train(
    works: list[Path], recipe: Recipe, limit: int, device: torch.device, ends: float
) -> None:
    known = [(Path(p), codes) for work in works for p, codes in read_targets(work) if codes][
        : limit or None
    ]
    if not known:
        raise DataError(f"no targets in {works[0]}; run the stage 'targets' first")
    network = ObjectMasks(recipe).to(device)
    began = time.monotonic()
    steps = recipe.epochs * max(1, len(known) // recipe.batch)

    def done(step: int) -> float:
        # Whichever ends first, the epochs or the time: the learning rate falls accordingly.
        return max(step / steps, (time.monotonic() - began) / max(1e-9, ends - began))

    def report(step: int, loss: float) -> None:
        if step % 20 == 0:
            print(f"{step} {time.monotonic() - began:.0f} s {loss:.3f}", flush=True)

    losses = train(network, _batches(known, recipe, device), recipe, done, report)
    seen = len(losses) * recipe.batch / len(known)
    print(f"{len(known)} photos, {len(losses)} steps, {seen:.1f} epochs")
    save_file(network.state_dict(), works[0] / WEIGHTS)


def _measure(options: argparse.Namespace, device: torch.device) -> None:
    if options.data is None:
        raise DataError("say which data: --data DIR")
    pair, sam = load_model("lite", str(device)), load_mask_model("mobile", device)
    stand_in = StandIn(pair.proposer, options.work[0] / WEIGHTS)  # type: ignore[arg-type]
    if options.stage == "recall":
        pictures = object_recall(stand_in, sam, options.data, options.every, options.limit)
        _show_recall(pictures)
        return
    videos = list(clips(options.data.parent, options.videos, options.frames))
    if options.stage == "identity":
        values: dict[str, list[list[float]]] = {}
        for clip in videos:
            for kind, js in identity(stand_in, clip).items():
                values.setdefault(kind, []).append(js)
            last = {kind: f"{np.mean(js[-1]):.3f}" for kind, js in values.items()}
            print(clip.name, last, flush=True)
        print(
            "all", {k: f"{np.mean([np.mean(js) for js in v]):.3f}" for k, v in values.items()}
        )
        return
    alone = cast(MaskModel, ProposalMasks(stand_in))
    both = cast(MaskModel, JoinedMasks(sam, ProposalMasks(stand_in)))
    rows: dict[str, list[float]] = {}
    for clip in videos:
        for name, masks in (("sam", sam), ("fcclip", alone), ("both", both)):
            scores = referring(pair, masks, clip, options.preset)
            rows.setdefault(name, []).append(float(scores.mean()))
        print(clip.name, {name: f"{js[-1]:.3f}" for name, js in rows.items()}, flush=True)
    print("all", {name: f"{np.mean(js):.3f}" for name, js in rows.items()})


def _show_recall(pictures: Iterator[PictureRecall]) -> None:
    """Every picture as a line of JSON as soon as it is done, then a table."""
    known: dict[str, list[PictureRecall]] = {}
    for one in pictures:
        print(json.dumps(asdict(one)), flush=True)
        if one.ious:
            known.setdefault(one.source, []).append(one)
    if len(known) == 2:
        known["either"] = [either(*pair) for pair in zip(*known.values(), strict=True)]
    for source, rows in known.items():
        print(source, f"{len(rows)} pictures, {sum(len(row.ious) for row in rows)} objects")
        print(f"  masks a picture: {np.mean([row.masks for row in rows]):.0f}")
        for level in LEVELS:
            share, low, high = recall([row.ious for row in rows], level)
            print(f"  recall at {level}: {share:.3f} ({low:.3f} to {high:.3f})")


def _batches(
    known: list[tuple[Path, list[str]]], recipe: Recipe, device: torch.device
) -> Callable[[int], Batch]:
    """Parts of the photos and of their masks, all kept in memory."""
    lite = load_lite(device)
    pictures = np.stack([square(path, recipe.side) for path, _ in known])
    masks = [decoded(codes, recipe.side).bool() for _, codes in known]
    chosen = orders(len(known), recipe.batch, recipe.seed)
    generator = np.random.default_rng(recipe.seed)

    def batch(step: int) -> Batch:
        places = list(chosen(step))
        crop = random_crop(generator, recipe.least_crop)
        pixels = cropped(as_pixels(pictures[places]).to(device), crop)
        targets: list[Tensor] = []
        for place in places:
            whole = masks[place].to(device, non_blocking=True).float()
            targets.append(large_enough(cropped(whole[None], crop)[0], recipe.least_area))
        return trunk_stages(lite, pixels), targets

    return batch


if __name__ == "__main__":
    sys.exit(main())
