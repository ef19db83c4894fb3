from fractions import Fraction

import av
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image

from car_video.io.writers.cutout import CutoutImageWriter, CutoutVideoWriter, cut_out
from car_video.types import FramePrediction
from tests.io.writers.media import Done, frame, info, prediction


def decode_with_alpha(path):
    """FFmpeg's own VP9 decoder drops alpha; libvpx keeps it."""
    decoder = av.CodecContext.create("libvpx-vp9", "r")
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert stream.codec_context.name == "vp9"
        times, pictures = [], []
        for packet in container.demux(stream):
            for picture in decoder.decode(packet if packet.size else None):
                assert picture.format.name == "yuva420p"
                times.append(float(picture.pts * stream.time_base))
                pictures.append(picture.to_ndarray(format="rgba"))
        return stream.average_rate, times, pictures


def test_video_is_opaque_where_the_masks_are(tmp_path):
    path = tmp_path / "cutout.webm"
    writer = CutoutVideoWriter(path)
    writer.open(info())
    for index in range(10):
        writer.write(frame(index, 96, 128), prediction(index, 96, 128))
    writer.close()
    assert writer.paths() == [path]
    rate, times, pictures = decode_with_alpha(path)
    assert rate == Fraction(25)
    np.testing.assert_allclose(times, np.arange(10) / 25, atol=1e-3)
    for index, picture in enumerate(pictures):
        matte = prediction(index, 96, 128).masks.any(axis=0)
        alpha = picture[..., 3].astype(int)
        assert np.abs(alpha - 255 * matte).mean() < 6  # lossy
        colour = frame(index, 96, 128).image.astype(int)
        assert np.abs(picture[..., :3].astype(int) - colour)[matte].mean() < 12
        assert picture[..., :3][~matte].mean() < 12  # what was cut away is not in the file


def test_odd_size_and_no_frames(tmp_path):
    writer = CutoutVideoWriter(tmp_path / "a.webm")
    writer.open(info())
    writer.write(frame(0, 51, 77), prediction(0, 51, 77))
    writer.close()
    assert decode_with_alpha(tmp_path / "a.webm")[2][0].shape == (52, 78, 4)
    empty = CutoutVideoWriter(tmp_path / "b.webm")
    empty.open(info())
    empty.close()
    assert empty.paths() == []


def test_images_are_exact(tmp_path):
    writer = CutoutImageWriter(tmp_path / "cutout", Done(), tmp_path / "masks")
    writer.open(info(still=True))
    writer.write(frame(3), prediction(3))
    with Image.open(tmp_path / "cutout" / "00003.png") as image:
        got = np.asarray(image)
    matte = prediction(3).masks.any(axis=0)
    np.testing.assert_array_equal(got[..., 3], 255 * matte)
    np.testing.assert_array_equal(got[..., :3][matte], frame(3).image[matte])
    assert not got[~matte].any()


@settings(deadline=None, max_examples=40)
@given(
    hnp.arrays(bool, st.tuples(st.integers(1, 3), st.integers(1, 12), st.integers(1, 12))),
    st.integers(0, 4),
)
def test_colour_reaches_just_as_far_as_asked(masks, bleed):
    count, height, width = masks.shape
    found = FramePrediction(
        0, 0.0, ("x",) * count, masks, np.ones(count, np.float32), np.ones(count, bool)
    )
    image = np.full((height, width, 3), 200, np.uint8)
    got = cut_out(image, found, bleed)
    matte = masks.any(axis=0)
    np.testing.assert_array_equal(got[..., 3] == 255, matte)
    for y in range(height):
        for x in range(width):
            rows, columns = (
                slice(max(0, y - bleed), y + bleed + 1),
                slice(max(0, x - bleed), x + bleed + 1),
            )
            assert (got[y, x, 0] == 200) == matte[rows, columns].any()
