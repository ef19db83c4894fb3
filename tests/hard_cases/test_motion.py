import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.hard_cases.motion import camera, path_points, shift, turn, wobble

SIZE = (854, 480)


def test_turn_is_clockwise_on_screen_and_scales():
    assert turn(90, 2.0) @ [1, 0, 1] == pytest.approx([0, 2, 1])
    assert shift(3, -4) @ [1, 1, 1] == pytest.approx([4, -3, 1])


@settings(deadline=None, max_examples=50)
@given(
    st.lists(st.tuples(st.floats(-500, 1500), st.floats(-500, 1500)), min_size=2, max_size=6)
)
def test_a_path_meets_its_points_and_never_overshoots(places):
    points = [(10.0 * n, x, y) for n, (x, y) in enumerate(places)]
    met = path_points(points, np.array([p[0] for p in points]))
    assert met == pytest.approx(np.array(places))
    dense = path_points(points, np.linspace(-20, 10 * len(points) + 20, 301))
    assert (dense >= np.min(places, 0) - 1e-6).all()
    assert (dense <= np.max(places, 0) + 1e-6).all()


def test_a_path_rests_at_its_ends():
    points = [(0.0, 5.0, 6.0), (4.0, 9.0, 8.0)]
    assert path_points(points, np.array([-3.0, 99.0])) == pytest.approx(
        np.array([[5, 6], [9, 8]])
    )
    assert path_points(points[:1], np.array([0.0, 7.0])) == pytest.approx(
        np.array([[5, 6]] * 2)
    )


def test_wobble_is_slight():
    walks = np.array([wobble(t, 0.4) for t in range(100)])
    assert np.abs(walks[:, 0]).max() <= 1.2
    assert np.abs(walks[:, 1]).max() <= 1.5
    assert np.abs(walks[:, 2] - 1).max() <= 0.025
    assert walks.std(0).min() > 0


@pytest.mark.parametrize("shake", [False, True])
@pytest.mark.parametrize("seed", range(5))
def test_the_border_of_the_picture_never_shows(shake, seed):
    matrices = camera(48, SIZE, shake, np.random.default_rng(seed))
    corners = np.array([(x, y, 1.0) for x in (0, SIZE[0]) for y in (0, SIZE[1])]).T
    sources = (np.linalg.inv(matrices) @ corners)[:, :2]
    assert sources.min() >= 0
    assert (sources <= np.array(SIZE)[:, None]).all()


def test_a_shaking_camera_moves_by_fifteen_pixels_and_a_held_one_by_three():
    middle = np.array([SIZE[0] / 2, SIZE[1] / 2, 1.0])
    for shake, reach in ((True, 15.0), (False, 3.0)):
        moved = camera(48, SIZE, shake, np.random.default_rng(0)) @ middle - middle
        assert np.abs(moved).max() == pytest.approx(reach)
        steps = np.abs(np.diff(moved, axis=0)).max()
        assert steps > 8 if shake else steps < 2
