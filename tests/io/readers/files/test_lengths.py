"""How long pictures are shown, where the container's clock stands, and the shape of pixels."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import pytest

from car_video.io.readers import RandomAccessReader, read_frames
from tests.io.readers.media import (
    matrix,
    number_of,
    numbered,
    set_matrix,
    write_sound,
    write_video,
)

TICK = Fraction(1, 10_000)


def write_times(
    path: Path,
    times: list[float],
    last: float | None = None,
    rate: Fraction = Fraction(25),
    codec: str = "libx264",
    tick: Fraction = TICK,
    sound: float = 0.0,
    options: dict[str, str] | None = None,
    **coding: str,
) -> Path:
    """A file whose frames have these times in seconds, the last one this duration; ``sound``
    is seconds of silence."""
    codec = "libvpx" if path.suffix == ".webm" else codec
    with av.open(str(path), "w", container_options=options or {}) as container:
        stream: Any = container.add_stream(codec, rate=rate, options=coding)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        stream.codec_context.time_base = tick
        silence: Any = container.add_stream("aac", rate=44100) if sound else None
        packets = []
        for number, time in enumerate(times):
            frame = av.VideoFrame.from_ndarray(numbered(number), format="rgb24")
            frame.pts, frame.time_base = round(time / tick), tick
            packets += stream.encode(frame)
        packets += stream.encode(None)
        if last is not None:
            packets[-1].duration = round(last / packets[-1].time_base)
        for packet in packets:
            container.mux(packet)
        if silence is not None:
            write_sound(container, silence, sound, rate=44100)
    return path


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv"])
@pytest.mark.parametrize("b_frames", ["0", "3"])
@pytest.mark.parametrize("start", [None, 0.1])
def test_the_last_picture_is_held(
    tmp_path: Path, suffix: str, b_frames: str, start: float | None
) -> None:
    times = [0, 0.04, 0.08, 0.12, 0.16]
    clip = write_times(tmp_path / f"a{suffix}", times, last=3.0, bf=b_frames)
    with read_frames(clip, start=start) as reader:
        frames = list(reader)
    assert [f.duration for f in frames[:-1]] == pytest.approx([0.04] * (len(frames) - 1))
    # the last packet need not hold the last picture; Matroska's durations are its own
    assert frames[-1].duration == pytest.approx(3.0, abs=0.05)
    assert reader.notices == []
    with RandomAccessReader(clip) as files:
        assert files[4].duration == pytest.approx(3.0, abs=0.05)
        assert files[0].duration == pytest.approx(0.04)


NO_DURATIONS = [("a.avi", "mpeg4"), ("a.flv", "flv"), ("a.wmv", "wmv2")]
"""Containers whose packets have no duration, with a codec that each can hold."""


@pytest.mark.parametrize(("name", "codec"), NO_DURATIONS)
@pytest.mark.parametrize("start", [None, 0.1])
def test_the_last_picture_is_held_where_only_the_header_says_so(
    tmp_path: Path, name: str, codec: str, start: float | None
) -> None:
    times = [n / 25 for n in range(5)]
    tick = Fraction(1, 25)
    clip = write_times(tmp_path / name, times, last=3.0, codec=codec, tick=tick)
    with read_frames(clip, start=start) as reader:
        *_, last = reader
    assert last.duration == pytest.approx(3.0, abs=0.05)
    assert reader.notices == []
    with RandomAccessReader(clip) as files:
        assert files[4].duration == pytest.approx(3.0, abs=0.05)


@pytest.mark.parametrize(("name", "codec"), NO_DURATIONS)
def test_what_is_cut_off_is_no_held_picture(tmp_path: Path, name: str, codec: str) -> None:
    times = [n / 25 for n in range(100)]
    clip = write_times(tmp_path / name, times, codec=codec, tick=Fraction(1, 25))
    data = clip.read_bytes()
    clip.write_bytes(data[: len(data) * 6 // 10])
    with read_frames(clip) as reader:
        *_, last = reader
    assert 0.2 < last.time < 3
    assert last.duration is None or last.duration < 0.1
    assert "ends early" in " ".join(reader.notices)


def test_sound_beyond_the_pictures_is_no_early_end(tmp_path: Path) -> None:
    """NUT states only how long everything is."""
    times = [n / 25 for n in range(25)]
    tick = Fraction(1, 25)
    clip = write_times(tmp_path / "a.nut", times, codec="mpeg4", tick=tick, sound=4.0)
    with read_frames(clip) as reader:
        assert len(list(reader)) == 25
    assert reader.info.duration == pytest.approx(4.0, abs=0.1)
    assert reader.notices == []


def test_a_stride_leaves_durations_alone(tmp_path: Path) -> None:
    clip = write_times(tmp_path / "a.mp4", [0, 0.1, 0.3, 0.6], last=1.0)
    with read_frames(clip, stride=2) as reader:
        assert [f.duration for f in reader] == pytest.approx([0.1, 0.3])


@pytest.mark.parametrize("suffix", [".mkv", ".mp4"])
@pytest.mark.parametrize("late", [1.0, 7.5])
def test_a_video_that_starts_late(tmp_path: Path, suffix: str, late: float) -> None:
    clip = write_times(tmp_path / f"a{suffix}", [late + n / 25 for n in range(50)], bf="0")
    for start in (None, 1.0):
        with read_frames(clip, start=start) as reader:
            frames = list(reader)
        assert frames[-1].time == pytest.approx(49 / 25, abs=0.002)
        assert reader.notices == []
        assert reader.info.origin == pytest.approx(late, abs=0.002)
        assert reader.info.duration == pytest.approx(2.0, abs=0.002)


def test_timestamps_below_zero(tmp_path: Path) -> None:
    times = [n / 25 - 1 for n in range(30)]
    keep = {"avoid_negative_ts": "disabled"}
    clip = write_times(tmp_path / "a.ts", times, options=keep, bf="0")
    with read_frames(clip) as reader:
        frames = list(reader)
    assert [f.time for f in frames] == pytest.approx([n / 25 for n in range(30)], abs=0.002)
    assert reader.info.origin == pytest.approx(-1.0)


def test_the_clock_is_that_of_the_stream_that_is_read(tmp_path: Path) -> None:
    path = tmp_path / "two.mkv"
    with av.open(str(path), "w") as container:
        streams: list[Any] = []
        for _ in range(2):
            stream: Any = container.add_stream("libx264", rate=25, options={"bf": "0"})
            stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
            stream.codec_context.time_base = TICK
            streams.append(stream)
        streams[0].disposition = 0
        streams[1].disposition = av.stream.Disposition.default.value
        for stream, number, late in ((streams[0], 100, 0.0), (streams[1], 0, 1.0)):
            for step in range(20):
                frame = av.VideoFrame.from_ndarray(numbered(number + step), format="rgb24")
                frame.pts, frame.time_base = round((late + step / 25) / TICK), TICK
                container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
    with read_frames(path) as reader:
        assert number_of(next(reader).image) == 0
        assert reader.info.origin == pytest.approx(1.0)


def test_a_browser_recording_may_rest_on_one_picture(tmp_path: Path) -> None:
    """WebM of MediaRecorder states no duration."""
    times = [0, 0.033, 0.066, 0.1] + [15.1 + 0.033 * n for n in range(8)]
    live = {"live": "1"}
    clip = write_times(tmp_path / "rec.webm", times, options=live, **{"lag-in-frames": "0"})
    with av.open(str(clip)) as container:
        assert not container.duration
    with read_frames(clip) as reader:
        found = [frame.time for frame in reader]
    assert found == pytest.approx(times, abs=0.002)
    assert reader.notices == []
    with read_frames(clip, start=15) as reader:
        assert next(reader).index == 4


@pytest.mark.parametrize("rate", [1200, 5000, 100_000])
def test_high_speed_cameras(tmp_path: Path, rate: int) -> None:
    clip = write_video(
        tmp_path / "fast.mp4", [numbered(n) for n in range(12)], fps=rate, bf="0"
    )
    with read_frames(clip) as reader:
        frames = list(reader)
    assert reader.info.fps == pytest.approx(rate)
    assert reader.notices == []
    assert [f.time for f in frames] == pytest.approx([n / rate for n in range(12)])
    with read_frames(clip, end=6 / rate) as reader:
        assert reader.expected == 6


def test_frames_within_one_tick_of_a_coarse_clock(tmp_path: Path) -> None:
    """Matroska counts milliseconds: three frames at 3,000 frames/s share one."""
    clip = write_video(
        tmp_path / "fast.mkv", [numbered(n) for n in range(30)], fps=3000, bf="0"
    )
    with read_frames(clip) as reader:
        times = [frame.time for frame in reader]
    assert len(times) == 30
    assert all(a < b for a, b in pairwise(times))
    assert times == pytest.approx([n / 3000 for n in range(30)], abs=0.0011)


def test_the_shape_of_pixels(tmp_path: Path) -> None:
    for turn, expected in ((None, Fraction(4, 3)), (matrix(0, 1, -1, 0), Fraction(3, 4))):
        path = tmp_path / "a.mp4"
        with av.open(str(path), "w") as container:
            stream: Any = container.add_stream("libx264", rate=25)
            stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
            stream.codec_context.sample_aspect_ratio = Fraction(4, 3)
            frame = av.VideoFrame.from_ndarray(numbered(1), format="rgb24")
            container.mux(stream.encode(frame) + stream.encode(None))
        if turn is not None:
            set_matrix(path, turn)
        with read_frames(path) as reader:
            assert reader.info.sample_aspect_ratio == expected
