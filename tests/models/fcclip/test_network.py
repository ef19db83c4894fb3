"""The whole network: golden values of the released forward, invariances, carried queries."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from car_video.config.panoptic import PanopticConfig
from car_video.errors import ModelError
from car_video.models.fcclip.backbone import Backbone
from car_video.models.fcclip.mask_decoder import mask_logits
from car_video.models.fcclip.network import FcClip, MaskProposals
from car_video.models.fcclip.text_rows import TextEncoder, TextRows
from car_video.segment.panoptic.postprocessing import panoptic_map, semantic_map
from car_video.segment.panoptic.preparation import Sizes
from car_video.text.vocabulary import Label, Vocabulary
from tests.models.clip.families import tiny_model
from tests.models.fcclip.golden import (
    TINY,
    entries,
    golden_b,
    small_network,
    trained_part,
    values,
)

THREE = ("0", "n//3", "n-1")


def vocabulary(*classes: str) -> Vocabulary:
    return Vocabulary(
        "test", tuple(Label(tuple(c.split(",")), i) for i, c in enumerate(classes))
    )


CLASSES = vocabulary("person,child,man", "dog,puppy", "grass,lawn", "zeppelin")
TRAINED = vocabulary("person,people", "cat", "grass", "sky")


@pytest.fixture(scope="module")
def network() -> FcClip:
    return golden_b()


@pytest.fixture(scope="module")
def pixels(network: FcClip) -> Tensor:
    image = (values("input/image", (3, 90, 150)) * 40 + 120).clamp(0, 255).round()
    return F.pad(network.backbone.clip.prepare(image[None] / 255), (0, 10, 0, 6))


@pytest.fixture(scope="module")
def proposals(network: FcClip, pixels: Tensor) -> MaskProposals:
    return network.propose(pixels)


@pytest.fixture(scope="module")
def texts(network: FcClip) -> TextRows:
    return TextEncoder(network.backbone.clip).encode(CLASSES, TRAINED)


def assert_near(tensor: Tensor, mean: float, size: float, some: list[float]) -> None:
    assert float(tensor.mean()) == pytest.approx(mean, abs=1e-4)
    assert float(tensor.abs().mean()) == pytest.approx(size, abs=1e-4)
    assert entries(tensor, THREE) == pytest.approx(some, abs=1e-3)


def test_golden_features_and_masks(
    network: FcClip, pixels: Tensor, proposals: MaskProposals
) -> None:
    trunk = network.backbone(pixels)
    assert_near(trunk.stages[0], 0.053448, 1.272148, [-1.531498, -0.339493, 0.389945])
    assert_near(trunk.stages[3], 0.003030, 1.481178, [0.672929, -1.172733, 2.911555])
    assert torch.equal(trunk.cells, trunk.stages[3])
    features = network.trained.pixel_decoder(trunk.stages)
    assert_near(features.mask_features, -0.137839, 0.803733, [-0.861513, -0.686188, -0.577536])
    assert_near(proposals.logits, -2.817307, 6.246042, [6.535124, 6.170574, -5.879041])


def test_golden_logits_and_probabilities(
    network: FcClip, proposals: MaskProposals, texts: TextRows
) -> None:
    assert texts.seen.tolist() == [True, False, True, False]
    assert texts.owner.tolist() == [0, 0, 0, 1, 1, 2, 2, 3]
    inner, outer = network.logits(proposals, texts)
    inner_0 = [-0.93327, -2.32775, -1.43796, -2.11022, -9.40490]
    assert inner[0, 0].tolist() == pytest.approx(inner_0, abs=1e-3)
    assert outer[0, 0].tolist() == pytest.approx([3.86737, 3.18484, 4.66239, 3.09599], abs=1e-3)
    assert outer[0, 5].tolist() == pytest.approx([5.05252, 4.49905, 5.81565, 4.37436], abs=1e-3)
    chances = network.classify(proposals, texts)
    first = [0.373222, 0.125579, 0.378937, 0.122164, 0.000097]
    last = [0.367949, 0.135161, 0.368563, 0.128256, 0.000072]
    assert chances[0, 0].tolist() == pytest.approx(first, abs=2e-5)
    assert chances[0, 5].tolist() == pytest.approx(last, abs=2e-5)


def test_golden_scene(network: FcClip, proposals: MaskProposals, texts: TextRows) -> None:
    sizes = Sizes(resized=(90, 150), padded=(96, 160), output=(61, 101))
    chances = network.classify(proposals, texts)[0]
    logits, config = proposals.logits[0], PanopticConfig()
    found = panoptic_map(logits, chances, (True, True, False, False), sizes, config)
    assert [(s.label, s.thing, s.area) for s in found.segments] == [(2, False, 1704)]
    assert int((found.ids == 0).sum()) == 4457
    classes = semantic_map(logits, chances, sizes, config)
    assert (classes.labels == 2).all()
    first = semantic_map(logits, chances[:, [0, 4]], sizes, config)  # class 0 alone
    assert first.scores[0, 0] == pytest.approx(2.211819, abs=1e-3)
    last = semantic_map(logits, chances[:, [3, 4]], sizes, config)
    assert last.scores[-1, -1] == pytest.approx(0.734899, abs=1e-3)


def test_attention_masks_from_resized_features_are_those_of_resized_masks(
    network: FcClip, pixels: Tensor
) -> None:
    """The quick way of the decoder against the obvious one, on the golden network."""
    features = network.trained.pixel_decoder(network.backbone(pixels).stages)
    decoded = network.trained.mask_decoder(features)
    for level in features.levels:
        size = level.shape[-2:]
        resized = F.interpolate(
            features.mask_features, size, mode="bilinear", align_corners=False
        )
        for embedding in decoded.mask_embeddings:
            full = mask_logits(embedding, features.mask_features)
            slow = F.interpolate(full, size, mode="bilinear", align_corners=False)
            torch.testing.assert_close(
                mask_logits(embedding, resized), slow, atol=1e-4, rtol=1e-4
            )


@pytest.mark.parametrize("kind", ["resnet", "convnext"])
def test_a_batch_is_its_pictures_one_by_one(kind: str) -> None:
    """Padding takes part, so pictures are padded to the batch's size before."""
    network = small_network(kind)
    batch = values("batch", (2, 3, 64, 96))
    batch[1, :, 32:] = 0
    together = network.propose(batch)
    for number in range(2):
        alone = network.propose(batch[number : number + 1])
        own = together.logits[number : number + 1]
        torch.testing.assert_close(own, alone.logits, atol=1e-3, rtol=1e-3)
    smaller = network.propose(batch[1:, :, :32])
    assert not torch.allclose(together.logits[1:, :, :8], smaller.logits, atol=1e-2)


