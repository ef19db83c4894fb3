"""Mask classifiers against loops, and at the borders of their domain."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from car_video.config import ClassifierConfig
from car_video.errors import ConfigError
from car_video.models.base import VisionLanguageModel
from car_video.segment.classification.classifier import (
    MaskClassifier,
)
from car_video.segment.classification.scores import geometric_ensemble
from car_video.segment.classification.visual_prompts import prompted_crops
from car_video.segment.reference.scores import double_softmax
from car_video.text.background import BACKGROUND_23
from car_video.text.embeddings import TextBank
from car_video.text.templates import CAR_15, TEMPLATES
from tests.naive import classifier as naive
from tests.segment.fake_model import FakeModel

NAMES = ["dog", "a man, in red", "bird avian", "person with clothes,people,human", "kite"]


def frame(seed: int = 0, height: int = 32, width: int = 48) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    coarse = torch.rand(1, 3, 4, 6, generator=generator)
    return torch.nn.functional.interpolate(coarse, (height, width), mode="bilinear")[0]


def some_masks(count: int, seed: int = 0, height: int = 32, width: int = 48) -> torch.Tensor:
    rng = np.random.default_rng(seed)
    masks = torch.zeros(count, height, width, dtype=torch.bool)
    for number in range(count):
        y, x = rng.integers(0, height - 4), rng.integers(0, width - 4)
        masks[number, y : y + rng.integers(2, 20), x : x + rng.integers(2, 20)] = True
    return masks


def encoder(model: FakeModel):  # type: ignore[no-untyped-def]
    return cache(lambda text: model.encode_text([text])[0].double().numpy())


def test_fake_model_keeps_the_protocol() -> None:
    assert isinstance(FakeModel(), VisionLanguageModel)


# ---- against loops


@settings(deadline=None, max_examples=25)
@given(
    seed=st.integers(0, 10**6),
    queries=st.integers(1, 5),
    background=st.integers(0, 4),
    templates=st.sampled_from(["plain", "origami", "vild", "car"]),
    scoring=st.sampled_from(["average", "double-softmax"]),
    weight=st.sampled_from([0.0, 0.3, 1.0]),
)
def test_probabilities_equal_loops(
    seed: int,
    queries: int,
    background: int,
    templates: str,
    scoring: str,
    weight: float,
) -> None:
    model = FakeModel()
    encode = encoder(model)
    config = ClassifierConfig(
        templates=templates,
        scoring=scoring,  # type: ignore[arg-type]
        pooled_weight=weight,
    )
    image, masks = frame(seed), some_masks(queries, seed)
    features = model.encode_image(image[None])
    classifier = MaskClassifier(model, config)
    names, rest = NAMES[:queries], list(BACKGROUND_23[:background])
    got = classifier.probabilities(classifier.embed(image, masks, features), names, rest)
    assert got.shape == (queries, queries + background)

    texts, sentences, scale = names + rest, TEMPLATES[templates], model.logit_scale
    dense = features.dense[0].double().numpy()
    for row, mask in enumerate(masks):
        view = prompted_crops(image, mask[None], config.prompts, 16, config.view)
        look = lambda view=view: model.embed_image(view)[0].double().numpy()  # noqa: E731
        if scoring == "double-softmax":
            first = naive.double_softmax(look, encode, texts, sentences, scale)
        else:
            first = naive.averaged_softmax(look(), encode, texts, sentences, scale)
        pooled = naive.pool(dense, mask.numpy().astype(float))
        second = naive.averaged_softmax(pooled, encode, texts, sentences, scale)
        expected = naive.geometric(first, second, weight)
        np.testing.assert_allclose(got[row].numpy(), expected, rtol=2e-3, atol=2e-5)


@settings(deadline=None, max_examples=8)
@given(seed=st.integers(0, 10**6), weight=st.sampled_from([0.0, 0.5, 1.0]))
def test_presence_equals_loops(seed: int, weight: float) -> None:
    model = FakeModel()
    encode = encoder(model)
    config = ClassifierConfig(pooled_weight=weight, presence_temperature=2.0)
    image, masks = frame(seed), some_masks(3, seed)
    features = model.encode_image(image[None])
    classifier = MaskClassifier(model, config)
    got = classifier.presence(
        classifier.embed(image, masks, features), NAMES[:3], BACKGROUND_23
    )
    for row, mask in enumerate(masks):
        texts = [NAMES[row], *BACKGROUND_23]
        view = prompted_crops(image, mask[None], config.prompts, 16, config.view)
        picture = model.embed_image(view)[0].double().numpy()
        pooled = naive.pool(features.dense[0].double().numpy(), mask.numpy().astype(float))
        first, second = (
            naive.averaged_softmax(v, encode, texts, CAR_15, model.logit_scale / 2)
            for v in (picture, pooled)
        )
        expected = naive.geometric(first, second, weight)[0]
        assert float(got[row]) == pytest.approx(float(expected), rel=2e-3, abs=1e-6)


# ---- the pure functions


def test_double_softmax_of_one_template_is_one_softmax() -> None:
    vectors = torch.nn.functional.normalize(torch.randn(1, 4, 8), dim=-1)
    picture = torch.randn(3, 8)
    logits = torch.nn.functional.normalize(picture, dim=-1) @ vectors[0].T * 10
    torch.testing.assert_close(double_softmax(picture, vectors, 10), torch.softmax(logits, -1))


def test_double_softmax_margins_of_car_md() -> None:
    """docs/method.md: N = 20, 15 templates, against one rival: theta 0.6 needs 0.514."""
    for probability, passes in ((0.52, True), (0.505, False)):
        total = torch.zeros(20)
        total[0], total[1] = 15 * probability, 15 * (1 - probability)
        assert bool(torch.softmax(total, 0)[0] > 0.6) is passes


def test_geometric_ensemble_is_not_the_mean() -> None:
    sure = torch.tensor([[0.999, 0.001]])
    unsure = torch.tensor([[0.5, 0.5]])
    against = torch.tensor([[0.001, 0.999]])
    torch.testing.assert_close(geometric_ensemble(sure, unsure, 0.0), sure)
    torch.testing.assert_close(geometric_ensemble(sure, unsure, 1.0), unsure)
    torch.testing.assert_close(geometric_ensemble(sure, against, 0.5), unsure)
    # One scorer's veto counts for more than it would in an arithmetic mean.
    vetoed = geometric_ensemble(torch.tensor([[0.9, 0.1]]), against, 0.5)
    assert float(vetoed[0, 0]) < 0.1
    zero = geometric_ensemble(torch.tensor([[1.0, 0.0]]), torch.tensor([[0.0, 1.0]]), 0.5)
    assert torch.isfinite(zero).all()


# ---- economy


def test_pictures_are_encoded_once_whatever_the_templates_and_queries() -> None:
    model = FakeModel()
    classifier = MaskClassifier(model, ClassifierConfig(templates="car", batch=2))
    seen = classifier.embed(frame(), some_masks(5))
    assert model.pictures == 5
    classifier.probabilities(seen, NAMES)
    classifier.presence(seen, NAMES, BACKGROUND_23)
    assert model.pictures == 5
    assert len(model.texts) == len(set(model.texts)) == 15 * (5 + 23)


def test_batches_do_not_change_results() -> None:
    image, masks = frame(), some_masks(5)
    whole = MaskClassifier(FakeModel()).embed(image, masks)
    parts = MaskClassifier(FakeModel(), ClassifierConfig(batch=2)).embed(image, masks)
    torch.testing.assert_close(whole.prompted, parts.prompted)


def test_mask_pooling_needs_no_pictures() -> None:
    model = FakeModel()
    classifier = MaskClassifier(model, ClassifierConfig(pooled_weight=1.0))
    image = frame()
    seen = classifier.embed(image, some_masks(4), model.encode_image(image[None]))
    assert seen.prompted is None
    assert classifier.probabilities(seen, NAMES[:4]).shape == (4, 4)
    assert model.pictures == 0


def test_bank_can_be_shared() -> None:
    model = FakeModel()
    bank = TextBank(model.encode_text, model.embed_dim)
    for _ in range(2):
        classifier = MaskClassifier(model, bank=bank)
        classifier.probabilities(classifier.embed(frame(), some_masks(2)), NAMES[:2])
    assert len(model.texts) == 15 * 2


# ---- borders of the domain


@pytest.mark.parametrize("weight", [0.0, 0.5, 1.0])
def test_empty_mask_scores_nothing_and_full_mask_something(weight: float) -> None:
    model = FakeModel()
    classifier = MaskClassifier(model, ClassifierConfig(pooled_weight=weight))
    masks = torch.stack([torch.zeros(32, 48), torch.ones(32, 48)]).bool()
    image = frame()
    seen = classifier.embed(image, masks, model.encode_image(image[None]))
    got = classifier.probabilities(seen, NAMES[:2])
    assert seen.scored.tolist() == [False, True]
    assert got[0].tolist() == [0.0, 0.0]
    assert float(got[1].sum()) == pytest.approx(1.0, abs=1e-5)
    presence = classifier.presence(seen, NAMES[:2], BACKGROUND_23)
    assert float(presence[0]) == 0.0
    assert 0.0 < float(presence[1]) < 1.0


def test_compat_scores_the_plain_picture_of_an_empty_mask() -> None:
    model = FakeModel()
    config = ClassifierConfig(compat=True, view="center-crop", scoring="double-softmax")
    classifier = MaskClassifier(model, config)
    image = frame()
    empty = torch.zeros(1, 32, 48, dtype=torch.bool)
    got = classifier.probabilities(classifier.embed(image, empty), NAMES)
    plain = prompted_crops(image, empty, (), 16, "center-crop")
    templated = TextBank(model.encode_text, 12).templated(NAMES, CAR_15)
    expected = double_softmax(model.embed_image(plain), templated, model.logit_scale)
    torch.testing.assert_close(got, expected, rtol=1e-2, atol=1e-3)


def test_one_query_is_certain_among_itself_but_not_against_the_background() -> None:
    classifier = MaskClassifier(FakeModel())
    seen = classifier.embed(frame(), some_masks(1))
    assert float(classifier.probabilities(seen, ["dog"])) == pytest.approx(1.0)
    assert float(classifier.presence(seen, ["dog"], BACKGROUND_23)) < 1.0


def test_presence_of_the_thing_that_is_shown_and_of_one_that_is_not() -> None:
    """A picture that looks exactly like a text is present; with a rival's face it is not."""
    model = FakeModel()
    classifier = MaskClassifier(model)
    seen = classifier.embed(frame(), some_masks(2))
    dog = classifier.bank.averaged(["dog"], CAR_15)
    tree = classifier.bank.averaged(["tree"], CAR_15)
    shown = type(seen)(torch.cat([dog, tree]), None, seen.scored)
    present, absent = classifier.presence(shown, ["dog", "dog"], BACKGROUND_23).tolist()
    assert present > 0.9
    assert absent < 0.1


