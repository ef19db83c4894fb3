from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import av
import pytest
from av import error as av_error

from car_video.errors import SourceError
from car_video.io.readers import StreamOptions, read_frames
from car_video.io.readers.live import camera
from car_video.io.readers.live.camera import Capture, captures, open_camera
from tests.io.readers.media import number_of, numbered, write_video


def test_linux_and_mac_ask_their_own_devices() -> None:
    assert captures("2", "linux") == [Capture("v4l2", "/dev/video2")]
    assert captures("/dev/v4l/by-id/cam", "linux") == [Capture("v4l2", "/dev/v4l/by-id/cam")]
    mac = captures("0", "darwin")
    assert {capture.address for capture in mac} == {"0:none"}
    assert mac[0].options == {"framerate": "30"}
    assert captures("USB Camera", "win32") == [Capture("dshow", "video=USB Camera")]
    with pytest.raises(SourceError, match="Linux, macOS and Windows"):
        captures("0", "sunos5")


class Device:
    def __init__(self, name: str, *media: str) -> None:
        self.name, self.media_types = name, list(media)


def test_windows_numbers_become_names(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [Device("Microphone", "audio"), Device("Front", "video"), Device("Back", "video")]
    monkeypatch.setattr(av, "enumerate_input_devices", lambda kind: found, raising=False)
    assert captures("1", "win32") == [Capture("dshow", "video=Back")]
    with pytest.raises(SourceError, match="there are 2"):
        captures("2", "win32")
    monkeypatch.delattr(av, "enumerate_input_devices")
    with pytest.raises(SourceError, match="webcam:NAME"):
        captures("1", "win32")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="names Linux's devices")
def test_an_absent_camera_is_said_in_one_line() -> None:
    with pytest.raises(SourceError) as caught:
        read_frames("webcam:99")
    assert str(caught.value).startswith("webcam:99: no such camera")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("problem", "words"),
    [
        (av_error.PermissionError(13, "Permission denied"), "no permission"),
        (av_error.ExitError(1, "Immediate exit requested"), "nothing came for 3 s"),
        (av_error.OSError(16, "Device or resource busy"), "in use by another program"),
        (ValueError("no container format 'dshow'"), "no camera support"),
    ],
)
def test_why_a_camera_does_not_open(
    problem: Exception, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise problem

    monkeypatch.setattr(av, "open", refuse)
    monkeypatch.setattr(camera, "captures", lambda device: [Capture("v4l2", "/dev/video0")])
    with pytest.raises(SourceError, match=words):
        open_camera("0", silence=3)


def test_a_camera_is_read_like_a_stream(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clip = write_video(tmp_path / "c.mkv", [numbered(n) for n in range(12)], audio=1.0)
    asked: list[Any] = []
    real_open = av.open

    def open_instead(address: str, **how: Any) -> Any:
        asked.append((address, how["format"], how["container_options"]))
        if len(asked) == 1:
            raise av_error.OSError(5, "this rate is not supported")
        if len(asked) == 2:
            return real_open(str(clip))
        raise av_error.FileNotFoundError(2, "unplugged")

    monkeypatch.setattr(av, "open", open_instead)
    monkeypatch.setattr(camera, "captures", lambda device: captures(device, "darwin"))
    options = StreamOptions(silence=1, reconnects=1, backoff=0.01, queue=100)
    with read_frames("webcam:0", stream=options) as reader:
        frames = list(reader)
    assert [number_of(frame.image) for frame in frames] == list(range(12))
    assert (reader.info.kind, reader.info.live, reader.info.source) == (
        "camera",
        True,
        "webcam:0",
    )
    assert asked[:2] == [
        ("0:none", "avfoundation", {"framerate": "30"}),
        ("0:none", "avfoundation", {"framerate": "15"}),
    ]
    assert "connecting again failed: no such camera" in reader.notices[0]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="checks Linux's wheel")
def test_the_wheel_has_the_capture_device() -> None:
    assert "v4l2" in av.format.ContainerFormat("v4l2", "r").name
