"""What tells one source from another, so that a run goes on with its own pictures only."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b
from pathlib import Path
from typing import Any

from car_video.errors import SourceError
from car_video.io.readers.folders import list_images

_BLOCK, _BLOCKS = 1 << 16, 16
"""Bytes of a block and number of blocks that are read: 1 MB, however long the source is."""


def identify(name: str, path: Path | None) -> dict[str, Any]:
    """The identity of a source, as JSON values.

    Of a file its size, its time of change and a digest of 16 blocks spread over it; of a
    folder the same of each picture in it (names, sizes, times; 16 of them are read). The path
    is not part of it: a source that was moved, or copied with its times, is the same one.

    Args:
        name: of the source, for cameras and addresses; without passwords and query.
        path: of the file or folder, None where it is neither.
    """
    if path is not None and path.is_file():
        status = path.stat()
        digest = _digest([(path, _BLOCKS)])
        return {"bytes": status.st_size, "changed": status.st_mtime_ns, "digest": digest}
    if path is not None and path.is_dir():
        try:
            pictures = list_images(path)
        except SourceError:  # emptied since it was opened
            pictures = []
        statuses = {picture.name: picture.stat() for picture in pictures}
        sample = pictures[:: -(-len(pictures) // _BLOCKS)] if pictures else []
        return {
            "pictures": {n: [s.st_size, s.st_mtime_ns] for n, s in statuses.items()},
            "digest": _digest([(picture, 1) for picture in sample]),
        }
    return {"name": name}


def difference(old: Mapping[str, Any], new: Mapping[str, Any]) -> str:
    """What differs between two identities, for people; empty where they are one source."""
    if old == new:
        return ""
    if isinstance(old.get("pictures"), Mapping) and "pictures" in new:
        before, now = old["pictures"], new["pictures"]
        for what, names in (
            ("is new", [n for n in now if n not in before]),
            ("is gone", [n for n in before if n not in now]),
            ("has changed", [n for n in now if n in before and now[n] != before[n]]),
        ):
            if names:
                more = f" and {len(names) - 1} more" if len(names) > 1 else ""
                return f"'{names[0]}'{more} {what}"
        return "other pictures of the same names"
    if "bytes" in old and "bytes" in new:
        if old["bytes"] != new["bytes"]:
            return f"{old['bytes']} bytes then, {new['bytes']} now"
        return (
            "it has been changed"
            if old.get("digest") != new["digest"]
            else "another time stamp"
        )
    return "another one"


def _digest(parts: list[tuple[Path, int]]) -> str:
    """Of so many blocks, evenly spread, of each file."""
    digest = blake2b(digest_size=16)
    for path, blocks in parts:
        with path.open("rb") as file:
            last = max(0, path.stat().st_size - _BLOCK)
            for place in sorted({last * n // max(1, blocks - 1) for n in range(blocks)}):
                file.seek(place)
                digest.update(file.read(_BLOCK))
    return digest.hexdigest()
