"""From masks and class probabilities to panoptic segments, classes of pixels, and instances.

Pure functions of one picture. Source: the released inference of FC-CLIP and Mask2Former
(arXiv 2112.01527, appendix); docs/fcclip.md writes the rules out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from car_video.config.panoptic import PanopticConfig
from car_video.segment.panoptic.fitting import class_strips, fitted_strips
from car_video.segment.panoptic.preparation import Sizes
from car_video.types import Instances, PanopticMap, Segment, SemanticMap


def semantic_map(
    logits: Tensor, chances: Tensor, sizes: Sizes, config: PanopticConfig
) -> SemanticMap:
    """The class with the largest score at every pixel.

    A class's score is the sum over queries of its probability times the mask.

    Args:
        logits: float32 [Q, h, w] over the padded picture.
        chances: float32 [Q, K + 1], void last.
        sizes: of the picture.
        config: whether masks or class maps are resized.
    """
    known = chances[:, :-1]
    labels = np.zeros(sizes.output, np.int32)
    scores = np.zeros(sizes.output, np.float32)
    if config.resize_masks:
        strips = (
            (strip.rows, torch.einsum("qk,qhw->khw", known, strip.values.sigmoid()))
            for strip in fitted_strips(logits, sizes)
        )
    else:
        strips = ((strip.rows, strip.values) for strip in class_strips(logits, known, sizes))
    for rows, maps in strips:
        best, label = maps.max(0)
        scores[rows], labels[rows] = best.cpu().numpy(), label.cpu().numpy()
    return SemanticMap(labels, scores)


def panoptic_map(
    logits: Tensor,
    chances: Tensor,
    things: Sequence[bool],
    sizes: Sizes,
    config: PanopticConfig,
) -> PanopticMap:
    """Every pixel in at most one segment.

    Each pixel goes to the query whose mask times probability is largest. A query keeps its
    pixels where its own mask is on, if it has won enough of it. Stuff of one class is one
    segment; the rest is void.

    Args:
        logits: float32 [Q, h, w] over the padded picture.
        chances: float32 [Q, K + 1], void last.
        things: by class.
        sizes: of the picture.
        config: thresholds.
    """
    score, label = chances.max(-1)
    void = chances.shape[1] - 1
    kept = ((label != void) & (score > config.object_threshold)).nonzero().flatten()
    ids = np.zeros(sizes.output, np.int32)
    if not len(kept):
        return PanopticMap(ids, ())
    weight, count = score[kept], len(kept)
    winner = np.zeros(sizes.output, np.int32)
    inside = np.zeros(sizes.output, bool)
    own = np.zeros(count, np.int64)
    for strip in fitted_strips(logits[kept], sizes):
        masks = strip.values.sigmoid()
        own += (masks >= 0.5).flatten(1).sum(1).cpu().numpy()
        # Of equals torch gives the first, as the released code has it.
        best = (weight.view(-1, 1, 1) * masks).max(0).indices
        winner[strip.rows] = best.cpu().numpy()
        inside[strip.rows] = (masks.gather(0, best[None])[0] >= 0.5).cpu().numpy()
    won = np.bincount(winner.ravel(), minlength=count)
    both = np.bincount(winner[inside], minlength=count)
    number_of = np.zeros(count, np.int32)  # of a query's segment, 0 for none
    stuff: dict[int, int] = {}
    segments: list[Segment] = []
    for query in range(count):
        if not won[query] or not own[query] or not both[query]:
            continue
        if won[query] / own[query] < config.overlap_threshold:
            continue
        found, sure = int(label[kept[query]]), float(weight[query])
        if not things[found] and found in stuff:
            number_of[query] = stuff[found]
            old = segments[stuff[found] - 1]
            segments[stuff[found] - 1] = replace(
                old, score=max(old.score, sure), area=old.area + int(both[query])
            )
            continue
        number = number_of[query] = len(segments) + 1
        own_number = int(kept[query])
        segments.append(
            Segment(number, found, sure, things[found], int(both[query]), own_number)
        )
        if not things[found]:
            stuff[found] = number
    ids[inside] = number_of[winner[inside]]
    return PanopticMap(ids, tuple(segments))


def instances(
    logits: Tensor,
    chances: Tensor,
    things: Sequence[bool],
    sizes: Sizes,
    config: PanopticConfig,
) -> Instances:
    """The best pairs of a query and a class that are things.

    The pairs are chosen among all classes, then those of stuff go, so fewer than
    ``config.instances`` may remain. A score is the class's probability times the mean of the
    mask where it is on.

    Args:
        logits: float32 [Q, h, w] over the padded picture.
        chances: float32 [Q, K + 1], void last.
        things: by class.
        sizes: of the picture.
        config: how many.
    """
    count = chances.shape[1] - 1
    flat = chances[:, :-1].flatten()
    score, pair = flat.topk(min(config.instances, len(flat)), sorted=False)
    is_thing = torch.tensor(list(things), device=pair.device)[pair % count]
    score, pair = score[is_thing], pair[is_thing]
    queries, place = torch.unique(pair // count, return_inverse=True)
    masks = np.zeros((len(queries), *sizes.output), bool)
    total = torch.zeros(len(queries), device=logits.device)
    area = torch.zeros(len(queries), device=logits.device)
    if len(queries):
        for strip in fitted_strips(logits[queries], sizes):
            on = strip.values > 0
            total += (strip.values.sigmoid() * on).flatten(1).sum(1)
            area += on.flatten(1).sum(1)
            masks[:, strip.rows] = on.cpu().numpy()
    quality = (total / (area + 1e-6))[place]
    final = score * quality
    order = final.argsort(descending=True, stable=True)
    return Instances(
        masks[place[order].cpu().numpy()],
        (pair % count)[order].cpu().numpy().astype(np.int32),
        final[order].cpu().numpy().astype(np.float32),
    )
