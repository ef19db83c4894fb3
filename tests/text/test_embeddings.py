"""The text bank: order, economy, limits."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional

from car_video.text.embeddings import TextBank


class Encoder:
    """Unit vectors that depend on the text alone; remembers what it was asked."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []

    def __call__(self, texts: Sequence[str]) -> Tensor:
        self.batches.append(list(texts))
        rows = []
        for text in texts:
            generator = torch.Generator().manual_seed(sum(map(ord, text)) * 31 + len(text))
            rows.append(torch.randn(6, generator=generator))
        return functional.normalize(torch.stack(rows), dim=-1)

    @property
    def texts(self) -> list[str]:
        return [text for batch in self.batches for text in batch]


@settings(deadline=None, max_examples=50)
@given(
    texts=st.lists(st.sampled_from("abcdefg"), max_size=12),
    capacity=st.integers(1, 5),
    batch=st.integers(1, 4),
)
def test_rows_follow_the_texts_whatever_is_remembered(
    texts: list[str], capacity: int, batch: int
) -> None:
    encoder = Encoder()
    bank = TextBank(encoder, 6, batch, capacity)
    for _ in range(2):
        got = bank.embed(texts)
        assert got.shape == (len(texts), 6)
        for row, text in zip(got, texts, strict=True):
            torch.testing.assert_close(row, Encoder()([text])[0])
        assert len(bank) <= capacity
    assert all(len(b) <= batch for b in encoder.batches)


def test_every_text_is_encoded_once() -> None:
    encoder = Encoder()
    bank = TextBank(encoder, 6)
    bank.embed(["a", "b", "a"])
    bank.embed(["b", "  b ", "c"])
    assert encoder.texts == ["a", "b", "c"]


def test_least_recently_used_is_forgotten() -> None:
    encoder = Encoder()
    bank = TextBank(encoder, 6, capacity=2)
    for text in ("a", "b", "a", "c", "a", "b"):
        bank.embed([text])
    assert encoder.texts == ["a", "b", "c", "b"]


def test_templated_and_averaged() -> None:
    bank = TextBank(Encoder(), 6)
    templates = ("a {}.", "the {}", "{}")
    got = bank.templated(["dog", "cat"], templates)
    assert got.shape == (3, 2, 6)
    torch.testing.assert_close(got[1, 0], Encoder()(["the dog"])[0])
    expected = functional.normalize(got.mean(0), dim=-1)
    torch.testing.assert_close(bank.averaged(["dog", "cat"], templates), expected)
    assert bank.templated([], templates).shape == (3, 0, 6)


@pytest.mark.parametrize("weights", [(0.5, 0.5), (0.2, 0.8)])
def test_a_blend_is_as_long_as_what_it_is_made_of(weights: tuple[float, float]) -> None:
    """In what is the texts' own; what they have in common stays as it is."""
    generator = torch.Generator().manual_seed(0)
    own = functional.normalize(torch.randn(2, 3, 5, generator=generator), dim=-1)
    plain = TextBank(Encoder(), 5).blended(own, weights)
    torch.testing.assert_close(plain.norm(dim=-1), torch.ones(3))
    # The same texts with a large part in common, as CLIP's have it.
    narrow = torch.cat([0.4 * own, torch.full((2, 3, 1), 0.84**0.5)], -1)
    common = torch.tensor([0.0] * 5 + [0.84**0.5])
    found = TextBank(Encoder(), 6, common=lambda: common).blended(narrow, weights)
    torch.testing.assert_close(found, torch.cat([0.4 * plain, common[5:].expand(3, 1)], -1))


def test_one_version_is_not_blended() -> None:
    def common() -> torch.Tensor:
        raise AssertionError("it is not asked for")

    bank = TextBank(Encoder(), 6, common=common)
    assert torch.equal(bank.averaged(["dog"], ["a {}"]), bank.embed(["a dog"]))


def test_very_long_text_is_cut_before_it_is_encoded() -> None:
    encoder = Encoder()
    TextBank(encoder, 6).embed(["word " * 100_000])
    assert len(encoder.texts[0]) == 4000


def test_encoder_may_return_half_precision_and_gradients() -> None:
    weight = torch.ones(6, requires_grad=True)
    bank = TextBank(lambda texts: (torch.ones(len(texts), 6) * weight).half(), 6)
    got = bank.embed(["a"])
    assert got.dtype == torch.float32
    assert not got.requires_grad


def test_an_encoder_of_the_wrong_length_is_noticed() -> None:
    with pytest.raises(ValueError, match="zip"):
        TextBank(lambda texts: torch.ones(1, 6), 6).embed(["a", "b"])
