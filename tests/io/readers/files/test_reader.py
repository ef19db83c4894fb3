from __future__ import annotations

import gc
import itertools
from pathlib import Path

import av
import numpy as np
import pytest

from car_video.errors import SourceError
from car_video.io.readers import RandomAccessReader, read_frames
from car_video.io.readers.decoding.decoder import THREADED_FROM
from tests.io.readers.media import (
    change_packets,
    damage_packets,
    matrix,
    number_of,
    numbered,
    write_jpegs_of_sizes,
    write_video,
)

FRAMES = 24

KINDS = [
    ("x.mp4", "libx264", "yuv420p", {}),
    ("x.mov", "libx264", "yuv420p", {}),
    ("x.mkv", "libx264", "yuv420p", {}),
    ("x.ts", "libx264", "yuv420p", {}),
    ("x.flv", "libx264", "yuv420p", {}),
    ("opengop.mp4", "libx264", "yuv420p", {"x264-params": "open-gop=1:bframes=3:scenecut=0"}),
    ("refresh.mp4", "libx264", "yuv420p", {"x264-params": "intra-refresh=1:keyint=6"}),
    ("hevc.mp4", "libx265", "yuv420p", {"x265-params": "log-level=none:keyint=8"}),
    ("vp8.webm", "libvpx", "yuv420p", {"deadline": "realtime"}),
    ("vp9.webm", "libvpx-vp9", "yuv420p", {"deadline": "realtime", "cpu-used": "8"}),
    ("bframes.avi", "libx264", "yuv420p", {}),
    ("mpeg4.avi", "mpeg4", "yuv420p", {}),
    ("mjpeg.avi", "mjpeg", "yuvj420p", {}),
    ("x.gif", "gif", "rgb8", {}),
    ("ten.mp4", "libx264", "yuv420p10le", {}),
    ("deep.mkv", "ffv1", "gray16le", {}),
    ("grey.mkv", "ffv1", "gray", {}),
    ("raw.h264", "libx264", "yuv420p", {}),
    ("x.mpg", "mpeg2video", "yuv420p", {"bf": "2"}),
    ("x.wmv", "wmv2", "yuv420p", {}),
]


