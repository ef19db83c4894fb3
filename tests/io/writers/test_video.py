import os
from fractions import Fraction

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from car_video.errors import OutputError
from car_video.io.writers.overlay import H264
from car_video.io.writers.picture_shape import fit, pad_even
from car_video.io.writers.video import VideoEncoder, choose_encoder, grid_ticks, timescale
from tests.io.writers.media import frame, probe


def write(path, frames, fps=25.0, height=48, width=64):
    writer = VideoEncoder(path, H264, width, height, fps)
    for item in frames:
        writer.write(item.image, item.time)
    writer.close()
    return probe(path)


@pytest.mark.parametrize("fps", [25.0, 30000 / 1001, 24000 / 1001, 10.0, 12.5, 60.0])
def test_constant_rates_are_exact(tmp_path, fps):
    video = write(tmp_path / "a.mp4", [frame(i, fps=fps) for i in range(12)], fps)
    assert video.rate == Fraction(fps).limit_denominator(1001)
    assert video.duration == pytest.approx(12 / fps, abs=1e-4)
    np.testing.assert_allclose(video.times, np.arange(12) / fps, atol=1e-4)
    assert (video.codec, video.pix_fmt, video.size) == ("h264", "yuv420p", (64, 48))


def test_times_rounded_to_milliseconds_are_still_a_constant_rate(tmp_path):
    frames = [frame(i, fps=30) for i in range(20)]
    rounded = [type(f)(f.index, round(f.time, 3), f.image) for f in frames]
    assert write(tmp_path / "a.mp4", rounded, 30.0).rate == 30


def test_variable_rate_and_late_start_keep_their_times(tmp_path):
    times = [3.0, 3.04, 3.5, 3.51, 4.25]
    frames = [type(frame(0))(i, t, frame(i).image) for i, t in enumerate(times)]
    video = write(tmp_path / "a.mp4", frames)
    np.testing.assert_allclose(video.times, np.array(times) - 3.0, atol=2e-3)
    assert video.duration == pytest.approx(1.25 + 0.74, abs=2e-3)  # the last step again


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 6, 9])
def test_the_last_picture_stays_as_long_as_asked(tmp_path, count):
    """Also where the encoder reorders the last pictures."""
    writer = VideoEncoder(tmp_path / "a.mp4", H264, 64, 48, 0.5)
    for index in range(count):
        writer.write(frame(index).image, 2.0 * index)
    writer.close(end=2.0 * count + 1)
    video = probe(tmp_path / "a.mp4")
    assert len(video.times) == count
    assert video.duration == pytest.approx(2 * count + 1, abs=1e-3)
    with av.open(str(tmp_path / "a.mp4")) as container:
        assert container.duration / av.time_base == pytest.approx(2 * count + 1, abs=1e-3)


@pytest.mark.parametrize("fps", [24.0, 240.0, 2000.0, 5000.0, 100_000.0])
@pytest.mark.parametrize("count", [1, 5, 13])
def test_players_show_every_picture_at_any_rate(tmp_path, fps, count):
    """Decoders leave out what lies beyond the end of the edit list."""
    write(tmp_path / "a.mp4", [frame(i, fps=fps) for i in range(count)], fps)
    with av.open(str(tmp_path / "a.mp4")) as container:
        assert not any(packet.is_discard for packet in container.demux() if packet.size)
        stream = container.streams.video[0]
        assert float(stream.duration * stream.time_base) == pytest.approx(count / fps)
    with av.open(str(tmp_path / "a.mp4")) as container:
        assert len(list(container.decode(video=0))) == count


def test_times_that_stand_still_move_on(tmp_path):
    frames = [type(frame(0))(i, 1.0, frame(i).image) for i in range(5)]
    video = write(tmp_path / "a.mp4", frames)
    assert len(video.times) == 5
    assert (np.diff(video.times) > 0).all()


@pytest.mark.parametrize("size", [(1, 1), (1, 2), (3, 5), (17, 31), (121, 64)])
def test_odd_sizes_grow_by_one(tmp_path, size):
    height, width = size
    frames = [frame(i, height, width) for i in range(3)]
    video = write(tmp_path / "a.mp4", frames, height=height, width=width)
    assert video.size == (width + width % 2, height + height % 2)
    assert len(video.times) == 3


def test_colours_survive(tmp_path):
    image = np.zeros((64, 64, 3), np.uint8)
    image[:32, :32], image[:32, 32:] = (236, 67, 52), (15, 196, 12)
    image[32:, :32], image[32:, 32:] = (42, 101, 255), (255, 255, 255)
    writer = VideoEncoder(tmp_path / "a.mp4", H264, 64, 64, 25.0)
    writer.write(image, 0.0)
    writer.close()
    with av.open(str(tmp_path / "a.mp4")) as container:
        context = container.streams.video[0].codec_context
        assert (context.colorspace, context.color_primaries, context.color_trc) == (1, 1, 1)
        planes = next(container.decode(video=0)).to_ndarray()  # [96, 64]: Y, then U, then V
    for y, x in [(16, 16), (16, 48), (48, 16), (48, 48)]:
        place = y // 2 * 32 + x // 2
        luma, blue, red = planes[y, x], planes[64:80].ravel()[place], planes[80:].ravel()[place]
        got = bt709(float(luma), float(blue), float(red))
        assert np.abs(got - image[y, x]).max() <= 6


