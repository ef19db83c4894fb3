"""Both decoders against golden values of the released modules, and transformers' own."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor
from transformers.models.mask2former.modeling_mask2former import (
    Mask2FormerTransformerModule,
)

from car_video.models.fcclip.architecture import Architecture
from car_video.models.fcclip.classifiers import class_logits
from car_video.models.fcclip.mask_decoder import MaskDecoder, allowed_cells, mask_logits
from car_video.models.fcclip.network import TrainedPart
from car_video.models.fcclip.pixel_decoder import PixelFeatures, mask2former_config
from car_video.models.fcclip.pooling import hard_masks
from tests.models.fcclip.golden import TINY, entries, trained_part, values

TOLERANCE = 1e-3
SIZES = ((16, 24), (8, 12), (4, 6), (2, 3))

PIXELS = {  # mean, mean absolute value, entries
    "level 0": (-0.015712, 0.824753, [0.59070, 1.43556, 1.02363, 0.45402]),
    "level 1": (-0.007837, 0.818131, [0.36836, -0.31403, 1.79859, 0.86436]),
    "level 2": (-0.011050, 0.820100, [0.99455, 1.45250, 0.83331, -0.21390]),
    "mask features": (-0.145944, 0.801454, [-0.66934, -0.77657, -1.41360, -0.27194]),
}
MASKS = [
    (-6.535761, 9.318659, [-2.40582, 4.97604, 7.77900, 1.18747]),
    (-13.557481, 14.432182, [-7.59747, -6.09366, -10.44143, -7.68722]),
    (-5.791730, 9.085848, [6.62268, 7.04315, 6.21403, 1.89323]),
    (-10.764899, 13.534329, [1.77452, 1.86582, 1.54277, -18.22233]),
    (-5.405835, 7.216668, [3.85853, 4.10645, 4.85076, -8.86191]),
]
LOGITS = [
    [10.77774, 11.10552, 6.70782, -0.24878, 2.92049],
    [10.22721, 9.50635, 5.33504, -0.04372, 3.07504],
    [10.54436, 10.77562, 5.42231, -0.24859, 2.80086],
    [10.74729, 11.36148, 6.04022, -0.12124, 2.14531],
    [10.36256, 11.92292, 6.38634, -0.79627, 2.61908],
    [10.58200, 11.97325, 6.73992, -1.16688, 1.61516],
]


def stages() -> list[Tensor]:
    widths = zip(range(2, 6), TINY.trunk_widths, SIZES, strict=True)
    return [values(f"input/res{number}", (1, width, *size)) for number, width, size in widths]


@pytest.fixture(scope="module")
def part() -> TrainedPart:
    return trained_part(TINY)


@pytest.fixture(scope="module")
def pixels(part: TrainedPart) -> PixelFeatures:
    features: PixelFeatures = part.pixel_decoder(stages())
    return features


def assert_near(tensor: Tensor, golden: tuple[float, float, list[float]]) -> None:
    mean, size, some = golden
    assert float(tensor.mean()) == pytest.approx(mean, abs=1e-4)
    assert float(tensor.abs().mean()) == pytest.approx(size, abs=1e-4)
    assert entries(tensor) == pytest.approx(some, abs=TOLERANCE)


def test_weights_and_inputs_are_those_of_the_golden_values(part: TrainedPart) -> None:
    assert_near(stages()[0], (-0.003175, 0.853976, [-0.29570, -0.60186, -1.42256, 1.24199]))
    assert_near(stages()[3], (-0.034405, 0.842140, [0.23594, 0.84399, 0.26178, -1.42382]))
    offsets = part.pixel_decoder.network.encoder.layers[0].self_attn.sampling_offsets.bias
    assert_near(offsets, (-0.001039, 0.079763, [0.10089, -0.03434, -0.04269, -0.12121]))
    queries = part.mask_decoder.query_feat.weight
    assert_near(queries, (-0.020389, 0.805917, [-1.69606, -1.19986, -0.96557, -0.02517]))


def test_pixel_decoder_gives_the_golden_features(pixels: PixelFeatures) -> None:
    found = {f"level {i}": level for i, level in enumerate(pixels.levels)}
    found["mask features"] = pixels.mask_features
    for name, golden in PIXELS.items():
        assert_near(found[name], golden)


def test_mask_decoder_gives_the_golden_masks_after_every_layer(
    part: TrainedPart, pixels: PixelFeatures
) -> None:
    decoded = part.mask_decoder(pixels)
    assert len(decoded.mask_embeddings) == len(MASKS)
    for embedding, golden in zip(decoded.mask_embeddings, MASKS, strict=True):
        assert_near(mask_logits(embedding, pixels.mask_features), golden)


def test_queries_that_see_nothing_may_see_everything_in_the_golden_network(
    part: TrainedPart, pixels: PixelFeatures
) -> None:
    decoded = part.mask_decoder(pixels)
    blocked = []
    for layer in range(4):
        size = pixels.levels[layer % 3].shape[-2:]
        logits = mask_logits(decoded.mask_embeddings[layer], pixels.mask_features)
        logits = F.interpolate(logits, size, mode="bilinear", align_corners=False)
        blocked.append(int((logits < 0).flatten(2).all(-1).sum()))
        rows = allowed_cells(logits)
        assert bool(rows.any(-1).all())
    assert blocked == [4, 6, 0, 2]


def test_in_vocabulary_logits_are_the_golden_ones(
    part: TrainedPart, pixels: PixelFeatures
) -> None:
    decoded = part.mask_decoder(pixels)
    masks = hard_masks(mask_logits(decoded.mask_embeddings[-1], pixels.mask_features))
    vectors = part.in_vocabulary(pixels.mask_features, masks, decoded.normed)
    rows = F.normalize(values("input/text", (8, 16)), dim=-1)
    owner = torch.tensor([0, 0, 1, 2, 2, 2, 3, 4])
    logits = class_logits(vectors, rows, owner, 5, part.in_vocabulary.scale)
    torch.testing.assert_close(logits[0], torch.tensor(LOGITS), atol=TOLERANCE, rtol=0)


def hub_decoder(own: MaskDecoder, architecture: Architecture) -> Mask2FormerTransformerModule:
    """Transformers' decoder with the weights of ours (docs/fcclip.md has the names)."""
    hub = Mask2FormerTransformerModule(
        architecture.width, mask2former_config(architecture)
    ).eval()
    named = {
        "queries_features.weight": own.query_feat.weight,
        "queries_embedder.weight": own.query_embed.weight,
        "level_embed.weight": own.level_embed.weight,
        "decoder.layernorm.weight": own.decoder_norm.weight,
        "decoder.layernorm.bias": own.decoder_norm.bias,
    }
    for j, linear in enumerate(own.mask_embed.layers):
        for kind in ("weight", "bias"):
            named[f"decoder.mask_predictor.mask_embedder.{j}.0.{kind}"] = getattr(linear, kind)
    for n in range(architecture.decoder_layers):
        layer = f"decoder.layers.{n}."
        cross = own.transformer_cross_attention_layers[n]
        inner = own.transformer_self_attention_layers[n]
        after = own.transformer_ffn_layers[n]
        for name, value in cross.multihead_attn.named_parameters():
            named[f"{layer}cross_attn.{name}"] = value
        for kind in ("weight", "bias"):
            fused = getattr(inner.self_attn, f"in_proj_{kind}").chunk(3)
            for projection, value in zip("qkv", fused, strict=True):
                named[f"{layer}self_attn.{projection}_proj.{kind}"] = value
            named |= {
                f"{layer}self_attn.out_proj.{kind}": getattr(inner.self_attn.out_proj, kind),
                f"{layer}cross_attn_layer_norm.{kind}": getattr(cross.norm, kind),
                f"{layer}self_attn_layer_norm.{kind}": getattr(inner.norm, kind),
                f"{layer}fc1.{kind}": getattr(after.linear1, kind),
                f"{layer}fc2.{kind}": getattr(after.linear2, kind),
                f"{layer}final_layer_norm.{kind}": getattr(after.norm, kind),
            }
    hub.load_state_dict(named, strict=True)
    return hub