@pytest.mark.parametrize(
    "size",
    [(32, 32), (32, 2048), (96, 64), pytest.param((1024, 1024), marks=pytest.mark.slow)],
)
@pytest.mark.parametrize("kind", ["resnet", "convnext"])
def test_any_size_that_is_a_multiple_of_32(kind: str, size: tuple[int, int]) -> None:
    network = small_network(kind)
    texts = TextEncoder(network.backbone.clip).encode(CLASSES, TRAINED)
    proposals = network.propose(values("picture", (1, 3, *size)))
    assert proposals.logits.shape == (1, 6, size[0] // 4, size[1] // 4)
    chances = network.classify(proposals, texts)
    assert chances.shape == (1, 6, 5)
    torch.testing.assert_close(chances.sum(-1), torch.ones(1, 6))


def test_a_thousand_classes_and_names_that_stand_twice() -> None:
    network = small_network()
    proposals = network.propose(values("picture", (1, 3, 64, 64)))
    many = vocabulary(*(f"{i % 700}" for i in range(1000)))  # tokens are characters here
    texts = TextEncoder(network.backbone.clip, ["{}"]).encode(many, many)
    chances = network.classify(proposals, texts)
    assert chances.shape == (1, 6, 1001)
    assert bool(chances.isfinite().all())
    torch.testing.assert_close(chances[..., :300], chances[..., 700:1000])


def test_one_class_alone_has_all_but_void() -> None:
    network = small_network()
    proposals = network.propose(values("picture", (1, 3, 64, 64)))
    one = vocabulary("dog")
    rows = TextEncoder(network.backbone.clip).encode(one, one)
    inner, _ = network.logits(proposals, rows)
    torch.testing.assert_close(
        network.classify(proposals, rows), inner.softmax(-1), atol=1e-6, rtol=1e-5
    )


def test_queries_carried_over_start_the_next_picture() -> None:
    network = small_network()
    picture = values("picture", (1, 3, 64, 64))
    learned = network.trained.mask_decoder.query_feat.weight[None]
    plain = network.propose(picture)
    assert torch.equal(network.propose(picture, learned).logits, plain.logits)
    carried = network.propose(picture, plain.states)
    assert carried.states.shape == plain.states.shape
    order = torch.tensor([5, 3, 0, 1, 2, 4])  # slots keep their own positions, so masks differ
    shuffled = network.propose(picture, plain.states[:, order])
    assert not torch.allclose(shuffled.logits, carried.logits[:, order])


def test_another_clip_than_the_trained_one_is_refused() -> None:
    backbone = small_network().backbone
    with pytest.raises(ValueError, match="another CLIP"):
        FcClip("wrong", backbone, trained_part(TINY))


def test_a_transformer_cannot_be_the_trunk() -> None:
    model = tiny_model("timm transformer")
    with pytest.raises(ModelError, match="cannot carry FC-CLIP"):
        Backbone(model)  # type: ignore[arg-type]
