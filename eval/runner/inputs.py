"""What the numbers of an item depend on: its payload, and the files that the payload names."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ..benchmarks.base import Item

Inputs = dict[str, Any]
"""``{"payload": digest, "files": {path: [size, time in ns]}}``: plain data."""


def inputs(item: Item, root: Path) -> Inputs:
    """The inputs of an item as they are now.

    Args:
        item: its payload holds everything that it needs, files as :class:`~pathlib.Path`.
        root: the data folder; names of files in it are relative to it.
    """
    parts = list(_parts(item.payload))
    names = {part: _name(part, root) for part in parts if isinstance(part, Path)}
    text = "\n".join(names[part] if isinstance(part, Path) else str(part) for part in parts)
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    return {"payload": digest, "files": {name: _state(path) for path, name in names.items()}}


def difference(before: Inputs | None, now: Inputs) -> str:
    """What has changed between two states of an item's inputs; empty when nothing has.

    A record without inputs (of an older version) counts as changed.
    """
    if before is None:
        return "something unknown"
    old, new = before["files"], now["files"]
    if set(old) == set(new):
        changed = [name for name in new if old[name] != new[name]]
        if changed:
            more = f" and {len(changed) - 1} more" if len(changed) > 1 else ""
            return f"'{changed[0]}'{more}"
    return "" if before == now else "its list of files, its expressions or its ground truth"


def _parts(value: Any) -> Iterator[Any]:
    """The plain values of nested dataclasses, mappings and sequences, with their structure."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        value = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield f"{key!r}:"
            yield from _parts(inner)
    elif isinstance(value, list | tuple):
        yield f"list of {len(value)}"
        for inner in value:
            yield from _parts(inner)
    else:
        yield value if isinstance(value, Path) else repr(value)


def _name(path: Path, root: Path) -> str:
    try:
        return path.resolve().relative_to(root.resolve()).as_posix()
    except ValueError:
        return str(path.resolve())


def _state(path: Path) -> list[int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return [status.st_size, status.st_mtime_ns]
