"""FC-CLIP's masks behind the interface of promptable mask models."""

from __future__ import annotations

from typing import Any, cast

import pytest
import torch

from car_video.models.fcclip.promptable import (
    JoinedMasks,
    ProposalMasks,
    at_points,
    box_fit,
    mask_fit,
    self_certainty,
)
from car_video.models.sam.base import MaskModel
from tests.models.contract import check_mask_model
from tests.models.fcclip.golden import small_network
from tests.video.colour_sam import ColourSam


def squares() -> torch.Tensor:
    """Logits of three masks on 8 x 12 cells: a square, a larger one around it, nothing."""
    logits = torch.full((3, 8, 12), -6.0)
    logits[0, 2:4, 2:5] = 5.0
    logits[1, 1:7, 1:9] = 3.0
    return logits


def test_proposals_keep_the_contract_of_mask_models() -> None:
    check_mask_model(cast(MaskModel, ProposalMasks(small_network())))


def test_sam_and_proposals_together_keep_the_contract() -> None:
    sam: Any = ColourSam()
    joined = JoinedMasks(sam, ProposalMasks(small_network()))
    pixels = torch.rand(1, 3, 60, 100, generator=torch.Generator().manual_seed(0))
    embedding = joined.encode(pixels, 128)
    points, labels = torch.tensor([[[20.0, 30.0]]]), torch.ones(1, 1, dtype=torch.int64)
    logits, quality = joined.predict(embedding, points, labels)
    own, _ = sam.predict(embedding.own, points, labels)
    assert logits.shape == own.shape
    assert quality.shape == (1, 3)
    changed = [not torch.equal(logits[0, i], own[0, i]) for i in range(3)]
    assert sum(changed) == 1
    one, _ = joined.predict(embedding, points, labels, multimask=False)
    assert torch.equal(one, sam.predict(embedding.own, points, labels, multimask=False)[0])
    assert embedding.to(torch.float16).other.tokens.dtype == torch.float16


def test_scores_of_prompts() -> None:
    logits = squares()
    assert self_certainty(logits).tolist() == pytest.approx([0.9933, 0.9526, 0.0], abs=1e-3)
    points = torch.tensor([[[3.5, 2.5], [0.0, 0.0]], [[7.5, 5.5], [3.0, 3.0]]])
    labels = torch.tensor([[1, -1], [1, 0]])
    found = at_points(logits, points, labels)
    assert found[0].tolist() == pytest.approx([0.9933, 0.9526, 0.0025], abs=1e-3)
    assert found[1].tolist() == pytest.approx([0.0, 0.045, 0.0025], abs=1e-2)
    boxes = torch.tensor([[2.0, 2.0, 5.0, 4.0], [1.0, 1.0, 9.0, 7.0]])
    fit = box_fit(logits > 0, boxes)
    assert fit[0].tolist() == pytest.approx([1.0, 6 / 48, 0.0])
    assert fit[1].tolist() == pytest.approx([6 / 48, 1.0, 0.0])
    prompt = mask_fit(logits > 0, logits[1:2])
    assert prompt[0].tolist() == pytest.approx([6 / 48, 1.0, 0.0])


def test_answers_to_a_box_are_sorted_from_part_to_whole() -> None:
    network = small_network()
    masks = ProposalMasks(network)
    embedding = masks.encode(torch.rand(1, 3, 64, 96), 96)
    logits, _ = masks.predict(embedding, boxes=torch.tensor([[0.0, 0.0, 96.0, 64.0]]))
    areas = (logits[0, :, : embedding.grid[0], : embedding.grid[1]] > 0).flatten(1).sum(1)
    assert areas.tolist() == sorted(areas.tolist())
