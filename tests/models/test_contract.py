"""One contract for every vision-language model and every mask model, a newcomer's included."""

from __future__ import annotations

import copy
import gc
import weakref
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from car_video.models import catalog, load_model
from car_video.models.base import Family, ImageFeatures, VisionLanguageModel
from car_video.models.clip import factory
from car_video.models.clip.factory import model_from_network
from car_video.models.lite.model import load_lite
from car_video.models.pair import ModelPair
from car_video.models.sam import catalog as mask_catalog
from car_video.models.sam.hub import HubSam
from car_video.models.sam.mobile_sam import MobileSam, load_mobile_sam
from car_video.models.sam.registry import load_mask_model
from tests.models.clip.families import FAMILIES, tiny_model
from tests.models.conftest import tiny_vit, tokens
from tests.models.contract import (
    WORLDS,
    check_mask_model,
    check_vision_language_model,
    default_dtype,
    noise,
)
from tests.models.hub_networks import KINDS, network
from tests.segment.colour_model import ColourModel
from tests.segment.fake_model import FakeModel
from tests.video.colour_sam import ColourSam

torch.set_num_threads(1)
CPU = torch.device("cpu")


class Newcomer:
    """As little as a vision-language model can be: a cell's embedding is its mean colour."""

    name = "newcomer"
    family: Family = "conv"
    embed_dim, stride, input_size, logit_scale = 3, 8, 32, 10.0
    device = CPU
    dense_matches_text = True
    nouns = None
    encodes_batches = True

    def encode_text(self, texts: Sequence[str]) -> Tensor:
        rows = [[1.0 + ord(letter) % 7 for letter in f"{text}   "[:3]] for text in texts]
        return F.normalize(torch.tensor(rows, dtype=torch.float32, device=CPU).view(-1, 3))

    def truncates(self, text: str) -> bool:
        return len(text) > 3 * 100

    def encode_image(self, pixels: Tensor) -> ImageFeatures:
        cells = F.avg_pool2d(pixels, self.stride)
        return ImageFeatures(cells, cells.mean((2, 3)), cells)

    def embed_image(self, pixels: Tensor, *, penultimate: bool = False) -> Tensor:
        return pixels.mean((2, 3))

    def pull_back(self, features: ImageFeatures, directions: Tensor) -> Tensor:
        rows, columns = features.grid
        return directions / (rows * columns)

    def pool_masks(self, features: ImageFeatures, masks: Tensor) -> Tensor:
        weights = masks / masks.sum((2, 3), keepdim=True).clamp_min(1e-9)
        cells = features.cam_map.flatten(2).transpose(1, 2)
        return (weights.flatten(2)[..., None] * cells[:, None]).sum(2)


@dataclass(frozen=True)
class NewEmbedding:
    tokens: Tensor

    @property
    def grid(self) -> tuple[int, int]:
        return int(self.tokens.shape[-2]), int(self.tokens.shape[-1])

    def to(self, dtype: torch.dtype) -> NewEmbedding:
        return replace(self, tokens=self.tokens.to(dtype))


class NewMaskModel:
    """As little as a mask model can be: every answer is the bright part of the picture."""

    device = CPU

    def encode(
        self, pixels: Tensor, side: int = 1024, shape: tuple[int, int] | None = None
    ) -> NewEmbedding:
        return self.encode_each([pixels], side, shape)[0]

    def encode_each(
        self, pixels: Sequence[Tensor], side: int = 1024, shape: tuple[int, int] | None = None
    ) -> list[NewEmbedding]:
        return [NewEmbedding(F.avg_pool2d(one, 4)) for one in pixels]

    def predict(
        self,
        embedding: NewEmbedding,
        points: Tensor | None = None,
        labels: Tensor | None = None,
        boxes: Tensor | None = None,
        mask_logits: Tensor | None = None,
        multimask: bool = True,
    ) -> tuple[Tensor, Tensor]:
        prompts = next(p for p in (points, boxes, mask_logits) if p is not None)
        count = 3 if multimask else 1
        logits = (embedding.tokens.mean(1) - 0.5).expand(len(prompts), count, -1, -1)
        return logits, torch.ones(len(prompts), count, dtype=torch.float32, device=CPU)


