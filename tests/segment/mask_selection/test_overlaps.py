"""Which mask gets a pixel that several masks claim."""

from __future__ import annotations

import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from car_video.segment.mask_selection.overlaps import (
    NESTED,
    SAME_IOU,
    overlap_order,
    resolve_overlaps,
)

GRID = (24, 32)
SPAN = st.tuples(st.integers(0, 11), st.integers(1, 12))
BOX = st.tuples(SPAN, SPAN, st.floats(0.5, 9))


def rectangle(rows: slice, columns: slice, sure: float = 5.0) -> Tensor:
    logits = torch.full(GRID, -10.0)
    logits[rows, columns] = sure
    return logits


def boxes(given_boxes: list[tuple[tuple[int, int], tuple[int, int], float]]) -> Tensor:
    """Rectangles of whole 2 x 2 blocks."""
    return torch.stack(
        [
            rectangle(
                slice(2 * top, 2 * (top + height)), slice(2 * left, 2 * (left + width)), sure
            )
            for (top, height), (left, width), sure in given_boxes
        ]
    )


MAN = rectangle(slice(2, 22), slice(4, 16), 8.0)
BALL = rectangle(slice(10, 16), slice(12, 18), 2.0)


def test_a_ball_before_a_man_is_whole() -> None:
    man, ball = resolve_overlaps(torch.stack([MAN, BALL]), GRID)
    assert torch.equal(ball, BALL > 0)
    assert torch.equal(man, (MAN > 0) & ~(BALL > 0))


def test_of_two_that_touch_the_surer_gets_what_they_share() -> None:
    left = rectangle(slice(4, 20), slice(2, 14), 3.0)
    right = rectangle(slice(4, 20), slice(10, 30), 6.0)
    masks = resolve_overlaps(torch.stack([left, right]), GRID)
    assert torch.equal(masks[1], right > 0)
    assert torch.equal(masks[0], (left > 0) & ~(right > 0))


def test_two_side_by_side_are_told_apart_by_their_maps() -> None:
    left = rectangle(slice(4, 20), slice(2, 14), 3.0)
    right = rectangle(slice(4, 20), slice(8, 30), 6.0)
    maps = torch.zeros(2, 6, 8)
    maps[0, :, :3], maps[1, :, 3:] = 0.6, 0.9  # meet between columns 10 and 14
    one, other = resolve_overlaps(torch.stack([left, right]), GRID, maps)
    assert not (one & other).any()
    assert torch.equal(one | other, (left > 0) | (right > 0))
    assert one[4:20, 2:11].all()
    assert other[4:20, 13:30].all()
    without = resolve_overlaps(torch.stack([left, right]), GRID)
    assert torch.equal(without[1], right > 0)


def test_a_ball_before_a_man_is_whole_whatever_the_maps_say() -> None:
    maps = torch.ones(2, 6, 8)
    maps[1] = 0.1
    masks = resolve_overlaps(torch.stack([MAN, BALL]), GRID, maps)
    assert torch.equal(masks, resolve_overlaps(torch.stack([MAN, BALL]), GRID))


def test_one_thing_is_of_both_whatever_the_maps_say() -> None:
    maps = torch.zeros(3, 6, 8)
    maps[0, :3], maps[1, 3:], maps[2, :, 4:] = 1.0, 1.0, 2.0
    beside = rectangle(slice(2, 22), slice(13, 30), 2.0)
    first, second, third = resolve_overlaps(torch.stack([MAN, MAN, beside]), GRID, maps)
    assert torch.equal(first, second)
    assert not (first & third).any()
    assert torch.equal(first | third, (MAN > 0) | (beside > 0))


def test_one_thing_with_two_names_is_of_both_without_specks() -> None:
    noise = torch.randn(2, *GRID, generator=torch.Generator().manual_seed(0))
    twice = torch.where(MAN > 0, 5 + noise, -5.0)
    assert torch.equal(resolve_overlaps(twice, GRID), (MAN > 0).expand(2, -1, -1))


@given(st.lists(BOX, min_size=1, max_size=5), st.booleans())
def test_nothing_is_lost_and_only_one_thing_is_shared(given_boxes, seen: bool) -> None:
    logits = boxes(given_boxes)
    maps = torch.rand(len(logits), 6, 8, generator=torch.Generator().manual_seed(1))
    before, after = logits > 0, resolve_overlaps(logits, GRID, maps if seen else None)
    assert not (after & ~before).any()
    assert torch.equal(after.any(0), before.any(0))
    for n, first in enumerate(before):
        for m, second in enumerate(before[:n]):
            shared, union = (first & second).sum(), (first | second).sum()
            if shared <= SAME_IOU * union:
                assert not (after[n] & after[m]).any()


@given(st.lists(BOX, min_size=2, max_size=4))
def test_the_mask_that_gives_way_is_that_of_the_rule_in_loops(given_boxes) -> None:
    logits = boxes(given_boxes)
    found, same = overlap_order(logits)
    nested, _ = overlap_order(logits, nested_only=True)
    masks = logits > 0
    for n in range(len(logits)):
        for m in range(len(logits)):
            both = masks[n] & masks[m]
            shared, union = int(both.sum()), int((masks[n] | masks[m]).sum())
            assert bool(same[n, m]) == (n == m or shared > SAME_IOU * union)
            if same[n, m]:
                assert not found[n, m]
                continue
            parts = shared / int(masks[n].sum()), shared / int(masks[m].sum())
            assert bool(nested[n, m]) == (bool(found[n, m]) and max(parts) > NESTED)
            if max(parts) > NESTED:
                mine, other = parts
            else:
                mine, other = (float(logits[k][both].double().sum()) for k in (n, m))
            if abs(mine - other) > 1e-3:
                assert bool(found[n, m]) == (mine < other)
            else:
                assert found[n, m] != found[m, n]


@given(st.lists(BOX, min_size=1, max_size=3), st.integers(1, 40), st.integers(1, 40))
def test_any_size(given_boxes, height: int, width: int) -> None:
    assert resolve_overlaps(boxes(given_boxes), (height, width)).shape == (
        len(given_boxes), height, width
    )  # fmt: skip


def test_no_masks() -> None:
    assert resolve_overlaps(torch.zeros(0, *GRID), (48, 64)).shape == (0, 48, 64)
