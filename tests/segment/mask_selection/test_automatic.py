"""SAM everywhere, and proposals made up of parts: against the rule written down slowly."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from car_video.config import AutomaticConfig, SamRefineConfig, SegmentConfig
from car_video.errors import ConfigError
from car_video.models.sam.mobile_sam import SamEmbedding
from car_video.segment.mask_selection import automatic
from car_video.segment.mask_selection.automatic import automatic_masks, join_parts
from car_video.segment.refinement.refine import MaskRefiner
from car_video.segment.segmenter import ImageSegmenter
from tests.naive.automatic import joined
from tests.segment.colour_model import PLAIN, ColourModel
from tests.video.colour_sam import ColourSam


@st.composite
def scenes(draw: Any) -> tuple[np.ndarray, np.ndarray]:
    """Proposals and parts: boxes, so that they lie in and over each other."""

    def boxes(count: int) -> np.ndarray:
        masks = np.zeros((count, 9, 11), bool)
        for mask in masks:
            y, x = draw(st.integers(0, 8)), draw(st.integers(0, 10))
            mask[y : y + draw(st.integers(0, 6)), x : x + draw(st.integers(0, 8))] = True
        return masks

    return boxes(draw(st.integers(0, 3))), boxes(draw(st.integers(0, 6)))


@given(
    scenes(),
    st.sampled_from([0.0, 0.3, 0.5, 0.7, 1.0]),
    st.sampled_from([0.0, 0.4, 0.7, 0.9]),
    st.sampled_from([0.0, 0.05, 0.3]),
    st.sampled_from([1, 2, 32]),
)
def test_the_rule_is_that_of_the_paper(
    scene: tuple[np.ndarray, np.ndarray], iom: float, iou: float, least: float, at_once: int
) -> None:
    proposals, parts = scene
    config = AutomaticConfig(iom=iom, iou=iou, min_coverage=least)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(automatic, "PARTS_AT_ONCE", at_once)
        found = join_parts(torch.from_numpy(proposals), torch.from_numpy(parts), config)
    assert found.shape == proposals.shape
    for mask, proposal in zip(found.numpy(), proposals, strict=True):
        np.testing.assert_array_equal(mask, joined(proposal, parts, iom, iou, least))


class Stripes:
    """Answers a point with its stripe, unsure of every third, wobbly on every fifth."""

    def __init__(self) -> None:
        self.asked: list[Tensor] = []

    def predict(
        self, embedding: SamEmbedding, points: Tensor, labels: Tensor
    ) -> tuple[Tensor, Tensor]:
        assert (labels == 1).all()
        self.asked.append(points[:, 0])
        rows, columns = (4 * n for n in embedding.tokens.shape[-2:])
        column = ((torch.arange(columns) + 0.5) * 4 / embedding.scale)[None, None]
        number = (points[:, 0, 0] // 20).view(-1, 1, 1)
        logits = torch.where(column // 20 == number, 8.0, -8.0).expand(-1, rows, -1).clone()
        wobbly = (number % 5 == 4).expand_as(logits)
        logits[wobbly] = logits[wobbly].sign() * 0.5
        quality = torch.where(number[:, 0] % 3 == 2, 0.5, 0.95)
        return logits[:, None], quality


def test_parts_are_sure_and_told_apart() -> None:
    size, scale = (64, 240), 2.0
    tokens = torch.zeros(1, 1, 8, 30)
    embedding = SamEmbedding(tokens, tokens, (128, 480), scale)
    sam = Stripes()
    parts = automatic_masks(sam, embedding, size, AutomaticConfig(points_per_side=24))  # type: ignore[arg-type]
    points = torch.cat(sam.asked)
    assert points.shape == (24 * 24, 2)
    assert points[0].tolist() == pytest.approx([5, 64 / 48])
    assert points[-1].tolist() == pytest.approx([235, 64 - 64 / 48])
    assert max(len(p) for p in sam.asked) <= automatic.PROMPTS_AT_ONCE
    assert parts.shape[1:] == (32, 120)
    left = sorted(int((part > 0).any(0).nonzero()[0]) // 10 for part in parts)
    assert left == [0, 1, 3, 6, 7, 10]  # of twelve, less every third and every fifth
    none = AutomaticConfig(points_per_side=2, quality=1.0)
    assert automatic_masks(sam, embedding, size, none).shape == (0, 32, 120)  # type: ignore[arg-type]


class AllAtOnce:
    """A model that has its masks before it is asked: one is unsure, one soft, one empty."""

    def all_masks(self, embedding: Any) -> tuple[torch.Tensor, torch.Tensor]:
        logits = torch.full((5, 4, 6), -9.0)
        logits[0, :2], logits[1, :, :3], logits[2, 2:] = 9.0, 9.0, 9.0
        logits[3, :, 3:] = 0.01
        logits[:, :, 5] = 9.0  # padding
        return logits, torch.tensor([0.6, 0.95, 0.9, 0.99, 0.99])


def test_masks_that_are_there_are_not_asked_for() -> None:
    embedding: Any = SimpleNamespace(grid=(4, 5))
    config = AutomaticConfig(quality=0.8, stability=0.8)
    found = automatic_masks(AllAtOnce(), embedding, (40, 50), config)  # type: ignore[arg-type]
    expected = torch.zeros(2, 4, 5, dtype=torch.bool)
    expected[0, :, :3], expected[1, 2:] = True, True
    assert torch.equal(found > 0, expected)  # overlapping boxes stay, the surest first


def test_a_picture_is_asked_about_once() -> None:
    image = np.full((64, 96, 3), 128, np.uint8)
    image[8:40, 8:40] = (255, 0, 0)
    image[16:24, 16:24] = (250, 20, 20)
    sam = ColourSam()
    config = SegmentConfig(
        refine="sam",
        background=PLAIN.background,
        proposal=PLAIN.proposal,
        expression=PLAIN.expression,
        presence_threshold=0.0,
        sam=SamRefineConfig(
            side=384,
            rule="automatic",
            automatic=AutomaticConfig(points_per_side=8, stability=0.0, iou=0.3),
        ),
    )
    segmenter = ImageSegmenter(ColourModel(), ["a red ball"], config, sam=sam)  # type: ignore[arg-type]
    view = segmenter.encode(image)
    survivors = segmenter.recur(view)
    assert sam.sides == []
    mask = segmenter.refine(view, survivors)[0].numpy()
    truth = np.zeros(mask.shape, bool)
    truth[8:40, 8:40] = True
    assert (mask & truth).sum() / (mask | truth).sum() > 0.75  # with its rim, see ColourSam
    assert sam.prompts == 64
    refiner, embedding = MaskRefiner(sam), sam.encode(view.pixels, 384)  # type: ignore[arg-type]
    first = refiner.parts(embedding, (64, 96), segmenter.config)
    assert refiner.parts(embedding, (64, 96), segmenter.config) is first
    assert sam.prompts == 128


def test_settings_are_checked() -> None:
    with pytest.raises(ConfigError, match=r"sam\.automatic\.iom must be from 0 to 1"):
        AutomaticConfig(iom=1.5)
    with pytest.raises(ConfigError, match="points_per_side must be from 1 to 128"):
        AutomaticConfig(points_per_side=0)
