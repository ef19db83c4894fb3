"""Everyday phrases are encoded once for each model, however many segmenters use it."""

from __future__ import annotations

import gc
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from car_video.segment import everyday
from car_video.segment.everyday import bank_of, everyday_embeddings, scale_of
from car_video.text.null_phrases import NULL_PHRASES
from tests.segment.fake_model import FakeModel


class Counting(FakeModel):
    """Counts the texts that it encodes."""

    encoded = 0

    def encode_text(self, texts: Sequence[str]) -> Tensor:
        self.encoded += len(texts)
        return super().encode_text(texts)


def test_they_are_encoded_once_for_each_model() -> None:
    model, other = Counting(), Counting()
    first = everyday_embeddings(model)
    torch.testing.assert_close(first, FakeModel().encode_text(NULL_PHRASES))
    assert torch.equal(everyday_embeddings(model), first)
    assert model.encoded == len(NULL_PHRASES)
    everyday_embeddings(other)
    assert other.encoded == len(NULL_PHRASES)


def test_they_go_with_their_model() -> None:
    model = Counting()
    everyday_embeddings(model)
    key = id(model)
    assert key in everyday._EMBEDDED
    del model
    gc.collect()
    assert key not in everyday._EMBEDDED


def test_what_they_have_in_common_is_no_part_of_a_blend() -> None:
    model = FakeModel()
    versions = model.encode_text(["a dog", "a cat"])[:, None]
    common = everyday_embeddings(model).mean(0)
    assert common.norm() > 0.01
    blend = bank_of(model, measured=True).blended(versions, (0.5, 0.5))[0] - common
    own = versions[:, 0] - common
    torch.testing.assert_close(blend.norm(), own.norm(dim=-1).mean())
    torch.testing.assert_close(F.normalize(blend, dim=0), F.normalize(own.mean(0), dim=0))
    plain = bank_of(model, measured=False).blended(versions, (0.5, 0.5))[0]
    torch.testing.assert_close(plain, F.normalize(versions[:, 0].mean(0), dim=0))


def test_scales() -> None:
    model = FakeModel()
    assert scale_of(model, measured=False).fixed == model.logit_scale
    found = scale_of(model, measured=True).phrases
    assert found is not None
    assert torch.equal(found, everyday_embeddings(model))
