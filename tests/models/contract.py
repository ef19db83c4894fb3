"""What every model has to keep to, whoever wrote it: one check per protocol."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor

from car_video.models.base import ImageFeatures, VisionLanguageModel
from car_video.models.batching import encode_each
from car_video.models.sam.base import MaskEmbedding, MaskModel, crop_logits


@contextmanager
def default_dtype(dtype: torch.dtype) -> Iterator[None]:
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


WORLDS = {
    "default float64": lambda: default_dtype(torch.float64),
    "default bfloat16": lambda: default_dtype(torch.bfloat16),
    "another default device": lambda: torch.device("meta"),
    "autocast": lambda: torch.autocast("cpu", torch.bfloat16),
    "no gradients": torch.no_grad,
    "inference mode": torch.inference_mode,
}
"""States of torch that a program may be in when it calls us."""


def noise(*shape: int, seed: int = 0) -> Tensor:
    """float32 in [0, 1), the same in every world."""
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(*shape, generator=generator, dtype=torch.float32, device="cpu")


def same_in_every_world(found: Callable[[], dict[str, Tensor]]) -> None:
    """The answers do not depend on the state of torch, to the bit."""
    plain = found()
    for name, value in plain.items():
        assert value.dtype == torch.float32, name
        assert not value.requires_grad, name
        assert bool(value.isfinite().all()), name
    for world, enter in WORLDS.items():
        with enter():
            answers = found()
        for name, value in answers.items():
            assert torch.equal(value, plain[name]), f"{name} differs: {world}"


def check_vision_language_model(model: VisionLanguageModel) -> None:
    """Holds a model of float32 weights to :class:`VisionLanguageModel`."""
    assert isinstance(model, VisionLanguageModel)
    assert model.family in ("vit", "conv")
    assert model.name
    assert isinstance(model.dense_matches_text, bool)
    assert isinstance(model.encodes_batches, bool)
    assert isinstance(model.device, torch.device)
    check_texts(model)
    pixels = noise(2, 3, 2 * model.stride, 3 * model.stride)
    each = encode_each(model, list(pixels.split(1)))
    for number, features in enumerate(each):
        alone = model.encode_image(pixels[number : number + 1])
        check_features(model, features)
        torch.testing.assert_close(features.pooled, alone.pooled, rtol=1e-4, atol=1e-5)
        torch.testing.assert_close(features.cam_map, alone.cam_map, rtol=1e-4, atol=1e-4)
    square = noise(2, 3, model.input_size, model.input_size)
    for penultimate in (False, True):
        embedded = model.embed_image(square, penultimate=penultimate)
        assert embedded.shape == (2, model.embed_dim)
    directions = noise(1, 4, model.embed_dim) - 0.5
    masks = noise(1, 2, 2, 3)

    def answers() -> dict[str, Tensor]:
        features = model.encode_image(pixels[:1])
        return {
            "encode_text": model.encode_text(["a dog", "the red cat on the left"]),
            "cam_map": features.cam_map,
            "pooled": features.pooled,
            "pull_back": model.pull_back(features, directions),
            "pool_masks": model.pool_masks(features, masks),
            "embed_image": model.embed_image(square[:1]),
        }

    same_in_every_world(answers)


def check_texts(model: VisionLanguageModel) -> None:
    texts = model.encode_text(["a dog", "a red cat", "a dog"])
    assert texts.shape == (3, model.embed_dim)
    assert texts.device == model.device
    assert torch.equal(texts[0], texts[2])
    torch.testing.assert_close(texts.norm(dim=-1), torch.ones(3))
    assert model.encode_text([]).shape == (0, model.embed_dim)
    long = "word " * 10_000
    assert model.encode_text([long]).shape == (1, model.embed_dim)
    assert isinstance(model.truncates(long), bool)
    assert model.truncates("a dog") is False


def check_features(model: VisionLanguageModel, features: ImageFeatures) -> None:
    """Of one frame of 2 x 3 cells."""
    width, channels = model.embed_dim, features.cam_map.shape[1]
    assert features.grid == (2, 3)
    assert features.cam_map.shape == (1, channels, 2, 3)
    assert features.pooled.shape == (1, width)
    if features.affinity is not None:
        assert features.affinity.shape == (1, 6, 6)
        assert bool((features.affinity >= 0).all())
    if features.dense is not None:
        assert features.dense.shape == (1, width, 2, 3)
    if model.dense_matches_text:
        assert features.dense is not None
        mean = features.dense.mean((2, 3))
        torch.testing.assert_close(features.pooled, mean, rtol=1e-4, atol=1e-5)
    one, other = noise(1, 5, width, seed=1) - 0.5, noise(1, 5, width, seed=2) - 0.5
    weights = model.pull_back(features, 2 * one + other)
    assert weights.shape == (1, 5, channels)
    parts = 2 * model.pull_back(features, one) + model.pull_back(features, other)
    torch.testing.assert_close(weights, parts, rtol=1e-3, atol=1e-5 * float(parts.abs().max()))
    assert model.pull_back(features, one[:, :0]).shape == (1, 0, channels)
    masks = noise(1, 3, 2, 3)
    masks[:, 1] = 0
    pooled = model.pool_masks(features, masks)
    assert pooled.shape == (1, 3, width)
    assert not pooled[:, 1].any()
    scaled = model.pool_masks(features, 3 * masks)
    torch.testing.assert_close(pooled, scaled, rtol=1e-4, atol=1e-5)


def check_mask_model(model: MaskModel) -> None:
    """Holds a model of float32 weights to :class:`MaskModel`."""
    assert isinstance(model, MaskModel)
    assert isinstance(model.device, torch.device)
    pictures = [noise(1, 3, 60, 100, seed=seed) for seed in (0, 1)]
    for picture, embedding in zip(pictures, model.encode_each(pictures, 128), strict=True):
        alone = model.encode(picture, 128)
        assert isinstance(embedding, MaskEmbedding)
        assert embedding.grid == alone.grid
        assert embedding.tokens.shape == alone.tokens.shape
        assert embedding.tokens.shape[0] == 1
        torch.testing.assert_close(embedding.tokens, alone.tokens, rtol=1e-3, atol=1e-3)
        assert embedding.to(torch.float16).tokens.dtype == torch.float16
    assert isinstance(model.encode(pictures[0], shape=(64, 128)), MaskEmbedding)

    points = torch.tensor([[[20.0, 30.0]], [[70.0, 10.0]]])
    labels = torch.ones(2, 1, dtype=torch.int64)
    boxes = torch.tensor([[10.0, 10.0, 50.0, 40.0], [0.0, 0.0, 99.0, 59.0]])

    def answers() -> dict[str, Tensor]:
        embedding = model.encode(pictures[0], 128)
        coarse, _ = model.predict(embedding, boxes=boxes, multimask=False)
        prompts = {
            "points": model.predict(embedding, points, labels),
            "one mask": model.predict(embedding, points, labels, multimask=False),
            "boxes": model.predict(embedding, boxes=boxes),
            "both": model.predict(embedding, points, labels, boxes),
            "masks": model.predict(embedding, points, labels, mask_logits=coarse),
        }
        parts = {}
        for name, (logits, quality) in prompts.items():
            count = 1 if name == "one mask" else 3
            assert logits.shape[:2] == quality.shape == (2, count), name
            rows, columns = embedding.grid
            assert crop_logits(logits, embedding).shape == (2, count, rows, columns), name
            parts |= {f"{name}: logits": logits, f"{name}: quality": quality}
        return parts

    same_in_every_world(answers)
    embedding = model.encode(pictures[0], 128)
    together, _ = model.predict(embedding, points, labels)
    for number in range(2):
        part = slice(number, number + 1)
        alone, _ = model.predict(embedding, points[part], labels[part])
        torch.testing.assert_close(together[part], alone, rtol=1e-3, atol=1e-3)
