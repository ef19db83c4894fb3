from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from car_video.video.tracking.motion import block_flow, reach_pixels


def _texture(height, width, seed=0):
    noise = np.random.default_rng(seed).random((height, width))
    smooth = ndimage.gaussian_filter(noise, 2)
    return ((smooth - smooth.min()) / np.ptp(smooth) * 255).astype(np.uint8)


@pytest.mark.parametrize("shift", [(0, 0), (3, -5), (-7, 4), (0, 9)])
def test_finds_a_translation(shift):
    wide = _texture(180, 240)
    dy, dx = shift
    previous = wide[20:160, 20:220]
    current = wide[20 + dy : 160 + dy, 20 + dx : 220 + dx]  # content moves by (-dy, -dx)
    flow = block_flow(previous, current)
    assert flow.shape == (2, 140, 200)
    assert flow.dtype == np.float32
    inner = flow[:, 15:-15, 15:-15]
    error = np.abs(inner - np.array([dy, dx]).reshape(2, 1, 1)).max(axis=0)
    assert np.mean(error == 0) > 0.8
    assert np.mean(error <= 2) > 0.99


def test_an_object_moves_over_a_still_background():
    previous = _texture(120, 160)
    thing = _texture(40, 50, seed=1)
    current = previous.copy()
    previous[40:80, 30:80] = thing
    current[42:82, 35:85] = thing
    flow = block_flow(
        np.repeat(previous[..., None], 3, axis=2), np.repeat(current[..., None], 3, 2)
    )
    inside = flow[:, 50:74, 43:77]
    error = np.abs(inside - np.array([-2, -5]).reshape(2, 1, 1)).max(axis=0)
    assert np.mean(error == 0) > 0.8
    assert np.mean(error <= 2) > 0.99
    assert np.mean(np.all(flow[:, 95:, :] == 0, axis=0)) > 0.99


def test_no_motion_where_nothing_can_be_seen():
    flat = np.full((50, 70, 3), 90, np.uint8)
    assert not block_flow(flat, flat).any()
    assert not block_flow(flat, flat + 7).any()


def test_odd_and_tiny_frames():
    for shape in [(101, 203), (7, 5), (1, 1)]:
        image = _texture(*shape) if min(shape) > 1 else np.zeros(shape, np.uint8)
        assert block_flow(image, image).shape == (2, *shape)
        assert not block_flow(image, image).any()


def test_frames_must_be_of_one_size():
    with pytest.raises(ValueError, match="two sizes"):
        block_flow(np.zeros((4, 5), np.uint8), np.zeros((5, 4), np.uint8))


def test_reach():
    assert reach_pixels((480, 854)) == 49
