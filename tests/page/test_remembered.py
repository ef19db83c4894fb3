"""Encoded pictures are kept for the next question."""

from __future__ import annotations

import torch

from car_video.models.sam.base import MaskModel, ProposesAll
from car_video.page.remembered import Newest, RememberingMaskModel


class Counting:
    """A mask model that counts what it encodes."""

    device = torch.device("cpu")

    def __init__(self) -> None:
        self.encoded = 0

    def encode(self, pixels, side=1024, shape=None):
        self.encoded += 1
        return pixels.mean().item(), side, shape

    def encode_each(self, pixels, side=1024, shape=None):
        raise AssertionError("asked one by one")

    def predict(self, embedding, **prompts):
        return embedding


def test_a_picture_is_encoded_once_at_each_size():
    model = Counting()
    kept = RememberingMaskModel(model)
    one, two = torch.zeros(1, 3, 4, 6), torch.ones(1, 3, 4, 6)
    assert kept.encode(one, 512) == kept.encode(one.clone(), 512)
    assert model.encoded == 1
    assert kept.encode_each([one, two], 512) == [(0.0, 512, None), (1.0, 512, None)]
    assert model.encoded == 2
    kept.encode(one, 1024)
    kept.encode(one.reshape(1, 3, 6, 4), 512)
    assert model.encoded == 4


def test_everything_else_is_the_model_s_own():
    kept = RememberingMaskModel(Counting())
    assert kept.predict("x") == "x"
    assert kept.device == torch.device("cpu")
    assert isinstance(kept, MaskModel)
    assert not isinstance(kept, ProposesAll)


def test_what_was_not_used_for_longest_goes():
    made: list[int] = []

    def make(key: int):
        return lambda: made.append(key) or key

    kept: Newest[int] = Newest(2)
    for key in (1, 2, 1, 3, 1, 2):
        assert kept.get(key, make(key)) == key
    assert made == [1, 2, 3, 2]
    assert kept.peek(3) is None
    assert kept.peek(2) == 2
