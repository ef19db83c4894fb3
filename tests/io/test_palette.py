import numpy as np

from car_video.io.palette import (
    davis_palette,
    oklab_to_rgb,
    overlay_colours,
    overlay_palette,
    rgb_to_oklab,
)

# The first entries of the palette in DAVIS and PASCAL VOC annotation files.
VOC = [
    (0, 0, 0), (128, 0, 0), (0, 128, 0), (128, 128, 0), (0, 0, 128), (128, 0, 128),
    (0, 128, 128), (128, 128, 128), (64, 0, 0), (192, 0, 0), (64, 128, 0), (192, 128, 0),
    (64, 0, 128), (192, 0, 128), (64, 128, 128), (192, 128, 128), (0, 64, 0), (128, 64, 0),
    (0, 192, 0), (128, 192, 0), (0, 64, 128),
]  # fmt: skip


def test_davis_palette_is_that_of_the_annotations():
    assert [tuple(c) for c in davis_palette()[:21].tolist()] == VOC
    assert tuple(davis_palette()[255].tolist()) == (224, 224, 192)
    assert len(np.unique(davis_palette(), axis=0)) == 256


def test_oklab_round_trip_and_known_values():
    colours = np.random.default_rng(0).integers(0, 256, (200, 3)).astype(np.uint8)
    back = np.rint(oklab_to_rgb(rgb_to_oklab(colours)) * 255)
    np.testing.assert_array_equal(back, colours)
    # Ottosson's page: white is (1, 0, 0), sRGB red is about (0.628, 0.225, 0.126)
    white, red = rgb_to_oklab(np.array([[255, 255, 255], [255, 0, 0]], np.uint8))
    np.testing.assert_allclose(white, (1, 0, 0), atol=1e-3)
    np.testing.assert_allclose(red, (0.628, 0.225, 0.126), atol=1e-3)


def test_overlay_colours_keep_the_hue_and_are_bright_and_distinct():
    davis, overlay = rgb_to_oklab(davis_palette()[1:]), rgb_to_oklab(overlay_palette()[1:])
    assert overlay[:, 0].min() > 0.45
    vivid = np.hypot(davis[:, 1], davis[:, 2]) > 0.05
    hues = [np.arctan2(lab[vivid, 2], lab[vivid, 1]) for lab in (davis, overlay)]
    turn = np.abs((hues[0] - hues[1] + np.pi) % (2 * np.pi) - np.pi)
    assert turn.max() < 0.1  # radians; rounding to 8 bits moves a hue a little
    first = overlay[:8]
    apart = np.linalg.norm(first[:, None] - first[None], axis=-1)[~np.eye(8, dtype=bool)]
    assert apart.min() > 0.1  # OKLab distance; 0.02 is just noticeable


def test_overlay_colours_repeat_after_the_palette():
    colours = overlay_colours(300)
    np.testing.assert_array_equal(colours[0], overlay_palette()[1])
    np.testing.assert_array_equal(colours[255:], colours[:45])
