from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import av
import pytest
from PIL import Image

from car_video.errors import ConfigError, SourceError
from car_video.io.readers import RandomAccessReader, read_frames
from car_video.io.readers.sources import parse_source
from tests.io.readers.media import number_of, numbered, write_sound, write_video
from tests.io.readers.servers import file_server


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("clip.mp4", "path", "clip.mp4"),
        ("C:\\clips\\a.mp4", "path", "C:\\clips\\a.mp4"),
        ("file:///tmp/a%20b.mp4", "path", "/tmp/a b.mp4"),
        ("webcam:0", "camera", "0"),
        ("webcam", "camera", "0"),
        ("webcam:/dev/video3", "camera", "/dev/video3"),
        ("webcam.mp4", "path", "webcam.mp4"),
        ("rtsp://host/stream", "address", "rtsp://host/stream"),
        ("HTTP://host/stream", "address", "HTTP://host/stream"),
    ],
)
def test_sources_are_told_apart(text: str, kind: str, value: str) -> None:
    source = parse_source(text)
    assert (source.kind, source.value) == (kind, value)


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("rtsp://me:secret@host:554/x", "rtsp://host:554/x"),
        ("rtsp://me:se@cret@host/x", "rtsp://host/x"),
        ("rtsp://me:sec#ret@host/x", "rtsp://host/x"),
        ("https://host/x.m3u8?token=secret&b=2", "https://host/x.m3u8?token=...&b=..."),
        ("https://host/x?token=secret;k=a@b", "https://host/x?token=...;k=..."),
        ("https://host/x?secret", "https://host/x?..."),
        ("https://host/x?a=&secret&b=c=d", "https://host/x?a=...&...&b=..."),
        ("https://host/x#secret", "https://host/x"),
        ("https://host/a@b/x", "https://host/a@b/x"),
    ],
)
def test_secrets_are_no_part_of_the_name(address: str, name: str) -> None:
    assert parse_source(address).name == name


@pytest.mark.parametrize("name", ["camera", "webcam", "webcam:0", "screen", "rtsp:", "~x"])
def test_what_exists_on_disk_is_a_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / name).mkdir()
    for number in range(2):
        Image.fromarray(numbered(number)).save(tmp_path / name / f"{number}.png")
    with read_frames(name) as reader:
        assert len(list(reader)) == 2
    assert parse_source(Path("webcam:1")).kind == "path"


def test_file_addresses_name_a_path() -> None:
    assert parse_source("file://localhost/tmp/a.mp4").value == "/tmp/a.mp4"
    with pytest.raises(SourceError, match="file:///path"):
        parse_source("file://clip.mp4")


def test_passwords_do_not_show() -> None:
    with pytest.raises(SourceError) as caught:
        read_frames("http://me:secret@127.0.0.1:9/x")
    assert "secret" not in str(caught.value)


def bad_sources(folder: Path) -> dict[str, tuple[str, str]]:
    """Name → (source, what the message must say)."""
    (folder / "empty.mp4").touch()
    (folder / "empty.png").touch()
    (folder / "text.mp4").write_text("Dear diary,\n" * 40)
    (folder / "notes.txt").write_text("Dear diary,\n" * 40)
    (folder / "umlaut.mp4").write_bytes("ü".encode() * 4096)
    (folder / "list.txt").write_text("ffconcat version 1.0\nfile good.mp4\n")
    (folder / "list.mp4").write_text("#EXTM3U\n#EXTINF:1,\ngood.ts\n#EXT-X-ENDLIST\n")
    (folder / "noise.mp4").write_bytes(bytes(range(256)) * 40)
    (folder / "photo.jpg").write_bytes(b"\xff\xd8\xff" + bytes(500))
    (folder / "nothing").mkdir()
    (folder / "parent" / "inside").mkdir(parents=True)
    (folder / "unreadable").mkdir()
    for number in range(3):
        (folder / "unreadable" / f"{number}.png").write_bytes(b"not a png")
    with av.open(str(folder / "audio.mp4"), "w") as container:
        write_sound(container, container.add_stream("aac", rate=8000), 1)
    for name in ("frameless.avi", "frameless.mp4"):
        with av.open(str(folder / name), "w") as container:
            stream = container.add_stream("mjpeg", rate=10)
            stream.width, stream.height, stream.pix_fmt = 64, 48, "yuvj420p"
            container.start_encoding()
    good = write_video(folder / "good.mp4", [numbered(1)] * 3)
    (folder / "headless.mp4").write_bytes(good.read_bytes()[:800])
    write_video(folder / "good.ts", [numbered(1)] * 3)
    return {
        "missing": ("missing.mp4", "no such file"),
        "missing image": ("missing.png", "no such file"),
        "empty": ("empty.mp4", "the file is empty"),
        "empty image": ("empty.png", "the file is empty"),
        "text as mp4": ("text.mp4", "text file"),
        "text": ("notes.txt", "text file"),
        "text in two-byte letters": ("umlaut.mp4", "text file"),
        "list of files": ("list.txt", "text file"),
        "playlist": ("list.mp4", "text file"),
        "noise": ("noise.mp4", "not a video"),
        "damaged image": ("photo.jpg", "cannot be read"),
        "no images": ("nothing", "no images"),
        "folders only": ("parent", "it has 1 folder"),
        "unreadable images": ("unreadable", "none of 3 images"),
        "sound only": ("audio.mp4", "sound but no pictures"),
        "no frames": ("frameless.avi", "no frame in it can be decoded"),
        "no frames, mp4": ("frameless.mp4", "holds no pictures"),
        "cut before the index": ("headless.mp4", "cut off or damaged"),
    }


