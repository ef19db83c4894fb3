"""Files that appear whole or not at all, and disk errors in one line for people."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from av.error import FFmpegError

from car_video.errors import OutputError

_FULL = {errno.ENOSPC, errno.EDQUOT}
_FORBIDDEN = {errno.EACCES, errno.EPERM, errno.EROFS}


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turns every error of the disk or of an encoder inside the block into an OutputError.

    Args:
        path: what is being written, for the message.

    Raises:
        OutputError: one line: what happened and what to do.
    """
    try:
        yield
    except (OSError, FFmpegError) as error:
        raise OutputError(explain(error, path)) from error


def part_of(path: Path) -> Path:
    """The hidden name, in the same folder, under which a file is written before it is whole."""
    return path.with_name(f".{path.name}.part")


def write_whole(path: Path, data: bytes) -> None:
    """Write a file so that it is seen complete or not at all.

    Raises:
        OutputError: the disk does not take it; no part of it stays behind.
    """
    part = part_of(path)
    with writing(path):
        try:
            part.write_bytes(data)
            os.replace(part, path)
        except BaseException:
            remove(part)
            raise


def remove(path: Path) -> None:
    """Delete a file if it is there.

    Raises:
        OutputError: it is there and cannot be deleted.
    """
    with writing(path):
        path.unlink(missing_ok=True)


def explain(
    error: BaseException,
    path: Path,
    again: str = "what is finished stays: free some space and run again with --resume",
) -> str:
    """One line for people: what happened and what to do.

    Args:
        error: of the disk or of an encoder.
        path: what was being written.
        again: what to do once there is space.
    """
    number = getattr(error, "errno", None)
    if number in _FULL:
        return f"the disk is full, cannot write '{path}'; {again}"
    if number in _FORBIDDEN:
        return f"no permission to write '{path}'; choose another folder with --out"
    reason = " ".join(str(getattr(error, "strerror", None) or error).split())
    return f"cannot write '{path}': {reason}"
