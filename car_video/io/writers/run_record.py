"""``run.json``: whose folder it is, and under which settings its run may be resumed."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from car_video.errors import OutputError
from car_video.io.writers.atomic_files import write_whole, writing
from car_video.io.writers.base import OutputInfo
from car_video.io.writers.source_identity import difference, identify

RECORD = Path(".car-video") / "run.json"
_FORMAT = 2
_KINDS: dict[str, Any] = {
    "source": dict,
    "picture size": list,
    "model": str,
    "expressions": list,
    "options": dict,
    "end": int | float | None,
    "max_frames": int | None,
    "results": list | None,
    "expressions changed": bool,
}
_NAMED = 4  # differences that are named, up to so many
_TYPED = (
    *("refine", "backend", "roi", "assume present", "size", "start", "stride", "decoder"),
    "mode",
)
"""Options of a run that a person types, by their keys in the record."""


def public_name(source: str) -> str:
    """The source's name without what may be secret in an address: user, password, query."""
    if not re.match(r"[A-Za-z][A-Za-z0-9+.-]+://", source):
        return source
    return re.split(r"[?#]", re.sub(r"(?<=://)[^/\s]*@", "", source, count=1))[0]


def make_record(info: OutputInfo, options: Mapping[str, Any]) -> dict[str, Any]:
    """The record of a run.

    Args:
        info: of the run.
        options: everything else that changes the masks, JSON values.

    Raises:
        OutputError: the source cannot be read any more.
    """
    path = None if info.path is None else Path(info.path)
    with writing(path or Path(info.source)):
        source = identify(public_name(info.source), path)
    record = {
        "format": _FORMAT,
        "source": source,
        "picture size": [info.width, info.height],
        "model": info.model,
        "expressions": list(info.expressions),
        "options": dict(options),
        "end": info.end,
        "max_frames": info.max_frames,
        "results": None,
        "expressions changed": False,
    }
    plain: dict[str, Any] = json.loads(json.dumps(record))  # tuples become lists, as on disk
    return plain


def write_record(folder: Path, record: Mapping[str, Any]) -> None:
    """Raises OutputError where the disk does not take it."""
    write_whole(folder / RECORD, json.dumps(record, indent=1).encode("ascii"))


def read_record(folder: Path) -> dict[str, Any]:
    """The record in a folder.

    Raises:
        OutputError: it cannot be read.
    """
    file = folder / RECORD
    with writing(file):
        try:
            record = json.loads(file.read_bytes())
        except ValueError:
            record = None
    if (
        not isinstance(record, dict)
        or record.get("format") != _FORMAT
        or not all(isinstance(record.get(key, False), kind) for key, kind in _KINDS.items())
    ):
        raise OutputError(
            f"'{file}' is damaged or of another version; --overwrite replaces the results"
        )
    return record


def corrected_frames(record: Mapping[str, Any]) -> list[tuple[int, int]]:
    """Frame and number of the expression of the corrections that a run has taken in; records of
    earlier versions have none."""
    given = record.get("corrected")
    pairs = given if isinstance(given, list) else []
    return [(int(pair[0]), int(pair[1])) for pair in pairs]


def earlier_extent(folder: Path) -> tuple[float | None, int | None]:
    """How far the run in a folder was meant to go: its ``end`` and ``max_frames``.

    Raises:
        OutputError: its record cannot be read.
    """
    if not (folder / RECORD).exists():
        return None, None
    record = read_record(folder)
    return record.get("end"), record.get("max_frames")


def compare(folder: Path, old: Mapping[str, Any], new: Mapping[str, Any]) -> None:
    """Raises OutputError naming what differs between the run in a folder and this one."""
    other = []
    source = difference(old.get("source", {}), new["source"])
    if source:
        other.append(f"source ({source})")
    for key in ("picture size", "model", "expressions"):
        if old.get(key) != new[key]:
            other.append(key)
    before, now = _flat(old.get("options", {})), _flat(new["options"])
    other += [_typed(k) for k in sorted({*before, *now}) if before.get(k) != now.get(k)]
    if len(other) > _NAMED:
        other = [*other[:_NAMED], f"{len(other) - _NAMED} more"]
    if other:
        raise OutputError(
            f"'{folder}' holds a run that differs in {', '.join(other)}; --overwrite replaces "
            "it, --out names another folder"
        )


def _typed(key: str) -> str:
    """An option as it is typed: ``--assume-present``; what is none stays as it is."""
    return f"--{key.replace(' ', '-')}" if key in _TYPED else key


def _flat(options: Mapping[str, Any]) -> dict[str, Any]:
    """Nested options under names like ``segment.proposal.size``."""
    flat: dict[str, Any] = {}
    for key, value in options.items():
        if isinstance(value, Mapping):
            flat |= {f"{key}.{below}": v for below, v in _flat(value).items()}
        else:
            flat[key] = value
    return flat
