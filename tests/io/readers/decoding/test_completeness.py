"""Sizes that headers state; whole and cut files are in ``files/test_lengths``."""

from __future__ import annotations

import struct
from pathlib import Path
from types import SimpleNamespace

import pytest

from car_video.io.readers.decoding.completeness import is_whole

ASF = bytes.fromhex("A1DCAB8C47A9CF118EE400C00C205365")


def riff(payload: int, states: int | None = None) -> bytes:
    """A RIFF chunk; by default its header is right."""
    size = payload if states is None else states
    return b"RIFF" + struct.pack("<I", size) + b"x" * payload


def flv(size: float, length: int = 200) -> bytes:
    head = b"FLV....onMetaData\x00\x08filesize\x00" + struct.pack(">d", size)
    return head.ljust(length, b"x")


def asf(size: int, length: int = 200) -> bytes:
    return (b"x" * 30 + ASF + b"x" * 24 + struct.pack("<Q", size)).ljust(length, b"x")


@pytest.mark.parametrize(
    ("kind", "data", "whole"),
    [
        ("avi", riff(100), True),
        ("avi", riff(100)[:-1], False),
        ("avi", riff(100) + riff(50), True),  # OpenDML
        ("avi", riff(100) + riff(50, states=60), False),
        ("avi", riff(101) + b"\0" + riff(50), True),  # chunks begin at even places
        ("avi", riff(100, states=0), None),
        ("avi", b"", None),
        ("flv", flv(200), True),
        ("flv", flv(201), False),
        ("flv", flv(0), None),
        ("flv", flv(float("nan")), None),
        ("flv", flv(200)[:30], None),
        ("flv", b"FLV without metadata", None),
        ("asf", asf(200), True),
        ("asf", asf(1000), False),
        ("asf", asf(0), None),
        ("asf", asf(200)[:60], None),
        ("mov,mp4,m4a,3gp,3g2,mj2", riff(100), None),
    ],
)
def test_whole_or_cut(tmp_path: Path, kind: str, data: bytes, whole: bool | None) -> None:
    path = tmp_path / "clip"
    path.write_bytes(data)
    container = SimpleNamespace(format=SimpleNamespace(name=kind), name=f"file:{path}")
    assert is_whole(container) is whole


def test_an_address_is_no_file() -> None:
    address = "https://example.org/clip.avi"
    assert is_whole(SimpleNamespace(format=SimpleNamespace(name="avi"), name=address)) is None
