"""What it takes to hold the whole segmenter against tests/naive/car.py: pictures, networks with
random weights, thresholds that rounding does not decide, and what happened at each step."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import open_clip
import pytest
import torch
from torch import Tensor

from car_video.config import (
    ClassifierConfig,
    CrfConfig,
    ExpressionConfig,
    ProposalConfig,
    RecurrenceConfig,
    SegmentConfig,
)
from car_video.models.clip.factory import model_from_network
from car_video.models.pair import ModelPair
from car_video.segment import encoding
from car_video.segment.resizing import enlarge
from car_video.segment.segmenter import ImageSegmenter
from tests.models.conftest import create
from tests.models.text_cache import encoding_texts_once
from tests.naive import car
from tests.naive.networks import Tower

WORDS = ("grass", "sky", "a wall")
TEXTS = ["dog", "red car", "person", "boat", "tall tree", "cup"]

PLAIN = SegmentConfig(
    background=WORDS,
    scale="model",  # tests/segment/test_evidence.py has the measured one
    known_noun_weight=0.0,
    refine="none",
    presence_threshold=0.0,
    expression=ExpressionConfig(noun_weight=0.0, context_rivals=False),
    proposal=ProposalConfig(
        source="cam", guided=False, mask_threshold=0.4, threshold_rule="fixed", affinity_steps=2
    ),
    classifier=ClassifierConfig(prompts=("circle", "blur"), scoring="double-softmax"),
    crf=CrfConfig(iterations=3),
)
"""CaR, correct: queries go in whole, maps are enlarged bilinearly and end at eta."""

REFERENCE = replace(PLAIN, compat="reference", crf=CrfConfig())


def picture(height: int, width: int, seed: int = 0) -> np.ndarray:
    """uint8 [H, W, 3]: coloured blocks with noise."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (-(-height // 9), -(-width // 9), 3))
    blocks = np.kron(coarse, np.ones((9, 9, 1)))[:height, :width]
    return np.clip(blocks + rng.normal(0, 12, blocks.shape), 0, 255).astype(np.uint8)


def record(segmenter: ImageSegmenter) -> list[tuple[list[int], Tensor, Tensor]]:
    """Which queries were alive, with which maps and scores, at each step from now on."""
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


class Stopped(Exception):
    """After the maps of the first step."""


def settled(
    pair: ModelPair,
    image: np.ndarray,
    texts: list[str],
    config: SegmentConfig,
    *,
    eta: bool = True,
    theta: bool = True,
) -> SegmentConfig:
    """Thresholds that few pixels come near (``eta``) and that some queries fail (``theta``)."""
    probe = replace(config, recurrence=RecurrenceConfig(max_steps=1))
    segmenter = ImageSegmenter(pair, texts, probe)
    view = segmenter.encode(image)
    if eta:

        def stop(view: Any, maps: Tensor, alive: Tensor) -> tuple[Tensor, Tensor]:
            raise Stopped(maps)

        segmenter._classify = stop  # type: ignore[method-assign]
        with pytest.raises(Stopped) as stopped:
            segmenter.recur(view)
        clear = clear_of_pixels(stopped.value.args[0], image.shape[:2])
        config = replace(config, proposal=replace(config.proposal, mask_threshold=clear))
        probe = replace(probe, proposal=config.proposal)
    if theta and len(texts) > 1:
        segmenter = ImageSegmenter(pair, texts, probe)
        steps = record(segmenter)
        segmenter.recur(view)
        level = between(steps[0][2].double().numpy())
        config = replace(config, recurrence=RecurrenceConfig(confidence_threshold=level))
    return config


def clear_of_pixels(maps: Tensor, size: tuple[int, ...]) -> float:
    """A mask threshold that no pixel of these maps comes near: rounding decides nothing."""
    full = enlarge(maps.double(), (size[0], size[1]))
    candidates = np.linspace(0.4, 0.45, 21).round(4).tolist()
    return max(candidates, key=lambda eta: float((full - eta).abs().min()))


def with_telling_texts(network: Any) -> Any:
    """An open_clip network with random weights whose texts are not all nearly the same.

    Untrained text towers hardly listen to their words. Differences of nearly equal vectors are
    all noise, in the fast path and in the slow one.
    """
    with torch.no_grad():
        network.token_embedding.weight.mul_(20)
        for key, weight in network.transformer.named_parameters():
            if key.endswith("out_proj.weight"):
                weight.mul_(8)
    return network


