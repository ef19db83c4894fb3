"""Whether a file has all the bytes that its header states.

The packets of AVI, FLV and ASF have no duration of their own, so a picture that is held at the
end looks like a file that was cut off. What tells them apart is the size in the header.
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any, BinaryIO

_HEAD = 1 << 16  # bytes within which FLV and ASF state the size of the file
_ASF_FILE_PROPERTIES = bytes.fromhex("A1DCAB8C47A9CF118EE400C00C205365")  # ASF spec., 10.1
_ASF_SIZE_AT = 40  # bytes after the object's begin: its GUID, its size, the file's identity
_FLV_SIZE = b"\x00\x08filesize\x00"  # a number of onMetaData, in AMF0


def is_whole(container: Any) -> bool | None:
    """Whether an AVI, FLV or ASF file is as long as its header says.

    Args:
        container: open input container.

    Returns:
        None for other containers, whose packets have durations; where the header does not
        tell; for what is no local file.
    """
    stated = {"avi": _riff_end, "flv": _flv_end, "asf": _asf_end}.get(container.format.name)
    path = Path(str(container.name).removeprefix("file:"))
    if stated is None or not path.is_file():
        return None
    with path.open("rb") as file:
        size = stated(file)
    return None if size is None else size <= path.stat().st_size


def _riff_end(file: BinaryIO) -> int | None:
    """Where the last of the RIFF chunks ends; OpenDML has one for every gigabyte."""
    end = 0
    while (head := file.read(8))[:4] == b"RIFF" and len(head) == 8:
        (size,) = struct.unpack("<I", head[4:])
        if size == 0:
            return None  # the recording was not finished
        end = file.tell() + size
        file.seek(end + size % 2)
    return end or None


def _flv_end(file: BinaryIO) -> int | None:
    head = file.read(_HEAD)
    place = head.find(_FLV_SIZE) + len(_FLV_SIZE)
    if place < len(_FLV_SIZE) or len(head) < place + 8:
        return None
    (size,) = struct.unpack(">d", head[place : place + 8])
    return int(size) if 0 < size < float("inf") else None


def _asf_end(file: BinaryIO) -> int | None:
    head = file.read(_HEAD)
    place = head.find(_ASF_FILE_PROPERTIES)
    if place < 0 or len(head) < place + _ASF_SIZE_AT + 8:
        return None
    (size,) = struct.unpack_from("<Q", head, place + _ASF_SIZE_AT)
    return int(size) or None
