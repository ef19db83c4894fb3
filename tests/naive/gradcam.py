"""Grad-CAM the slow way: one automatic gradient per query through the unmodified network.

Written from the description of the reference (CaR section 3.2 and its released code): hook
the layer, take the probability of one text, differentiate, average over patches, weigh.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor


def resize_axis(size_in: int, size_out: int) -> np.ndarray:
    """[out, in] weights of linear interpolation with half-pixel centres, edges repeated."""
    weights = np.zeros((size_out, size_in))
    for row in range(size_out):
        centre = (row + 0.5) * size_in / size_out - 0.5
        low = int(np.floor(centre))
        for index, share in ((low, 1 - (centre - low)), (low + 1, centre - low)):
            weights[row, min(max(index, 0), size_in - 1)] += share
    return weights


@contextmanager
def positions_for(module: Any, rows: int, columns: int) -> Iterator[None]:
    """The module's ``positional_embedding`` resized to a grid while the context lasts."""
    old = module.positional_embedding.data
    side = round((old.shape[0] - 1) ** 0.5)
    grid = old[1:].reshape(side, side, -1).double().numpy()
    vertical, horizontal = resize_axis(side, rows), resize_axis(side, columns)
    grid = np.einsum("ai,bj,ijd->abd", vertical, horizontal, grid)
    new = torch.from_numpy(grid.reshape(rows * columns, -1)).to(old.dtype)
    module.positional_embedding.data = torch.cat([old[:1], new])
    try:
        yield
    finally:
        module.positional_embedding.data = old


def record(module: Any, leaf: bool) -> tuple[dict[str, Tensor], Any]:
    """Hook that keeps a module's output; as a leaf, gradients end there."""
    kept: dict[str, Tensor] = {}

    def hook(_module: Any, _inputs: Any, output: Tensor) -> Tensor:
        kept["out"] = output.detach().requires_grad_() if leaf else output
        return kept["out"]

    return kept, module.register_forward_hook(hook)


def activations(visual: Any, image: Tensor) -> tuple[Tensor, Tensor, tuple[int, int]]:
    """Activations [n, C] with a graph from them to the pooled embedding [D]; and the grid.

    ``image``: [1, 3, H, W], scaled as the network wants it.
    """
    kind = type(visual).__name__
    with torch.enable_grad():
        if kind == "VisionTransformer":
            patch = visual.patch_size[0]
            rows, columns = image.shape[2] // patch, image.shape[3] // patch
            kept, first = record(visual.transformer.resblocks[-1].ln_1, True)
            post, second = record(visual.ln_post, False)
            with positions_for(visual, rows, columns):
                visual(image)
            out = post["out"][0]
            pooled = out if visual.final_ln_after_pool else out[1:].mean(0)
            pooled = pooled @ visual.proj
            first.remove()
            second.remove()
            return kept["out"], pooled, (rows, columns)
        if kind == "LiteImageTower":  # pooling and head are linear: the head of the mean cell
            cells = visual.features(image)[0].detach().permute(0, 3, 1, 2).requires_grad_()
            pooled = visual.head(cells.mean((2, 3)))[0]
            return cells, pooled, (int(cells.shape[2]), int(cells.shape[3]))
        if kind == "ModifiedResNet":
            rows, columns = image.shape[2] // 32, image.shape[3] // 32
            kept, first = record(visual.layer4, True)
            with positions_for(visual.attnpool, rows, columns):
                pooled = visual(image)[0]
        else:
            kept, first = record(visual.trunk.stages, True)
            pooled = visual(image)[0]
            rows, columns = kept["out"].shape[2:]
        first.remove()
        return kept["out"], pooled, (int(rows), int(columns))


def scale_map(cam: Tensor) -> Tensor:
    """To [0, 1]; a flat map becomes zero."""
    cam = cam - cam.min()
    return cam / cam.max() if cam.max() > 0 else cam


def cam_weights(
    visual: Any, image: Tensor, queries: Tensor, background: Tensor, scale: float, mode: str
) -> tuple[Tensor, Tensor, Tensor, tuple[int, int]]:
    """Weights [N, C], probabilities [N], activations [n, C] and grid of one image."""
    leaf, pooled, grid = activations(visual, image)
    weights, probabilities = [], []
    for index in range(len(queries)):
        texts = torch.cat([queries, background])
        chosen = index
        if mode == "refer":
            texts, chosen = torch.cat([queries[index : index + 1], background]), 0
        with torch.enable_grad():
            unit = pooled / pooled.norm()
            logits = torch.stack([scale * torch.dot(unit, text) for text in texts])
            p = torch.exp(logits - logits.max())
            p = p / p.sum()
            gradient = torch.autograd.grad(p[chosen], leaf, retain_graph=True)[0]
        cells = gradient[0, 1:] if gradient.ndim == 3 else gradient[0].flatten(1).T
        weights.append(cells.mean(0))
        probabilities.append(p[chosen].detach())
    values = leaf.detach()
    values = values[0, 1:] if values.ndim == 3 else values[0].flatten(1).T
    return torch.stack(weights), torch.stack(probabilities), values, grid


def cams(
    visual: Any, images: Tensor, queries: Tensor, background: Tensor, scale: float, mode: str
) -> Tensor:
    """Maps [B, N, h, w] in [0, 1]."""
    result = []
    for image in images:
        weights, _, values, grid = cam_weights(
            visual, image[None], queries, background, scale, mode
        )
        maps = [scale_map((values @ weight).relu().reshape(grid)) for weight in weights]
        result.append(torch.stack(maps))
    return torch.stack(result)