@pytest.mark.parametrize("size", [(16, 24), (8, 8), (24, 40)])
def test_mask_decoder_is_that_of_transformers(part: TrainedPart, size: tuple[int, int]) -> None:
    generator = torch.Generator().manual_seed(0)
    shapes = [(size[0] // k, size[1] // k) for k in (1, 2, 4, 8)]
    draw = [torch.randn(2, 64, *shape, generator=generator) for shape in shapes]
    features = PixelFeatures(draw[0], (draw[3], draw[2], draw[1]))
    ours = part.mask_decoder(features)
    with torch.no_grad():
        theirs = hub_decoder(part.mask_decoder, TINY)(list(features.levels), draw[0])
    masks = mask_logits(ours.mask_embeddings[-1], draw[0])
    torch.testing.assert_close(masks, theirs.masks_queries_logits[-1], atol=1e-4, rtol=1e-4)
    normed = theirs.intermediate_hidden_states[-1].transpose(0, 1)
    torch.testing.assert_close(ours.normed, normed, atol=1e-4, rtol=1e-4)


def test_learned_queries_are_what_the_decoder_starts_from(
    part: TrainedPart, pixels: PixelFeatures
) -> None:
    learned = part.mask_decoder.query_feat.weight[None]
    plain = part.mask_decoder(pixels)
    assert torch.equal(part.mask_decoder(pixels, learned).normed, plain.normed)
    assert not torch.equal(part.mask_decoder(pixels, plain.states).normed, plain.normed)


def test_a_query_without_a_cell_may_attend_to_all() -> None:
    logits = torch.tensor([[[[-1.0, -2.0]], [[-1.0, 0.0]], [[3.0, -1e-9]]]])
    expected = [[True, True], [False, True], [True, True]]  # sigmoid(-1e-9) is 0.5
    assert allowed_cells(logits)[0].tolist() == expected