@pytest.fixture(scope="module", params=KINDS, ids=[kind[0] for kind in KINDS])
def clip(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    name, codec, pix_fmt, options = request.param
    if codec not in av.codecs_available:
        pytest.skip(f"this build of PyAV has no encoder {codec}")
    fps = 25 if name.endswith((".mpg", ".h264")) else 10  # rates these two can state
    return write_video(
        tmp_path_factory.mktemp("clip") / name,
        [numbered(number) for number in range(FRAMES)],
        codec,
        pix_fmt,
        fps,
        **options,
    )


def test_every_kind_gives_all_frames_in_order(clip: Path) -> None:
    with read_frames(clip) as reader:
        frames = list(reader)
    period = 0.04 if clip.suffix in (".mpg", ".h264") else 0.1
    assert [number_of(frame.image) for frame in frames] == list(range(FRAMES))
    assert [frame.index for frame in frames] == list(range(FRAMES))
    if clip.suffix != ".mpg":  # its muxer repeats timestamps
        times = [frame.time for frame in frames]
        assert times == pytest.approx([number * period for number in range(FRAMES)], abs=2e-3)
    assert frames[0].image.dtype == np.uint8
    assert (reader.skipped, reader.dropped) == (0, 0)
    info = reader.info
    assert (info.width, info.height, info.kind, info.live) == (64, 48, "file", False)
    assert info.fps == pytest.approx(1 / period)
    assert info.frames is None or clip.suffix == ".mpg" or abs(info.frames - FRAMES) <= 2


def test_starting_later_gives_the_same_frames(clip: Path) -> None:
    with read_frames(clip) as reader:
        whole = list(reader)
    for first in (1, 7, 8, 13, FRAMES - 1):
        with read_frames(clip, start=whole[first].time) as reader:
            part = list(reader)
        assert [(f.index, f.time) for f in part] == [(f.index, f.time) for f in whole[first:]]
        for frame, expected in zip(part, whole[first:], strict=True):
            assert np.array_equal(frame.image, expected.image)
        assert reader.skipped == 0


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("plain") / "plain.mp4"
    images = [numbered(number) for number in range(FRAMES)]
    return write_video(path, images, audio=FRAMES / 10, layout={"movflags": "faststart"})


def test_span_stride_number_and_size(plain: Path) -> None:
    def indices(**wanted: float) -> list[int]:
        with read_frames(plain, **wanted) as reader:  # type: ignore[arg-type]
            found = [frame.index for frame in reader]
        assert reader.expected == len(found)
        return found

    assert indices(stride=5) == [0, 5, 10, 15, 20]
    assert indices(start=0.7, stride=5) == [7, 12, 17, 22]
    assert indices(start=0.65, end=1.1) == [7, 8, 9, 10]
    assert indices(start=1.1, max_frames=3, stride=2) == [11, 13, 15]
    with read_frames(plain, size=16, max_frames=2) as reader:
        assert [frame.image.shape for frame in reader] == [(12, 16, 3)] * 2
        assert (reader.info.width, reader.info.height) == (64, 48)


def test_what_is_known_of_a_file_with_sound(plain: Path) -> None:
    with read_frames(plain) as reader:
        info = reader.info
    assert info.has_audio
    assert info.frames == FRAMES
    assert info.duration == pytest.approx(FRAMES / 10)
    assert info.source == str(plain)


def test_reading_on_after_close_ends(plain: Path) -> None:
    reader = read_frames(plain)
    next(reader)
    reader.close()
    reader.close()
    assert list(reader) == []


def test_variable_rate_keeps_real_times(tmp_path: Path) -> None:
    times = [0.0, 0.04, 0.5, 0.54, 2.0, 2.001, 17.25, 17.3]
    images = [numbered(number) for number in range(len(times))]
    for name in ("v.mp4", "v.mkv"):
        clip = write_video(tmp_path / name, images, times=times, bf="0")
        with read_frames(clip) as reader:
            frames = list(reader)
        assert [frame.time for frame in frames] == pytest.approx(times, abs=1e-3)
        assert [number_of(frame.image) for frame in frames] == list(range(len(times)))
        assert reader.notices == []
        with read_frames(clip, start=1.99) as reader:
            assert [frame.index for frame in reader] == [4, 5, 6, 7]


@pytest.mark.parametrize(
    ("turn", "back"),
    [
        (matrix(0, 1, -1, 0), lambda image: np.rot90(image, 1)),
        (matrix(-1, 0, 0, -1), lambda image: np.rot90(image, 2)),
        (matrix(0, -1, 1, 0), lambda image: np.rot90(image, -1)),
        (matrix(-1, 0, 0, 1), lambda image: image[:, ::-1]),
    ],
    ids=["90", "180", "270", "mirror"],
)
def test_rotated_video_is_upright(tmp_path: Path, turn: np.ndarray, back) -> None:  # type: ignore[no-untyped-def]
    images = [numbered(number) for number in (5, 200)]
    clip = write_video(tmp_path / "turned.mp4", images, rotation=turn)
    with read_frames(clip) as reader:
        frames = list(reader)
        assert reader.info.width == frames[0].width
        assert reader.info.height == frames[0].height
    assert [number_of(back(frame.image)) for frame in frames] == [5, 200]
    with read_frames(clip, size=32) as reader:
        assert max(next(reader).image.shape[:2]) == 32


def test_odd_sizes_and_single_pixels(tmp_path: Path) -> None:
    odd = write_video(tmp_path / "odd.mkv", [numbered(3, 101, 57)] * 2, "ffv1")
    with read_frames(odd) as reader:
        frames = list(reader)
    assert [frame.image.shape for frame in frames] == [(57, 101, 3)] * 2
    assert number_of(frames[1].image) == 3
    red = np.full((1, 1, 3), (200, 0, 0), np.uint8)
    one = write_video(tmp_path / "one.gif", [red], "gif", "rgb8")
    with read_frames(one, size=50) as reader:
        (frame,) = reader
    assert frame.image.shape == (1, 1, 3)
    assert abs(int(frame.image[0, 0, 0]) - 200) < 25


@pytest.mark.parametrize(
    ("name", "codec", "pix_fmt"),
    [
        ("a.webm", "libvpx-vp9", "yuva420p"),
        ("a8.webm", "libvpx", "yuva420p"),
        ("a.mov", "qtrle", "argb"),
        ("prores.mov", "prores_ks", "yuva444p10le"),
        ("a.apng", "apng", "rgba"),
    ],
)
def test_transparent_parts_are_white(
    tmp_path: Path, name: str, codec: str, pix_fmt: str
) -> None:
    picture = np.zeros((48, 64, 4), np.uint8)
    picture[..., 2] = 200
    picture[:, 32:, 3] = 255
    options = {"auto-alt-ref": "0"} if codec == "libvpx" else {}
    clip = write_video(tmp_path / name, [picture] * 3, codec, pix_fmt, **options)
    with read_frames(clip) as reader:
        frames = list(reader)
    assert len(frames) == 3
    assert np.abs(frames[0].image[10, 8].astype(int) - 255).max() <= 4
    assert np.abs(frames[0].image[10, 56].astype(int) - (0, 0, 200)).max() <= 8
    assert reader.notices == []


def test_frames_that_change_size_are_delivered_as_they_are(tmp_path: Path) -> None:
    sizes = [(64, 48), (64, 48), (96, 80), (40, 120), (64, 48)]
    clip = write_jpegs_of_sizes(tmp_path / "sizes.mkv", sizes)
    with read_frames(clip) as reader:
        frames = list(reader)
    assert [(frame.width, frame.height) for frame in frames] == sizes
    assert [number_of(frame.image) for frame in frames] == list(range(5))
    assert (reader.info.width, reader.info.height) == (64, 48)
    with read_frames(clip, size=48) as reader:
        assert [max(frame.image.shape) for frame in reader] == [48] * 5


def test_h264_that_changes_size_keeps_going(tmp_path: Path) -> None:
    first = write_video(tmp_path / "1.h264", [numbered(1)] * 3)
    second = write_video(tmp_path / "2.h264", [numbered(2, 128, 96)] * 3)
    both = tmp_path / "both.h264"
    both.write_bytes(first.read_bytes() + second.read_bytes())
    with read_frames(both) as reader:
        frames = list(reader)
    assert [number_of(frame.image) for frame in frames] == [1, 1, 1, 2, 2, 2]
    assert [frame.width for frame in frames] == [64] * 3 + [128] * 3


def test_damaged_frames_leave_a_gap_and_are_counted(tmp_path: Path) -> None:
    whole = write_video(
        tmp_path / "m.mkv", [numbered(number) for number in range(12)], "mjpeg", "yuvj420p"
    )
    broken = damage_packets(whole, tmp_path / "b.mkv", [0, 4, 5, 11])
    with read_frames(broken) as reader:
        frames = list(reader)
    good = [1, 2, 3, 6, 7, 8, 9, 10]
    assert [frame.index for frame in frames] == good
    assert [number_of(frame.image) for frame in frames] == good
    assert [frame.time for frame in frames] == pytest.approx([n / 10 for n in good], abs=2e-3)
    assert reader.skipped == 4
    assert "4 frames skipped" in " ".join(reader.notices)
    with read_frames(broken, start=0.4) as reader:
        assert [frame.index for frame in reader] == [6, 7, 8, 9, 10]
        assert reader.skipped == 3


def test_hidden_frames_are_not_a_loss(tmp_path: Path) -> None:
    shown = write_video(tmp_path / "s.webm", [numbered(n) for n in range(12)], "libvpx")
    hidden = [3, 7]
    clip = change_packets(
        shown,
        tmp_path / "h.webm",
        hidden,
        lambda payload: bytes([payload[0] & ~16]) + payload[1:],
    )
    with read_frames(clip) as reader:
        frames = list(reader)
    assert [number_of(f.image) for f in frames] == [n for n in range(12) if n not in hidden]
    assert [frame.index for frame in frames] == list(range(10))
    assert reader.skipped == 0
    with read_frames(clip, start=frames[8].time) as reader:
        assert [frame.index for frame in reader] == [8, 9]


def test_what_an_edit_list_cuts_away_is_not_a_loss(tmp_path: Path) -> None:
    whole = write_video(tmp_path / "w.mp4", [numbered(n) for n in range(20)])
    cut = tmp_path / "cut.mp4"
    keep = {"avoid_negative_ts": "disabled", "use_editlist": "1"}
    with av.open(str(whole)) as old, av.open(str(cut), "w", options=keep) as new:
        stream = old.streams.video[0]
        copy = new.add_stream_from_template(stream)
        shift = round(0.5 / stream.time_base)
        for packet in old.demux(stream):
            if packet.size:
                packet.pts, packet.dts = packet.pts - shift, packet.dts - shift
                packet.stream = copy
                new.mux(packet)
    with read_frames(cut) as reader:
        frames = list(reader)
    assert [number_of(frame.image) for frame in frames] == list(range(5, 20))
    assert [frame.index for frame in frames] == list(range(15))
    assert frames[0].time == 0
    assert (reader.skipped, reader.notices) == (0, [])
    with read_frames(cut, start=0.95) as reader:
        assert [frame.index for frame in reader] == [10, 11, 12, 13, 14]
    with RandomAccessReader(cut) as random_reader:
        assert [number_of(random_reader[n].image) for n in (14, 0, 7)] == [19, 5, 12]


@pytest.mark.parametrize("b_frames", ["0", "3"])
def test_a_cut_file_gives_what_it_has_and_says_so(b_frames: str, tmp_path: Path) -> None:
    images = [numbered(number) for number in range(FRAMES)]
    layout = {"movflags": "faststart"}
    whole = write_video(tmp_path / "whole.mp4", images, audio=2.4, layout=layout, bf=b_frames)
    data = whole.read_bytes()
    begin = data.index(b"mdat")
    cut = tmp_path / "cut.mp4"
    for share in np.arange(0.5, 0.8, 0.02):
        cut.write_bytes(data[: begin + int((len(data) - begin) * share)])
        with read_frames(cut) as reader:
            frames = list(reader)
        shown = [number_of(frame.image) for frame in frames]
        assert 0 < len(shown) < FRAMES
        assert shown == [round(10 * frame.time) for frame in frames]
        # A B-frame that is cut away with what follows it has no rank any more.
        gone = [frame.index for frame in frames if frame.index != round(10 * frame.time)]
        assert len(gone) <= (0 if b_frames == "0" else 3)
        (early,) = [notice for notice in reader.notices if "ends early" in notice]
        assert f"of about {FRAMES} frames" in early


def test_a_transport_stream_whose_clock_starts_anew(tmp_path: Path) -> None:
    parts = [
        write_video(tmp_path / f"{part}.ts", [numbered(10 * part + n) for n in range(6)])
        for part in (1, 2)
    ]
    both = tmp_path / "both.ts"
    both.write_bytes(b"".join(part.read_bytes() for part in parts))
    with read_frames(both) as reader:
        frames = list(reader)
    assert [number_of(frame.image) for frame in frames] == [*range(10, 16), *range(20, 26)]
    assert [frame.index for frame in frames] == list(range(12))
    times = [frame.time for frame in frames]
    assert all(0 < step < 0.25 for step in np.diff(times))
    assert reader.notices
    with read_frames(both, start=times[8]) as reader:
        assert [(f.index, f.time) for f in reader] == [(f.index, f.time) for f in frames[8:]]


def test_a_start_after_the_end_says_where_the_end_is(plain: Path) -> None:
    with pytest.raises(SourceError, match=r"no frame from 9 s on; it ends at 2\.4 s"):
        read_frames(plain, start=9)


def test_large_pictures_are_decoded_by_several_threads(tmp_path: Path) -> None:
    image = np.kron(numbered(77), np.ones((30, 40, 1), np.uint8))  # 2560 x 1440
    clip = write_video(tmp_path / "large.mp4", [image] * 3, preset="ultrafast")
    with read_frames(clip, size=640) as reader:
        frames = list(reader)
        assert (reader.info.width, reader.info.height) == (2560, 1440)
        assert reader.info.width * reader.info.height > THREADED_FROM
    assert [number_of(frame.image) for frame in frames] == [77] * 3
    assert frames[0].image.shape == (360, 640, 3)


def test_frames_are_let_go_without_the_garbage_collector(tmp_path: Path) -> None:
    turn = matrix(0, 1, -1, 0)
    clip = write_video(tmp_path / "t.mp4", [numbered(n) for n in range(60)], rotation=turn)
    gc.collect()
    gc.disable()
    try:
        with read_frames(clip) as reader:
            for _ in itertools.islice(reader, 50):
                pass
            alive = sum(isinstance(thing, av.VideoFrame) for thing in gc.get_objects())
    finally:
        gc.enable()
    assert 0 < alive < 20
