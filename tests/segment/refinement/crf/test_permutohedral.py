"""The lattice against a dictionary and against the Gaussian it stands for."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from car_video.segment.refinement.crf.permutohedral import build_lattice
from tests.naive import crf as naive


def random_features(seed: int, dimensions: int, points: int, spread: float) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return (rng.standard_normal((dimensions, points)) * spread).astype(np.float32)


@settings(deadline=None, max_examples=40)
@given(
    seed=st.integers(0, 10**6),
    dimensions=st.integers(1, 6),
    points=st.integers(1, 25),
    spread=st.sampled_from([0.01, 0.5, 3.0, 30.0]),
)
def test_filter_equals_dictionary(
    seed: int, dimensions: int, points: int, spread: float
) -> None:
    features = random_features(seed, dimensions, points, spread)
    values = np.random.default_rng(seed + 1).random((3, points)).astype(np.float32)
    lattice = build_lattice(torch.from_numpy(features))
    got = lattice.filter(torch.from_numpy(values)).numpy()
    np.testing.assert_allclose(
        got, naive.lattice_filter(features, values), rtol=1e-4, atol=1e-5
    )


def test_ties_of_a_regular_grid_break_as_in_the_reference() -> None:
    y, x = np.mgrid[:7, :9].astype(np.float32)
    features = np.stack([x, y, 0 * x, 0 * x, 0 * x]).reshape(5, -1)  # black image
    values = np.random.default_rng(0).random((1, 63)).astype(np.float32)
    got = build_lattice(torch.from_numpy(features)).filter(torch.from_numpy(values)).numpy()
    np.testing.assert_allclose(got, naive.lattice_filter(features, values), rtol=1e-4)


def test_weights_are_barycentric() -> None:
    lattice = build_lattice(torch.from_numpy(random_features(3, 5, 1000, 5.0)))
    assert lattice.weights.min() > -1e-4
    torch.testing.assert_close(lattice.weights.sum(0), torch.ones(1000))
    assert int(lattice.corners.min()) == 0
    assert int(lattice.corners.max()) == lattice.vertices - 1


def test_neighbours_point_back() -> None:
    lattice = build_lattice(torch.from_numpy(random_features(4, 3, 400, 1.0)))
    count = lattice.vertices
    for before, after in lattice.neighbours:
        known = torch.nonzero(before < count).squeeze(1)
        assert torch.equal(after[before[known]], known)
        assert int((after < count).sum()) == len(known) > 0


@pytest.mark.slow
def test_close_to_the_true_gaussian() -> None:
    features = random_features(5, 2, 300, 1.0)
    values = np.random.default_rng(6).random((1, 300))
    exact = naive.gaussian_filter(features, values)
    exact /= naive.gaussian_filter(features, np.ones((1, 300)))
    lattice = build_lattice(torch.from_numpy(features))
    got = lattice.filter(torch.from_numpy(values).float())
    got = (got / lattice.filter(torch.ones(1, 300))).numpy()
    assert np.abs(got - exact).mean() < 0.02  # values spread over [0, 1]
    assert np.corrcoef(got[0], exact[0])[0, 1] > 0.95


def test_sets_of_a_batch_do_not_see_each_other() -> None:
    one, two = random_features(7, 3, 50, 1.0), random_features(8, 3, 50, 1.0)
    values = torch.rand(2, 100, generator=torch.Generator().manual_seed(0))
    both = build_lattice(torch.from_numpy(np.stack([one, two]))).filter(values)
    for half, features in ((slice(0, 50), one), (slice(50, 100), two)):
        alone = build_lattice(torch.from_numpy(features)).filter(values[:, half])
        torch.testing.assert_close(both[:, half], alone, rtol=1e-4, atol=1e-5)


def test_filter_is_symmetric_enough_and_linear() -> None:
    features = torch.from_numpy(random_features(9, 4, 200, 1.0))
    lattice = build_lattice(features)
    a, b = torch.rand(2, 200, generator=torch.Generator().manual_seed(1))
    summed = lattice.filter((2 * a + b)[None])
    torch.testing.assert_close(
        summed, 2 * lattice.filter(a[None]) + lattice.filter(b[None]), rtol=1e-4, atol=1e-4
    )


def test_gradient_flows_through_the_filter() -> None:
    lattice = build_lattice(torch.from_numpy(random_features(10, 2, 30, 1.0)))
    values = torch.rand(2, 30, requires_grad=True)
    lattice.filter(values)[0].sum().backward()
    assert values.grad is not None
    assert float(values.grad[0].min()) > 0
    assert float(values.grad[1].abs().max()) == 0


def test_no_channels() -> None:
    lattice = build_lattice(torch.rand(2, 5))
    assert lattice.filter(torch.zeros(0, 5)).shape == (0, 5)


def test_wrong_shape_and_too_many_cells_are_refused() -> None:
    lattice = build_lattice(torch.rand(2, 5))
    with pytest.raises(ValueError, match=r"want \[C, 5\]"):
        lattice.filter(torch.zeros(1, 6))
    with pytest.raises(ValueError, match="too many lattice cells"):
        build_lattice(torch.tensor([[0.0, 1e5]] * 6))
