"""What the stand-in is worth: recall of objects, identity over time, and J&F of the product.

``recall`` counts annotated objects of pictures that some mask matches. ``identity`` gives every
object of a video the query that fits it best in the first frame, as the truth says, and follows
it three ways; language has no part in it. ``referring`` runs the product with each source of
masks.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from car_video.eval.metrics import contour_accuracy, region_similarity
from numpy.typing import NDArray
from torch import Tensor

from benchmarks.pace import Clip
from car_video import VideoSegmenter, load_preset
from car_video.config import AutomaticConfig
from car_video.models.fcclip.carry_over import QueryCarrier
from car_video.models.fcclip.promptable import ProposalMasks
from car_video.models.sam.base import MaskModel, crop_logits
from car_video.segment.mask_selection.automatic import automatic_masks
from eval.data.coco import find_image, read_coco
from eval.data.rle import decode
from tools.build_mask_decoder.masks import StandIn, StandInMasks
from tools.build_mask_decoder.recall import PictureRecall, best_ious
from tools.build_mask_decoder.targets import as_pixels, photo

PROPOSER_SIDE = 512
"""Longest side in pixels that the trunk of ``lite`` sees in the product."""

GRID = 256
"""Longest side in cells of the grid that masks of pictures are compared on."""


def proposals(stand_in: StandIn, pixels: Tensor, side: int = PROPOSER_SIDE) -> Tensor:
    """Logits [Q, h, w] of all queries at stride 4, without padding."""
    masks = ProposalMasks(stand_in)
    embedding = masks.encode(pixels, side)
    return crop_logits(embedding.tokens, embedding)[0]


def object_recall(
    stand_in: StandIn, sam: MaskModel, data: Path, every: int = 1, limit: int = 0
) -> Iterator[PictureRecall]:
    """Of every n-th picture, in the order of the file, and of each source of masks."""
    coco = read_coco(data / "instances.json")
    for image in list(coco.images.values())[::every][: limit or None]:
        things = [i for i in coco.by_image[image.id] if not i.crowd]
        if not things:
            continue
        full = np.stack([decode(i.segmentation, image.size, f"object {i.id}") for i in things])
        scale = GRID / max(image.size)
        grid = round(image.size[0] * scale), round(image.size[1] * scale)
        truth = _resized(torch.from_numpy(full).float(), grid) > 0.5
        truth = truth[truth.flatten(1).any(1)]
        pixels = photo(find_image(data, image.file_name))
        ours = _resized(proposals(stand_in, pixels), grid) > 0
        size = pixels.shape[-2], pixels.shape[-1]
        automatic = automatic_masks(sam, sam.encode(pixels), size, AutomaticConfig())
        theirs = _resized(automatic, grid) > 0
        for name, masks in (("stand-in", ours), ("MobileSAM", theirs)):
            masks = masks[masks.flatten(1).any(1)]
            yield PictureRecall(
                image.file_name, name, best_ious(masks, truth).tolist(), len(masks)
            )


def identity(stand_in: StandIn, clip: Clip) -> dict[str, list[float]]:
    """J per object and frame, the first left out, of each way to follow a query.

    ``match`` and ``start`` are those of :mod:`car_video.models.fcclip.carry_over`; ``overlap``
    takes the mask that overlaps the last one most; ``best`` the one that fits the truth best,
    which is what the masks allow.
    """
    found: dict[str, list[float]] = {}
    for kinds in (("match", "overlap", "best"), ("start",)):  # one pass for those of one start
        carrier = QueryCarrier("start" if "start" in kinds else "match")
        chosen: list[int] = []
        last: Tensor | None = None
        for frame, labels in clip.pictures():
            proposed = _propose(stand_in, frame.image, carrier.start)
            grid = proposed.logits.shape[-2], proposed.logits.shape[-1]
            full = torch.from_numpy(np.stack([labels == one for one in clip.objects]))
            truth = F.interpolate(full[None].float(), grid, mode="area")[0] > 0.5
            masks = proposed.logits[0] > 0
            fitting = _ious(truth, masks).argmax(1)
            tracks = carrier.step(_Queries(proposed))
            if last is None:
                chosen, last = tracks[fitting].tolist(), masks[fitting]
                continue
            queries = torch.empty_like(tracks)
            queries[tracks] = torch.arange(len(tracks))
            overlapping = _ious(last, masks).argmax(1)
            last = masks[overlapping]
            taken = {"overlap": overlapping, "best": fitting}
            for kind in kinds:
                own = proposed.logits[0][taken.get(kind, queries[chosen])]
                shown = _resized(own, (full.shape[-2], full.shape[-1])) > 0
                values = region_similarity(full.numpy(), shown.numpy())
                found.setdefault(kind, []).extend(values.tolist())
    return found


def referring(pair: Any, masks: MaskModel, clip: Clip, preset: str) -> NDArray[np.float64]:
    """J and F of every object and frame of a clip, [T, N, 2], one expression per object."""
    segmenter = VideoSegmenter(
        pair, clip.expressions, load_preset(preset), mask_model=masks, fps=24.0
    )
    rows = []
    for frame, labels in clip.pictures():
        found = segmenter.step(frame).masks
        truth = np.stack([labels == one for one in clip.objects])
        rows.append(
            np.stack([region_similarity(truth, found), contour_accuracy(truth, found)], -1)
        )
    return np.stack(rows)


class _Queries:
    """As much of FC-CLIP's proposals as the carrier reads."""

    def __init__(self, masks: StandInMasks) -> None:
        self.states, self.queries = masks.states, masks.queries


def _propose(stand_in: StandIn, image: NDArray[np.uint8], start: Tensor | None) -> StandInMasks:
    pixels = as_pixels(image.copy())
    scale = PROPOSER_SIDE / max(pixels.shape[-2:])
    size = [32 * max(1, round(side * scale / 32)) for side in pixels.shape[-2:]]
    small = F.interpolate(pixels, size, mode="bilinear", align_corners=False, antialias=True)
    return stand_in.propose(small, start)


def _resized(masks: Tensor, size: Sequence[int]) -> Tensor:
    """[N, h, w] -> [N, *size]."""
    if not len(masks):
        return masks.new_zeros(0, *size)
    return F.interpolate(masks[None].float(), list(size), mode="bilinear", align_corners=False)[
        0
    ]


def _ious(a: Tensor, b: Tensor) -> Tensor:
    """[N, M] of bool [N, h, w] and [M, h, w]."""
    first, second = a.flatten(1).float(), b.flatten(1).float()
    shared = first @ second.T
    return shared / (first.sum(1)[:, None] + second.sum(1)[None] - shared).clamp_min(1)
