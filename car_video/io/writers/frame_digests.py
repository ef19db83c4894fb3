"""What ``predictions.json`` said when it was written, so that frames that are edited are known.

A digest is the CRC-32 of a mask's run-length code, 0 for an expression without an object.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from car_video.errors import DataError
from car_video.io.formats import as_coco, from_frame_dict
from car_video.io.writers.atomic_files import write_whole, writing

DIGESTS = Path(".car-video") / "digests.json"


def write_digests(path: Path, lines: Iterable[bytes], expressions: int) -> None:
    """Keep the digests of frames.

    Args:
        path: of the file.
        lines: JSON texts of the frames.
        expressions: how many there are.

    Raises:
        OutputError: the disk does not take it.
    """
    known = {}
    for line in lines:
        entry = json.loads(line)
        known[str(entry["index"])] = _digests(entry["objects"], expressions)
    write_whole(path, json.dumps(known).encode("ascii"))


def read_digests(path: Path) -> dict[int, list[int]]:
    """The digests by index of the frame; none where there is no such file, or it is damaged.

    Raises:
        OutputError: it cannot be read.
    """
    with writing(path):
        if not path.exists():
            return {}
        data = path.read_bytes()
    try:
        known = json.loads(data)
        return {int(index): [int(one) for one in own] for index, own in known.items()}
    except (ValueError, TypeError, AttributeError):
        return {}


def edited_expressions(
    entry: Mapping[str, Any], digests: Sequence[int], expressions: tuple[str, ...]
) -> list[int]:
    """Numbers of the expressions whose masks are not those that were written.

    Args:
        entry: of ``frames`` in ``predictions.json``, laid out by any program.
        digests: of the frame as it was written.
        expressions: of the run.

    Raises:
        DataError: it is no such entry.
    """
    if _plain(entry) and _digests(entry["objects"], len(expressions)) == list(digests):
        return []
    objects = as_coco(from_frame_dict(entry, expressions))
    now = _digests(objects, len(expressions))
    return [
        n for n, (one, was) in enumerate(zip(now, digests, strict=False)) if one and one != was
    ]


def _plain(entry: Mapping[str, Any]) -> bool:
    """Whether all masks are compressed codes, as they were written."""
    try:
        return all(isinstance(o["segmentation"]["counts"], str) for o in entry["objects"])
    except (KeyError, TypeError):
        return False


def _digests(objects: Sequence[Mapping[str, Any]], expressions: int) -> list[int]:
    found = [0] * expressions
    try:
        for one in objects:
            counts = one["segmentation"]["counts"]
            here = one.get("present", True)
            # "present": false empties a mask, whatever its code says.
            found[one["expression"]] = zlib.crc32(f"{bool(here)}{counts}".encode())
    except (KeyError, TypeError, IndexError):
        raise DataError("not an object of predictions.json") from None
    return found
