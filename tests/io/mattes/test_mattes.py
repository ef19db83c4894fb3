"""Soft edges, moved edges, and colours without spill."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from car_video.errors import ConfigError
from car_video.io.mattes import EdgeFilter, EdgeOptions, foreground_colours
from car_video.io.mattes.edges import grown, softened
from car_video.io.mattes.guided_filter import guided_filter


def slow_guided(
    guide: NDArray[np.float32], values: NDArray[np.float32], radius: int, epsilon: float
) -> NDArray[np.float64]:
    """A regression in the window around every pixel, and the mean of what each says."""
    height, width = values.shape
    guide, values = (
        np.pad(x, [(2 * radius, 2 * radius)] * 2 + [(0, 0)] * (x.ndim - 2), mode="edge")
        for x in (guide.astype(float), values.astype(float))
    )
    models = {}
    for y in range(radius, height + 3 * radius):
        for x in range(radius, width + 3 * radius):
            window = np.s_[y - radius : y + radius + 1, x - radius : x + radius + 1]
            colours, wanted = guide[window].reshape(-1, 3), values[window].ravel()
            middle = colours.mean(0)
            spread = (colours - middle).T @ (colours - middle) / len(colours)
            shared = (colours - middle).T @ wanted / len(colours)
            slope = np.linalg.solve(spread + epsilon * np.eye(3), shared)
            models[y, x] = slope, wanted.mean() - slope @ middle
    result = np.zeros((height, width))
    for y in range(2 * radius, height + 2 * radius):
        for x in range(2 * radius, width + 2 * radius):
            near = [
                models[min(max(a, 2 * radius), height + 2 * radius - 1),
                       min(max(b, 2 * radius), width + 2 * radius - 1)]
                for a in range(y - radius, y + radius + 1)
                for b in range(x - radius, x + radius + 1)
            ]  # fmt: skip
            says = [slope @ guide[y, x] + offset for slope, offset in near]
            result[y - 2 * radius, x - 2 * radius] = np.mean(says)
    return result


@pytest.mark.parametrize("radius", [1, 2])
def test_the_filter_is_a_regression_in_every_window(radius: int) -> None:
    rng = np.random.default_rng(radius)
    guide = rng.random((7, 9, 3), np.float32)
    values = (rng.random((7, 9)) > 0.5).astype(np.float32)
    found = guided_filter(guide, values, radius, 1e-2)
    np.testing.assert_allclose(found, slow_guided(guide, values, radius, 1e-2), atol=2e-4)


def strands(columns: int = 96) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """A bright block whose right side frays into half-covered pixels, before a dark wall."""
    alpha = np.zeros((96, columns), np.float32)
    alpha[20:76, 10:50] = 1
    alpha[20:76:4, 50:52] = 0.4
    front, back = np.array([230.0, 180.0, 40.0]), np.array([20.0, 40.0, 90.0])
    picture = alpha[..., None] * front + (1 - alpha[..., None]) * back
    return picture.round().astype(np.uint8), alpha


def test_soft_edges_are_nearer_to_the_truth_and_only_there() -> None:
    block = np.zeros((240, 320), np.float32)
    block[60:180, 80:240] = 1
    alpha = gaussian_filter(block, 2.5)  # an edge out of focus
    picture = alpha[..., None] * np.array([230, 180, 40]) + 20
    mask = alpha > 0.5
    found = softened(mask, picture.astype(np.float32) / 255)
    assert np.abs(found - alpha).sum() < 0.6 * np.abs(mask - alpha).sum()
    assert (found[90:150, 110:210] == 1).all()
    assert (found[:40] == 0).all()


@settings(max_examples=30, deadline=None)
@given(
    arrays(np.bool_, (24, 30)),
    arrays(np.uint8, (24, 30, 3)),
    st.integers(-4, 4),
    st.integers(0, 5),
    st.booleans(),
    st.booleans(),
)
def test_mattes_lie_between_0_and_1(
    mask: NDArray[np.bool_],
    image: NDArray[np.uint8],
    grow: int,
    feather: int,
    soft: bool,
    invert: bool,
) -> None:
    options = EdgeOptions(grow, soft, feather, invert)
    found = EdgeFilter(options).step(mask, image)
    assert found.dtype == np.float32
    assert found.shape == mask.shape
    assert float(found.min()) >= -1e-6
    assert float(found.max()) <= 1 + 1e-6
    mirrored = EdgeFilter(options).step(mask[:, ::-1], image[:, ::-1])
    np.testing.assert_allclose(mirrored[:, ::-1], found, atol=2e-2)
    if not (soft or feather):
        assert set(np.unique(found)) <= {0.0, 1.0}


def test_growing_and_shrinking_by_pixels() -> None:
    mask = np.zeros((20, 20), bool)
    mask[8:12, 0:12] = True  # leaves the picture on the left
    assert grown(mask, 0) is mask
    larger = grown(mask, 2)
    assert larger[6:14, 0:12].all()
    assert larger.sum() > mask.sum()
    assert not larger[:6].any()
    smaller = grown(mask, -1)
    assert smaller[9:11, 0:11].all()
    assert smaller.sum() == 2 * 11
    assert not grown(mask, -5).any()
    assert grown(~np.zeros((3, 3), bool), -2).all()
    assert not grown(np.zeros((3, 3), bool), 2).any()


def test_feathering_fades_and_inverting_turns_over() -> None:
    mask = np.zeros((40, 60), bool)
    mask[:, 30:] = True
    found = EdgeFilter(EdgeOptions(feather=6)).step(mask)
    assert (np.diff(found[20]) >= -1e-6).all()
    assert found[20, 29] == pytest.approx(0.5, abs=0.1)
    assert found[20, 24] == pytest.approx(0.03, abs=0.03)
    other = EdgeFilter(EdgeOptions(feather=6, invert=True)).step(mask)
    np.testing.assert_allclose(found + other, 1, atol=1e-6)


def test_what_stands_still_does_not_boil() -> None:
    picture, alpha = strands()
    rng = np.random.default_rng(0)
    steady, alone = EdgeFilter(EdgeOptions(soft=True)), []
    together = []
    for _ in range(5):
        noisy = np.clip(picture + rng.normal(0, 3, picture.shape), 0, 255).astype(np.uint8)
        together.append(steady.step(alpha > 0.5, noisy))
        alone.append(EdgeFilter(EdgeOptions(soft=True)).step(alpha > 0.5, noisy))
    boiling = [np.abs(np.diff(np.stack(frames), axis=0)).sum() for frames in (together, alone)]
    assert boiling[0] < 0.8 * boiling[1]
    moved = steady.step(np.roll(alpha > 0.5, 20, 1), np.roll(picture, 20, 1))
    fresh = EdgeFilter(EdgeOptions(soft=True)).step(
        np.roll(alpha > 0.5, 20, 1), np.roll(picture, 20, 1)
    )
    far = np.abs(moved - fresh)
    assert far[:, 30:].max() < 0.5  # what has moved is not held back
    assert steady.step(alpha[:50] > 0.5, picture[:50]).shape == (50, 96)  # another size


def test_colours_behind_the_object_are_taken_out() -> None:
    picture, alpha = strands()
    found = foreground_colours(picture, alpha)
    unsure = (alpha > 0) & (alpha < 1)
    front = np.array([230.0, 180.0, 40.0])
    before = np.abs(picture[unsure] - front).mean()
    assert np.abs(found[unsure] - front).mean() < 0.25 * before
    assert np.array_equal(found[~unsure], picture[~unsure])
    hard = (alpha > 0.5).astype(np.float32)
    assert foreground_colours(picture, hard) is picture


def test_what_makes_no_sense_is_refused() -> None:
    with pytest.raises(ConfigError, match="at most 500 pixels"):
        EdgeOptions(grow=-501)
    with pytest.raises(ConfigError, match="at most 500 pixels"):
        EdgeOptions(feather=-1)
    with pytest.raises(ConfigError, match="need the pictures of the source"):
        EdgeFilter(EdgeOptions(soft=True)).step(np.ones((4, 4), bool))
