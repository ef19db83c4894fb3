"""Everyday phrases are encoded once for each model, however many segmenters use it."""

from __future__ import annotations

import gc
from collections.abc import Sequence

import torch
from torch import Tensor

from car_video.segment import everyday
from car_video.segment.everyday import everyday_embeddings
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
