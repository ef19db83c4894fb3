"""Feature memory against a loop over cells, and what it must do with pictures that move."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.utils._python_dispatch import TorchDispatchMode

from car_video.config.video import MemoryConfig
from car_video.segment.resizing import cell_size
from car_video.video.feature_memory import FeatureMemory, reach_in_cells, unit_features
from tests.naive import dense_memory
from tests.naive import memory as naive


class LargestTensor(TorchDispatchMode):
    """The number of elements of the largest tensor that is made."""

    def __init__(self) -> None:
        super().__init__()
        self.elements = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        result = func(*args, **(kwargs or {}))
        for value in result if isinstance(result, tuple | list) else [result]:
            if isinstance(value, torch.Tensor):
                self.elements = max(self.elements, value.numel())
        return result


def features(seed: int, rows: int, columns: int, channels: int = 8) -> torch.Tensor:
    return torch.from_numpy(
        np.random.default_rng(seed).normal(size=(channels, rows, columns))
    ).float()


def sides(radius: int, grid: tuple[int, int]) -> float:
    """So many cells of a grid in longer sides of the picture, as far as settings go."""
    return min(1.0, radius / max(grid))


@given(
    seed=st.integers(0, 10_000),
    grid=st.sampled_from([(3, 4), (5, 5), (1, 6), (4, 7)]),
    recent=st.sampled_from([(), (2.0,), (3.0,), (2.0, 4.0), (6.0,)]),
    pushed=st.integers(1, 6),
    anchor=st.booleans(),
    neighbours=st.integers(1, 12),
    radius=st.integers(1, 4),
)
@settings(deadline=None, max_examples=40)
def test_is_the_naive_loop(
    seed: int,
    grid: tuple[int, int],
    recent: tuple[float, ...],
    pushed: int,
    anchor: bool,
    neighbours: int,
    radius: int,
) -> None:
    rng = np.random.default_rng(seed)
    """Frames come once a second; those of the last 8 seconds are remembered."""
    memory = FeatureMemory(MemoryConfig(recent, anchor, neighbours, sides(radius, grid)))
    frames = [features(seed + 1 + n, *grid) for n in range(pushed)]
    cells = grid[0] * grid[1]
    labels = torch.zeros(1, 2, memory.slots, cells)
    known = torch.zeros(1, 2, memory.slots, dtype=torch.bool)
    of_frame = torch.from_numpy(rng.random((pushed, 2, cells))).float()
    there = torch.from_numpy(rng.random((pushed, 2)) < 0.7)
    anchors = [bool(n == 0 or rng.random() < 0.3) for n in range(pushed)]
    for n, frame in enumerate(frames):
        turnover = memory.push(unit_features(frame), anchors[n], 1.0)
        labels = turnover.of(labels, of_frame[None, n])
        known = turnover.of(known, there[None, n])
    ages = [1]
    for wanted in recent:  # the nearest that is older than the one before, if there is one
        ages.append(min(pushed, max(ages[-1] + 1, round(wanted))))
    seen = {age - 1: pushed - age for age in ages}
    if anchor:
        seen[memory.slots - 1] = max(n for n, is_one in enumerate(anchors) if is_one)
    now = features(seed, *grid)
    carried, known_there = memory.match(unit_features(now), 1.0).carry(labels, known)
    assert known_there[0].tolist() == [
        any(bool(there[n, track]) for n in seen.values()) for track in (0, 1)
    ]
    for track in (0, 1):
        expected = naive.carry(
            {slot: frames[n].numpy() for slot, n in seen.items()},
            {
                slot: of_frame[n, track].numpy().reshape(grid)
                for slot, n in seen.items()
                if there[n, track]
            },
            now.numpy(),
            neighbours,
            radius,
            0.07,
        )
        np.testing.assert_allclose(carried[0, track].numpy(), expected, atol=2e-3)


def test_votes_are_shares_of_near_cells() -> None:
    memory = FeatureMemory(MemoryConfig((2.0,), reach_sides=2 / 9, neighbours=6))
    for n in range(3):
        memory.push(unit_features(features(n, 6, 9)), n == 0, 1.0)
    votes = memory.match(unit_features(features(9, 6, 9)), 1.0)
    torch.testing.assert_close(votes.weights.sum(1), torch.ones(54))
    assert set(votes.slots.unique().tolist()) <= {0, 1, memory.slots - 1}
    own = torch.arange(54)[:, None]
    assert int((votes.cells // 9 - own // 9).abs().max()) <= 2
    assert int((votes.cells % 9 - own % 9).abs().max()) <= 2


@pytest.mark.parametrize("shift", [(0, 0), (0, 2), (1, -3), (-2, 1)])
def test_a_mask_moves_with_the_picture(shift: tuple[int, int]) -> None:
    wide = features(3, 20, 24, channels=64)
    dy, dx = shift
    before, now = wide[:, 5:15, 5:19], wide[:, 5 + dy : 15 + dy, 5 + dx : 19 + dx]
    mask = torch.zeros(10, 14)
    mask[3:6, 5:9] = 1
    memory = FeatureMemory(MemoryConfig((), reach_sides=5 / 14, temperature=0.01))
    memory.push(unit_features(before), True, 1.0)
    labels, known = mask.flatten().expand(1, 1, 2, -1), torch.ones(1, 1, 2, dtype=torch.bool)
    carried, _ = memory.match(unit_features(now), 1.0).carry(labels, known)
    expected = torch.zeros(10, 14)
    expected[3 - dy : 6 - dy, 5 - dx : 9 - dx] = 1
    # Every cell that was in the frame before finds itself.
    inside = (slice(max(0, -dy), 10 - max(0, dy)), slice(max(0, -dx), 14 - max(0, dx)))
    torch.testing.assert_close(carried[0, 0][inside], expected[inside], atol=1e-3, rtol=0)


def test_nothing_moves_further_than_the_radius() -> None:
    wide = features(4, 6, 30, channels=64)
    mask = torch.zeros(6, 20)
    mask[:, 2:5] = 1
    memory = FeatureMemory(MemoryConfig((), reach_sides=3 / 20, temperature=0.01))
    memory.push(unit_features(wide[:, :, 8:28]), True, 1.0)
    labels, known = mask.flatten().expand(1, 1, 2, -1), torch.ones(1, 1, 2, dtype=torch.bool)
    carried, _ = memory.match(unit_features(wide[:, :, 0:20]), 1.0).carry(labels, known)
    assert float(carried[0, 0][:, 8:].max()) == 0  # it is 8 cells further, out of reach


def test_a_label_that_is_not_known_is_zero() -> None:
    memory = FeatureMemory(MemoryConfig(()))
    memory.push(unit_features(features(0, 4, 4)), True, 1.0)
    labels = torch.ones(1, 2, 2, 16)
    known = torch.tensor([[[False, False], [True, True]]])
    carried, known_there = memory.match(unit_features(features(1, 4, 4)), 1.0).carry(
        labels, known
    )
    assert known_there.tolist() == [[False, True]]
    assert float(carried[0, 0].abs().max()) == 0
    torch.testing.assert_close(carried[0, 1], torch.ones(4, 4))


def test_the_ring_and_the_anchor() -> None:
    memory = FeatureMemory(MemoryConfig((8.0,)))
    assert (memory.depth, memory.slots) == (8, 9)
    assert memory.empty
    labels = torch.full((1, 1, 9, 1), -1.0)
    for n in range(11):
        anchor = n in (0, 2)
        turnover = memory.push(unit_features(features(n, 2, 2)), anchor, 1.0)
        labels = turnover.of(labels, torch.full((1, 1, 1), float(n)))
    assert not memory.empty
    held = (10, 9, 8, 7, 6, 5, 4, 3, 2)
    assert labels.flatten().tolist() == list(held)
    for slot, number in enumerate(held):
        torch.testing.assert_close(
            memory._keys[slot], unit_features(features(number, 2, 2)).flatten(1)
        )
    memory.clear()
    assert memory.empty


@given(
    rate=st.sampled_from([1.0, 3.0, 6.0, 12.0, 24.0, 25.0, 30.0, 50.0, 60.0, 120.0]),
    recent=st.sampled_from([(1 / 6, 1 / 3), (4 / 3, 8 / 3), (0.5,)]),
    frames=st.integers(1, 400),
)
@settings(deadline=None, max_examples=60)
def test_times_are_those_of_any_rate(
    rate: float, recent: tuple[float, ...], frames: int
) -> None:
    """Frames that are remembered lie in seconds, not in frames, and the wanted ones are found
    as well as the rate allows."""
    memory = FeatureMemory(MemoryConfig(recent))
    labels = torch.full((1, 1, memory.slots, 1), -1.0)
    cell = torch.ones(1, 1, 1)
    for n in range(frames):
        turnover = memory.push(cell, n == 0, 1 / rate)
        labels = turnover.of(labels, torch.full((1, 1, 1), float(n)))
    slots = memory._wanted(1 / rate)
    ages = [(frames - float(labels[0, 0, slot, 0])) / rate for slot in slots]
    assert ages[0] == pytest.approx(1 / rate)  # the last frame, always
    assert ages == sorted(set(ages))
    for place, age in enumerate(ages[1:]):
        wanted = min(recent[place], frames / rate)
        # Not older than the frame after the wanted one or the one before it, and no younger
        # than two thirds of it.
        assert age <= max(wanted, ages[place] + 1 / rate) + 1 / rate + memory.spacing / 2
        assert age >= min(wanted * 2 / 3, frames / rate)


def test_at_24_frames_a_second_every_frame_counts() -> None:
    """The default looks up the frames that are 1, 4 and 8 frames old, jitter of a file's times
    or not; ``fast`` the same of its keyframes."""
    rng = np.random.default_rng(0)
    for recent, step in (((1 / 6, 1 / 3), 1 / 24), ((1.333, 2.667), 0.333)):
        memory = FeatureMemory(MemoryConfig(recent))
        for n in range(20):
            memory.push(torch.ones(1, 1, 1), n == 0, step + rng.uniform(-0.001, 0.001))
        assert memory._wanted(step) == [0, 3, 7]


@pytest.mark.parametrize("scale", [1.0, 1.5, 2.25])
@pytest.mark.parametrize("frame", [(480, 854), (720, 540), (300, 300)])
def test_reach_is_a_part_of_the_picture(frame: tuple[int, int], scale: float) -> None:
    """The same cells whatever the size of the frame, and the same part of finer grids."""
    reach = MemoryConfig().reach_sides
    height, width = (round(side * scale) for side in frame)
    size = cell_size(height, width, 512, 16)
    grid = (size[0] // 16, size[1] // 16)
    assert max(grid) == 32
    assert reach_in_cells(reach, grid) == 5
    finer = (round(grid[0] * scale), round(grid[1] * scale))
    assert reach_in_cells(reach, finer) / max(finer) == pytest.approx(reach, abs=0.5 / 32)


@pytest.mark.parametrize("recent", [(), (2.0,), (4.0, 8.0)])
@pytest.mark.parametrize("seconds", [0.05, 1.0, 3600.0])
def test_memory_never_grows(recent: tuple[float, ...], seconds: float) -> None:
    memory = FeatureMemory(MemoryConfig(recent))
    for n in range(200):
        memory.push(unit_features(features(n, 3, 3)), n % 7 == 0, seconds)
        assert len(memory._keys) == memory.slots
    assert sum(key.numel() for key in memory._keys if key is not None) == memory.slots * 72


def test_another_grid_after_clearing() -> None:
    memory = FeatureMemory(MemoryConfig(()))
    for grid in ((3, 5), (5, 3), (2, 2), (1, 1)):
        memory.clear()
        memory.push(unit_features(features(1, *grid)), True, 1.0)
        votes = memory.match(unit_features(features(1, *grid)), 1.0)
        assert votes.grid == grid
        assert votes.slots.shape[0] == grid[0] * grid[1]


def test_unit_features() -> None:
    given_features = features(5, 3, 4)
    expected = naive.unit(given_features.numpy())
    np.testing.assert_allclose(unit_features(given_features).numpy(), expected, atol=1e-6)
    assert not unit_features(torch.ones(4, 2, 2)).any()  # all cells alike: none says anything


@given(
    seed=st.integers(0, 1000),
    grid=st.sampled_from([(1, 1), (1, 70), (40, 3), (33, 34), (20, 70)]),
    neighbours=st.integers(1, 60),
    radius=st.integers(1, 7),
)
@settings(deadline=None, max_examples=15)
def test_parts_of_a_frame_find_what_the_whole_frame_does(
    seed: int, grid: tuple[int, int], neighbours: int, radius: int
) -> None:
    """Above 32 cells a side a frame is compared in parts. The anchor is the newest frame too,
    so every cosine is there twice."""
    memory = FeatureMemory(MemoryConfig((2.0,), True, neighbours, sides(radius, grid)))
    radius = min(radius, max(grid))
    frames = [unit_features(features(seed + n, *grid)) for n in range(3)]
    memory.push(frames[0], False, 1.0)
    memory.push(frames[1], True, 1.0)
    votes = memory.match(frames[2], 1.0)
    keys = [frames[1], frames[0], frames[1]]
    slots, cells, values, weights = dense_memory.match(
        frames[2], keys, neighbours, radius, memory.config.temperature
    )
    torch.testing.assert_close(votes.weights, weights, atol=1e-5, rtol=1e-4)
    cosines = torch.stack(
        [(frames[2].flatten(1) * 1.0).T @ key.flatten(1) for key in (frames[1], frames[0])]
    )
    frame_of = {0: 0, 1: 1, memory.slots - 1: 0}
    chosen = torch.tensor([[frame_of[int(slot)] for slot in row] for row in votes.slots])
    own = torch.arange(grid[0] * grid[1])[:, None]
    found = cosines[chosen, own, votes.cells]
    real = votes.weights > 0
    torch.testing.assert_close(found[real], values[real], atol=1e-5, rtol=0)
    near = (votes.cells // grid[1] - own // grid[1]).abs().le(radius)
    near &= (votes.cells % grid[1] - own % grid[1]).abs().le(radius)
    assert near[real].all()
    pairs = votes.slots * grid[0] * grid[1] + votes.cells
    for row, mask in zip(pairs, real, strict=True):
        assert len(row[mask].unique()) == int(mask.sum())
    labels = torch.rand(
        1, 1, 2, grid[0] * grid[1], generator=torch.Generator().manual_seed(seed)
    )
    held = torch.stack([labels[:, :, 0]] + [labels[:, :, 1]] * 7 + [labels[:, :, 0]], 2)
    carried, _ = votes.carry(held, torch.ones(1, 1, 9, dtype=torch.bool))
    expected = (labels[0, 0, torch.tensor([0, 1, 0])[slots], cells] * weights).sum(1)
    torch.testing.assert_close(carried.flatten(), expected, atol=1e-4, rtol=0)


def test_memory_of_matching_is_bounded() -> None:
    """The largest tensor of a comparison does not grow with the frame."""
    largest = []
    for side in (32, 64, 96):
        memory = FeatureMemory(MemoryConfig(()))
        memory.push(unit_features(features(0, side, side)), True, 1.0)
        with LargestTensor() as seen:
            memory.match(unit_features(features(1, side, side)), 1.0)
        largest.append(seen.elements)
    whole = 96**2 * 2 * 96**2
    assert max(largest) < whole / 20
    assert largest[2] < 4 * largest[0]
