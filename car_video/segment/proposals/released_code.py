"""Grad-CAM and its spread with the choices of CaR's released code, option by option.

docs/compat.md lists the options. The default is :meth:`CamWeights.maps` and
:func:`car_video.segment.proposals.affinity.refine`.
"""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from car_video.config import CamOptions
from car_video.config.segment import QueryMode
from car_video.segment.proposals.affinity import AffinityOptions, box_masks, propagate
from car_video.segment.proposals.gradcam import CamWeights, cam_maps


def maps_as_reference(
    weights: CamWeights, cam_map: Tensor, mode: QueryMode, options: CamOptions
) -> Tensor:
    """Grad-CAM of every query.

    Args:
        weights: of the frames.
        cam_map: [B, C, h, w] of the same frames.
        mode: which texts compete.
        options: the choices in force.

    Returns:
        float32 [B, N, h, w] in [0, 1].
    """
    channels = weights.combine(mode)
    if options.keep_probability:
        p = probabilities(weights, mode)
        channels = channels * (p * (1 - p)).unsqueeze(-1)
    maps = cam_maps(cam_map, channels)
    if options.foreground_fallback and weights.queries.shape[1] > 1 and mode == "semantic":
        empty = maps.amax((-2, -1), keepdim=True) <= 0
        if bool(empty.any()):
            absent = torch.full_like(weights.background_logit, -torch.inf)
            foreground = replace(weights, background_logit=absent).combine(mode)
            maps = torch.where(empty, cam_maps(cam_map, foreground), maps)
    return min_max_with_epsilon(maps, options.epsilon)


def probabilities(weights: CamWeights, mode: QueryMode = "semantic") -> Tensor:
    """float32 [B, N]: softmax of each query against the others and the background
    ("semantic"), or against the background alone ("refer")."""
    background = weights.background_logit.unsqueeze(-1)
    if mode == "refer":
        return (weights.query_logits - background).sigmoid()
    return torch.cat([weights.query_logits, background], -1).softmax(-1)[:, :-1]


def min_max_with_epsilon(maps: Tensor, epsilon: float) -> Tensor:
    """As :func:`car_video.segment.proposals.gradcam.min_max`, with ``epsilon`` added to each
    map's maximum before the map is divided by it."""
    shifted = maps - maps.amin((-2, -1), keepdim=True)
    high = shifted.amax((-2, -1), keepdim=True)
    return torch.where(high > 0, shifted / (high + epsilon), 0.0)


def refine_as_reference(
    walk: Tensor, maps: Tensor, options: AffinityOptions, border: bool, epsilon: float
) -> Tensor:
    """Class-aware affinity.

    Args:
        walk: [B, n, n] from :func:`car_video.segment.proposals.affinity.transition`.
        maps: [B, N, h, w] in [0, 1].
        options: how maps are spread.
        border: keep the last row and column of the grid out of all boxes.
        epsilon: see :func:`min_max_with_epsilon`.

    Returns:
        [B, N, h, w] in [0, 1].
    """
    inside = box_masks(maps, options.box_threshold)
    if border:
        inside = without_last_cells(inside)
    return min_max_with_epsilon(propagate(walk, maps * inside, options.steps), epsilon)


def without_last_cells(inside: Tensor) -> Tensor:
    """Box masks [..., h, w] without the last row and column, where the released code cuts its
    boxes."""
    cut = inside.clone()
    cut[..., -1, :] = False
    cut[..., -1] = False
    return cut
