"""Label maps from the simplest kind of PNG, with the inflater that is fastest.

Scoring one object a frame spends most of its time on inflating PNG files. Label maps are nearly
always 8-bit palette files whose rows are stored as they are; of those only the zlib stream has
to be undone. Python's zlib does so; libdeflate (the extra ``deflate``) takes a fifth of its
time. All other files are left to Pillow.

Source: PNG specification, third edition, sections 5 (chunks) and 7 (rows and filter bytes).
"""

from __future__ import annotations

import importlib
import struct
import zlib
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

deflate: Any
_DAMAGED: tuple[type[Exception], ...] = (zlib.error,)
try:
    deflate = importlib.import_module("deflate")
    _DAMAGED += (deflate.DeflateError,)
except ImportError:
    deflate = None

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_GREY, _PALETTE = 0, 3
_LARGEST = 1 << 26  # pixels; what is larger goes to Pillow, which warns of bombs
_HARMLESS = {b"PLTE", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"pHYs", b"tEXt", b"tIME", b"bKGD"}


def decode(data: bytes) -> NDArray[np.uint8] | None:
    """The values of an 8-bit palette or grey PNG without row filters.

    Args:
        data: the file.

    Returns:
        uint8 [H, W], or None where this reader does not apply: another kind of PNG, or damage.
    """
    if not data.startswith(_SIGNATURE):
        return None
    chunks = dict[bytes, bytes]()
    stream = []
    for name, body in _chunks(data):
        if name == b"IDAT":
            stream.append(body)
        elif name not in _HARMLESS:
            chunks[name] = body
    if set(chunks) != {b"IHDR", b"IEND"} or len(chunks[b"IHDR"]) != 13:
        return None
    width, height, *kind = struct.unpack(">IIBBBBB", chunks[b"IHDR"])
    if kind not in ([8, _GREY, 0, 0, 0], [8, _PALETTE, 0, 0, 0]):
        return None
    if not 0 < width * height <= _LARGEST:
        return None
    rows = _inflate(b"".join(stream), height * (width + 1))
    if rows is None:
        return None
    filtered = np.frombuffer(rows, np.uint8).reshape(height, width + 1)
    return None if filtered[:, 0].any() else np.ascontiguousarray(filtered[:, 1:])


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Names and bodies up to the end or the first that is damaged."""
    position = len(_SIGNATURE)
    while position + 12 <= len(data):
        (length,) = struct.unpack_from(">I", data, position)
        end = position + 8 + length
        if end + 4 > len(data):
            return
        (checksum,) = struct.unpack_from(">I", data, end)
        if zlib.crc32(data[position + 4 : end]) != checksum:
            return
        name = data[position + 4 : position + 8]
        yield name, data[position + 8 : end]
        if name == b"IEND":
            return
        position = end + 4


def _inflate(stream: bytes, size: int) -> bytes | bytearray | None:
    """The stream undone, if that gives ``size`` bytes; never makes more than one beyond."""
    rows: bytes | bytearray
    try:
        if deflate is not None:
            rows = deflate.zlib_decompress(stream, size)
        else:
            inflater = zlib.decompressobj()
            rows = inflater.decompress(stream, size + 1)
            if not inflater.eof:
                return None
    except _DAMAGED:
        return None
    return rows if len(rows) == size else None
