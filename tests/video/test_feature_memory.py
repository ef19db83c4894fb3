"""Feature memory against a loop over cells, and what it must do with pictures that move."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.utils._python_dispatch import TorchDispatchMode

from car_video.config.video import MemoryConfig
from car_video.video.feature_memory import FeatureMemory, unit_features
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


@given(
    seed=st.integers(0, 10_000),
    grid=st.sampled_from([(3, 4), (5, 5), (1, 6), (4, 7)]),
    recent=st.sampled_from([(1,), (1, 2), (1, 3), (2, 4), (4,)]),
    pushed=st.integers(1, 6),
    anchor=st.booleans(),
    neighbours=st.integers(1, 12),
    radius=st.integers(1, 4),
)
@settings(deadline=None, max_examples=40)
def test_is_the_naive_loop(
    seed: int,
    grid: tuple[int, int],
    recent: tuple[int, ...],
    pushed: int,
    anchor: bool,
    neighbours: int,
    radius: int,
) -> None:
    rng = np.random.default_rng(seed)
    memory = FeatureMemory(MemoryConfig(recent, anchor, neighbours, radius))
    frames = [features(seed + 1 + n, *grid) for n in range(pushed)]
    cells = grid[0] * grid[1]
    labels = torch.zeros(1, 2, memory.slots, cells)
    known = torch.zeros(1, 2, memory.slots, dtype=torch.bool)
    of_frame = torch.from_numpy(rng.random((pushed, 2, cells))).float()
    there = torch.from_numpy(rng.random((pushed, 2)) < 0.7)
    anchors = [bool(n == 0 or rng.random() < 0.3) for n in range(pushed)]
    for n, frame in enumerate(frames):
        memory.push(unit_features(frame), anchors[n])
        labels = memory.shift(labels, of_frame[None, n], anchors[n])
        known = memory.shift(known, there[None, n], anchors[n])
    ages = [age for age in recent if age <= pushed]
    seen = {age - 1: pushed - age for age in ages}
    if anchor:
        seen[memory.slots - 1] = max(n for n, is_one in enumerate(anchors) if is_one)
    if not seen:
        seen = {0: pushed - 1}  # nothing of a wanted age yet: the newest has to do
    now = features(seed, *grid)
    carried, known_there = memory.match(unit_features(now)).carry(labels, known)
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
    memory = FeatureMemory(MemoryConfig((1, 2), radius=2, neighbours=6))
    for n in range(3):
        memory.push(unit_features(features(n, 6, 9)), n == 0)
    votes = memory.match(unit_features(features(9, 6, 9)))
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
    memory = FeatureMemory(MemoryConfig((1,), temperature=0.01))
    memory.push(unit_features(before), True)
    labels, known = mask.flatten().expand(1, 1, 2, -1), torch.ones(1, 1, 2, dtype=torch.bool)
    carried, _ = memory.match(unit_features(now)).carry(labels, known)
    expected = torch.zeros(10, 14)
    expected[3 - dy : 6 - dy, 5 - dx : 9 - dx] = 1
    # Every cell that was in the frame before finds itself.
    inside = (slice(max(0, -dy), 10 - max(0, dy)), slice(max(0, -dx), 14 - max(0, dx)))
    torch.testing.assert_close(carried[0, 0][inside], expected[inside], atol=1e-3, rtol=0)


def test_nothing_moves_further_than_the_radius() -> None:
    wide = features(4, 6, 30, channels=64)
    mask = torch.zeros(6, 20)
    mask[:, 2:5] = 1
    memory = FeatureMemory(MemoryConfig((1,), radius=3, temperature=0.01))
    memory.push(unit_features(wide[:, :, 8:28]), True)
    labels, known = mask.flatten().expand(1, 1, 2, -1), torch.ones(1, 1, 2, dtype=torch.bool)
    carried, _ = memory.match(unit_features(wide[:, :, 0:20])).carry(labels, known)
    assert float(carried[0, 0][:, 8:].max()) == 0  # it is 8 cells further, out of reach


def test_a_label_that_is_not_known_is_zero() -> None:
    memory = FeatureMemory(MemoryConfig((1,)))
    memory.push(unit_features(features(0, 4, 4)), True)
    labels = torch.ones(1, 2, 2, 16)
    known = torch.tensor([[[False, False], [True, True]]])
    carried, known_there = memory.match(unit_features(features(1, 4, 4))).carry(labels, known)
    assert known_there.tolist() == [[False, True]]
    assert float(carried[0, 0].abs().max()) == 0
    torch.testing.assert_close(carried[0, 1], torch.ones(4, 4))


def test_the_ring_and_the_anchor() -> None:
    memory = FeatureMemory(MemoryConfig((1, 3)))
    assert (memory.depth, memory.slots) == (3, 4)
    assert memory.empty
    labels = torch.full((1, 1, 4, 1), -1.0)
    for n in range(6):
        anchor = n in (0, 2)
        memory.push(unit_features(features(n, 2, 2)), anchor)
        labels = memory.shift(labels, torch.full((1, 1, 1), float(n)), anchor)
    assert not memory.empty
    assert labels.flatten().tolist() == [5, 4, 3, 2]
    for slot, number in enumerate((5, 4, 3, 2)):
        torch.testing.assert_close(
            memory._keys[slot], unit_features(features(number, 2, 2)).flatten(1)
        )
    memory.clear()
    assert memory.empty


@pytest.mark.parametrize("recent", [(1,), (2,), (1, 4, 8)])
def test_memory_never_grows(recent: tuple[int, ...]) -> None:
    memory = FeatureMemory(MemoryConfig(recent))
    for n in range(30):
        memory.push(unit_features(features(n, 3, 3)), n % 7 == 0)
        assert len(memory._keys) == memory.slots
    assert sum(key.numel() for key in memory._keys if key is not None) == memory.slots * 72


def test_another_grid_after_clearing() -> None:
    memory = FeatureMemory(MemoryConfig((1,)))
    for grid in ((3, 5), (5, 3), (2, 2), (1, 1)):
        memory.clear()
        memory.push(unit_features(features(1, *grid)), True)
        votes = memory.match(unit_features(features(1, *grid)))
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
    memory = FeatureMemory(MemoryConfig((1, 2), True, neighbours, radius))
    frames = [unit_features(features(seed + n, *grid)) for n in range(3)]
    memory.push(frames[0], False)
    memory.push(frames[1], True)
    votes = memory.match(frames[2])
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
    carried, _ = votes.carry(
        torch.stack([labels[:, :, 0], labels[:, :, 1], labels[:, :, 0]], 2),
        torch.ones(1, 1, 3, dtype=torch.bool),
    )
    expected = (labels[0, 0, torch.tensor([0, 1, 0])[slots], cells] * weights).sum(1)
    torch.testing.assert_close(carried.flatten(), expected, atol=1e-4, rtol=0)


def test_memory_of_matching_is_bounded() -> None:
    """The largest tensor of a comparison does not grow with the frame."""
    largest = []
    for side in (32, 64, 96):
        memory = FeatureMemory(MemoryConfig((1,)))
        memory.push(unit_features(features(0, side, side)), True)
        with LargestTensor() as seen:
            memory.match(unit_features(features(1, side, side)))
        largest.append(seen.elements)
    whole = 96**2 * 2 * 96**2
    assert max(largest) < whole / 20
    assert largest[2] < 4 * largest[0]
