"""Evidence: the measured scale, and the blend with a classifier that knows nouns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from car_video.config.calibration import POOLED_SLOPE
from car_video.models.base import ImageFeatures
from car_video.models.calibration import DEFAULTS
from car_video.segment.evidence import (
    LEAST_DEVIATION,
    SURE,
    CosineScale,
    KnownNouns,
    RegionEvidence,
    log_odds,
)

FEATURES = ImageFeatures(torch.zeros(1, 2, 2, 3), torch.zeros(1, 4))


@dataclass
class TwoClasses:
    """Class 0 is likely in the left column, class 1 nowhere."""

    def classes_of(self, noun_phrase: str) -> tuple[int, ...]:
        return {"a dog": (0,), "a cat": (1,), "pets": (0, 1)}.get(noun_phrase, ())

    def cell_probabilities(
        self, features: ImageFeatures, groups: Sequence[tuple[int, ...]]
    ) -> Tensor:
        each = torch.full((2, 2, 3), 0.001)
        each[0, :, 0] = 0.9
        return torch.stack([each[list(group)].sum(0) for group in groups])

    def region_probabilities(
        self, features: ImageFeatures, masks: Tensor, groups: Sequence[tuple[int, ...]]
    ) -> Tensor:
        cells = self.cell_probabilities(features, groups)
        return (masks[:, None] * cells).sum((2, 3)) / masks.sum((1, 2))[:, None]


@given(seed=st.integers(0, 99), count=st.integers(1, 5), length=st.floats(0.1, 10))
def test_the_scale_is_the_spread_of_everyday_phrases(
    seed: int, count: int, length: float
) -> None:
    generator = torch.Generator().manual_seed(seed)
    regions = length * torch.randn(count, 8, generator=generator)
    phrases = F.normalize(torch.randn(20, 8, generator=generator), dim=-1)
    found = CosineScale(phrases=phrases).of(regions)
    for region, factor in zip(regions.double().numpy(), found, strict=True):
        cosines = [float(region @ p / np.linalg.norm(region)) for p in phrases.numpy()]
        assert factor == pytest.approx(POOLED_SLOPE / np.std(cosines, ddof=1), rel=1e-4)


def test_a_region_that_is_nothing_has_a_finite_scale() -> None:
    found = CosineScale(phrases=torch.eye(4)).of(torch.zeros(1, 4))
    assert found.tolist() == pytest.approx([POOLED_SLOPE / LEAST_DEVIATION])


def test_a_models_own_factor_is_for_every_region() -> None:
    assert CosineScale(30.0).of(torch.rand(3, 4)).tolist() == [30.0] * 3


@given(
    shrink=st.floats(0.05, 1.0),
    lengths=st.lists(st.floats(0.2, 5), min_size=6, max_size=6),
    seed=st.integers(0, 99),
)
def test_logits_do_not_depend_on_a_common_vector_nor_on_the_spread(
    shrink: float, lengths: list[float], seed: int
) -> None:
    """A common vector is put beside all regions, which are of any length, and all texts."""
    generator = torch.Generator().manual_seed(seed)
    own = F.normalize(torch.randn(6, 8, generator=generator), dim=-1)
    regions = torch.tensor(lengths)[:, None] * own
    phrases = F.normalize(torch.randn(20, 8, generator=generator), dim=-1)
    moved = torch.cat([regions, torch.ones(6, 1)], 1)
    rest = (1 - shrink**2) ** 0.5
    texts = torch.cat([shrink * phrases, rest * torch.ones(20, 1)], 1)
    differences = []
    for cells, words in ((regions, phrases), (moved, texts)):
        factors = CosineScale(phrases=words).of(cells)[:, None]
        logits = factors * (F.normalize(cells, dim=-1) @ words.T)
        differences.append(logits - logits[:, :1])
    torch.testing.assert_close(*differences, atol=2e-3, rtol=2e-3)


def test_log_odds_are_cut() -> None:
    found = log_odds(torch.tensor([0.0, 0.5, 1.0]))
    assert found.tolist() == [-SURE, 0.0, SURE]


def test_known_queries_are_blended_and_others_left_alone() -> None:
    known = KnownNouns.of(TwoClasses(), ["a tree", "a dog"], 0.25)
    assert known is not None
    own, against = torch.full((2, 2, 3), 2.0), torch.full((2, 2, 3), 1.0)
    blended = known.blend_cells(FEATURES, own, against)
    torch.testing.assert_close(blended[0], own[0])
    left = 1 + 0.75 * 1 + 0.25 * float(np.log(0.9 / 0.1))
    rest = 1 + 0.75 * 1 + 0.25 * max(-SURE, float(np.log(0.001 / 0.999)))
    torch.testing.assert_close(blended[1, :, 0], torch.full((2,), left))
    torch.testing.assert_close(blended[1, :, 1:], torch.full((2, 2), rest))


def test_without_a_rival_nothing_is_blended() -> None:
    known = KnownNouns.of(TwoClasses(), ["a dog"], 0.5)
    assert known is not None
    own, against = torch.ones(1, 2, 3), torch.full((1, 2, 3), float("-inf"))
    torch.testing.assert_close(known.blend_cells(FEATURES, own, against), own)
    odds = torch.tensor([float("inf")])
    found = RegionEvidence.blend(odds, torch.zeros(1), 0.5, DEFAULTS)
    assert found.together.tolist() == [float("inf")]


def test_regions_are_blended_for_the_query_that_they_are_of() -> None:
    known = KnownNouns.of(TwoClasses(), ["a cat", "a tree", "a dog"], 1.0)
    assert known is not None
    masks = torch.zeros(3, 2, 3)
    masks[:, :, 0] = 1
    noun = known.of_regions(FEATURES, masks, torch.tensor([2, 1, 0]))
    assert noun[1].isnan()
    torch.testing.assert_close(noun[[0, 2]], torch.tensor([float(np.log(9)), -SURE]))
    found = RegionEvidence.blend(torch.tensor([1.0, 2.0, 3.0]), noun, 0.5, DEFAULTS)
    expected = [(1 + float(np.log(9))) / 2, 2.0, (3 - SURE) / 2]
    torch.testing.assert_close(found.together, torch.tensor(expected))


def test_no_classifier_no_blend() -> None:
    assert KnownNouns.of(None, ["a dog"], 0.5) is None
    assert KnownNouns.of(TwoClasses(), ["a dog"], 0.0) is None
    assert KnownNouns.of(TwoClasses(), ["a tree"], 0.5) is None
