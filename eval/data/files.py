"""Paths that stay inside their folder, and files that are whole or not there at all."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from car_video.errors import DataError, OutputError

JsonValue = Any


def inside(root: Path, *parts: str) -> Path:
    """``root`` joined with names that came out of a data file, refused if they would leave it.

    Names are judged as written (links inside a data set are the user's own business).

    Args:
        root: folder that must not be left.
        parts: relative names; each may hold several components separated by ``/``.

    Raises:
        DataError: an empty, absolute or drive-qualified name, or one with a ``..``.
    """
    path = root
    for part in parts:
        pieces = part.replace("\\", "/").split("/")
        unsafe = part.startswith(("/", "\\")) or ":" in pieces[0] or "\0" in part
        if not part or unsafe or any(piece in ("", "..") for piece in pieces):
            raise DataError(
                f"refused path {part!r}: it is empty or leaves {root}; "
                f"names must be relative, without '..'"
            )
        path = path.joinpath(*pieces)
    return path


def entries(folder: Path, suffix: str = "") -> list[Path]:
    """What a folder holds, sorted by name, without what systems leave there by themselves.

    Left out are hidden entries (macOS' ``._00000.png`` and ``.DS_Store``), ``Thumbs.db`` and
    ``desktop.ini`` of Windows, ``@eaDir`` of Synology and ``__MACOSX`` of unpacked archives. A
    shell's ``*`` does not see the hidden ones either, so the official evaluations do not.

    Args:
        folder: to be listed; one that does not exist holds nothing.
        suffix: how the names must end.
    """
    if not folder.is_dir():
        return []
    return [
        path
        for path in sorted(folder.iterdir())
        if not path.name.startswith((".", "@"))
        and path.name.lower() not in _SYSTEM_NAMES
        and path.name.endswith(suffix)
    ]


def subfolders(folder: Path) -> list[Path]:
    """The folders among :func:`entries`."""
    return [path for path in entries(folder) if path.is_dir()]


_SYSTEM_NAMES = frozenset({"thumbs.db", "ehthumbs.db", "desktop.ini", "__macosx", "lost+found"})


def need_folder(path: Path, what: str) -> Path:
    """``path`` if it is a folder, else a DataError that names it."""
    if not path.is_dir():
        found = "is a file" if path.exists() else "does not exist"
        raise DataError(f"{what}: folder '{path}' {found}; check the path")
    return path


def need_file(path: Path, what: str) -> Path:
    """``path`` if it is a file, else a DataError that names it."""
    if not path.is_file():
        raise DataError(f"{what} '{path}' is missing; add it or check the path")
    return path


def first_existing(*candidates: Path) -> Path | None:
    """The first path that exists, or None."""
    return next((path for path in candidates if path.exists()), None)


def read_words(path: Path, what: str) -> list[str]:
    """The words of a UTF-8 text file, else a DataError that names it."""
    try:
        return need_file(path, what).read_text("utf-8").split()
    except UnicodeDecodeError:
        raise DataError(f"{what} '{path}' is not UTF-8 text; fetch it again") from None


def read_json(path: Path, what: str) -> JsonValue:
    """Parsed JSON of a file, else a DataError that names it."""
    need_file(path, what)
    try:
        return json.loads(path.read_text("utf-8"))
    except (ValueError, RecursionError) as error:
        raise DataError(f"{what} '{path}' is not valid JSON ({error}); write it anew") from None


@contextmanager
def atomic(path: Path) -> Iterator[Path]:
    """A temporary name beside ``path`` that becomes ``path`` when the block ends well.

    Raises:
        OutputError: the folder cannot be written or the disk is full.
    """
    elsewhere = "choose another --out"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"cannot write '{path}': {error.strerror}; {elsewhere}") from None
    # The name comes before the file, so that a Ctrl-C at any moment finds it in the block.
    part = path.parent / f".part-{secrets.token_hex(8)}{path.suffix}"
    try:
        part.touch(0o644, exist_ok=False)
        yield part
        os.replace(part, path)
    except OSError as error:
        raise OutputError(
            f"cannot write '{path}': {error.strerror}; free space or {elsewhere}"
        ) from None
    finally:
        part.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write a whole UTF-8 text file or none."""
    with atomic(path) as part:
        part.write_text(text, "utf-8")


def write_json(path: Path, value: JsonValue, indent: int | None = 1) -> None:
    """Write a whole JSON file or none; floats keep all digits."""
    write_text(
        path, json.dumps(value, indent=indent, ensure_ascii=False, allow_nan=False) + "\n"
    )
