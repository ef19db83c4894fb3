"""One run at a time in a folder."""

from __future__ import annotations

import errno
from pathlib import Path
from types import TracebackType

from filelock import FileLock, Timeout

from car_video.errors import OutputError
from car_video.io.writers.atomic_files import writing

LOCK = Path(".car-video") / "lock"
"""The file that is locked, in the folder. It stays; it is the lock on it that counts."""

_UNABLE = {errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP}


class FolderLock:
    """Keeps other processes from writing into a folder.

    The operating system holds the lock and lets go of it when the process ends, whatever way
    it ends: a run that was killed leaves no lock behind.

    Args:
        folder: made on :meth:`acquire` where it is not there.

    Attributes:
        notice: remark for the user where the disk has no locks (some network drives); else
            empty.

    Example:
        >>> with FolderLock("results"):  # doctest: +SKIP
        ...     write_everything()
    """

    def __init__(self, folder: str | Path) -> None:
        self.notice = ""
        self._folder = Path(folder)
        self._lock = FileLock(self._folder / LOCK, timeout=0, thread_local=False)

    def acquire(self) -> None:
        """Take the folder.

        Raises:
            OutputError: another run has it, or the folder cannot be made.
        """
        with writing(self._folder):
            (self._folder / LOCK).parent.mkdir(parents=True, exist_ok=True)
            try:
                self._lock.acquire()
            except Timeout:
                raise in_use(self._folder) from None
            except OSError as error:
                if error.errno not in _UNABLE:
                    raise
                self.notice = f"this disk has no locks: start no second run in '{self._folder}'"

    def release(self) -> None:
        """Let go of the folder. Safe to call twice."""
        self._lock.release(force=True)

    def __enter__(self) -> FolderLock:
        self.acquire()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()


def in_use(folder: Path) -> OutputError:
    """What to say of a folder that another run has."""
    return OutputError(
        f"'{folder}' is in use by another run; wait for its end or choose another --out"
    )


def check_free(folder: Path) -> None:
    """Raises OutputError where another run is writing into the folder; changes nothing."""
    if (folder / LOCK).exists():
        with FolderLock(folder):
            pass