def bt709(luma, blue, red):
    """RGB in 0..255 of 8-bit limited-range BT.709 (ITU-R BT.709-6, items 3.2 to 3.4)."""
    luma, blue, red = (luma - 16) / 219, (blue - 128) / 224, (red - 128) / 224
    r, b = luma + 1.5748 * red, luma + 1.8556 * blue
    return 255 * np.array([r, (luma - 0.2126 * r - 0.0722 * b) / 0.7152, b])


def test_pictures_of_another_size_are_fitted(tmp_path):
    frames = [frame(0), frame(1, 24, 64), frame(2, 96, 128)]
    video = write(tmp_path / "a.mp4", frames)
    assert [p.shape for p in video.pictures] == [(48, 64, 3)] * 3
    assert video.pictures[1][:8].max() < 40  # bars above and below
    assert video.pictures[1][-8:].max() < 40


def test_one_picture_and_none(tmp_path):
    assert write(tmp_path / "a.mp4", [frame(0)]).duration == pytest.approx(0.04, abs=1e-3)
    writer = VideoEncoder(tmp_path / "b.mp4", H264, 64, 48, 25.0)
    writer.close()
    assert os.listdir(tmp_path) == ["a.mp4"]


def test_nothing_has_the_final_name_before_it_is_closed(tmp_path):
    path = tmp_path / "a.mp4"
    writer = VideoEncoder(path, H264, 64, 48, 25.0)
    for i in range(60):
        writer.write(frame(i).image, i / 25)
    assert not path.exists()
    writer.abort()
    assert os.listdir(tmp_path) == []


def test_index_stands_in_front(tmp_path):
    writer = VideoEncoder(tmp_path / "a.mp4", H264, 64, 48, 25.0)
    writer.write(frame(0).image, 0.0)
    writer.close()
    data = (tmp_path / "a.mp4").read_bytes()
    assert 0 < data.index(b"moov") < data.index(b"mdat")


def test_a_full_disk_is_one_line_and_leaves_nothing(tmp_path):
    if not os.path.exists("/dev/full"):
        pytest.skip("no /dev/full on this system")
    path = tmp_path / "a.mp4"
    os.symlink("/dev/full", tmp_path / ".a.mp4.part")  # every write to it fails: no space
    writer = VideoEncoder(path, H264, 64, 48, 25.0)
    noise = np.random.default_rng(0).integers(0, 256, (60, 48, 64, 3), dtype=np.uint8)

    def run():
        for number, image in enumerate(noise):
            writer.write(image, number / 25)
        writer.close()

    with pytest.raises(OutputError, match="disk is full"):
        run()
    writer.abort()
    assert os.listdir(tmp_path) == []


def test_encoders_are_chosen_by_what_there_is():
    assert choose_encoder([("no-such", {}), ("mpeg4", {"b": "1M"})]) == ("mpeg4", {"b": "1M"})
    with pytest.raises(OutputError, match="no encoder no-such, nor-this"):
        choose_encoder([("no-such", {}), ("nor-this", {})])


@pytest.mark.parametrize("fps", [0.0, -1.0, float("nan"), float("inf"), 1e9])
def test_rates_that_are_none(fps):
    assert timescale(fps)[0] == 25


@settings(deadline=None, max_examples=100)
@given(st.floats(0.01, 1000), st.integers(0, 10**6))
def test_the_clock_holds_whole_periods(fps, number):
    rate, clock = timescale(fps)
    assert clock % rate.numerator == 0
    assert clock >= 12000
    assert grid_ticks(float(number / rate), rate, clock) == number * (clock / rate)


@settings(deadline=None, max_examples=50)
@given(st.integers(1, 40), st.integers(1, 40), st.integers(1, 40), st.integers(1, 40))
def test_fit_keeps_proportions_and_pad_makes_even(height, width, room_height, room_width):
    image = np.full((height, width, 3), 200, np.uint8)
    fitted = fit(image, room_width, room_height)
    assert fitted.shape == (room_height, room_width, 3)
    lit = (fitted > 0).all(axis=2)
    assert lit.any(axis=0).all() or lit.any(axis=1).all()  # touches two opposite sides
    even = pad_even(fitted)
    assert even.shape[0] % 2 == even.shape[1] % 2 == 0
    np.testing.assert_array_equal(even[:room_height, :room_width], fitted)
    assert (even[-1, -1] == fitted[-1, -1]).all()
