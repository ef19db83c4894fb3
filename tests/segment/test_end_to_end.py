"""The whole segmenter against the whole algorithm done slowly (tests/naive/car.py)."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any

import numpy as np
import open_clip
import pytest
import torch
from hypothesis import Phase, assume, given, settings
from hypothesis import strategies as st
from torch import Tensor

from car_video.config import (
    ExpressionConfig,
    ProposalConfig,
    RecurrenceConfig,
    SegmentConfig,
)
from car_video.models.lite import load_lite
from car_video.models.open_clip_models import wrap
from car_video.models.pair import ModelPair
from car_video.segment.classifier import ClassifierConfig
from car_video.segment.crf_config import CrfConfig
from car_video.segment.image import ImageSegmenter
from car_video.segment.pixels import enlarge
from tests.models.conftest import create, tiny_vit
from tests.naive import car
from tests.naive.networks import Tower

torch.set_num_threads(1)

WORDS = ("grass", "sky", "a wall")
TEXTS = ["dog", "red car", "person", "boat", "tall tree", "cup"]

PLAIN = SegmentConfig(
    background=WORDS,
    refine="none",
    presence_threshold=0.0,
    expression=ExpressionConfig(noun_weight=0.0, context_rivals=False),
    proposal=ProposalConfig(source="cam", guided=False, mask_threshold=0.4, affinity_steps=2),
    classifier=ClassifierConfig(prompts=("circle", "blur"), scoring="double-softmax"),
    crf=CrfConfig(iterations=3),
)
"""CaR, correct: queries go in whole, maps are enlarged bilinearly."""

REFERENCE = replace(PLAIN, compat="reference", crf=CrfConfig())


def tokens(texts: list[str]) -> Tensor:
    """For towers of 8 tokens and 100 words: all of a text counts, to its last character."""
    rows = [list(hashlib.md5(text.encode()).digest()[:7]) for text in texts]
    return torch.tensor([[1 + byte % 97 for byte in row] + [99] for row in rows])


def picture(height: int, width: int, seed: int = 0) -> np.ndarray:
    """uint8 [H, W, 3]: coloured blocks with noise."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (-(-height // 9), -(-width // 9), 3))
    blocks = np.kron(coarse, np.ones((9, 9, 1)))[:height, :width]
    return np.clip(blocks + rng.normal(0, 12, blocks.shape), 0, 255).astype(np.uint8)


def record(segmenter: ImageSegmenter) -> list[tuple[list[int], Tensor, Tensor]]:
    """Who was alive, with which maps and scores, at each step from now on."""
    steps: list[tuple[list[int], Tensor, Tensor]] = []
    classify = segmenter._classify

    def spy(view: Any, maps: Tensor, alive: Tensor) -> tuple[Tensor, Tensor]:
        scores, reported = classify(view, maps, alive)
        steps.append((alive.tolist(), maps, scores))
        return scores, reported

    segmenter._classify = spy  # type: ignore[method-assign]
    return steps


def between(scores: np.ndarray) -> float:
    """A threshold in the widest gap between scores: about as far from each as can be."""
    ordered = np.sort(scores)
    if len(ordered) == 1 or np.ptp(ordered) == 0:
        return float(ordered[0] / 2)
    widest = int(np.diff(ordered).argmax())
    return float(min(ordered[widest : widest + 2].mean(), 1.0))


def first_step(
    pair: ModelPair, image: np.ndarray, texts: list[str], config: SegmentConfig
) -> tuple[Tensor, Tensor]:
    """Maps and scores of the first step."""
    probe = replace(config, recurrence=RecurrenceConfig(max_steps=1, min_steps=1))
    segmenter = ImageSegmenter(pair, texts, probe)
    steps = record(segmenter)
    segmenter.recur(segmenter.look(image))
    return steps[0][1:]


def clear_of_pixels(maps: Tensor, size: tuple[int, ...]) -> float:
    """A mask threshold that no pixel of these maps comes near: rounding decides nothing."""
    full = enlarge(maps.double(), (size[0], size[1]))
    candidates = np.linspace(0.4, 0.45, 21).round(4).tolist()
    return max(candidates, key=lambda eta: float((full - eta).abs().min()))


