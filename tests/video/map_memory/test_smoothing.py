"""Maps that remember: a frame in which language sees less keeps the object."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from car_video.config.video import MemoryConfig
from car_video.video.feature_memory import unit_features
from car_video.video.map_memory.smoothing import CARRIED_SECONDS, MapMemory

STEP = 1 / 24
"""Seconds from frame to frame."""


def features(seed: int, grid: tuple[int, int] = (8, 10)) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(seed).normal(size=(32, *grid))).float()


def everyone(count: int) -> torch.Tensor:
    return torch.arange(count)


def step(
    memory: MapMemory, seen: torch.Tensor, maps: torch.Tensor, alive: torch.Tensor
) -> torch.Tensor:
    seen = unit_features(seen)
    return memory.step(seen, memory.match(seen, STEP), maps, alive, STEP)


def square(value: float) -> torch.Tensor:
    """[1, 8, 10]: a value inside a square, a small one outside."""
    maps = torch.full((1, 8, 10), 0.05)
    maps[:, 2:6, 3:7] = value
    return maps


def test_the_first_frame_is_as_it_is() -> None:
    maps = square(0.9)
    assert torch.equal(step(MapMemory(1, MemoryConfig()), features(0), maps, everyone(1)), maps)


def test_a_weak_frame_keeps_the_object() -> None:
    memory = MapMemory(1, MemoryConfig(temperature=0.01))
    seen = features(0)  # nothing moves
    for _ in range(3):
        step(memory, seen, square(0.9), everyone(1))
    weak = step(memory, seen, square(0.3), everyone(1))
    assert float(weak[0, 2:6, 3:7].min()) > 0.5
    assert float(weak[0, :2].max()) < 0.2


def test_an_object_that_stays_away_is_forgotten() -> None:
    memory = MapMemory(1, MemoryConfig(temperature=0.01))
    seen = features(0)
    step(memory, seen, square(0.9), everyone(1))
    left = [float(step(memory, seen, square(0.0), everyone(1)).max()) for _ in range(30)]
    assert left[-1] < 0.5


def test_the_mix_is_one_of_logits() -> None:
    memory = MapMemory(1, MemoryConfig((), neighbours=1, temperature=0.01))
    seen = features(0)
    before = step(memory, seen, square(0.8), everyone(1))
    label = torch.sigmoid(10.0 * (before - 0.5)).clamp(0.02, 0.98)
    now = square(0.4)
    part = math.exp(-STEP / CARRIED_SECONDS)
    assert part == pytest.approx(0.7, abs=0.001)
    expected = torch.sigmoid((1 - part) * now.logit() + part * label.logit())
    torch.testing.assert_close(
        step(memory, seen, now, everyone(1)), expected, atol=1e-4, rtol=0
    )


def test_queries_that_are_out_of_the_race_do_not_disturb() -> None:
    three, one = MapMemory(3, MemoryConfig()), MapMemory(1, MemoryConfig())
    for number in range(6):
        seen = features(number)
        maps = torch.rand(3, 8, 10, generator=torch.Generator().manual_seed(number))
        alive = torch.tensor([[0, 1, 2], [1], [1, 2]][number % 3])
        together = step(three, seen, maps[alive], alive)
        alone = step(one, seen, maps[[1]], everyone(1))
        place = alive.tolist().index(1)
        torch.testing.assert_close(together[place], alone[0])
        assert together.shape == (len(alive), 8, 10)


def test_a_query_without_a_past_is_taken_as_it_is() -> None:
    memory = MapMemory(2, MemoryConfig((), anchor=False))
    step(memory, features(0), torch.cat([square(0.9), square(0.9)]), everyone(2))
    step(memory, features(0), square(0.9), torch.tensor([0]))  # the second one was out
    now = torch.cat([square(0.4), square(0.4)])
    found = step(memory, features(0), now, everyone(2))
    torch.testing.assert_close(found[1], now[1], atol=1e-5, rtol=0)
    assert float((found[0] - now[0]).abs().max()) > 0.1


def test_a_past_that_is_not_looked_up_does_not_count() -> None:
    """Ages of 1 and 3 frames are wanted: what was known at age 2 only says nothing now."""
    memory = MapMemory(1, MemoryConfig((3 * STEP,), anchor=False))
    none = torch.zeros(0, dtype=torch.int64)
    for alive in (none, none, everyone(1), none):
        step(memory, features(0), square(0.9)[alive], alive)
    now = square(0.4)
    torch.testing.assert_close(
        step(memory, features(0), now, everyone(1)), now, atol=1e-5, rtol=0
    )


def test_memory_goes_along_to_another_grid() -> None:
    memory = MapMemory(1, MemoryConfig())
    step(memory, features(0), square(0.9), everyone(1))
    assert memory.labels is not None
    rows, columns = memory.memory.grid
    before = memory.labels[0, 0, 0].unflatten(-1, (rows, columns))
    other = features(1, (2 * rows, 2 * columns))
    votes = memory.match(other, STEP)
    assert votes is not None
    assert votes.grid == (2 * rows, 2 * columns)
    after = memory.labels[0, 0, 0].unflatten(-1, votes.grid)
    assert float(after.mean()) == pytest.approx(float(before.mean()), abs=0.05)
    sure = torch.nn.functional.max_pool2d(before[None], 3, 1, 1)[0] < 0.1  # far from the square
    assert after.unfold(0, 2, 2).unfold(1, 2, 2).amax((2, 3))[sure].max() < 0.1
    maps = torch.full((1, *votes.grid), 0.3)
    assert memory.step(other, votes, maps, everyone(1), STEP).shape == maps.shape


def test_state_does_not_grow() -> None:
    memory = MapMemory(2, MemoryConfig())
    sizes = set()
    for number in range(30):
        step(memory, features(number % 4), torch.rand(2, 8, 10), everyone(2))
        assert memory.labels is not None
        assert memory.known is not None
        sizes.add((memory.labels.shape, memory.known.shape, len(memory.memory._keys)))
    assert len(sizes) == 1
