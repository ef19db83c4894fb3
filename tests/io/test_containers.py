"""Any name of a file reaches that file; metadata need not be UTF-8."""

from __future__ import annotations

import io
import os
import re
from pathlib import Path

import av
import pytest

from car_video.io.containers import file_address, open_input, open_output
from car_video.io.readers import read_frames
from tests.io.readers.media import number_of, numbered, write_video

NAMES = [
    "12:30 trip.mp4",
    "http:clip.mp4",
    "file:clip.mp4",
    "concat:a|b.mp4",
    "pipe:.mp4",
    "-clip.mp4",
    "clip%03d.mp4",
    "clip?x=1#y.mp4",
    "new\nline.mp4",
    " ünï.mp4",
    "caf\udce9.mp4",  # a name that is not UTF-8 on disk
]


def write_blank(target: str) -> None:
    with open_output(target, format="mp4", options={"movflags": "+faststart"}) as container:
        stream = container.add_stream("mpeg4", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        container.mux(stream.encode(av.VideoFrame(64, 48, "yuv420p")))
        container.mux(stream.encode(None))


@pytest.mark.parametrize("name", NAMES)
def test_a_path_is_a_file(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_blank(name)
    assert os.listdir(tmp_path) == [name]
    with open_input(name) as container:
        assert container.streams.video[0].frames == 1


@pytest.mark.parametrize("name", NAMES)
def test_readers_take_any_name(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_video(tmp_path / "plain.mp4", [numbered(n) for n in range(3)])
    os.rename("plain.mp4", name)
    link = tmp_path / "link.mp4"
    link.symlink_to(name)
    for source in (name, Path(name), link):
        with read_frames(source) as reader:
            assert [number_of(frame.image) for frame in reader] == [0, 1, 2]


def test_a_binary_file_is_written_to() -> None:
    file = io.BytesIO()
    with open_output(file, format="nut") as container:
        stream = container.add_stream("rawvideo", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        container.mux(stream.encode(av.VideoFrame(64, 48, "yuv420p")))
    assert file.getvalue().startswith(b"nut/multimedia container")


def test_an_address_is_absolute(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    assert file_address("a:b.mp4") == f"file:{tmp_path}/a:b.mp4"


@pytest.mark.parametrize("suffix", [".avi", ".mp4", ".mkv"])
def test_metadata_need_not_be_utf8(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"old{suffix}"
    with av.open(str(path), "w") as container:
        container.metadata["title"] = "XXXXXX"
        stream = container.add_stream("mpeg4", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for number in range(3):
            picture = av.VideoFrame.from_ndarray(numbered(number), format="rgb24")
            container.mux(stream.encode(picture))
        container.mux(stream.encode(None))
    data = path.read_bytes()
    assert b"XXXXXX" in data
    path.write_bytes(data.replace(b"XXXXXX", b"caf\xe9 \x8e"))
    with read_frames(path) as reader:
        assert [number_of(frame.image) for frame in reader] == [0, 1, 2]


def test_nothing_else_opens_media() -> None:
    """Every other module asks this one: no name is taken for a protocol anywhere."""
    root = Path(__file__).parents[2]
    folders = (root / name for name in ("car_video", "eval", "benchmarks"))
    users = [
        path.relative_to(root).as_posix()
        for folder in folders
        for path in folder.rglob("*.py")
        if re.search(r"\bav\.open\(", path.read_text(encoding="utf-8"))
    ]
    assert users == ["car_video/io/containers.py"]
