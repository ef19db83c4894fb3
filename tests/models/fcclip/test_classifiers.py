"""Pooling, classifiers and ensemble against slow and obvious forms."""

from __future__ import annotations

from typing import Any

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from car_video.models.fcclip.classifiers import class_logits
from car_video.models.fcclip.ensemble import probabilities
from car_video.models.fcclip.pooling import hard_masks, mean_under
from tests.models.fcclip.golden import small_network, values

GAPS = st.floats(-120, 120)


def power_form(inner: Tensor, outer: Tensor, seen: Tensor, alpha: float, beta: float) -> Tensor:
    """The released code's arithmetic for one query: powers, logarithm, 0/1 masks, product."""
    p_in, p_out = inner[:-1].softmax(-1), outer.softmax(-1)
    a = (p_in ** (1 - alpha) * p_out**alpha).log() * seen.double()
    b = (p_in ** (1 - beta) * p_out**beta).log() * (~seen).double()
    void = inner.softmax(-1)[-1:]
    together = torch.cat([(a + b).softmax(-1) * (1 - void), void])
    return (together + 1e-8).log().softmax(-1)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(GAPS, GAPS, st.booleans()), min_size=1, max_size=8),
    st.floats(-20, 20),
)
def test_ensemble_is_the_power_form_where_that_is_finite(
    rows: list[tuple[float, float, bool]], void: float
) -> None:
    inner = torch.tensor([*(row[0] for row in rows), void], dtype=torch.float64)
    outer = torch.tensor([row[1] for row in rows], dtype=torch.float64)
    seen = torch.tensor([row[2] for row in rows])
    found = probabilities(inner[None], outer[None], seen)[0]
    assert bool(found.isfinite().all())
    assert float(found.sum()) == pytest.approx(1)
    slow = power_form(inner, outer, seen, 0.4, 0.8)
    if bool(slow.isfinite().all()):
        torch.testing.assert_close(found, slow, atol=1e-6, rtol=1e-6)


def test_without_weight_for_clip_the_trained_classifier_decides() -> None:
    inner, outer = values("inner", (1, 5, 7)), values("outer", (1, 5, 6))
    seen = torch.tensor([True, False] * 3)
    found = probabilities(inner, outer, seen, alpha=0.0, beta=0.0)
    torch.testing.assert_close(found, inner.softmax(-1), atol=1e-6, rtol=1e-5)


def test_queries_without_a_cell_count_by_the_trained_classifier_alone() -> None:
    inner, outer = values("inner", (1, 2, 4)), values("outer", (1, 2, 3))
    outer[0, 1] = torch.nan  # what attention over nothing may give
    seen = torch.tensor([True, False, False])
    nonempty = torch.tensor([[True, False]])
    found = probabilities(inner, outer, seen, nonempty=nonempty)
    torch.testing.assert_close(found[0, 1], inner[0, 1].softmax(-1), atol=1e-6, rtol=1e-5)
    torch.testing.assert_close(found[:, :1], probabilities(inner, outer, seen)[:, :1])


def test_a_class_has_the_logit_of_its_best_synonym() -> None:
    vectors, rows = values("vectors", (2, 3, 5)), values("rows", (7, 5))
    owner = torch.tensor([0, 1, 1, 1, 2, 3, 3])
    found = class_logits(vectors, rows, owner, 4, 10.0)
    for batch in range(2):
        for query in range(3):
            for number in range(4):
                each = [
                    float(10 * vectors[batch, query] @ rows[i])
                    for i in range(7)
                    if int(owner[i]) == number
                ]
                assert float(found[batch, query, number]) == pytest.approx(max(each), abs=1e-4)


def test_mean_under_a_mask_is_the_mean_of_its_cells() -> None:
    features, logits = values("features", (2, 5, 4, 6)), values("logits", (2, 3, 4, 6))
    logits[0, 1] = -1.0
    found = mean_under(features, hard_masks(logits))
    for batch in range(2):
        for query in range(3):
            cells = features[batch][:, logits[batch, query] > 0]
            slow = cells.mean(-1) if cells.numel() else torch.zeros(5)
            torch.testing.assert_close(found[batch, query], slow, atol=1e-6, rtol=1e-5)


def test_masks_vanish_on_a_coarse_grid_where_no_centre_is_inside() -> None:
    logits = torch.full((1, 1, 16, 16), -1.0)
    logits[0, 0, 0, 0] = 3.0  # a corner: cell centres of the coarse grid do not see it
    assert bool(hard_masks(logits).any())
    assert not bool(hard_masks(logits, (2, 2)).any())


def naive_region(head: Any, cells: Tensor, mask: Tensor) -> Tensor:
    """Embedding of one region by torch's own attention, as the released code has it."""
    pool, (channels, height, width) = head, cells.shape
    table = pool.positional_embedding
    side = round((len(table) - 1) ** 0.5)
    grid = table[1:].T.reshape(1, channels, side, side)
    grid = F.interpolate(grid, (height, width), mode="bilinear", align_corners=False)
    flat = cells.flatten(1).T
    keys = flat + grid[0].flatten(1).T
    query = flat.mean(0, keepdim=True) + table[:1]
    embedded, _ = F.multi_head_attention_forward(
        query,
        keys,
        keys,
        channels,
        pool.num_heads,
        None,
        torch.cat([pool.q_proj.bias, pool.k_proj.bias, pool.v_proj.bias]),
        None,
        None,
        False,
        0.0,
        pool.c_proj.weight,
        pool.c_proj.bias,
        use_separate_proj_weight=True,
        q_proj_weight=pool.q_proj.weight,
        k_proj_weight=pool.k_proj.weight,
        v_proj_weight=pool.v_proj.weight,
        training=False,
        need_weights=False,
        attn_mask=~mask.flatten()[None],
    )
    return embedded[0]


def test_regions_of_a_resnet_are_attended_to_inside_the_mask() -> None:
    clip = small_network().backbone.clip
    pool = clip.visual.attnpool
    cells = values("cells", (1, pool.q_proj.in_features, 3, 5))
    masks = values("masks", (1, 4, 3, 5)) > 0.3
    masks[0, 3] = False
    found = clip.head.pool_regions(cells, masks)
    for query in range(3):
        slow = naive_region(pool, cells[0], masks[0, query])
        torch.testing.assert_close(found[0, query], slow, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(found[0, 3], pool.c_proj.bias.detach())


def test_regions_of_a_convnext_are_the_head_of_the_mean() -> None:
    clip = small_network("convnext").backbone.clip
    trunk, head = clip.visual.trunk, clip.visual.head
    cells = values("cells", (1, trunk.num_features, 3, 5))
    masks = values("masks", (1, 4, 3, 5)) > 0.3
    masks[0, 3] = False
    found = clip.head.pool_regions(cells, masks)
    for query in range(4):
        inside = cells[0][:, masks[0, query]]
        mean = inside.mean(-1) if inside.numel() else torch.zeros(len(cells[0]))
        with torch.no_grad():
            slow = head(trunk.forward_head(mean[None, :, None, None]))
        torch.testing.assert_close(found[:, query], slow, atol=1e-4, rtol=1e-4)
