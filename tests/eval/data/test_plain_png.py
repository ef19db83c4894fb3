"""The quick PNG reader against Pillow: the same values, or it stands aside."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pytest
from car_video.eval.data import images, plain_png
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image

from car_video.errors import DataError

needs_deflate = pytest.mark.skipif(plain_png.deflate is None, reason="deflate is not installed")


@pytest.fixture(
    params=["zlib", pytest.param("deflate", marks=needs_deflate)], autouse=True, scope="module"
)
def inflater(request):
    """Every test with Python's zlib and, where it is installed, with libdeflate."""
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "zlib":
            patch.setattr(plain_png, "deflate", None)
        yield request.param


maps = arrays.arrays(
    np.uint8,
    st.tuples(st.integers(1, 40), st.integers(1, 40)),
    elements=st.sampled_from([0, 1, 2, 255]),
)


def png(labels: np.ndarray, mode: str = "P", **options: object) -> bytes:
    image = Image.fromarray(labels, "L")
    if mode == "P":
        image.putpalette([i for i in range(256) for _ in range(3)])
    file = io.BytesIO()
    image.convert(mode).save(file, "PNG", **options)
    return file.getvalue()


def chunk(name: bytes, body: bytes) -> bytes:
    checksum = struct.pack(">I", zlib.crc32(name + body))
    return struct.pack(">I", len(body)) + name + body + checksum


def grey(width: int, height: int, rows: bytes, *more: bytes) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    body = chunk(b"IDAT", zlib.compress(rows))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        (chunk(b"IHDR", header), *more, body, chunk(b"IEND", b""))
    )


@settings(deadline=None, max_examples=60)
@given(labels=maps, level=st.integers(0, 9))
def test_palette_maps_are_read_as_they_were_written(labels, level):
    found = plain_png.decode(png(labels, compress_level=level, bits=8))
    assert found is not None
    np.testing.assert_array_equal(found, labels)
    assert found.flags.c_contiguous


@settings(deadline=None, max_examples=60)
@given(labels=maps, where=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
def test_one_wrong_bit_is_never_another_map(labels, where, bit):
    data = bytearray(png(labels, bits=8))
    data[int(where * len(data))] ^= 1 << bit
    found = plain_png.decode(bytes(data))
    assert found is None or np.array_equal(found, labels)


@pytest.mark.parametrize("cut", [0, 5, 20, 40, -1, -13])
def test_cut_files_are_left_to_pillow(cut):
    data = png(np.arange(100, dtype=np.uint8).reshape(10, 10), bits=8)
    assert plain_png.decode(data[:cut]) is None


def test_what_it_does_not_know_is_left_to_pillow():
    rows = b"\0\1\2\0\3\4"
    assert plain_png.decode(grey(2, 2, rows)).tolist() == [[1, 2], [3, 4]]
    assert plain_png.decode(grey(2, 2, b"\0\1\2\2\3\4")) is None  # a filtered row
    assert plain_png.decode(grey(2, 2, rows + b"\0")) is None  # too long
    assert plain_png.decode(grey(2, 2, rows[:-1])) is None  # too short
    assert plain_png.decode(grey(2, 2, rows, chunk(b"acTL", bytes(8)))) is None  # animated
    assert plain_png.decode(grey(60_000, 60_000, rows)) is None  # a bomb
    labels = np.ones((3, 5), np.uint8)
    for mode in ("1", "RGB", "RGBA", "LA"):
        assert plain_png.decode(png(labels, mode)) is None


def test_label_maps_do_not_depend_on_the_reader(tmp_path):
    labels = np.random.default_rng(0).integers(0, 4, (30, 50), np.uint8)
    for mode in ("P", "L"):
        (tmp_path / "a.png").write_bytes(png(labels, mode))
        found = images.read_labels(tmp_path / "a.png")
        np.testing.assert_array_equal(found, labels)
        assert found.dtype == np.uint8
    (tmp_path / "a.png").write_bytes(png(labels)[:80])
    with pytest.raises(DataError, match="cannot decode"):
        images.read_labels(tmp_path / "a.png")
    with pytest.raises(DataError, match="is missing"):
        images.read_labels(tmp_path / "b.png")
