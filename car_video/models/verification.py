"""What can be verified of a model on this machine without pictures with known answers."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from car_video.errors import ModelError
from car_video.models.base import VisionLanguageModel
from car_video.models.fcclip.architecture import variant_of
from car_video.models.fcclip.model import FcClipModel
from car_video.models.fcclip.text_rows import TextEncoder
from car_video.models.registry import load_model
from car_video.text.null_phrases import NULL_PHRASES
from car_video.text.vocabulary import Vocabulary, shipped_vocabulary

SIDE = 160
"""Height of the drawn picture; its width is 1.6 times that."""

CLASSES = 10
"""Of COCO, that the drawn picture's masks are given to."""

SCALES = (1.0, 1000.0)
"""What a logit scale may be."""

CLIP_COSINES = 0.15, 0.35
"""Where cosines of released CLIP weights usually lie, at a logit scale of 100."""

EVERY = 8
"""Of the everyday phrases every so many are encoded: large text towers take long."""


def verify_model(name: str, device: str = "auto") -> Iterator[tuple[str, str]]:
    """Load a model and say what was verified, one finding after the other.

    Yields:
        what was looked at, and what was found.

    Raises:
        ModelError: the model cannot be loaded, or something is not as it must be.
    """
    pair = load_model(name, device)
    for part, model in (("proposer", pair.proposer), ("classifier", pair.classifier)):
        if part == "classifier" and pair.shared:
            continue
        yield part, f"{model.name}, D = {model.embed_dim}, stride {model.stride}"
        yield "logit scale", _scale(model.logit_scale)
        yield "texts", _texts(model)
        yield "picture", _picture(model)
        yield "everyday phrases", _null_statistics(model)
        if isinstance(model, FcClipModel):
            yield from _fcclip(model)


def drawn_picture() -> Tensor:
    """A picture with edges, gradients and two discs: float32 [1, 3, H, W] in [0, 1]."""
    y, x = np.mgrid[0:SIDE, 0 : SIDE * 8 // 5] / SIDE
    picture = np.stack([x / 1.6, 0.3 + 0.5 * y, 1 - y])
    picture[:, y > 0.7] = np.array([[0.2], [0.5], [0.1]])
    picture[:, (x - 0.5) ** 2 + (y - 0.5) ** 2 < 0.06] = np.array([[0.9], [0.1], [0.1]])
    picture[:, (x - 1.1) ** 2 + (y - 0.4) ** 2 < 0.03] = 0.95
    return torch.tensor(picture[None], dtype=torch.float32)


def _scale(scale: float) -> str:
    if not SCALES[0] <= scale <= SCALES[1]:
        raise ModelError(f"the logit scale is {scale:g}; it must be from 1 to 1000")
    return f"{scale:.2f}, in range"


def _texts(model: VisionLanguageModel) -> str:
    rows = model.encode_text(["a photo of a dog", "a photo of a car"])
    _varied(rows, "embeddings of two texts")
    return f"finite, not the same (cosine {float(rows[0] @ rows[1]):.3f})"


def _picture(model: VisionLanguageModel) -> str:
    height, width = drawn_picture().shape[-2:]
    size = [-(-side // model.stride) * model.stride for side in (height, width)]
    pixels = torch.nn.functional.interpolate(drawn_picture(), size, mode="bilinear")
    features = model.encode_image(pixels.to(model.device))
    _varied(features.cam_map, "the feature map of the drawn picture")
    _varied(features.pooled, "the embedding of the drawn picture")
    return f"finite, not constant; map {list(features.cam_map.shape)}"


def _null_statistics(model: VisionLanguageModel) -> str:
    """Cosines of everyday phrases with the drawn picture, beside those that CLIP has."""
    side = (model.input_size, model.input_size)
    square = torch.nn.functional.interpolate(drawn_picture(), side, mode="bilinear")
    picture = model.embed_image(square.to(model.device)).float()
    cosines = (
        torch.nn.functional.normalize(picture, dim=-1)[0]
        @ model.encode_text(NULL_PHRASES[::EVERY]).float().T
    )
    _varied(cosines, "cosines of the drawn picture with everyday phrases")
    low, high = float(cosines.min()), float(cosines.max())
    said = (
        f"cosines {low:.2f} to {high:.2f} with the drawn picture, deviation "
        f"{float(cosines.std()):.3f}"
    )
    if model.dense_matches_text:
        return said
    usual = CLIP_COSINES[0] <= low and high <= CLIP_COSINES[1]
    note = "" if usual else ", so these are unusual"
    return f"{said}; CLIP usually has {CLIP_COSINES[0]} to {CLIP_COSINES[1]}{note}"


def _fcclip(model: FcClipModel) -> Iterator[tuple[str, str]]:
    network = model.network
    state = network.trained.state_dict()
    variant = variant_of(network.trained.architecture)
    yield "FC-CLIP", variant.name if variant else "not a published variant"
    yield (
        "trained part",
        f"{len(state)} tensors, {sum(t.numel() for t in state.values()):,} values; names and "
        "shapes as they must be",
    )
    yield "its logit scale", _scale(float(network.trained.in_vocabulary.logit_scale.exp()))
    proposals = network.propose(network.backbone.clip.prepare(drawn_picture()))
    _varied(proposals.logits, "masks of the drawn picture")
    coco = shipped_vocabulary("coco")
    few = Vocabulary("few", coco.labels[:CLASSES])  # the text tower takes minutes for all
    chances = network.classify(proposals, TextEncoder(model, ["{}"]).encode(few, coco))
    _varied(chances, "classes of the drawn picture")
    inside = (proposals.logits > 0).float().mean((-2, -1))[0]
    kept = int((chances[0].argmax(-1) < CLASSES).sum())
    yield (
        "masks",
        f"{inside.numel()}, finite, not constant; {int((inside > 0).sum())} not empty, {kept} "
        f"of one of {CLASSES} classes of COCO",
    )


def _varied(values: Tensor, what: str) -> None:
    if not bool(values.isfinite().all()):
        raise ModelError(f"{what}: not all numbers are finite; the weights are damaged")
    if float(values.max() - values.min()) < 1e-6:
        raise ModelError(f"{what}: all numbers are the same; the weights are damaged")
