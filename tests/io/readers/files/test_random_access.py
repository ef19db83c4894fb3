from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from car_video.errors import SourceError
from car_video.io.readers import RandomAccessReader, read_frames
from car_video.io.readers.files import backends
from car_video.types import Frame
from tests.io.readers.media import damage_packets, matrix, number_of, numbered, write_video

FRAMES = 24
KINDS: list[tuple[str, str, dict[str, str]]] = [
    ("x.mp4", "libx264", {}),
    ("x.mkv", "libx264", {}),
    ("x.ts", "libx264", {}),
    ("opengop.mp4", "libx264", {"x264-params": "open-gop=1:bframes=3:scenecut=0"}),
    ("refresh.mp4", "libx264", {"x264-params": "intra-refresh=1:keyint=6"}),
    ("hevc.mp4", "libx265", {"x265-params": "log-level=none:keyint=8"}),
    ("vp9.webm", "libvpx-vp9", {"deadline": "realtime", "cpu-used": "8"}),
    ("bframes.avi", "libx264", {}),
    ("raw.h264", "libx264", {}),
    ("x.mpg", "mpeg2video", {"bf": "2"}),
]


def in_order(path: Path, **wanted: int) -> list[Frame]:
    with read_frames(path, **wanted) as reader:  # type: ignore[arg-type]
        return list(reader)


def same(one: Frame, other: Frame) -> bool:
    return (one.index, one.time) == (other.index, other.time) and np.array_equal(
        one.image, other.image
    )


@pytest.fixture(scope="module", params=KINDS, ids=[kind[0] for kind in KINDS])
def clip(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    name, codec, options = request.param
    images = [numbered(number) for number in range(FRAMES)]
    fps = 25 if name.endswith(".mpg") else 10
    return write_video(tmp_path_factory.mktemp("r") / name, images, codec, fps=fps, **options)


@pytest.mark.parametrize("memory", [backends.KEPT_BYTES, 1])
def test_any_order_gives_the_frames_of_reading_in_order(
    clip: Path, memory: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backends, "KEPT_BYTES", memory)
    frames = in_order(clip)
    shuffled = np.random.default_rng(1).permutation(FRAMES).tolist()
    with RandomAccessReader(clip) as reader:
        assert len(reader) == FRAMES
        assert reader.times.tolist() == [frame.time for frame in frames]
        for place in shuffled + list(range(FRAMES)) + list(range(FRAMES - 1, -1, -1)):
            assert same(reader[place], frames[place]), place
        assert same(reader[-1], frames[-1])
        batch = reader.get_batch([5, 20, 5, -1, 0])
    assert [frame.index for frame in batch] == [5, 20, 5, FRAMES - 1, 0]
    assert all(same(frame, frames[frame.index]) for frame in batch)
    assert [number_of(frame.image) for frame in batch] == [5, 20, 5, FRAMES - 1, 0]


def test_rotation_and_size(tmp_path: Path) -> None:
    images = [numbered(number) for number in range(4)]
    clip = write_video(tmp_path / "t.mp4", images, rotation=matrix(0, 1, -1, 0))
    for wanted in ({}, {"size": 32}):
        frames = in_order(clip, **wanted)
        with RandomAccessReader(clip, **wanted) as reader:  # type: ignore[arg-type]
            assert all(same(reader[n], frames[n]) for n in (3, 0, 2))
            assert reader[0].height > reader[0].width


def test_damaged_frames_keep_their_place_and_are_refused(tmp_path: Path) -> None:
    images = [numbered(number) for number in range(10)]
    whole = write_video(tmp_path / "w.mkv", images, "mjpeg", "yuvj420p")
    broken = damage_packets(whole, tmp_path / "b.mkv", [3, 9])
    with RandomAccessReader(broken) as reader:
        assert len(reader) == 10
        for bad in (3, 9, 3):
            with pytest.raises(SourceError, match=f"frame {bad} is damaged"):
                reader[bad]
        assert [number_of(reader[n].image) for n in (8, 4, 2)] == [8, 4, 2]
        with pytest.raises(SourceError):
            reader.get_batch([1, 3])
        for outside in (10, -11):
            with pytest.raises(IndexError):
                reader[outside]


def test_image_folders(tmp_path: Path) -> None:
    for number in range(12):
        Image.fromarray(numbered(number)).save(tmp_path / f"{number}.png")
    (tmp_path / "5.png").write_bytes(b"damaged")
    with RandomAccessReader(tmp_path, image_fps=10) as reader:
        assert len(reader) == 12
        assert [number_of(f.image) for f in reader.get_batch([11, 0, 7])] == [11, 0, 7]
        assert reader[7].time == pytest.approx(0.7)
        with pytest.raises(SourceError, match="frame 5"):
            reader[5]
    with RandomAccessReader(tmp_path / "3.png") as reader:
        assert [number_of(frame.image) for frame in reader] == [3]


def test_animated_images(tmp_path: Path) -> None:
    pictures = [Image.fromarray(numbered(number)) for number in range(4)]
    path = tmp_path / "moving.png"
    pictures[0].save(path, save_all=True, append_images=pictures[1:], duration=200)
    frames = in_order(path)
    with RandomAccessReader(path) as reader:
        assert len(reader) == 4
        assert all(same(reader[place], frames[place]) for place in (2, 0, 3, 1))


@pytest.mark.parametrize("source", ["webcam:0", "rtsp://host/x"])
def test_live_sources_are_refused(source: str) -> None:
    with pytest.raises(SourceError, match="use read_frames"):
        RandomAccessReader(source)


def test_what_is_no_number_of_a_frame(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mp4", [numbered(number) for number in range(3)])
    with RandomAccessReader(path) as reader:
        assert reader[np.int64(-1)].index == 2
        for wrong in (3, -4):
            with pytest.raises(IndexError, match=f"no frame {wrong} in .*; the last one is 2"):
                reader[wrong]
        with pytest.raises(IndexError, match="no frame 3"):
            reader.get_batch([0, 3])
        with pytest.raises(TypeError, match=r"get_batch\(range\(0, 2\)\)"):
            reader[0:2]  # type: ignore[index]
        with pytest.raises(TypeError, match=r"got 1\.0"):
            reader[1.0]  # type: ignore[index]
        assert [frame.index for frame in reader] == [0, 1, 2]
