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
    SURE,
    KnownNouns,
    RegionEvidence,
    log_odds,
    measured_scale,
    regions_of,
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


def slow_scale(regions: np.ndarray, phrases: np.ndarray) -> float:
    variances = []
    for region in regions:
        cosines = [float(region @ p / np.linalg.norm(region)) for p in phrases]
        variances.append(np.var(cosines, ddof=1))
    return POOLED_SLOPE / float(np.sqrt(np.mean(variances)))


@given(seed=st.integers(0, 99), count=st.integers(1, 5))
def test_the_scale_is_the_spread_of_everyday_phrases(seed: int, count: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    regions = torch.randn(count, 8, generator=generator)
    phrases = F.normalize(torch.randn(20, 8, generator=generator), dim=-1)
    expected = slow_scale(regions.double().numpy(), phrases.double().numpy())
    assert measured_scale(regions, phrases) == pytest.approx(expected, rel=1e-4)


@given(shrink=st.floats(0.05, 1.0), seed=st.integers(0, 99))
def test_logits_do_not_depend_on_a_common_vector_nor_on_the_spread(
    shrink: float, seed: int
) -> None:
    """Cosines a + b c, as a model with a common direction of all embeddings has them."""
    generator = torch.Generator().manual_seed(seed)
    regions = F.normalize(torch.randn(6, 8, generator=generator), dim=-1)
    phrases = F.normalize(torch.randn(20, 8, generator=generator), dim=-1)
    common = torch.tensor([1.0]).expand(6, 1)
    angle = shrink**0.5
    moved = torch.cat([angle * regions, (1 - angle**2) ** 0.5 * common], 1)
    texts = torch.cat([angle * phrases, (1 - angle**2) ** 0.5 * torch.ones(20, 1)], 1)
    plain = measured_scale(regions, phrases) * (regions @ phrases.T)
    other = measured_scale(moved, texts) * (moved @ texts.T)
    differences = [x - x[:, :1] for x in (plain, other)]
    torch.testing.assert_close(*differences, atol=2e-3, rtol=2e-3)


def test_cells_count_where_they_compare_with_texts() -> None:
    pooled, dense = torch.ones(1, 4), torch.rand(1, 4, 2, 3)
    assert regions_of(ImageFeatures(dense, pooled)) is pooled
    cells = regions_of(ImageFeatures(dense, pooled, dense))
    assert cells.shape == (6, 4)
    torch.testing.assert_close(cells[4], dense[0, :, 1, 1])


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
