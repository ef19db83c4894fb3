"""Grad-CAM and affinity: the reference's work against ours, stage by stage, in one run.

Run from the repository's root:

    python -m benchmarks.cam [--model ViT-B-16] [--size 384 512] [--queries 20] [--survivors 4]

Random weights (no download), a random image, 23 background words, two steps of the recurrence
in semantic mode. The reference's work, for ViTs: in each step the image is encoded again with
all attention written out; every query runs the last block forward and backward, gradients of
its weights included; every query normalises and squares the affinity again. For other towers:
one automatic gradient per query from the last feature map. Ours encodes once, pulls all texts
back in one pass, makes the random walk once; the second step has other texts (a template).

Prints CPU milliseconds of this process per stage (both steps together), the ratio, and the
largest difference between the maps of the last step before affinity.
"""

from __future__ import annotations

import argparse
import logging
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import open_clip
import torch
from torch import Tensor
from torch.nn.functional import normalize

from car_video.models.clip.factory import model_from_network
from car_video.models.device import DTYPES
from car_video.segment.proposals.affinity import box_masks, refine, transition
from car_video.segment.proposals.gradcam import grad_cam, min_max
from car_video.segment.proposals.released_code import without_last_cells
from tests.naive import gradcam as naive

BACKGROUND_WORDS = 23
Times = dict[str, float]


def clocked(times: Times, stage: str, work: Callable[..., Any], *arguments: Any) -> Any:
    """Do ``work`` and add its CPU milliseconds to a stage."""
    start = time.process_time()
    result = work(*arguments)
    times[stage] = times.get(stage, 0.0) + 1000 * (time.process_time() - start)
    return result


def encode(visual: Any, image: Tensor, grid: tuple[int, int]) -> tuple[Tensor, list[Tensor]]:
    """Input [1, L, D] of a ViT's last block, and head-averaged attention of all others."""
    attention = []
    with torch.no_grad(), naive.positions_for(visual, *grid):
        x = visual._embeds(image)
        for block in visual.transformer.resblocks[:-1]:
            normed = block.ln_1(x)
            out, weights = block.attn(normed, normed, normed, need_weights=True)
            attention.append(weights)
            x = x + block.ls_1(out)
            x = x + block.ls_2(block.mlp(block.ln_2(x)))
    return x, attention


def vit_gradient(model: Any, x: Tensor, texts: Tensor, index: int) -> tuple[Tensor, ...]:
    """Mean gradient [D], activations [n, D] and attention of the last block for one query."""
    visual, block = model.visual, model.visual.transformer.resblocks[-1]
    with torch.enable_grad():
        normed = block.ln_1(x).detach().requires_grad_()
        out, weights = block.attn(normed, normed, normed, need_weights=True)
        y = x + block.ls_1(out)
        y = y + block.ls_2(block.mlp(block.ln_2(y)))
        pooled = visual.ln_post(y)[0, 1:].mean(0) @ visual.proj
        p = (model.logit_scale * texts @ normalize(pooled, dim=0)).softmax(0)[index]
        p.backward()
    assert normed.grad is not None
    return normed.grad[0, 1:].mean(0), normed.detach()[0, 1:], weights.detach()


def conv_gradient(
    model: Any, leaf: Tensor, pooled: Tensor, texts: Tensor, index: int
) -> tuple[Tensor, Tensor]:
    """Mean gradient [C] and activations [n, C] for one query."""
    with torch.enable_grad():
        p = (model.logit_scale * texts @ normalize(pooled, dim=0)).softmax(0)[index]
        gradient = torch.autograd.grad(p, leaf, retain_graph=True)[0]
    return gradient[0].mean((1, 2)), leaf.detach()[0].flatten(1).T


def slow_affinity(attention: list[Tensor], cam: Tensor, border: bool = False) -> Tensor:
    """CAA of one map as the reference does it: everything again for every query.

    ``border``: its boxes, which never hold the last row and column.
    """
    matrix = torch.stack(attention[-8:]).mean(0)[0, 1:, 1:]
    for _ in range(3):
        matrix = matrix / matrix.sum(0, keepdim=True)
        matrix = matrix / matrix.sum(1, keepdim=True)
    matrix = (matrix + matrix.T) / 2
    matrix = matrix @ matrix
    inside = box_masks(cam[None, None])
    inside = (without_last_cells(inside) if border else inside)[0, 0].flatten()
    return min_max((matrix * inside @ cam.flatten()).reshape(cam.shape))


