"""What a user may name as a source: told apart, and several found where one name means them."""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, takewhile
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit
from urllib.request import url2pathname

from car_video.errors import SourceError
from car_video.io.readers.folders import (
    is_clip_name,
    is_image_name,
    natural_key,
    visible_files,
)
from car_video.io.readers.messages import counted, redact

STREAM_SCHEMES = ("rtsp", "rtsps", "http", "https", "rtmp", "rtmps", "udp", "tcp", "rtp", "srt")


@dataclass(frozen=True, slots=True)
class Source:
    """A source string, understood.

    Attributes:
        kind: path, camera or address.
        value: the path, the camera's number or name, or the address.
        name: for people and files: without user names, passwords and values of a query.
    """

    kind: Literal["path", "camera", "address"]
    value: str
    name: str


def parse_source(source: str | os.PathLike[str]) -> Source:
    """Tell a path from ``webcam:N`` and from an address.

    What exists on disk under exactly this name is a path, a folder called ``webcam`` too.

    Raises:
        SourceError: nothing given, no name at all, or an unknown scheme.
    """
    text = os.fspath(source) if isinstance(source, str | os.PathLike) else source
    if not isinstance(text, str):
        raise SourceError(
            f"a source is one name as text or Path, got {type(source).__name__}; name a video, "
            "a folder of images or webcam:0"
        )
    if not text.strip():
        raise SourceError("no source given: name a video, a folder of images or webcam:0")
    if os.path.lexists(text):
        return Source("path", text, text)
    camera = re.fullmatch(r"webcam(?::(.*))?", text)
    if camera and isinstance(source, str):
        return Source("camera", camera[1] or "0", text)
    scheme = re.match(r"([A-Za-z][A-Za-z0-9+.-]+)://", text)
    if not scheme:
        return Source("path", os.path.expanduser(text), text)
    kind = scheme[1].lower()
    if kind == "file":
        return Source("path", path_of_address(text), text)
    if kind not in STREAM_SCHEMES:
        raise SourceError(
            f"{redact(text)}: cannot read {kind}:// addresses; "
            f"known are {', '.join(f'{known}://' for known in STREAM_SCHEMES)}"
        )
    return Source("address", text, redact(text))


def expand_sources(sources: Sequence[str | os.PathLike[str]]) -> list[str]:
    """Every source that these names mean, for one run each.

    - A pattern (``clips/*.mp4``, ``**`` too) is what it matches, without hidden files and
      without folders that a run has written. A file whose own name looks like a pattern is
      itself.
    - A folder that holds clips and no pictures is its clips. A folder of pictures is one
      source.
    - Everything else is itself: files, cameras, addresses.

    Returns:
        Names that :func:`read_frames` takes, in the order given, those of a pattern or folder
        in natural order. A file that two names mean occurs once.

    Raises:
        SourceError: a pattern that matches nothing, or a folder that holds clips and pictures.

    Example:
        >>> expand_sources(["webcam:0", "rtsp://host/live"])
        ['webcam:0', 'rtsp://host/live']
    """
    found: dict[str, str] = {}
    for source in sources:
        for name in _meant_by(source):
            found.setdefault(os.path.abspath(name) if os.path.lexists(name) else name, name)
    return list(found.values())


def _meant_by(source: str | os.PathLike[str]) -> list[str]:
    named = parse_source(source)
    if named.kind != "path":
        return [os.fspath(source)]
    if os.path.isdir(named.value):
        return _in_folder(Path(named.value))
    if os.path.lexists(named.value) or not glob.has_magic(named.value):
        return [os.fspath(source)]
    found = glob.glob(named.value, recursive=True)
    matches = [match for match in found if not _is_output(match, named.value)]
    if not matches:
        raise SourceError(f"{named.name}: nothing matches this pattern; check it")
    return sorted(matches, key=natural_key)


def _in_folder(folder: Path) -> list[str]:
    files = visible_files(folder)
    clips = [file for file in files if is_clip_name(file)]
    if not any(is_image_name(file) for file in files):
        return [str(clip) for clip in clips] or [str(folder)]
    moving = [clip for clip in clips if clip.suffix.lower() != ".gif"]
    if moving:
        pattern = folder / f"*{moving[0].suffix}"
        raise SourceError(
            f"{folder}: holds {counted(len(moving), 'clip')} and pictures; give '{pattern}' "
            "for the clips, or move the pictures to a folder of their own"
        )
    return [str(folder)]


def _is_output(match: str, pattern: str) -> bool:
    """Whether a match is a folder that a run has written, or lies in one that the pattern does
    not name."""
    fixed = Path(*takewhile(lambda part: not glob.has_magic(part), Path(pattern).parts))
    steps = accumulate(Path(match).relative_to(fixed).parts, Path.joinpath, initial=fixed)
    return any((step / ".car-video").is_dir() for step in list(steps)[1:])


def path_of_address(address: str) -> str:
    """The path of a ``file://`` address, in the words of this system.

    Raises:
        SourceError: it names another machine, or no path.

    Example:
        >>> path_of_address("file:///clips/a%20b.mp4")  # on Windows: file:///C:/clips/a%20b.mp4
        '/clips/a b.mp4'
    """
    parts = urlsplit(address)
    if parts.netloc not in ("", "localhost") or not parts.path:
        raise SourceError(f"{address}: give a file address as file:///path, or just the path")
    return url2pathname(parts.path)