def autograd() -> VisionLanguageModel:
    unusual = {"attentional_pool": True, "attn_pooler_heads": 4, "attn_pooler_queries": 5}
    return model_from_network("coca", tiny_vit(**unusual).float(), tokens)


MODELS = {
    **{family: lambda family=family: tiny_model(family) for family in FAMILIES},
    "coca": autograd,
    "fake": FakeModel,
    "colours": ColourModel,
    "newcomer": Newcomer,
}
MASK_MODELS = {
    "mobile": lambda: load_mobile_sam(CPU, torch.float32),
    **{kind: lambda kind=kind: HubSam(network(kind)) for kind in KINDS},
    "colours": ColourSam,
    "newcomer": NewMaskModel,
}


@pytest.mark.parametrize("name", MODELS)
def test_vision_language_models(name: str) -> None:
    check_vision_language_model(MODELS[name]())


def test_the_bundled_model(lite: ModelPair) -> None:
    model: Any = copy.copy(lite.proposer)  # the one of all tests stays as it is
    model.input_size = 64
    check_vision_language_model(model)


@pytest.mark.parametrize("name", MASK_MODELS)
def test_mask_models(name: str, request: pytest.FixtureRequest) -> None:
    loaded = name == "mobile"  # the one of all tests
    check_mask_model(request.getfixturevalue("mobile_sam") if loaded else MASK_MODELS[name]())


def test_families_of_networks() -> None:
    """The contract was run on all four families of open_clip networks."""
    assert {type(tiny_model(family)) for family in FAMILIES} == set(factory.FAMILIES)


@pytest.mark.slow
@pytest.mark.parametrize("world", ["another default device", "default bfloat16"])
def test_what_is_loaded_does_not_depend_on_the_state_of_torch(
    lite: ModelPair, mobile_sam: MobileSam, world: str
) -> None:
    pixels, square = noise(1, 3, 32, 48), noise(1, 3, 64, 64)
    model = lite.proposer
    with WORLDS[world]():
        other_lite, other_sam = load_lite(CPU, torch.float32), MASK_MODELS["mobile"]()
    assert torch.equal(other_lite.embed_image(pixels), model.embed_image(pixels))
    assert torch.equal(other_lite.encode_text(["a dog"]), model.encode_text(["a dog"]))
    theirs, ours = (sam.encode(square, 128).tokens for sam in (other_sam, mobile_sam))
    assert torch.equal(theirs, ours)


def test_the_state_of_torch_is_left_as_it_was() -> None:
    with default_dtype(torch.float64), torch.autocast("cpu", torch.bfloat16):
        MODELS["vit"]().encode_text(["a dog"])
        assert torch.get_default_dtype() is torch.float64
        assert torch.is_autocast_enabled("cpu")


def load(source: str, device: torch.device, dtype: torch.dtype | None = None) -> object:
    """What the catalogs of the tests below name."""
    return NewMaskModel() if source == "masks" else Newcomer()


def test_a_newcomer_is_a_module_and_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    line = catalog.ModelInfo("newcomer", "colours", "", 0, "mean colours", __name__)
    monkeypatch.setattr(catalog, "MODELS", (*catalog.MODELS, line))
    assert isinstance(load_model("newcomer", "cpu").proposer, Newcomer)
    masks = mask_catalog.MaskModelInfo("newcomer", "masks", 0, __name__)
    monkeypatch.setattr(mask_catalog, "MASK_MODELS", (*mask_catalog.MASK_MODELS, masks))
    assert isinstance(load_mask_model("newcomer", CPU), NewMaskModel)


def test_a_mask_model_in_use_is_shared(monkeypatch: pytest.MonkeyPatch) -> None:
    masks = mask_catalog.MaskModelInfo("newcomer", "masks", 0, __name__)
    monkeypatch.setattr(mask_catalog, "MASK_MODELS", (masks,))
    first = load_mask_model("newcomer", CPU, torch.float32)
    assert load_mask_model("newcomer", CPU, torch.float32) is first
    assert load_mask_model("newcomer", CPU, torch.bfloat16) is not first
    alive = weakref.ref(first)
    del first
    gc.collect()
    assert alive() is None  # and is let go with its last user