def slow(model: Any, image: Tensor, steps: list[Tensor], words: Tensor) -> tuple[Times, Tensor]:
    """Both steps the reference's way; the maps of the last."""
    times: Times = {}
    cams: list[Tensor] = []
    grid = (image.shape[2] // model.stride, image.shape[3] // model.stride)
    vit = model.family == "vit"
    for queries in steps:
        texts, cams = torch.cat([queries, words]), []
        attention: list[Tensor] = []
        if vit:
            x, attention = clocked(times, "backbone", encode, model.visual, image, grid)
        else:
            leaf, pooled, _ = clocked(times, "backbone", naive.activations, model.visual, image)
        for index in range(len(queries)):
            if vit:
                weight, values, own = clocked(
                    times, "grad-cam", vit_gradient, model, x, texts, index
                )
            else:
                weight, values = clocked(
                    times, "grad-cam", conv_gradient, model, leaf, pooled, texts, index
                )
            cams.append(naive.scale_map((values @ weight).relu().reshape(grid)))
            if vit:
                clocked(times, "affinity", slow_affinity, [*attention, own], cams[-1])
    return times, torch.stack(cams)


def fast(
    model: Any, pixels: Tensor, steps: list[Tensor], words: Tensor
) -> tuple[Times, Tensor]:
    """Both steps our way; the maps of the last."""
    times: Times = {}
    features = clocked(times, "backbone", model.encode_image, pixels)
    maps = torch.zeros(0)
    walk = clocked(times, "affinity", transition, features) if model.family == "vit" else None
    for queries in steps:
        maps = clocked(times, "grad-cam", grad_cam, model, features, queries, words)
        if walk is not None:
            clocked(times, "affinity", refine, walk, maps)
    return times, maps[0]


def create(name: str) -> Any:
    """An architecture with random weights, the same ones each time."""
    torch.manual_seed(0)
    return open_clip.create_model(name, pretrained=None)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="ViT-B-16")
    parser.add_argument("--size", type=int, nargs=2, default=(384, 512))
    parser.add_argument("--queries", type=int, default=20)
    parser.add_argument("--survivors", type=int, default=4)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--dtype", default="float32", choices=DTYPES, help="of ours")
    parser.add_argument("--repeats", type=int, default=2)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(0)
    logging.disable(logging.WARNING)
    tokenizer = open_clip.get_tokenizer(arguments.model)
    model, ours = (
        model_from_network(arguments.model, network, tokenizer, dtype=dtype)
        for network, dtype in (
            (create(arguments.model), None),
            (create(arguments.model), DTYPES[arguments.dtype]),
        )
    )
    model.visual.requires_grad_(True)  # as the reference leaves it
    pixels = torch.rand(1, 3, *arguments.size)
    image = model.prepare(pixels)
    first, second, words = (
        normalize(torch.randn(count, model.embed_dim), dim=-1)
        for count in (arguments.queries, arguments.survivors, BACKGROUND_WORDS)
    )
    steps = [first, second]
    runs = []
    for _ in range(arguments.repeats):
        runs.append((slow(model, image, steps, words), fast(ours, pixels, steps, words)))
    stages = list(runs[0][1][0])
    best = [{s: min(run[side][0][s] for run in runs) for s in stages} for side in (0, 1)]
    print(f"{arguments.model}, {arguments.size[0]}x{arguments.size[1]}, ", end="")
    print(f"{arguments.queries} then {arguments.survivors} queries, ", end="")
    print(f"{arguments.dtype}, CPU milliseconds")
    print(f"{'stage':<12}{'reference':>12}{'ours':>12}{'ratio':>8}")
    for stage in [*stages, "all"]:
        a, b = (sum(t.values()) if stage == "all" else t[stage] for t in best)
        print(f"{stage:<12}{a:>12.0f}{b:>12.0f}{a / b:>8.1f}")
    difference = np.abs(runs[-1][0][1].numpy() - runs[-1][1][1].numpy()).max()
    print(f"largest difference of the maps: {difference:.1e}")


if __name__ == "__main__":
    main()
