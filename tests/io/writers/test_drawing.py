import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from car_video.io.palette import overlay_colours
from car_video.io.writers.drawing import (
    border,
    border_thickness,
    draw_masks,
    draw_overlay,
    erode,
    fill,
)
from car_video.types import FramePrediction

masks_2d = hnp.arrays(bool, st.tuples(st.integers(1, 14), st.integers(1, 14)))


def make(masks, scores=None):
    count = len(masks)
    scores = np.linspace(0.9, 0.1, count) if scores is None else np.asarray(scores)
    names = tuple(f"thing {i}" for i in range(count))
    return FramePrediction(
        0, 0.0, names, np.asarray(masks), scores.astype(np.float32), np.ones(count, bool)
    )


def naive_border(mask, thickness):
    """Every pixel looks at its whole neighbourhood."""
    result = np.zeros_like(mask)
    for y, x in np.argwhere(mask):
        rows = slice(max(0, y - thickness), y + thickness + 1)
        columns = slice(max(0, x - thickness), x + thickness + 1)
        result[y, x] = not mask[rows, columns].all()
    return result


@settings(deadline=None, max_examples=80)
@given(masks_2d, st.integers(1, 9))
def test_border_equals_its_definition(mask, thickness):
    np.testing.assert_array_equal(border(mask, thickness), naive_border(mask, thickness))


def test_erode_by_nothing_is_a_copy():
    mask = np.eye(5, dtype=bool)
    result = erode(mask, 0)
    np.testing.assert_array_equal(result, mask)
    assert result is not mask


def test_border_ignores_the_edge_of_the_picture():
    assert not border(np.ones((20, 30), bool), 3).any()


@settings(deadline=None, max_examples=50)
@given(masks_2d, st.floats(0, 1), st.integers(0, 2**32 - 1))
def test_fill_blends_inside_and_leaves_the_rest(mask, opacity, seed):
    rng = np.random.default_rng(seed)
    image = rng.integers(0, 256, (*mask.shape, 3), dtype=np.uint8)
    colour = rng.integers(0, 256, 3, dtype=np.uint8)
    canvas = image.copy()
    fill(canvas, image, mask, colour, opacity)
    wanted = (1 - opacity) * image + opacity * colour.astype(float)
    assert np.abs(canvas[mask] - wanted[mask]).max(initial=0) <= 0.5 + 1e-6
    np.testing.assert_array_equal(canvas[~mask], image[~mask])


def naive_draw(image, prediction, opacity):
    """Pixel by pixel from the label map, then each border in order of score."""
    colours = overlay_colours(len(prediction.expressions)).astype(float)
    canvas, labels = image.astype(float), prediction.label_map()
    for y, x in np.argwhere(labels):
        canvas[y, x] = (1 - opacity) * image[y, x] + opacity * colours[labels[y, x] - 1]
    canvas = np.rint(canvas)
    order = sorted(range(len(colours)), key=lambda q: (prediction.scores[q], -q))
    for query in order:
        line = naive_border(prediction.masks[query], border_thickness(*labels.shape))
        canvas[line] = colours[query]
    return canvas


@settings(deadline=None, max_examples=40)
@given(
    hnp.arrays(bool, st.tuples(st.integers(1, 4), st.integers(1, 16), st.integers(1, 16))),
    st.lists(st.sampled_from([0.2, 0.5, 0.5, 0.9]), min_size=4, max_size=4),
    st.integers(0, 2**32 - 1),
)
def test_draw_masks_equals_the_slow_way(masks, scores, seed):
    image = np.random.default_rng(seed).integers(0, 256, (*masks.shape[1:], 3), np.uint8)
    prediction = make(masks, scores[: len(masks)])
    before = image.copy()
    drawn = draw_masks(image, prediction, 0.5)
    assert np.abs(drawn - naive_draw(image, prediction, 0.5)).max() <= 1  # rounding of halves
    np.testing.assert_array_equal(image, before)


def test_empty_masks_change_nothing_but_the_legend():
    image = np.full((240, 320, 3), 99, np.uint8)
    prediction = make(np.zeros((2, 240, 320), bool))
    np.testing.assert_array_equal(draw_masks(image, prediction), image)
    changed = (draw_overlay(image, prediction) != image).any(axis=2)
    assert changed[:40].any()
    assert not changed[100:].any()


def test_sizes_must_agree():
    with pytest.raises(ValueError, match="masks are 4x5"):
        draw_masks(np.zeros((5, 4, 3), np.uint8), make(np.zeros((1, 4, 5), bool)))


def test_thickness_grows_with_the_picture():
    assert [border_thickness(*s) for s in [(1, 1), (480, 854), (1080, 1920)]] == [1, 2, 5]
