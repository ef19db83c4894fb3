"""HEIC pictures made by hand: one coded image, or the grid of tiles that phones write."""

from __future__ import annotations

import contextlib
import struct
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

CODING = {"x265-params": "log-level=none:keyint=1", "crf": "10"}
TRIES = 30

FULL_SIZE, TILE_SIZE, CONFIGURATION = 3, 2, 1  # properties by their place in ipco


def box(kind: bytes, *parts: bytes) -> bytes:
    data = b"".join(parts)
    return struct.pack(">I", 8 + len(data)) + kind + data


def full_box(kind: bytes, version: int, *parts: bytes) -> bytes:
    return box(kind, struct.pack(">I", version << 24), *parts)


def coded(image: NDArray[np.uint8], scratch: Path) -> tuple[bytes, bytes]:
    """As :func:`coded_once`. Now and then FFmpeg refuses the header that libx265 gives it
    (PyAV 18.1, one of five, whatever the picture): then it is encoded again."""
    for _ in range(TRIES):
        with contextlib.suppress(av.error.PatchWelcomeError):
            return coded_once(image, scratch)
    raise RuntimeError("libx265 gives no header that FFmpeg takes")


def coded_once(image: NDArray[np.uint8], scratch: Path) -> tuple[bytes, bytes]:
    """The HEVC configuration box and the coded picture."""
    with av.open(str(scratch), "w", format="mp4") as container:
        stream: Any = container.add_stream("libx265", rate=25, options=CODING)
        stream.height, stream.width = image.shape[:2]
        stream.pix_fmt = "yuv420p"
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(image), "rgb24")
        frame.pts, frame.time_base = 0, Fraction(1, 25)
        container.mux(stream.encode(frame) + stream.encode(None))
    data = scratch.read_bytes()
    place = data.index(b"hvcC") - 4
    (length,) = struct.unpack(">I", data[place : place + 4])
    with av.open(str(scratch)) as container:
        picture = b"".join(bytes(p) for p in container.demux(video=0) if p.size)
    scratch.unlink()
    return data[place : place + length], picture


def write_heic(path: Path, image: NDArray[np.uint8], tile: int = 0) -> Path:
    """Write a picture, whose sides are whole numbers of tiles; ``tile`` 0: one coded image."""
    height, width = image.shape[:2]
    step_y, step_x = (tile, tile) if tile else (height, width)
    pieces = [
        coded(image[y : y + step_y, x : x + step_x], path.with_suffix(".part"))
        for y in range(0, height, step_y)
        for x in range(0, width, step_x)
    ]
    configuration, pictures = pieces[0][0], [picture for _, picture in pieces]
    grid = struct.pack(
        ">BBBB2H", 0, 0, height // step_y - 1, width // step_x - 1, width, height
    )
    first = 2 if tile else 1
    items = list(range(first, first + len(pictures)))
    kinds = [(1, b"grid", 0)] if tile else []
    kinds += [(item, b"hvc1", 1 if tile else 0) for item in items]  # 1: hidden

    def entry(item: int, kind: bytes, flags: int) -> bytes:
        return box(
            b"infe",
            struct.pack(">I", 2 << 24 | flags),
            struct.pack(">HH", item, 0),
            kind,
            b"\0",
        )

    def size(w: int, h: int) -> bytes:
        return full_box(b"ispe", 0, struct.pack(">II", w, h))

    properties = box(b"ipco", configuration, size(step_x, step_y), size(width, height))
    owned = [struct.pack(">HBB", 1, 1, FULL_SIZE)] if tile else []
    owned += [struct.pack(">HBBB", item, 2, 0x80 | CONFIGURATION, TILE_SIZE) for item in items]
    association = full_box(b"ipma", 0, struct.pack(">I", len(owned)), *owned)
    references = box(
        b"dimg", struct.pack(">HH", 1, len(items)), *(struct.pack(">H", i) for i in items)
    )

    def header(offset: int) -> bytes:
        places = [struct.pack(">HHHHII", 1, 1, 0, 1, 0, len(grid))] if tile else []
        for item, picture in zip(items, pictures, strict=True):
            places.append(struct.pack(">HHHHII", item, 0, 0, 1, offset, len(picture)))
            offset += len(picture)
        meta = full_box(
            b"meta",
            0,
            full_box(b"hdlr", 0, struct.pack(">I", 0), b"pict", bytes(13)),
            full_box(b"pitm", 0, struct.pack(">H", 1)),
            full_box(b"iloc", 1, struct.pack(">BBH", 0x44, 0, len(places)), *places),
            full_box(b"iinf", 0, struct.pack(">H", len(kinds)), *(entry(*k) for k in kinds)),
            *([full_box(b"iref", 0, references), box(b"idat", grid)] if tile else []),
            box(b"iprp", properties, association),
        )
        return box(b"ftyp", b"heic", bytes(4), b"mif1heic") + meta

    start = header(0)
    path.write_bytes(header(len(start) + 8) + box(b"mdat", *pictures))
    return path
