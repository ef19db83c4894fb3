"""Segments, classes and instances: golden values of the released code, and slow forms of it."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from car_video.config.panoptic import PanopticConfig
from car_video.segment.panoptic import fitting
from car_video.segment.panoptic.fitting import class_strips, fitted_strips
from car_video.segment.panoptic.postprocessing import instances, panoptic_map, semantic_map
from car_video.segment.panoptic.preparation import Sizes, sizes_for

PLAIN = Sizes((12, 16), (12, 16), (12, 16))
THINGS = (True, True, False)
QUERIES = [  # probabilities; rows and columns of the inside; logits inside and outside
    ([0.90, 0.05, 0.03, 0.02], (0, 6, 0, 8), 4.0, -4.0),
    ([0.05, 0.85, 0.05, 0.05], (4, 10, 6, 14), 2.0, -6.0),
    ([0.02, 0.03, 0.90, 0.05], (0, 4, 10, 16), 3.0, -3.0),
    ([0.05, 0.05, 0.80, 0.10], (9, 12, 0, 6), 1.0, -5.0),
    ([0.10, 0.10, 0.10, 0.70], (0, 12, 0, 16), 0.5, 0.5),
    ([0.55, 0.15, 0.20, 0.10], (1, 6, 0, 8), 3.0, -4.0),
]


def golden() -> tuple[Tensor, Tensor]:
    logits = torch.empty(len(QUERIES), 12, 16)
    for number, (_, (top, bottom, left, right), inside, outside) in enumerate(QUERIES):
        logits[number] = outside
        logits[number, top:bottom, left:right] = inside
    return logits, torch.tensor([row[0] for row in QUERIES])


def test_golden_panoptic_segments() -> None:
    logits, chances = golden()
    found = panoptic_map(logits, chances, THINGS, PLAIN, PanopticConfig())
    assert np.bincount(found.ids.ravel()).tolist() == [58, 48, 44, 42]
    labels = [(s.id, s.label, s.thing, s.area) for s in found.segments]
    assert labels == [(1, 0, True, 48), (2, 1, True, 44), (3, 2, False, 42)]
    assert [s.score for s in found.segments] == pytest.approx([0.9, 0.85, 0.9])


def test_golden_panoptic_segments_above_a_threshold() -> None:
    logits, chances = golden()
    config = PanopticConfig(object_threshold=0.8)
    found = panoptic_map(logits, chances, THINGS, PLAIN, config)
    assert np.bincount(found.ids.ravel()).tolist() == [76, 48, 44, 24]


@pytest.mark.parametrize("resize_masks", [True, False])
def test_golden_classes(resize_masks: bool) -> None:
    logits, chances = golden()
    config = PanopticConfig(resize_masks=resize_masks)
    found = semantic_map(logits, chances, PLAIN, config)
    assert np.bincount(found.labels.ravel()).tolist() == [48, 44, 100]
    assert float(found.scores[5, 7]) == pytest.approx(1.515297, abs=1e-5)
    strips = [strip.values for strip in class_strips(logits, chances[:, :-1], PLAIN)]
    sums = torch.cat(strips, 1).sum((1, 2)).tolist()
    assert sums == pytest.approx([82.62997, 58.44330, 62.94739], abs=1e-3)
    assert torch.cat(strips, 1)[:, 5, 7].tolist() == pytest.approx(
        [1.515297, 1.004668, 0.374299], abs=1e-5
    )


def test_golden_instances() -> None:
    logits, chances = golden()
    found = instances(logits, chances, THINGS, PLAIN, PanopticConfig(instances=7))
    assert found.scores.tolist() == pytest.approx(
        [0.883812, 0.748677, 0.523916, 0.142886], 1e-5
    )
    assert found.labels.tolist() == [0, 1, 0, 1]
    assert found.masks.sum((1, 2)).tolist() == [48, 48, 40, 40]


def test_nothing_is_found_where_all_is_void() -> None:
    logits, chances = golden()
    chances = torch.tensor([0.0, 0.0, 0.0, 1.0]).expand(len(chances), 4)
    found = panoptic_map(logits, chances, THINGS, PLAIN, PanopticConfig())
    assert found.segments == ()
    assert not found.ids.any()


def test_stuff_alone_gives_no_instance() -> None:
    logits, chances = golden()
    found = instances(logits, chances, (False,) * 3, PLAIN, PanopticConfig())
    assert found.masks.shape == (0, 12, 16)
    assert found.scores.shape == (0,)


def slow_fit(logits: Tensor, sizes: Sizes) -> Tensor:
    """As the released code resizes: whole masks, enlarged, cropped, resized."""
    full = F.interpolate(logits[None], sizes.padded, mode="bilinear", align_corners=False)
    full = full[..., : sizes.resized[0], : sizes.resized[1]]
    return F.interpolate(full, sizes.output, mode="bilinear", align_corners=False)[0]


def slow_panoptic(
    masks: Tensor, chances: Tensor, config: PanopticConfig
) -> tuple[np.ndarray, list[tuple[int, int]]]:
    """The rules of the released code, query by query."""
    score, label = chances.max(-1)
    keep = [
        q for q in range(len(masks)) if label[q] != 3 and score[q] > config.object_threshold
    ]
    ids, segments, stuff = np.zeros(masks.shape[1:], np.int32), list[tuple[int, int]](), {}
    if not keep:
        return ids, segments
    probability = masks[keep].sigmoid()
    winner = (score[keep].view(-1, 1, 1) * probability).argmax(0)
    for place, query in enumerate(keep):
        won, own = winner == place, probability[place] >= 0.5
        both = won & own
        if not (won.any() and own.any() and both.any()):
            continue
        if int(won.sum()) / int(own.sum()) < config.overlap_threshold:
            continue
        number = int(label[query])
        if not THINGS[number] and number in stuff:
            ids[both.numpy()] = stuff[number]
            continue
        segments.append((len(segments) + 1, number))
        ids[both.numpy()] = len(segments)
        if not THINGS[number]:
            stuff[number] = len(segments)
    return ids, segments


def scene(seed: int, size: tuple[int, int]) -> tuple[Tensor, Tensor, Sizes]:
    """Smooth random masks over a picture, and sharp random classes."""
    sizes = sizes_for(*size, 64, 107)
    generator = torch.Generator().manual_seed(seed)
    grid = (sizes.padded[0] // 4, sizes.padded[1] // 4)
    blobs = torch.randn(1, 12, 4, 5, generator=generator) * 5
    logits = F.interpolate(blobs, grid, mode="bicubic")[0]
    chances = (3 * torch.randn(12, 4, generator=generator)).softmax(-1)
    return logits, chances, sizes


@pytest.mark.parametrize("size", [(50, 70), (97, 40), (31, 200), (300, 220)])
@pytest.mark.parametrize("limit", [1 << 24, 2000])
def test_strips_are_the_whole_picture(
    size: tuple[int, int], limit: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fitting, "MAX_VALUES", limit)
    logits, chances, sizes = scene(0, size)
    slow = slow_fit(logits, sizes)
    strips = list(fitted_strips(logits, sizes))
    assert len(strips) > (1 if limit == 2000 else 0)
    torch.testing.assert_close(
        torch.cat([s.values for s in strips], 1), slow, atol=1e-4, rtol=0
    )
    full = F.interpolate(logits[None], sizes.padded, mode="bilinear", align_corners=False)
    full = full[0, :, : sizes.resized[0], : sizes.resized[1]].sigmoid()
    maps = torch.einsum("qk,qhw->khw", chances[:, :-1], full)
    maps = F.interpolate(maps[None], sizes.output, mode="bilinear", align_corners=False)[0]
    found = torch.cat([s.values for s in class_strips(logits, chances[:, :-1], sizes)], 1)
    torch.testing.assert_close(found, maps, atol=1e-4, rtol=0)


@pytest.mark.parametrize("threshold", [0.0, 0.6])
@pytest.mark.parametrize("seed", range(6))
def test_segments_are_those_of_the_rules_query_by_query(seed: int, threshold: float) -> None:
    logits, chances, sizes = scene(seed, (61, 90))
    config = PanopticConfig(object_threshold=threshold, overlap_threshold=0.5)
    found = panoptic_map(logits, chances, THINGS, sizes, config)
    ids, segments = slow_panoptic(slow_fit(logits, sizes), chances, config)
    assert [(s.id, s.label) for s in found.segments] == segments
    assert (found.ids != ids).mean() < 1e-3  # rounding at borders
    areas = np.bincount(found.ids.ravel(), minlength=len(segments) + 1)[1:]
    assert [s.area for s in found.segments] == areas.tolist()


@pytest.mark.parametrize("seed", range(3))
def test_instances_are_those_of_whole_masks(seed: int) -> None:
    logits, chances, sizes = scene(seed, (61, 90))
    found = instances(logits, chances, THINGS, sizes, PanopticConfig(instances=20))
    masks = slow_fit(logits, sizes)
    pairs = sorted(
        ((float(chances[q, k]), q, k) for q in range(12) for k in range(3)), reverse=True
    )[:20]
    expected = sorted(
        (
            p
            * float((masks[q].sigmoid() * (masks[q] > 0)).sum() / ((masks[q] > 0).sum() + 1e-6))
            for p, q, k in pairs
            if THINGS[k]
        ),
        reverse=True,
    )
    assert found.scores.tolist() == pytest.approx(expected, abs=1e-4)
    assert found.masks.shape == (len(expected), *sizes.output)
