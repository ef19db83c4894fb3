"""Prompts at the peaks and the choice among answers, with a SAM that draws discs."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from car_video.config import SamRefineConfig
from car_video.models.sam.mobile_sam import SamEmbedding
from car_video.segment.mask_selection import sam_prompts
from car_video.segment.mask_selection.sam_prompts import (
    Candidates,
    best_candidates,
    box_pass,
    map_agreement,
    propose_candidates,
    with_unions,
)

RADII = (6.0, 14.0, 30.0)


class Discs:
    """Answers a point with discs of three radii (pixels of the picture) around it."""

    def __init__(self, scale: float = 1.0) -> None:
        self.scale = scale
        self.asked: list[Tensor] = []

    def predict(
        self, embedding: SamEmbedding, points: Tensor, labels: Tensor
    ) -> tuple[Tensor, Tensor]:
        assert points.shape[1:] == (1, 2)
        assert labels.shape == points.shape[:2]
        assert (labels == 1).all()
        self.asked.append(points)
        rows, columns = (4 * n for n in embedding.tokens.shape[-2:])
        y = (torch.arange(rows) + 0.5)[:, None] * 4 / self.scale
        x = (torch.arange(columns) + 0.5)[None] * 4 / self.scale
        away = torch.hypot(y - points[:, 0, 1, None, None], x - points[:, 0, 0, None, None])
        logits = torch.stack([8 * torch.sign(radius - away) for radius in RADII], 1)
        return logits, torch.ones(len(points), 3)


def embedding_of(height: int, width: int, scale: float = 1.0) -> SamEmbedding:
    size = (round(height * scale), round(width * scale))
    tokens = torch.zeros(1, 1, -(-size[0] // 16), -(-size[1] // 16))
    return SamEmbedding(tokens, tokens, size, scale)


def disc_map(rows: int, columns: int, y: float, x: float, radius: float, cell: int) -> Tensor:
    """A disc on cells of ``cell`` pixels: 1 in the middle, a little less at the rim."""
    v = ((torch.arange(rows) + 0.5) * cell)[:, None]
    u = ((torch.arange(columns) + 0.5) * cell)[None]
    away = torch.hypot(v - y, u - x)
    return torch.where(away < radius, 1 - 0.01 * away / radius, 0.0)


def ask(sam: Any, maps: Tensor, size: tuple[int, int], **config: Any) -> Candidates:
    scale = sam.scale
    return propose_candidates(
        sam, embedding_of(*size, scale), maps, maps, size, SamRefineConfig(**config)
    )


@pytest.mark.parametrize("scale", [1.0, 2.0])
def test_points_are_middles_of_cells_in_pixels(scale: float) -> None:
    maps = torch.zeros(2, 6, 10)
    maps[0, 2, 7] = 1.0
    maps[1, 5, 0] = 1.0
    sam = Discs(scale)
    found = ask(sam, maps, (48, 100), points=1)
    assert sam.asked[0][:, 0].tolist() == [[75.0, 20.0], [5.0, 44.0]]
    assert found.logits.shape == (2, 3, round(12 * scale), round(25 * scale))
    assert found.valid.all()


@pytest.mark.parametrize("radius", RADII)
def test_the_disc_that_fills_the_map_is_chosen(radius: float) -> None:
    maps = disc_map(24, 32, 46.0, 58.0, radius, 4)[None]
    logits, agreement = best_candidates(
        ask(Discs(), maps, (96, 128), points=4, peak_distance=1)
    )
    assert logits.shape == (1, 24, 32)
    expected = disc_map(24, 32, 46.0, 58.0, radius, 4) > 0
    found = logits[0] > 0
    assert (found & expected).sum() / (found | expected).sum() > 0.85
    assert agreement[0] > 0.8


def test_every_query_has_its_own_answer() -> None:
    places = [(20.0, 24.0), (60.0, 90.0)]
    maps = torch.stack([disc_map(24, 32, y, x, 14.0, 4) for y, x in places])
    logits, _ = best_candidates(ask(Discs(), maps, (96, 128), points=2))
    for mask, own, other in zip(logits > 0, maps, maps.flip(0), strict=True):
        assert (mask & (own > 0)).sum() > 0.75 * mask.sum()
        assert not (mask & (other > 0)).any()


def test_an_empty_map_asks_nothing_and_gets_nothing() -> None:
    sam = Discs()
    found = ask(sam, torch.zeros(2, 6, 8), (24, 32), points=3)
    assert sam.asked == []
    assert not found.valid.any()
    assert (found.agreement == -1).all()
    logits, agreement = best_candidates(found)
    assert (logits < 0).all()
    assert agreement.tolist() == [0, 0]


def test_an_empty_map_beside_a_full_one() -> None:
    maps = torch.stack([torch.zeros(24, 32), disc_map(24, 32, 46.0, 58.0, 14.0, 4)])
    sam = Discs()
    found = ask(sam, maps, (96, 128), points=8)
    assert len(sam.asked[0]) == int(found.valid[1].sum()) // 3 > 0
    logits, _ = best_candidates(found)
    assert not (logits[0] > 0).any()
    assert (logits[1] > 0).any()


def test_padding_is_cut_off_and_never_chosen() -> None:
    maps = torch.zeros(1, 5, 6)
    maps[0, 2, 2] = 1.0  # one peak, seven places to spare
    found = ask(Discs(), maps, (37, 50), points=8)
    assert found.logits.shape == (1, 24, 10, 13)  # ceil of 37 and 50 over 4
    assert found.valid[0].tolist() == [True] * 3 + [False] * 21
    assert (found.agreement[~found.valid] == -1).all()
    assert ((found.agreement[found.valid] >= 0) & (found.agreement[found.valid] <= 1)).all()


def test_evidence_has_a_say() -> None:
    """The spread map fits two discs; which of them really looked like the text decides."""
    spots = [disc_map(24, 32, 30.0, x, 14.0, 4) for x in (30.0, 98.0)]
    maps = (spots[0] + spots[1]).clamp(0, 1)[None]
    config = SamRefineConfig(points=6)
    for likely, other in ((0, 1), (1, 0)):
        evidence = (spots[likely] + 0.01 * spots[other])[None]
        found = propose_candidates(
            Discs(),  # type: ignore[arg-type]
            embedding_of(96, 128),
            maps,
            evidence,
            (96, 128),
            config,
        )
        mask = best_candidates(found)[0][0] > 0
        assert (mask & (spots[likely] > 0)).any()
        assert not (mask & (spots[other] > 0)).any()


def test_the_first_of_equals_is_chosen() -> None:
    logits = torch.arange(12.0).reshape(1, 3, 2, 2)
    there = torch.tensor([[True, True, True]])
    best, agreement = best_candidates(
        Candidates(logits, there, torch.tensor([[0.2, 0.7, 0.7]]))
    )
    assert torch.equal(best[0], logits[0, 1])
    assert agreement.tolist() == pytest.approx([0.7])


@pytest.mark.parametrize("at_once", [1, 3, 64])
def test_asking_in_parts_changes_nothing(monkeypatch, at_once):
    """A label space asks for hundreds of masks; the decoder never gets more than a part."""
    maps = torch.rand(5, 16, 20, generator=torch.Generator().manual_seed(0))
    whole = ask(Discs(), maps, (256, 320), peak_floor=0.0)
    monkeypatch.setattr(sam_prompts, "PROMPTS_AT_ONCE", at_once)
    sam = Discs()
    parts = ask(sam, maps, (256, 320), peak_floor=0.0)
    assert max(len(points) for points in sam.asked) <= at_once
    assert sum(len(points) for points in sam.asked) > 10
    for name in ("logits", "valid", "agreement"):
        torch.testing.assert_close(getattr(parts, name), getattr(whole, name), rtol=0, atol=0)


class Boxes:
    """Answers a box with the box, its left half and nothing."""

    def __init__(self) -> None:
        self.asked: list[Tensor] = []

    def predict(self, embedding: SamEmbedding, boxes: Tensor) -> tuple[Tensor, Tensor]:
        self.asked.append(boxes)
        rows, columns = (4 * n for n in embedding.tokens.shape[-2:])
        y, x = (torch.arange(rows) + 0.5)[:, None] * 4, (torch.arange(columns) + 0.5)[None] * 4
        x0, y0, x1, y1 = boxes.T[..., None, None]
        half = (x0 + x1) / 2
        inside = (y > y0) & (y < y1) & (x > x0)
        masks = [inside & (x < x1), inside & (x < half), inside & (x < x0)]
        return torch.stack([torch.where(m, 8.0, -8.0) for m in masks], 1), torch.ones(1, 3)


def test_a_mask_that_falls_short_of_its_box_is_asked_about_again() -> None:
    chosen = torch.full((3, 24, 32), -8.0)
    chosen[:2, 4:12, 8:20] = 8.0
    chosen[0, 6:10, 10:17] = -8.0  # a hole
    maps = torch.zeros(3, 24, 32)
    maps[:2, 4:12, 8:20] = 1.0
    sam = Boxes()
    found = box_pass(sam, embedding_of(96, 128), chosen, maps, maps, (96, 128))  # type: ignore[arg-type]
    assert torch.equal(found[0] > 0, maps[0] > 0)
    assert torch.equal(found[1], chosen[1])
    assert torch.equal(found[2], chosen[2]), "an empty mask has no box"
    assert [box.tolist() for box in torch.cat(sam.asked)] == [[32.0, 16.0, 80.0, 48.0]] * 2


@pytest.mark.parametrize("count", [0, 2])
def test_where_nothing_is_chosen_nothing_is_asked(count: int) -> None:
    nothing = torch.full((count, 24, 32), -8.0)
    sam = Boxes()
    maps = torch.zeros(count, 24, 32)
    found = box_pass(sam, embedding_of(96, 128), nothing, maps, maps, (96, 128))  # type: ignore[arg-type]
    assert torch.equal(found, nothing)
    assert not sam.asked


def test_an_answer_that_agrees_less_is_not_taken() -> None:
    chosen = torch.full((1, 24, 32), -8.0)
    chosen[0, 4:12, 8:20] = 8.0
    chosen[0, 6:10, 10:17] = -8.0
    maps = (chosen > 0).float()
    found = box_pass(Boxes(), embedding_of(96, 128), chosen, maps, maps, (96, 128))  # type: ignore[arg-type]
    assert torch.equal(found, chosen)


def test_another_thing_is_not_taken_however_well_it_agrees() -> None:
    chosen = torch.full((1, 24, 32), -8.0)
    chosen[0, 4, 8:20] = chosen[0, 4:12, 8] = 8.0  # two sides of the rectangle in its box
    maps = torch.zeros(1, 24, 32)
    maps[0, 4:12, 8:20] = 1.0
    found = box_pass(Boxes(), embedding_of(96, 128), chosen, maps, maps, (96, 128))  # type: ignore[arg-type]
    assert torch.equal(found, chosen)


@given(st.integers(0, 10**6), st.integers(1, 4))
@settings(max_examples=40, deadline=None)
def test_joined_the_slow_way(seed: int, most: int) -> None:
    random = torch.Generator().manual_seed(seed)
    maps, evidence = torch.rand(2, 3, 6, 8, generator=random)
    logits = torch.full((3, 7, 24, 32), -8.0)
    for query in range(3):
        for mask in range(6):  # the seventh is empty
            y, x = (int(v) for v in (torch.rand(2, generator=random) * 20))
            logits[query, mask, y : y + 5, x : x + 9] = 8.0
    there = torch.rand(3, 7, generator=random) < 0.9
    agreement = torch.where(there, map_agreement(logits, maps, evidence), -1.0)
    several = torch.tensor([True, False, True])
    offered = Candidates(logits, there, agreement)
    found = with_unions(offered, maps, evidence, several, most)
    assert torch.equal(found.logits[:, :7], logits)
    assert found.agreement.shape == (3, 8)
    assert not found.valid[1, 7], "one thing is not joined"
    for query in (0, 2):
        best = int(agreement[query].argmax())
        union, value = logits[query, best], float(agreement[query, best])
        grown: list[float] = []
        while len(grown) < most:
            offers = []
            for mask in range(7):
                part = logits[query, mask]
                shared = int(((part > 0) & (union > 0)).sum())
                least = min(int((part > 0).sum()), int((union > 0).sum()))
                if there[query, mask] and shared < 0.2 * least:
                    whole = torch.maximum(part, union)
                    row = slice(query, query + 1)
                    liked = map_agreement(whole[None, None], maps[row], evidence[row])
                    offers.append((float(liked), whole))
            if not offers or max(offers, key=lambda o: o[0])[0] <= value + 1e-7:
                break
            value, union = max(offers, key=lambda o: o[0])
            grown.append(value)
        liked = float(found.agreement[query, 7])
        assert liked == pytest.approx(grown[-1] if grown else -1.0, abs=1e-5)
        if grown:
            assert torch.equal(best_candidates(found)[0][query] > 0, union > 0)