def agree(
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
    if not margin:
        eta = clear_of_pixels(first_step(pair, image, texts, config)[0], image.shape[:2])
        config = replace(config, proposal=replace(config.proposal, mask_threshold=eta))
    if drop and len(texts) > 1:
        theta = between(first_step(pair, image, texts, config)[1].double().numpy())
        config = replace(config, recurrence=RecurrenceConfig(confidence_threshold=theta))
    slow = car.segment(image, f, g, texts, config)
    if margin:
        assume(slow.margin > margin)
    segmenter = ImageSegmenter(pair, texts, config)
    steps = record(segmenter)
    view = segmenter.look(image)
    end = segmenter.recur(view)
    assert [alive for alive, _, _ in steps] == [step.alive for step in slow.steps]
    for (_, maps, scores), expected in zip(steps, slow.steps, strict=True):
        close(maps, expected.maps)
        # A pixel that rounding puts on the other side of the threshold is another picture.
        sure = expected.gaps > 1e-5
        close(scores[torch.from_numpy(sure)], expected.scores[sure])
    assert (slow.steps[0].gaps > 2e-6).all()
    close(end.evidence, slow.steps[-1].cams)
    assert slow.reported is not None
    sure = slow.steps[-1].gaps > 1e-5
    close(end.scores[torch.from_numpy(sure)], slow.reported[sure])
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


def close(fast: Tensor, slow: np.ndarray | None) -> None:
    """1e-4 of the largest value; maps and scores have 1 or less as theirs."""
    assert slow is not None
    assert tuple(fast.shape) == slow.shape
    bound = 1e-4 * max(float(np.abs(slow).max(initial=0)), 1e-30)
    assert float(np.abs(fast.double().numpy() - slow).max(initial=0)) <= bound


@pytest.fixture(scope="module")
def tiny() -> tuple[ModelPair, tuple[Tower, Tower]]:
    """Two small towers in float64: patches of 4 pixels, three blocks; g sees 12 x 12."""
    f = wrap("f", tiny_vit(1), tokens, dtype=torch.float64)
    g = wrap("g", tiny_vit(2), tokens, dtype=torch.float64)
    pair = ModelPair("tiny", f, g)
    return pair, (Tower.of(f), Tower.of(g))


@pytest.mark.parametrize("compat", ["none", "reference"])
@settings(max_examples=8, deadline=None, derandomize=True, phases=[Phase.generate])
@given(
    height=st.integers(16, 61),
    width=st.integers(16, 61),
    count=st.integers(1, 80),
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
    agree(pair, picture(height, width, seed), texts, config, towers=towers, margin=2e-6)


@pytest.mark.parametrize("mode", ["semantic", "refer"])
@pytest.mark.parametrize("config", [PLAIN, REFERENCE], ids=["none", "reference"])
def test_masks_of_the_crf(
    tiny: tuple[ModelPair, tuple[Tower, Tower]], config: SegmentConfig, mode: Any
) -> None:
    pair, towers = tiny
    crf = CrfConfig()  # constants of the reference, which the slow one has built in
    proposal = replace(config.proposal, size=48)
    config = replace(config, mode=mode, refine="crf", crf=crf, proposal=proposal)
    slow = agree(pair, picture(17, 20, 3), TEXTS[:3], config, towers=towers)
    assert slow.masks is not None
    assert slow.masks.any()


@pytest.fixture(scope="module")
def pair_of_the_paper() -> ModelPair:
    """ViT-B/16 and ViT-L/14, random weights; g is shown pictures of 42 pixels, not 224."""
    f, g = made("ViT-B-16", torch.float64), made("ViT-L-14")
    g.input_size = 42
    return ModelPair("pair", f, g)


def made(name: str, dtype: torch.dtype = torch.float32) -> Any:
    """A true architecture with random weights whose texts are not all nearly the same.

    Untrained text towers hardly listen to their words. Differences of nearly equal vectors are
    all noise, in the fast path and in the slow one.
    """
    network = create(name)
    with torch.no_grad():
        network.token_embedding.weight.mul_(20)
        for key, weight in network.transformer.named_parameters():
            if key.endswith("out_proj.weight"):
                weight.mul_(8)
    return wrap(name, network, open_clip.get_tokenizer(name), dtype=dtype)


@pytest.mark.parametrize("config", [PLAIN, REFERENCE], ids=["none", "reference"])
def test_the_pair_of_the_paper(pair_of_the_paper: ModelPair, config: SegmentConfig) -> None:
    classifier = replace(config.classifier or ClassifierConfig(), templates="a photo of a {}.")
    proposal = replace(config.proposal, size=96)
    config = replace(config, classifier=classifier, proposal=proposal, scores="classifier")
    if config.compat == "none":
        config = replace(config, scores="presence", background=WORDS[:2])
    slow = agree(pair_of_the_paper, picture(80, 96), TEXTS[:3], config)
    assert len(slow.steps) > 1


@pytest.mark.parametrize("name", ["RN50", "convnext_base"])
@pytest.mark.parametrize("config", [PLAIN, REFERENCE], ids=["none", "reference"])
def test_convolutional_towers(
    conv: dict[str, ModelPair], name: str, config: SegmentConfig
) -> None:
    classifier = replace(config.classifier or ClassifierConfig(), templates="a photo of a {}.")
    config = replace(config, classifier=classifier, proposal=replace(config.proposal, size=160))
    slow = agree(conv[name], picture(96, 160), TEXTS[:3], config)
    assert slow.steps[0].maps.any()


@pytest.fixture(scope="module")
def conv() -> dict[str, ModelPair]:
    pairs = {}
    # The ResNet's pooling blows rounding up a thousand times, so it has more digits.
    for name, dtype in (("RN50", torch.float64), ("convnext_base", torch.float32)):
        model = made(name, dtype)
        model.input_size = 64
        pairs[name] = ModelPair(name, model, model)
    return pairs


@pytest.fixture(scope="module")
def lite() -> ModelPair:
    model: Any = load_lite(torch.device("cpu"), torch.float32)
    model.input_size = 64
    return ModelPair("lite", model, model)


@pytest.mark.parametrize("config", [PLAIN, REFERENCE], ids=["none", "reference"])
def test_lite_the_way_of_car(lite: ModelPair, config: SegmentConfig) -> None:
    proposal = replace(config.proposal, size=160)
    classifier = replace(config.classifier or ClassifierConfig(), templates="a photo of a {}.")
    config = replace(config, proposal=proposal, classifier=classifier)
    slow = agree(lite, picture(97, 150), TEXTS[:4], config)
    assert len(slow.steps) > 1


@settings(max_examples=6, deadline=None, derandomize=True, phases=[Phase.generate])
@given(
    height=st.integers(17, 130),
    width=st.integers(17, 130),
    count=st.integers(1, 6),
    mode=st.sampled_from(["semantic", "refer"]),
    seed=st.integers(0, 1000),
)
def test_lite_its_own_way(
    lite: ModelPair, height: int, width: int, count: int, mode: Any, seed: int
) -> None:
    proposal = replace(PLAIN.proposal, source="cells", size=128, affinity_temperature=0.13)
    config = replace(PLAIN, mode=mode, proposal=proposal, classifier=None)
    agree(lite, picture(height, width, seed), TEXTS[:count], config, margin=1e-5)
