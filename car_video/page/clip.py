"""``Clip``: what a person has given to the page, with every frame in reach."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from car_video.errors import SourceError
from car_video.io.readers import RandomAccessReader, Selection, SourceInfo, read_frames
from car_video.io.readers.folders import IMAGE_SUFFIXES
from car_video.io.readers.selection import indices_of
from car_video.page.limits import Limits
from car_video.types import Frame

_LONGEST_NAME, _LONGEST_SUFFIX = 160, 16
"""In bytes of UTF-8. File systems take 255, and what is made of a clip is called after it, with
up to sixty more."""

_RESERVED = re.compile(r"(CON|PRN|AUX|NUL|CONIN\$|CONOUT\$|(COM|LPT)[1-9¹²³]) *(\..*)?", re.I)
"""Names that Windows keeps for devices, whatever suffix follows."""


class Clip:
    """A video, a picture or a folder of pictures, read at random; safe for several threads.

    Args:
        path: of the file or folder.
        limits: that it has to keep.

    Attributes:
        path: of the file or folder.
        info: what is known of it.
        times: seconds of every frame.

    Raises:
        SourceError: it cannot be read, or is longer than the page takes.
    """

    def __init__(self, path: Path, limits: Limits) -> None:
        self.path = path
        with _by_name(path), read_frames(path) as reader:
            self.info: SourceInfo = reader.info
        limits.check_length(self.info.duration)
        with _by_name(path):
            self._reader = RandomAccessReader(path)
        self._lock = threading.Lock()
        self.times: list[float] = self._reader.times.tolist()
        try:
            limits.check_length(self.times[-1])
        except SourceError:
            self.close()
            raise

    def __len__(self) -> int:
        return len(self.times)

    @property
    def single(self) -> bool:
        """Whether it is one picture."""
        return len(self.times) == 1

    @property
    def pixel_aspect(self) -> float:
        """Width of a pixel divided by its height, as players show it."""
        return float(self.info.sample_aspect_ratio)

    def frame(self, index: int) -> Frame:
        """The frame of a number.

        Raises:
            SourceError: there is none, or it is damaged.
        """
        if not 0 <= index < len(self.times):
            raise SourceError(
                f"There is no frame {index}; the last one is {len(self.times) - 1}."
            )
        with self._lock, _by_name(self.path):
            return self._reader[index]

    def indices(
        self, start: float | None = None, end: float | None = None, stride: int = 1
    ) -> list[int]:
        """Numbers of the frames of a run.

        Args:
            start: seconds from the beginning.
            end: seconds, not included.
            stride: every so many frames.

        Raises:
            ConfigError: an argument out of range.
            SourceError: no frame at all.
        """
        found = indices_of(Selection(start, end, stride), self.times)
        if not found:
            raise SourceError(
                f"There is no frame in that range; the clip lasts {self.times[-1]:.1f} s."
            )
        return found

    def close(self) -> None:
        """Let go of the file."""
        self._reader.close()


@contextmanager
def _by_name(path: Path) -> Iterator[None]:
    """Errors name the file without the session's folder, which means nothing to people."""
    try:
        yield
    except SourceError as error:
        raise SourceError(str(error).replace(f"{path.parent}{os.sep}", "")) from error


def take_in(given: Sequence[Path], folder: Path, limits: Limits) -> Path:
    """Move what was uploaded into the folder of a session.

    Args:
        given: one file, or several pictures, which become a folder.
        folder: is made.
        limits: of size and number.

    Returns:
        Where it lies, under a name that is safe on every file system.

    Raises:
        SourceError: nothing, too much, or several files that are not all pictures.
    """
    if not given:
        raise SourceError("There was no file in that.")
    limits.check_bytes(sum(path.stat().st_size for path in given))
    folder.mkdir(parents=True)
    if len(given) == 1:
        target = folder / safe_name(given[0].name)
        os.replace(given[0], target)
        return target
    others = [path.name for path in given if path.suffix.lower() not in IMAGE_SUFFIXES]
    if others:
        raise SourceError(
            f"Several files are taken as the pictures of one video, and '{others[0]}' is no "
            "picture. Give one video at a time."
        )
    limits.check_pictures(len(given))
    pictures = folder / "pictures"
    pictures.mkdir()
    for path in given:
        target = pictures / safe_name(path.name)
        if target.exists():
            raise SourceError(f"Two pictures are called '{target.name}'; rename one.")
        os.replace(path, target)
    return pictures


def safe_name(name: str) -> str:
    """A file name without folders, leading dots, control characters or reserved ones.

    Example:
        >>> safe_name("../../etc/pass wd.mp4")
        'pass wd.mp4'
    """
    base = re.split(r"[/\\]", name)[-1]
    plain = re.sub(r'[<>:"|?*]', "_", "".join(c for c in base if c.isprintable()))
    stem, suffix = os.path.splitext(plain.strip(". "))
    suffix = _cut(suffix, _LONGEST_SUFFIX)
    if _RESERVED.fullmatch(stem):
        stem = f"_{stem}"
    stem = _cut(stem, _LONGEST_NAME - len(suffix.encode()))
    return f"{stem}{suffix}".strip(". ") or "clip"


def _cut(text: str, most: int) -> str:
    """The beginning of a text that has at most so many bytes of UTF-8."""
    return text.encode()[:most].decode(errors="ignore")
