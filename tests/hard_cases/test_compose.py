import numpy as np
import pytest
from PIL import Image

from tests.hard_cases.compose import matching_gain, paste, render
from tests.hard_cases.cutouts import cut, soft_edge, there_and_back, without_crumbs
from tests.hard_cases.motion import shift, turn

SIZE = (60, 40)


def square(colour=(200, 100, 50), side=10, alpha=255) -> Image.Image:
    return Image.new("RGBA", (side, side), (*colour, alpha))


def stage() -> tuple[np.ndarray, np.ndarray]:
    return np.full((40, 60, 3), 20, np.float32), np.full((40, 60), -1, np.int16)


def test_a_sprite_lies_where_its_matrix_says():
    canvas, owner = stage()
    paste(canvas, owner, render(square(), [shift(12, 7)], SIZE, 1.0), 3)
    truth = np.zeros((40, 60), bool)
    truth[7:17, 12:22] = True
    np.testing.assert_array_equal(owner == 3, truth)
    assert canvas[truth] == pytest.approx(np.broadcast_to([200, 100, 50], (100, 3)), abs=1)
    assert (canvas[~truth] == 20).all()


def test_the_owner_of_a_pixel_is_the_last_that_covers_half_of_it():
    canvas, owner = stage()
    for number, (picture, x) in enumerate(
        [(square(), 10), (square(), 15), (square(alpha=90), 5)]
    ):
        paste(canvas, owner, render(picture, [shift(x, 10)], SIZE, 1.0), number)
    assert [(owner == n).sum() for n in range(3)] == [50, 100, 0]
    assert canvas[12, 7] == pytest.approx(20 + 90 / 255 * np.array([180, 80, 30]), abs=1)


@pytest.mark.parametrize(("x", "inside"), [(-5, 50), (55, 50), (-40, 0), (300, 0)])
def test_the_border_cuts_but_the_whole_is_remembered(x, inside):
    canvas, owner = stage()
    patch = render(square(), [shift(x, 10)], SIZE, 1.0)
    paste(canvas, owner, patch, 0)
    assert (owner == 0).sum() == inside
    assert patch.whole_area == pytest.approx(100)


def test_the_whole_area_follows_the_scale():
    assert render(square(), [turn(30, 1.5)], SIZE, 1.0).whole_area == pytest.approx(225)


def test_blur_spreads_a_sprite_and_keeps_its_weight():
    sharp = render(square(), [shift(20, 10)], SIZE, 1.0)
    blurred = render(square(), [shift(x, 10) for x in (14, 20, 26)], SIZE, 1.0)
    assert blurred.alpha.sum() == pytest.approx(sharp.alpha.sum())
    assert (blurred.alpha > 0).sum() == 220


def test_gain_never_makes_colours_overflow():
    patch = render(square((250, 10, 10)), [shift(5, 5)], SIZE, 1.25)
    assert patch.colour.max() == 255
    assert patch.colour[..., 1].max() == pytest.approx(12.5)


def test_gain_goes_towards_the_surroundings_within_bounds():
    grey = Image.new("RGB", (64, 36), (100, 100, 100))
    assert matching_gain(square((100, 100, 100)), grey) == pytest.approx(1)
    assert 0.8 < matching_gain(square((130, 130, 130)), grey) < 1
    assert matching_gain(square((2, 2, 2)), grey) == pytest.approx(1.25)
    assert matching_gain(square((255, 255, 255)), Image.new("RGB", (64, 36))) == pytest.approx(
        0.8
    )


def test_a_cut_out_is_cropped_with_a_soft_edge_inside_its_mask():
    mask = np.zeros((30, 40), bool)
    mask[5:20, 10:30] = True
    alpha = soft_edge(mask)
    assert alpha[12, 20] == 255
    assert 0 < alpha[5, 20] < 127 < alpha[6, 20] < 255
    image = np.random.default_rng(0).integers(0, 255, (30, 40, 3), np.uint8)
    plain, mirrored = (np.array(cut(image, mask, flip)) for flip in (False, True))
    assert plain.shape == (15, 20, 4)
    np.testing.assert_array_equal(plain[..., :3], image[5:20, 10:30])
    np.testing.assert_array_equal(mirrored, plain[:, ::-1])


def test_what_touches_the_border_of_its_picture_has_no_hard_edge():
    assert soft_edge(np.pad(np.ones((10, 10), bool), 4))[4, 8] < 127


def test_there_and_back():
    assert [there_and_back(n, 4) for n in range(9)] == [0, 1, 2, 3, 2, 1, 0, 1, 2]
    assert there_and_back(17, 1) == 0


def test_crumbs_are_dropped_and_parts_are_kept():
    mask = np.zeros((20, 30), bool)
    mask[:10, :10], mask[12:15, 20:22], mask[18, 5] = True, True, True
    kept = mask.copy()
    kept[18, 5] = False
    np.testing.assert_array_equal(without_crumbs(mask), kept)
