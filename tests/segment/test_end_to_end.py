"""The whole segmenter against the whole algorithm done slowly (tests/naive/car.py)."""

from __future__ import annotations

import copy
import hashlib
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import Phase, assume, given, settings
from hypothesis import strategies as st
from torch import Tensor

from benchmarks.parity import PAIRS, configuration
from car_video.config import ClassifierConfig, CrfConfig, SegmentConfig
from car_video.models.clip.factory import model_from_network
from car_video.models.pair import ModelPair
from car_video.segment.segmenter import ImageSegmenter
from tests.models.conftest import tiny_vit
from tests.naive import car
from tests.naive.networks import Tower
from tests.segment.agreement import (
    PLAIN,
    REFERENCE,
    ROUNDING,
    TEXTS,
    WORDS,
    parity,
    picture,
    record,
    relative,
    settled,
)

torch.set_num_threads(1)


def tokens(texts: list[str]) -> Tensor:
    """For towers of 8 tokens and 100 words: all of a text counts, to its last character."""
    rows = [list(hashlib.md5(text.encode()).digest()[:7]) for text in texts]
    return torch.tensor([[1 + byte % 97 for byte in row] + [99] for row in rows])


def assert_agree(
    pair: ModelPair,
    image: np.ndarray,
    texts: list[str],
    config: SegmentConfig,
    drop: bool = True,
    towers: tuple[Tower, Tower] | None = None,
    margin: float = 0.0,
) -> car.Run:
    """Run both, with a threshold that drops some queries, and compare everything.

    ``margin``: pictures with a pixel nearer than this to the mask threshold are left out;
    rounding decides on which side such a pixel is.
    """
    f, g = towers or (Tower.of(pair.proposer), Tower.of(pair.classifier))
    config = settled(pair, image, texts, config, eta=not margin, theta=drop)
    slow = car.segment(image, f, g, texts, config)
    if margin:
        assume(slow.margin > margin)
    segmenter = ImageSegmenter(pair, texts, config)
    steps = record(segmenter)
    view = segmenter.encode(image)
    end = segmenter.recur(view)
    assert [alive for alive, _, _ in steps] == [step.alive for step in slow.steps]
    for (_, maps, scores), expected in zip(steps, slow.steps, strict=True):
        assert_close(maps, expected.maps)
        # A pixel that rounding puts on the other side of the threshold is another picture.
        sure = expected.gaps > ROUNDING
        assert_close(scores[torch.from_numpy(sure)], expected.scores[sure])
    assert (slow.steps[0].gaps > 2e-6).all()
    assert_close(end.evidence, slow.steps[-1].cams)
    assert slow.reported is not None
    sure = slow.steps[-1].gaps > ROUNDING
    assert_close(end.scores[torch.from_numpy(sure)], slow.reported[sure])
    masks = segmenter.refine(view, end).numpy()
    assert slow.masks is not None
    differs = masks != slow.masks
    assert not (differs & ~slow.unsure).any()
    slow.masks = masks
    found = segmenter.segment(image)
    alive = slow.steps[-1].alive
    for number in range(len(texts)):
        expected_mask = np.zeros(image.shape[:2], bool)
        if number in alive and slow.masks is not None:
            expected_mask = slow.masks[alive.index(number)]
        np.testing.assert_array_equal(found.masks[number], expected_mask)
    return slow


def assert_close(fast: Tensor, slow: np.ndarray | None) -> None:
    """1e-4 of the largest value; maps and scores have 1 or less as theirs."""
    assert relative(fast, slow) <= 1e-4


@pytest.fixture(scope="module")
def tiny() -> tuple[ModelPair, tuple[Tower, Tower]]:
    """Two small towers in float64: patches of 4 pixels, three blocks; g sees 12 x 12."""
    f = model_from_network("f", tiny_vit(1), tokens, dtype=torch.float64)
    g = model_from_network("g", tiny_vit(2), tokens, dtype=torch.float64)
    pair = ModelPair("tiny", f, g)
    return pair, (Tower.of(f), Tower.of(g))


@pytest.mark.slow
@pytest.mark.parametrize("compat", ["none", "reference"])
@settings(max_examples=5, deadline=None, derandomize=True, phases=[Phase.generate])
@given(
    height=st.integers(16, 61),
    width=st.integers(16, 61),
    count=st.integers(1, 40),
    mode=st.sampled_from(["semantic", "refer"]),
    templates=st.sampled_from(["plain", "vild", "car", "a {}"]),
    prompts=st.lists(
        st.sampled_from(["blur", "gray", "black", "circle"]), max_size=3, unique=True
    ),
    seed=st.integers(0, 1000),
)
def test_any_size_and_number_of_queries(
    tiny: tuple[ModelPair, tuple[Tower, Tower]],
    compat: Any,
    height: int,
    width: int,
    count: int,
    mode: Any,
    templates: str,
    prompts: list[str],
    seed: int,
) -> None:
    pair, towers = tiny
    classifier = replace(PLAIN.classifier or ClassifierConfig(), templates=templates)
    classifier = replace(classifier, prompts=tuple(prompts))
    if seed % 2:
        classifier = replace(classifier, scoring="average")
    proposal = replace(PLAIN.proposal, size=48)
    config = replace(PLAIN, mode=mode, compat=compat, classifier=classifier, proposal=proposal)
    texts = [f"{n} {chr(97 + n % 26)}{seed}" for n in range(count)]
    assert_agree(pair, picture(height, width, seed), texts, config, towers=towers, margin=2e-6)


