"""How far rounding to int8 and half precision moves what the model says."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from tokenizers import Tokenizer
from torch import Tensor

from car_video.models import VisionLanguageModel, bundled
from car_video.models.lite.model import LiteModel
from car_video.models.numerics import WithoutRandomWeights
from tools.build_lite.export import load_float
from tools.build_lite.features import read_picture

MAP_WORDS = ("a person", "a dog", "grass", "water", "a car", "the sky", "a ball", "a building")


def drift(ours: Tensor, theirs: Tensor) -> float:
    """Mean over rows of the distance from ``theirs``, relative to its length."""
    return float(((ours - theirs).norm(dim=-1) / theirs.norm(dim=-1)).mean())


@torch.inference_mode()
def quantisation_drift(
    shipped: VisionLanguageModel, exact: VisionLanguageModel, paths: Sequence[Path]
) -> dict[str, float]:
    """How far rounding moves what the model says; both models in float32.

    Returns:
        ``pooled``, ``dense``, ``text``: relative distance of embeddings. ``cosine``: mean
        absolute change of the cosine of cells with words, which lies in [-1, 1]; ``map``: of
        maps in [0, 1], the softmax of a word against other words. ``argmax``: fraction of
        cells whose best word stays.
    """
    texts = [model.encode_text(MAP_WORDS) for model in (shipped, exact)]
    rows: dict[str, list[float]] = {"text": [drift(texts[0], texts[1])]}
    for path in paths:
        picture = torch.from_numpy(read_picture(path, shipped.input_size))
        pixels = picture.permute(2, 0, 1)[None].float() / 255
        looks = [model.encode_image(pixels) for model in (shipped, exact)]
        cells = [look.dense.flatten(2)[0].T for look in looks if look.dense is not None]
        cosines = [F.normalize(c, dim=-1) @ t.T for c, t in zip(cells, texts, strict=True)]
        maps = [(cosine * exact.logit_scale).softmax(-1) for cosine in cosines]
        change = {
            "pooled": drift(looks[0].pooled, looks[1].pooled),
            "dense": drift(cells[0], cells[1]),
            "cosine": float((cosines[0] - cosines[1]).abs().mean()),
            "map": float((maps[0] - maps[1]).abs().mean()),
            "argmax": float((maps[0].argmax(-1) == maps[1].argmax(-1)).float().mean()),
        }
        for name, value in change.items():
            rows.setdefault(name, []).append(value)
    return {name: float(np.mean(values)) for name, values in rows.items()}


def exact_model(work: Path) -> LiteModel:
    """The float32 weights of a build, on the CPU."""
    tokenizer = Tokenizer.from_file(str(bundled.weights_folder() / "tokenizer.json"))
    nouns = bundled.load_json("lite_nouns.json")
    with WithoutRandomWeights():
        model = LiteModel(bundled.config(), tokenizer, nouns)
    model.load_state_dict(load_float(work), strict=True)
    return model.requires_grad_(False).eval()
