from __future__ import annotations

import gc
import itertools
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import av
import pytest
from av.error import BlockingIOError as NotYetError

from car_video.errors import ConfigError, SourceError
from car_video.io.readers import LiveReader, StreamOptions, read_frames
from car_video.types import Frame
from tests.io.readers.media import number_of, numbered, write_video
from tests.io.readers.servers import (
    MJPEG,
    Send,
    http_server,
    jpeg_part,
    jpegs,
    mute_server,
    pieces,
    rtsp_server,
)

HASTY = StreamOptions(silence=0.6, reconnects=1, backoff=0.02, queue=100)
CALM = StreamOptions(silence=10, reconnects=1, backoff=0.02, queue=100)


def numbers(frames: list[Frame]) -> list[int]:
    return [number_of(frame.image) for frame in frames]


def increase(frames: list[Frame]) -> bool:
    return all(a.time < b.time and a.index < b.index for a, b in itertools.pairwise(frames))


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


@pytest.fixture(scope="module")
def transport_stream(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("ts") / "x.ts"
    return write_video(path, [numbered(n) for n in range(60)], fps=25).read_bytes()


def test_jpegs_over_http() -> None:
    with http_server(MJPEG, jpegs(range(30), 0.005)) as address:
        with read_frames(address, stream=CALM) as reader:
            frames = list(reader)
        assert numbers(frames) == [frame.index for frame in frames] == list(range(30))
        assert increase(frames)
        assert frames[0].time == 0
        info = reader.info
        assert (info.live, info.kind, info.frames, info.width) == (True, "stream", None, 64)
        assert "the end; the connection broke" in reader.notices[0]


def test_a_slow_reader_gets_the_newest_frames() -> None:
    with http_server(MJPEG, jpegs(range(60))) as address:
        options = StreamOptions(silence=10, reconnects=0, queue=3)
        with read_frames(address, stream=options) as reader:
            next(reader)
            wait_until(lambda: reader.dropped == 60 - 1 - 3)  # all have come, three wait
            rest = list(reader)
        assert numbers(rest) == [frame.index for frame in rest] == [57, 58, 59]
        assert f"{reader.dropped} frames dropped" in " ".join(reader.notices)


def test_a_connection_that_breaks_is_opened_again() -> None:
    with (
        http_server(MJPEG, jpegs(range(10)), jpegs(range(10, 20))) as address,
        read_frames(address, stream=CALM) as reader,
    ):
        frames = list(reader)
    assert numbers(frames) == [frame.index for frame in frames] == list(range(20))
    assert increase(frames)
    assert "the connection was opened again 1 time" in reader.notices


def test_trouble_is_told_while_it_lasts() -> None:
    said: list[str] = []
    options = StreamOptions(silence=10, reconnects=2, backoff=0.02, queue=100)
    with (
        http_server(MJPEG, jpegs(range(5), 0.02), jpegs(range(5, 9))) as address,
        read_frames(address, stream=options) as reader,
    ):
        reader.tell(said.append)
        assert len(list(reader)) == 9
    assert all(line.startswith(f"{address}: ") and "\n" not in line for line in said)
    assert "connecting again in 0.02 s (1 of 2)" in said[0]
    assert said[1].endswith("connected again")
    assert "(2 of 2)" in said[2]
    assert len(said) == 3


def test_the_number_of_new_connections_is_bounded() -> None:
    answers = [jpegs(range(5 * n, 5 * n + 5)) for n in range(6)]
    options = StreamOptions(silence=10, reconnects=3, backoff=0.01, queue=100)
    with http_server(MJPEG, *answers) as address:
        with read_frames(address, stream=options) as reader:
            assert numbers(list(reader)) == list(range(20))
        steady = StreamOptions(silence=10, reconnects=1, backoff=0.01, queue=100, steady=0)
        with read_frames(address, stream=steady) as reader:
            assert numbers(list(reader)) == list(range(20, 30))


def test_silence_counts_as_a_break() -> None:
    with (
        http_server(MJPEG, jpegs(range(5), after=4), jpegs(range(5, 8), after=4)) as address,
        read_frames(address, stream=HASTY) as reader,
    ):
        frames = list(reader)
    assert numbers(frames) == list(range(8))
    assert "nothing came for 0.6 s" in reader.notices[0]
    assert frames[5].time - frames[4].time > 0.5  # times go on with the wall clock


def test_sound_without_pictures_is_silence(tmp_path: Path) -> None:
    images = [numbered(n) for n in range(10)]
    data = write_video(tmp_path / "x.ts", images, fps=10, audio=60).read_bytes()
    pause = 2.4 / (len(data) / 188)
    with (
        http_server("video/mp2t", pieces(data, 188, pause)) as address,
        read_frames(address, stream=HASTY) as reader,
    ):
        assert reader.info.has_audio
        found = numbers(list(reader))
    assert 7 <= len(found) <= 10  # a frame in MPEG-TS ends only where the next one begins
    assert found == list(range(len(found)))
    assert "nothing came for 0.6 s" in reader.notices[0]


@pytest.mark.parametrize("server", ["mute", "silent"])
def test_a_source_that_never_says_anything(server: str) -> None:
    def silent(_: Send) -> None:
        time.sleep(3)

    with (
        mute_server() if server == "mute" else http_server("video/mp2t", silent) as address,
        pytest.raises(SourceError, match=r"nothing came for 0\.6 s"),
    ):
        read_frames(address, stream=HASTY)


def test_a_source_that_sends_something_else() -> None:
    def page(send: Send) -> None:
        send(b"<html>no video!</html>" * 100)

    with (
        http_server("text/html", page, length=2200) as address,
        pytest.raises(SourceError, match="not a video"),
    ):
        read_frames(address, stream=CALM)


def test_a_transport_stream_over_http(transport_stream: bytes) -> None:
    with (
        http_server("video/mp2t", pieces(transport_stream, pause=0.005)) as address,
        read_frames(address, stream=CALM) as reader,
    ):
        frames = list(reader)
    assert numbers(frames) == list(range(60))
    assert [b.time - a.time for a, b in itertools.pairwise(frames)] == pytest.approx(
        [0.04] * 59
    )


def test_a_camera_over_rtsp(transport_stream: bytes) -> None:
    with rtsp_server(transport_stream, pause=0.005) as address:
        with read_frames(address, stream=CALM) as reader:
            frames = list(itertools.islice(reader, 80))
            assert reader.info.source == address.replace("me:secret@", "")
        assert numbers(frames)[:58] == list(range(58))
        assert len(frames) == 80  # the server plays again to each new connection
        assert increase(frames)


def test_a_recording_over_http_is_read_in_full(transport_stream: bytes, tmp_path: Path) -> None:
    mp4 = write_video(tmp_path / "x.mp4", [numbered(n) for n in range(30)])
    for data, count in ((mp4.read_bytes(), 30), (transport_stream, 60)):
        with (
            http_server("video/mp4", pieces(data), length=len(data)) as address,
            read_frames(address) as reader,
        ):
            assert not reader.info.live
            assert reader.info.kind == "stream"
            assert numbers(list(reader)) == list(range(count))


def test_span_and_number_hold_for_streams() -> None:
    with (
        http_server(MJPEG, jpegs(range(100), 0.01)) as address,
        read_frames(address, stream=CALM, start=0.05, stride=2, max_frames=4) as reader,
    ):
        frames = list(reader)
    assert len(frames) == 4
    assert frames[0].time >= 0.05 - 1e-6
    assert [b.index - a.index for a, b in itertools.pairwise(frames)] == [2, 2, 2]


def feeds() -> list[threading.Thread]:
    return [t for t in threading.enumerate() if t.name == "car-video-feed"]


def test_closing_ends_the_thread() -> None:
    with http_server(MJPEG, jpegs(range(10_000), 0.005)) as address:
        reader = read_frames(address, stream=CALM)
        next(reader)
        assert feeds()
        reader.close()
        wait_until(lambda: not feeds())
        assert not feeds()
    assert list(reader) == []


def test_a_reader_that_is_not_closed_ends_its_thread() -> None:
    with http_server(MJPEG, jpegs(range(10_000), 0.005)) as address:
        reader = read_frames(address, stream=CALM)
        next(reader)
        assert feeds()
        del reader
        gc.collect()
        wait_until(lambda: not feeds())
        assert not feeds()


def test_a_stream_whose_frames_change_size() -> None:
    sizes = [(64, 48), (64, 48), (128, 96), (64, 120), (64, 48)]

    def answer(send: Send) -> None:
        for number, size in enumerate(sizes):
            send(jpeg_part(number, *size))

    options = StreamOptions(silence=10, reconnects=0, queue=100)
    with http_server(MJPEG, answer) as address, read_frames(address, stream=options) as reader:
        frames = list(reader)
    assert [(frame.width, frame.height) for frame in frames] == sizes
    assert numbers(frames) == list(range(5))


class Paced:
    """A file that hands out its packets like a camera: slowly, and now and then not yet."""

    def __init__(self, path: Path, fault: Exception | None = None) -> None:
        self._file = av.open(str(path))
        self._packets = [packet for packet in self._file.demux() if packet.size]
        self._fault = fault
        self.streams, self.format, self.duration = self._file.streams, self._file.format, None

    def demux(self) -> Iterator[Any]:
        while self._packets:
            if len(self._packets) % 3 == 0:
                packet = self._packets.pop(0)
                yield packet
                raise NotYetError(11, "Resource temporarily unavailable")
            yield self._packets.pop(0)
            time.sleep(0.002)
        if self._fault is not None:
            raise self._fault

    def close(self) -> None:
        """The decoder may still need the file."""


def test_any_opener_can_be_a_camera(tmp_path: Path) -> None:
    clip = write_video(tmp_path / "c.mkv", [numbered(n) for n in range(20)])
    openers = iter([lambda: Paced(clip)])

    def opener() -> Any:
        following = next(openers, None)
        if following is None:
            raise SourceError("webcam:7: no such camera; none is connected")
        return following()

    with LiveReader("webcam:7", opener, options=CALM, kind="camera") as reader:
        frames = list(reader)
    assert numbers(frames) == list(range(20))
    assert (reader.info.kind, reader.info.live) == ("camera", True)
    assert reader.notices[0] == (
        "webcam:7: the end; the stream ended; "
        "connecting again failed: no such camera; none is connected"
    )


def test_unforeseen_errors_are_raised(tmp_path: Path) -> None:
    clip = write_video(tmp_path / "c.mkv", [numbered(n) for n in range(5)])
    reader = LiveReader("x", lambda: Paced(clip, RuntimeError("a bug")), options=CALM)
    with pytest.raises(RuntimeError, match="a bug"):
        list(reader)


@pytest.mark.parametrize("wrong", [{"silence": 0}, {"queue": 0}, {"reconnects": -1}])
def test_impossible_options_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ConfigError):
        StreamOptions(**wrong)  # type: ignore[arg-type]
