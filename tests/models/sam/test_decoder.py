"""The mask decoder that shares work equals the plain one of transformers."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from transformers.models.sam.configuration_sam import SamMaskDecoderConfig
from transformers.models.sam.modeling_sam import SamMaskDecoder

from car_video.models.sam.decoder import decode

torch.set_num_threads(1)


@pytest.fixture(scope="module")
def decoder() -> SamMaskDecoder:
    """Of SAM's own size, with random weights large enough that every part matters."""
    torch.manual_seed(0)
    config = SamMaskDecoderConfig()
    config._attn_implementation = "eager"
    model = SamMaskDecoder(config).eval().requires_grad_(False)
    for name, weight in model.named_parameters():
        if name.endswith("bias"):
            weight.normal_(0, 0.3)
        elif weight.dim() > 1:
            weight.mul_(1.5)
    return model


def plain(
    decoder: SamMaskDecoder, image: Tensor, positions: Tensor, sparse: Tensor, multimask: bool
) -> tuple[Tensor, Tensor]:
    """One prompt after the other, as the library does it."""
    answers = []
    for number, tokens in enumerate(sparse):
        own = image[number if len(image) > 1 else 0][None]
        answers.append(
            decoder(own, positions, tokens[None, None], torch.zeros_like(own), multimask)
        )
    return torch.cat([a[0][:, 0] for a in answers]), torch.cat([a[1][:, 0] for a in answers])


@settings(max_examples=12, deadline=None)
@given(
    rows=st.integers(1, 7),
    columns=st.integers(1, 9),
    prompts=st.integers(1, 5),
    tokens=st.integers(0, 3),
    shared=st.booleans(),
    multimask=st.booleans(),
    seed=st.integers(0, 99),
)
def test_equals_the_plain_decoder(
    decoder: SamMaskDecoder,
    rows: int,
    columns: int,
    prompts: int,
    tokens: int,
    shared: bool,
    multimask: bool,
    seed: int,
) -> None:
    random = torch.Generator().manual_seed(seed)
    image = torch.randn(1 if shared else prompts, 256, rows, columns, generator=random)
    positions = torch.randn(1, 256, rows, columns, generator=random)
    sparse = torch.randn(prompts, tokens, 256, generator=random)
    logits, quality = decode(decoder, image, positions, sparse, multimask)
    expected, expected_quality = plain(decoder, image, positions, sparse, multimask)
    assert logits.shape == (prompts, 3 if multimask else 1, 4 * rows, 4 * columns)
    scale = float(expected.abs().max())
    assert float((logits - expected).abs().max()) <= 1e-4 * scale
    torch.testing.assert_close(quality, expected_quality, rtol=1e-4, atol=1e-4)


def test_bfloat16_stays_near(decoder: SamMaskDecoder) -> None:
    random = torch.Generator().manual_seed(1)
    image = torch.randn(1, 256, 6, 8, generator=random)
    positions = torch.randn(1, 256, 6, 8, generator=random)
    sparse = torch.randn(3, 2, 256, generator=random)
    exact, _ = decode(decoder, image, positions, sparse, True)
    rough, _ = decode(decoder, image, positions, sparse, True, torch.bfloat16)
    assert rough.dtype == torch.bfloat16
    assert float((rough.float() - exact).norm() / exact.norm()) < 0.05
