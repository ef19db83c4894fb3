from __future__ import annotations

import itertools

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from car_video.io.readers.decoding.pixels import FrameConverter, on_white, upright
from car_video.io.readers.selection import Selection
from tests.io.readers.media import matrix


def upright_slowly(image: NDArray[np.uint8], stored: NDArray[np.int32]) -> NDArray[np.uint8]:
    """Every stored pixel goes where the matrix sends it, then all move to the origin."""
    a, b, c, d = (int(stored[place]) >> 16 for place in (0, 1, 3, 4))
    places = {}
    for y, x in itertools.product(*map(range, image.shape[:2])):
        places[a * x + c * y, b * x + d * y] = image[y, x]
    left = min(x for x, _ in places)
    top = min(y for _, y in places)
    width = max(x for x, _ in places) - left + 1
    height = max(y for _, y in places) - top + 1
    shown = np.zeros((height, width, image.shape[2]), np.uint8)
    for (x, y), value in places.items():
        shown[y - top, x - left] = value
    return shown


TURNS = [
    (p, 0, 0, q) if straight else (0, p, q, 0)
    for straight in (True, False)
    for p in (1, -1)
    for q in (1, -1)
]


@pytest.mark.parametrize("turn", TURNS)
def test_every_turn_and_mirror_goes_where_the_matrix_says(
    turn: tuple[int, int, int, int],
) -> None:
    image = np.arange(5 * 3 * 3, dtype=np.uint8).reshape(3, 5, 3)
    shown = upright(image, matrix(*turn))
    assert np.array_equal(shown, upright_slowly(image, matrix(*turn)))
    assert shown.flags.c_contiguous


def test_a_quarter_turn_is_the_one_that_phones_write() -> None:
    image = np.zeros((2, 3, 3), np.uint8)
    image[0, 0] = 9  # top left as stored: top right after a turn clockwise
    assert upright(image, matrix(0, 1, -1, 0))[0, 1].tolist() == [9, 9, 9]


def test_other_angles_go_to_the_nearest_quarter() -> None:
    image = np.arange(12, dtype=np.uint8).reshape(2, 2, 3)
    tilted = np.array([65000, 8000, 0, -8000, 65000, 0, 0, 0, 1 << 30], np.int32)
    assert np.array_equal(upright(image, tilted), image)


def test_on_white_is_the_rounded_blend() -> None:
    random = np.random.default_rng(0)
    rgba = random.integers(0, 256, (40, 30, 4), dtype=np.uint8)
    rgba[0, :, 3], rgba[1, :, 3] = 0, 255
    alpha = rgba[..., 3:] / 255
    exact = rgba[..., :3] * alpha + 255 * (1 - alpha)
    blend = on_white(rgba)
    assert np.abs(blend - exact).max() <= 0.5 + 1e-9
    assert (blend[0] == 255).all()
    assert np.array_equal(blend[1], rgba[1, :, :3])


@pytest.mark.parametrize("kind", ["rgb24", "gray", "rgba", "bgr0", "rgb48le", "gray16le"])
@pytest.mark.parametrize("size", [None, 20, 1])
def test_converter_gives_plain_rgb_of_the_wanted_size(kind: str, size: int | None) -> None:
    source = av.VideoFrame.from_ndarray(np.full((33, 57, 3), 119, np.uint8), format="rgb24")
    convert = FrameConverter(Selection(size=size))
    image, own = convert(source.reformat(format=kind))
    assert own == (57, 33)
    assert image.shape == {None: (33, 57, 3), 20: (12, 20, 3), 1: (1, 1, 3)}[size]
    assert image.dtype == np.uint8
    assert image.flags.c_contiguous
    assert image.flags.writeable
    assert np.abs(image.astype(int) - 119).max() <= 1


def test_one_converter_takes_frames_of_changing_size_and_format() -> None:
    convert = FrameConverter(Selection())
    for width, height, kind in ((64, 48, "yuv420p"), (101, 57, "yuv420p"), (1, 1, "gray")):
        frame = av.VideoFrame.from_ndarray(
            np.full((height, width, 3), 200, np.uint8), format="rgb24"
        ).reformat(format=kind)
        image, own = convert(frame)
        assert own == (width, height)
        assert np.abs(image.astype(int) - 200).max() <= 2


def test_shrinking_averages() -> None:
    fine = np.zeros((40, 40, 3), np.uint8)
    fine[::2] = 255
    frame = av.VideoFrame.from_ndarray(fine, format="rgb24")
    image, _ = FrameConverter(Selection(size=10))(frame)
    assert np.abs(image.astype(int) - 127).max() <= 2
