"""open_clip networks with random weights: small ones made on the spot, true ones once."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import Any

import open_clip
import pytest
import torch
from torch import Tensor, nn

torch.set_num_threads(1)


def tokens(texts: list[str]) -> Tensor:
    """A tokenizer for towers of 8 tokens and 100 words: characters, then the end token 99."""
    rows = [[1 + ord(c) % 97 for c in text[:7]] + [99] for text in texts]
    return torch.tensor([row + [0] * (8 - len(row)) for row in rows])


TEXT = {"context_length": 8, "vocab_size": 100, "width": 16, "heads": 2, "layers": 1}


def sane(network: Any, seed: int = 0) -> Any:
    """Random weights under which attention is not flat and no branch is switched off."""
    torch.manual_seed(seed)
    with torch.no_grad():
        for name, parameter in network.visual.named_parameters():
            if name.endswith(("in_proj_weight", "q_proj.weight", "k_proj.weight")):
                parameter.mul_(2.5)
            elif name.endswith("bias") or "ln_" in name or "norm" in name:
                parameter.add_(0.2 * torch.randn_like(parameter))
            elif name.endswith(("gamma", "bn3.weight")):
                parameter.copy_(0.2 + 0.2 * torch.rand_like(parameter))
            elif name.endswith("positional_embedding"):
                parameter.copy_(0.5 * torch.randn_like(parameter))
    norms = [m for m in network.visual.modules() if isinstance(m, nn.BatchNorm2d)]
    if norms:  # statistics of real activations, as after training
        for norm in norms:
            norm.momentum = 1.0
        network.train()
        with torch.no_grad():
            network.visual(torch.randn(2, 3, *network.visual_size))
    return network.eval()


def tiny_vit(seed: int = 0, quick_gelu: bool = True, **vision: Any) -> Any:
    """A ViT of three blocks, patches of 4 pixels, trained for 3 x 3 of them, in float64."""
    torch.manual_seed(seed)
    config = {"layers": 3, "width": 24, "head_width": 8, "patch_size": 4, "image_size": 12}
    network = open_clip.CLIP(20, config | vision, TEXT, quick_gelu=quick_gelu)
    return sane(network.double(), seed)


def create(name: str) -> Any:
    """A true architecture with random weights, no download."""
    logging.disable(logging.WARNING)
    try:
        torch.manual_seed(0)
        network = open_clip.create_model(name, pretrained=None)
    finally:
        logging.disable(logging.NOTSET)
    size = network.visual.image_size
    network.visual_size = (size, size) if isinstance(size, int) else size
    return sane(network)


@pytest.fixture(scope="session")
def true_network() -> Iterator[Callable[[str], Any]]:
    """``true_network(name)``: each architecture is made once for all tests."""
    made: dict[str, Any] = {}

    def get(name: str) -> Any:
        if name not in made:
            made[name] = create(name)
        return made[name]

    yield get
    made.clear()


def unit(count: int, width: int, dtype: torch.dtype, seed: int = 0) -> Tensor:
    """Random unit vectors [count, width]."""
    generator = torch.Generator().manual_seed(seed)
    rows = torch.randn(count, width, generator=generator, dtype=torch.float64)
    return nn.functional.normalize(rows, dim=-1).to(dtype)