@pytest.mark.parametrize(
    ("config", "mode"),
    [
        # test_lite_its_own_way has the other way, with both modes.
        pytest.param(REFERENCE, "semantic", id="reference-semantic"),
        pytest.param(REFERENCE, "refer", id="reference-refer", marks=pytest.mark.slow),
        pytest.param(PLAIN, "semantic", id="none-semantic", marks=pytest.mark.slow),
        pytest.param(PLAIN, "refer", id="none-refer", marks=pytest.mark.slow),
    ],
)
def test_masks_of_the_crf(
    tiny: tuple[ModelPair, tuple[Tower, Tower]], config: SegmentConfig, mode: Any
) -> None:
    pair, towers = tiny
    crf = CrfConfig()  # constants of the reference, which the slow one has built in
    proposal = replace(config.proposal, size=48)
    config = replace(config, mode=mode, refine="crf", crf=crf, proposal=proposal)
    slow = assert_agree(pair, picture(11, 13, 3), TEXTS[:3], config, towers=towers)
    assert slow.masks is not None
    assert slow.masks.any()


@cache
def pair_of(name: str, input_size: int) -> ModelPair:
    """True architectures, random weights, made once; g is shown pictures of that size."""
    if input_size:
        pair = pair_of(name, 0)
        classifier: Any = copy.copy(pair.classifier)  # the other sizes stay as they are
        classifier.input_size = input_size
        proposer = classifier if pair.shared else pair.proposer
        return ModelPair(name, proposer, classifier)
    return PAIRS[name]()


@pytest.mark.slow
def test_the_pair_of_the_paper() -> None:
    """``test_large_pictures`` has it the way of the reference."""
    classifier = replace(PLAIN.classifier or ClassifierConfig(), templates="a photo of a {}.")
    proposal = replace(PLAIN.proposal, size=96)
    config = replace(PLAIN, classifier=classifier, proposal=proposal, background=WORDS[:2])
    assert config.scores == "presence"
    slow = assert_agree(pair_of("vit", 42), picture(80, 96), TEXTS[:2], config)
    assert len(slow.steps) > 1


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "config"),  # test_large_pictures has the other two
    [
        pytest.param("rn50", REFERENCE, id="rn50"),
        pytest.param("convnext", PLAIN, id="convnext"),
    ],
)
def test_convolutional_towers(name: str, config: SegmentConfig) -> None:
    classifier = replace(config.classifier or ClassifierConfig(), templates="a photo of a {}.")
    config = replace(config, classifier=classifier, proposal=replace(config.proposal, size=160))
    slow = assert_agree(pair_of(name, 64), picture(96, 160), TEXTS[:3], config)
    assert slow.steps[0].maps.any()


@pytest.fixture(scope="module")
def lite(lite: ModelPair) -> ModelPair:
    model: Any = copy.copy(lite.proposer)  # the one of all tests stays as it is
    model.input_size = 64
    return ModelPair("lite", model, model)


@pytest.mark.slow
@pytest.mark.parametrize(
    "config", [pytest.param(PLAIN, id="none"), pytest.param(REFERENCE, id="reference")]
)
def test_lite_the_way_of_car(lite: ModelPair, config: SegmentConfig) -> None:
    proposal = replace(config.proposal, size=96)
    classifier = replace(config.classifier or ClassifierConfig(), templates="a photo of a {}.")
    config = replace(config, proposal=proposal, classifier=classifier)
    slow = assert_agree(lite, picture(45, 66), TEXTS[:4], config)
    assert len(slow.steps) > 1


@settings(max_examples=3, deadline=None, derandomize=True, phases=[Phase.generate])
@given(
    height=st.integers(17, 98),
    width=st.integers(17, 98),
    count=st.integers(1, 6),
    mode=st.sampled_from(["semantic", "refer"]),
    seed=st.integers(0, 1000),
)
def test_lite_its_own_way(
    lite: ModelPair, height: int, width: int, count: int, mode: Any, seed: int
) -> None:
    proposal = replace(PLAIN.proposal, source="cells", size=128, affinity_temperature=0.13)
    config = replace(PLAIN, mode=mode, proposal=proposal, classifier=None)
    assert_agree(lite, picture(height, width, seed), TEXTS[:count], config, margin=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "size", "compat", "input_size"),
    [
        ("vit", (188, 250), "reference", 98),
        ("rn50", (480, 854), "none", 96),
        ("convnext", (333, 479), "reference", 96),
        ("lite", (480, 854), "none", 0),
        ("lite-cells", (375, 500), "none", 0),
    ],
)
def test_large_pictures(name: str, size: tuple[int, int], compat: Any, input_size: int) -> None:
    """More rows, with more queries and g's own size: ``python -m benchmarks.parity``."""
    pair = pair_of(name, input_size)
    towers = Tower.of(pair.proposer), Tower.of(pair.classifier)
    texts = TEXTS[: 2 if name == "vit" else 3]
    image = picture(*size)
    config = configuration(name, compat, 512, "a photo of a {}.")
    found = parity(pair, image, texts, settled(pair, image, texts, config), towers)
    assert found.same_survivors
    assert found.maps <= 1e-4
    assert found.scores <= 1e-4
    assert found.disputed == 0
    assert found.holds
    assert found.survivors[-1] < len(texts)