def test_duplicate_queries_share_and_stay_apart() -> None:
    classifier = MaskClassifier(FakeModel())
    got = classifier.probabilities(classifier.embed(frame(), some_masks(2)), ["dog", "dog"])
    torch.testing.assert_close(got, torch.full((2, 2), 0.5))


@pytest.mark.parametrize("weight", [0.0, 0.5, 1.0])
def test_no_masks_and_no_queries(weight: float) -> None:
    model = FakeModel()
    classifier = MaskClassifier(model, ClassifierConfig(pooled_weight=weight))
    image = frame()
    features = model.encode_image(image[None])
    none = classifier.embed(image, some_masks(0), features)
    assert len(none) == 0
    assert classifier.probabilities(none, []).shape == (0, 0)
    assert classifier.probabilities(none, NAMES).shape == (0, 5)
    assert classifier.presence(none, [], BACKGROUND_23).shape == (0,)
    some = classifier.embed(image, some_masks(2), features)
    assert classifier.probabilities(some, []).shape == (2, 0)


def test_texts_of_any_length() -> None:
    classifier = MaskClassifier(FakeModel())
    seen = classifier.embed(frame(), some_masks(3))
    got = classifier.probabilities(seen, ["word " * 20_000, "🐕" * 3_000, "{braces} {}"])
    torch.testing.assert_close(got.sum(1), torch.ones(3))


def test_bad_input_is_refused_in_one_line() -> None:
    classifier = MaskClassifier(FakeModel(), ClassifierConfig(pooled_weight=0.5))
    with pytest.raises(ValueError, match="needs the frame's features"):
        classifier.embed(frame(), some_masks(1))
    classifier = MaskClassifier(FakeModel())
    seen = classifier.embed(frame(), some_masks(2))
    with pytest.raises(ValueError, match="one mask per query"):
        classifier.presence(seen, ["dog"], BACKGROUND_23)
    with pytest.raises(ValueError, match="background texts"):
        classifier.presence(seen, ["dog", "cat"], [])
    for wrong, match in (
        ({"prompts": ("glow",)}, "'glow'"),
        ({"prompts": ("crop",), "compat": True}, "'crop'"),
        ({"templates": "poem"}, "'poem'"),
        ({"pooled_weight": 1.5}, "pooled_weight"),
        ({"presence_temperature": 0.0}, "presence_temperature"),
        ({"batch": 0}, "batch"),
    ):
        with pytest.raises(ConfigError, match=match):
            ClassifierConfig(**wrong)  # type: ignore[arg-type]