@pytest.fixture(scope="module")
def bad(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, tuple[str, str]]]:
    folder = tmp_path_factory.mktemp("bad")
    return folder, bad_sources(folder)


def test_bad_files_are_told_apart_in_one_line(
    bad: tuple[Path, dict[str, tuple[str, str]]],
) -> None:
    folder, cases = bad
    for name, (source, words) in cases.items():
        with pytest.raises(SourceError) as caught:
            read_frames(folder / source)
        message = str(caught.value)
        assert words in message, name
        assert message.startswith(str(folder / source)), name
        assert "\n" not in message, name


def test_random_access_says_the_same(bad: tuple[Path, dict[str, tuple[str, str]]]) -> None:
    folder, cases = bad
    lazily = {"damaged image", "unreadable images"}  # found when the image is asked for
    for name in cases.keys() - lazily:
        source, words = cases[name]
        with pytest.raises(SourceError, match=words):
            RandomAccessReader(folder / source)


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("", "no source given"),
        ("ftp://host/x.mp4", "cannot read ftp://"),
        ("http://127.0.0.1:9/x", "nothing answers"),
        ("rtsp://127.0.0.1:9/x", "nothing answers"),
        (os.devnull, "not a regular file"),
    ],
)
def test_bad_addresses(source: str, words: str) -> None:
    with pytest.raises(SourceError, match=words):
        read_frames(source)


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything"
)
def test_no_permission(tmp_path: Path) -> None:
    secret = write_video(tmp_path / "secret.mp4", [numbered(1)])
    secret.chmod(0)
    with pytest.raises(SourceError, match="no permission"):
        read_frames(secret)


def test_refused_files_are_explained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clip = write_video(tmp_path / "secret.mp4", [numbered(1)])

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(SourceError, match="no permission"):
        read_frames(clip)


def test_odd_arguments(tmp_path: Path) -> None:
    clip = write_video(tmp_path / "a:b %03d é.mp4", [numbered(1)] * 2)
    with read_frames(str(clip)) as reader:
        assert len(list(reader)) == 2
    with pytest.raises(ConfigError, match="image_fps"):
        read_frames(clip, image_fps=0)
    with pytest.raises(ConfigError, match="stride"):
        read_frames(clip, stride=0)


def test_damage_does_not_write_to_the_terminal(tmp_path: Path) -> None:
    clip = write_video(tmp_path / "x.mp4", [numbered(n) for n in range(20)])
    data = bytearray(clip.read_bytes())
    begin = data.index(b"mdat")
    for place in range(begin + 300, len(data) - 1200, 50):
        data[place] ^= 0xFF
    clip.write_bytes(data)
    code = (
        "import sys; from car_video.io import read_frames\n"
        "try: n = len(list(read_frames(sys.argv[1])))\n"
        "except Exception as e: n = type(e).__name__\n"
        "print('read', n)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(clip)], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0
    assert done.stdout.startswith("read")
    assert done.stderr == ""


@pytest.mark.parametrize("query", ["?poster=a.png", "?x=%03d.jpg&y=1.2", "?a.gif", ""])
def test_the_query_of_an_address_is_no_suffix(tmp_path: Path, query: str) -> None:
    write_video(tmp_path / "a.mp4", [numbered(n) for n in range(5)])
    with file_server(tmp_path) as address, read_frames(f"{address}/a.mp4{query}") as reader:
        assert [number_of(frame.image) for frame in reader] == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("source", [0, None, ["a.mp4"], b"a.mp4", {}])
@pytest.mark.parametrize("reader", [read_frames, RandomAccessReader])
def test_what_is_no_name_is_told_what_is(reader: Any, source: object) -> None:
    with pytest.raises(SourceError, match=f"got {type(source).__name__}; .*webcam:0$"):
        reader(source)


@pytest.mark.parametrize("fps", ["x", True, None, 0, float("nan")])
def test_a_rate_of_pictures_is_a_number(tmp_path: Path, fps: Any) -> None:
    Image.fromarray(numbered(0)).save(tmp_path / "a.png")
    with pytest.raises(ConfigError, match="image_fps is"):
        read_frames(tmp_path, image_fps=fps)


def test_file_addresses_of_windows_are_its_paths(monkeypatch) -> None:
    from car_video.io.readers import sources

    ours = pytest.importorskip("nturl2path").url2pathname  # what urllib.request has there
    monkeypatch.setattr(sources, "url2pathname", ours)
    assert sources.path_of_address("file:///C:/clips/a%20b.mp4") == r"C:\clips\a b.mp4"
