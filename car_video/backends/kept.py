"""What is made on first use and kept in the cache folder: whole, checked, or made anew."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from filelock import FileLock

from car_video.config.cache import cache_folder
from car_video.errors import ModelError

MANIFEST = "manifest.json"
_SHORT = 20  # digits of a key; two keys that agree in so many do not happen


def key_of(*parts: object) -> str:
    """One short text for everything that a thing depends on."""
    text = json.dumps([str(part) for part in parts])
    return hashlib.sha256(text.encode()).hexdigest()[:_SHORT]


def kept(name: str, key: str, make: Callable[[Path], None]) -> Path:
    """A folder of the cache, made where it is missing or damaged.

    Args:
        name: of the kind of thing.
        key: see :func:`key_of`.
        make: fills an empty folder. It may raise; nothing is kept then.

    Returns:
        The folder, every file of it as it was written.

    Raises:
        ModelError: the cache cannot be written.
    """
    folder = cache_folder() / "backends" / f"{name}-{key}"
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(folder.with_name(folder.name + ".lock")):
            if not _whole(folder):
                shutil.rmtree(folder, ignore_errors=True)
                with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".new-") as place:
                    new = Path(place) / "new"
                    new.mkdir()
                    make(new)
                    sums = {file.name: _sum(file) for file in sorted(new.iterdir())}
                    (new / MANIFEST).write_text(json.dumps(sums), "utf-8")
                    os.replace(new, folder)
    except OSError as error:
        raise ModelError(
            f"the cache folder '{folder.parent}' cannot be written "
            f"({error.strerror or error}); set CAR_VIDEO_CACHE, or use --backend torch"
        ) from None
    return folder


def kept_json(name: str, key: str, find: Callable[[], Any]) -> Any:
    """The same of something that JSON can hold.

    Args:
        name, key: see :func:`kept`.
        find: called where nothing is kept.
    """

    def make(folder: Path) -> None:
        (folder / "found.json").write_text(json.dumps(find()), "utf-8")

    return json.loads((kept(name, key, make) / "found.json").read_text("utf-8"))


def _whole(folder: Path) -> bool:
    """Whether a folder holds what its manifest says."""
    try:
        sums = json.loads((folder / MANIFEST).read_text("utf-8"))
        return all(_sum(folder / name) == value for name, value in sums.items())
    except (OSError, ValueError, AttributeError):
        return False


def _sum(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
