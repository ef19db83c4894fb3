"""The geometry is CLIP's, and nothing but the geometry has changed."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from car_video import read_frames
from car_video.models.base import ImageFeatures
from car_video.models.pair import ModelPair
from car_video.segment.resizing import to_cells, to_pixels
from tests.harness.clip_geometry import COMMON, LOGIT_SCALE, TEXT, ClipGeometry, moved
from tests.models.contract import check_vision_language_model

CLIP = Path(__file__).resolve().parents[2] / "examples" / "person.mp4"
TEXTS = (
    "a person",
    "a man in a grey shirt",
    "a door",
    "a chair",
    "wall",
    "floor",
    "sky",
    "a dog",
)
COSINES = 0.15, 0.35
"""Range in which cosines of released CLIP weights lie."""


@pytest.fixture(scope="module")
def lite(lite: ModelPair) -> Any:
    model: Any = copy.copy(lite.proposer)  # the one of all tests stays as it is
    model.input_size = 64
    return model


@pytest.fixture(scope="module")
def pixels() -> Tensor:
    """A frame with the person, 10 x 16 cells."""
    frame = next(iter(read_frames(CLIP, start=4.2)))
    return to_cells(to_pixels(frame.image, torch.device("cpu"), 1920), 256, 16)


@pytest.fixture(scope="module")
def model(lite: Any, pixels: Tensor) -> ClipGeometry:
    return moved(lite, pixels)


def cosines(model: Any, features: ImageFeatures) -> Tensor:
    """float32 [T, h, w]: of every text with every cell."""
    assert features.dense is not None
    cells = F.normalize(features.dense[0], dim=0)
    return torch.einsum("td,dhw->thw", model.encode_text(TEXTS), cells)


@pytest.mark.slow
def test_it_keeps_the_contract_of_models(model: ClipGeometry) -> None:
    check_vision_language_model(model)


def test_cosines_lie_where_those_of_clip_do(
    lite: Any, model: ClipGeometry, pixels: Tensor
) -> None:
    before = cosines(lite, lite.encode_image(pixels))
    after = cosines(model, model.encode_image(pixels))
    low, high = np.percentile(after.numpy(), [1, 99])
    assert COSINES[0] <= low < high <= COSINES[1]
    assert float(after.std()) < float(before.std()) / 4
    assert model.logit_scale == LOGIT_SCALE != lite.logit_scale


def test_the_order_of_texts_is_kept_at_every_cell(
    lite: Any, model: ClipGeometry, pixels: Tensor
) -> None:
    before = cosines(lite, lite.encode_image(pixels)).flatten(1)
    after = cosines(model, model.encode_image(pixels)).flatten(1)
    # One rising straight line per cell: mean and deviation over the texts take it away.
    torch.testing.assert_close(_standard(after), _standard(before), rtol=1e-2, atol=1e-3)


def _standard(values: Tensor) -> Tensor:
    return (values - values.mean(0)) / values.std(0)


def test_every_cell_has_a_straight_line_of_its_own(
    lite: Any, model: ClipGeometry, pixels: Tensor
) -> None:
    """Short cells get more of the constant, so the order of cells is not kept (the module)."""
    plain = lite.encode_image(pixels)
    own = plain.dense[0].norm(dim=0)
    whole = (own**2 + model.length**2).sqrt()
    slope = TEXT * own / whole
    offset = (1 - TEXT**2) ** 0.5 * COMMON * model.length / whole
    expected = slope * cosines(lite, plain) + offset
    after = cosines(model, model.encode_image(pixels))
    torch.testing.assert_close(after, expected, atol=1e-4, rtol=1e-3)


def test_pooling_stays_the_mean_of_the_dense_map(model: ClipGeometry, pixels: Tensor) -> None:
    features = model.encode_image(pixels)
    assert features.dense is not None
    masks = torch.rand(1, 2, *features.grid, generator=torch.Generator().manual_seed(0))
    weights = (masks / masks.sum((2, 3), keepdim=True)).flatten(2)
    means = weights @ features.dense.flatten(2).transpose(1, 2)
    torch.testing.assert_close(model.pool_masks(features, masks), means, rtol=1e-4, atol=1e-4)


def test_gradients_pass_the_rotation(lite: Any, model: ClipGeometry, pixels: Tensor) -> None:
    """<pooled, text> has the same gradient as before, but for the text's shrunk length."""
    features = model.encode_image(pixels)
    texts, own = model.encode_text(TEXTS)[None], lite.encode_text(TEXTS)[None]
    weights = model.pull_back(features, texts)
    before = lite.pull_back(lite.encode_image(pixels), own)
    ratio = float(weights.norm() / before.norm())
    torch.testing.assert_close(weights, ratio * before, rtol=1e-3, atol=1e-6)