def made(name: str, dtype: torch.dtype = torch.float32) -> Any:
    """A true architecture with random weights and telling texts, each encoded once."""
    network = with_telling_texts(create(name))
    tokenizer = open_clip.get_tokenizer(name)
    return encoding_texts_once(model_from_network(name, network, tokenizer, dtype=dtype))


ROUNDING = 1e-5
"""Pixels of a map nearer than this to the mask threshold are decided by rounding."""


@dataclass(frozen=True)
class Parity:
    """How far the fast way is from the slow one, over all steps of one picture."""

    steps: int
    survivors: tuple[int, ...]  # queries alive at each step, the slow way
    same_survivors: bool
    maps: float  # largest difference of CAMs and maps, relative to the largest value
    scores: float  # the same of scores, of all steps and the reported ones
    differing: int  # pixels of all masks that differ
    disputed: int  # of those, by more than rounding: 0 is what is wanted
    near: int  # pixels within ROUNDING of the threshold
    pixels: int
    masks: float  # share of pixels that masks cover, the slow way: 0 would prove nothing

    @property
    def holds(self) -> bool:
        return (
            self.same_survivors
            and max(self.maps, self.scores) <= 1e-4
            and self.disputed == 0
            and 0 < self.masks < 1
        )


def relative(fast: Tensor, slow: np.ndarray | None) -> float:
    """Largest difference, as a share of the largest value."""
    assert slow is not None
    assert tuple(fast.shape) == slow.shape
    largest = max(float(np.abs(slow).max(initial=0)), 1e-30)
    return float(np.abs(fast.double().numpy() - slow).max(initial=0)) / largest


@contextmanager
def double_pixels() -> Iterator[None]:
    """Pictures are resized in double precision, as the slow way does it: a bicubic resize in
    single precision moves pixels by 3e-7, and the gradients of a ResNet with random weights
    move by two thousand times as much."""

    def pixels(image: np.ndarray, device: torch.device, longest: int | None = None) -> Tensor:
        assert longest is None or max(image.shape[:2]) <= longest
        return torch.from_numpy(image).to(device).permute(2, 0, 1)[None].double() / 255

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(encoding, "to_pixels", pixels)
        yield


@double_pixels()
def parity(
    pair: ModelPair,
    image: np.ndarray,
    texts: list[str],
    config: SegmentConfig,
    towers: tuple[Tower, Tower],
) -> Parity:
    """Both ways over one picture, without refinement (``refine: none``).

    In a large picture some pixel is always near the threshold. The mask that is scored has it
    on one side or the other; among 10^5 pixels that moves no score by 1e-4.
    """
    assert config.refine == "none"
    slow = car.segment(image, *towers, texts, config)
    segmenter = ImageSegmenter(pair, texts, config)
    steps = record(segmenter)
    view = segmenter.encode(image)
    end = segmenter.recur(view)
    masks = segmenter.refine(view, end).numpy()
    same = [alive for alive, _, _ in steps] == [step.alive for step in slow.steps]
    maps, scores, differing = [np.inf], [np.inf], np.ones((1, 1), bool)
    near = np.zeros((1, 1), bool)
    if same:
        pairs = list(zip(steps, slow.steps, strict=True))
        maps = [relative(fast[1], step.maps) for fast, step in pairs]
        maps.append(relative(end.evidence, slow.steps[-1].cams))
        scores = [relative(fast[2], step.scores) for fast, step in pairs]
        scores.append(relative(end.scores, slow.reported))
        assert slow.masks is not None
        assert slow.unsure is not None
        differing, near = masks != slow.masks, slow.unsure
    return Parity(
        steps=len(slow.steps),
        survivors=tuple(len(step.alive) for step in slow.steps),
        same_survivors=same,
        maps=max(maps),
        scores=max(scores),
        differing=int(differing.sum()),
        disputed=int((differing & ~near).sum()),
        near=int(near.sum()),
        pixels=masks.size,
        masks=float(np.mean(slow.masks)) if slow.masks is not None else 0.0,
    )
