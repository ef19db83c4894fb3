"""Which colours lie under masks: what is covered has others, more light hardly changes them."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from car_video.video.tracking.colours import colour_shares

SIZE = (24, 40)


def mask(left: int, right: int) -> Tensor:
    """Logits [1, 1, 24, 40] of some columns."""
    logits = torch.full((1, 1, *SIZE), -10.0)
    logits[..., left:right] = 10.0
    return logits


def plain(*colour: int) -> NDArray[np.uint8]:
    return np.full((*SIZE, 3), colour, np.uint8)


def change(before: NDArray[np.uint8], now: NDArray[np.uint8], where: Tensor) -> float:
    shares = colour_shares(where, before), colour_shares(where, now)
    return float((shares[0] - shares[1]).abs().sum() / 2)


def test_a_box_over_a_part_changes_that_part() -> None:
    before, now = plain(224, 32, 32), plain(224, 32, 32)
    now[:, 8:16] = 32
    assert change(before, before, mask(0, 32)) == 0
    assert change(before, now, mask(0, 32)) == pytest.approx(8 / 32, abs=1e-5)
    assert change(before, now, mask(8, 16)) == pytest.approx(1, abs=1e-5)
    assert change(before, now, mask(20, 32)) == pytest.approx(0, abs=1e-5)


@pytest.mark.parametrize("level", [60, 63, 64, 100, 127, 128, 191, 250])
def test_a_little_more_light_is_a_little_change(level: int) -> None:
    """There is no value at which a plain thing becomes another one."""
    lighter = change(
        plain(level, level, level), plain(level + 3, level + 3, level + 3), mask(4, 20)
    )
    assert lighter <= 3 * 3 / 64 + 1e-5


def test_masks_of_any_grid_and_none() -> None:
    picture = plain(224, 224, 224)
    picture[:, :20] = 32
    coarse = colour_shares(torch.cat([mask(0, 20), mask(20, 40)], 1), picture)
    assert float((coarse[0, 0] - coarse[0, 1]).abs().sum()) == pytest.approx(2)
    fine = torch.nn.functional.interpolate(mask(0, 40), (48, 80))
    both = colour_shares(torch.cat([fine, -fine.abs()], 1), picture)
    torch.testing.assert_close(both.sum(-1), torch.tensor([[1.0, 0.0]]))
    torch.testing.assert_close(both[0, 0], coarse[0].mean(0))
