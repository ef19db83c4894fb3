"""What to tell people when a source cannot be read."""

from __future__ import annotations

import re
from pathlib import Path

from car_video.errors import SourceError

NAMED = 3
"""Files that a remark names, up to so many."""


def first_bytes(path: Path) -> bytes:
    """The first 4 KB of a file.

    Raises:
        SourceError: missing, not a regular file, no permission, empty.
    """
    try:
        if path.exists() and not path.is_file():
            raise SourceError(f"{path}: not a regular file; give a video, a folder or webcam:0")
        with path.open("rb") as file:
            head = file.read(4096)
    except FileNotFoundError:
        raise SourceError(f"{path}: no such file or folder; check the path") from None
    except PermissionError:
        raise SourceError(f"{path}: no permission to read it; check its owner") from None
    except (OSError, ValueError) as error:
        raise SourceError(f"{path}: cannot be read ({error})") from error
    if not head:
        raise SourceError(f"{path}: the file is empty; copy or download it again")
    return head


def why_not_video(head: bytes, error: Exception) -> str:
    """Why FFmpeg does not take a file that begins with these bytes."""
    if head[4:8] == b"ftyp":
        return (
            "the file is cut off or damaged: its index is missing, so no frame can be found; "
            "copy or download it again"
        )
    if _is_text(head):
        return "this is a text file, not a video"
    if isinstance(error, PermissionError):
        return "no permission to read it; check its owner"
    return "not a video that can be read, or too damaged; try to convert it to mp4"


def _is_text(head: bytes) -> bool:
    """Whether this is how a text file begins."""
    try:
        text = head.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start < len(head) - 3:  # not just a character cut at the end
            return False
        text = head[: error.start].decode("utf-8")
    return all(character.isprintable() or character in "\t\r\n\f" for character in text)


def counted(number: int, noun: str) -> str:
    """``1 frame``, ``2 frames``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def some_of(names: list[str]) -> str:
    """Names for people, not all of them if they are many."""
    return ", ".join(names[:NAMED]) + (", ..." if len(names) > NAMED else "")


def redact(address: str) -> str:
    """The address without user name, password, values of the query and fragment.

    Example:
        >>> redact("rtsp://me:secret@host/live?token=abc&mode")
        'rtsp://host/live?token=...&...'
    """
    public = re.sub(r"(?<=://)[^/\s]*@", "", address)  # "#" and "?" may stand in a password
    place, _, query = public.partition("#")[0].partition("?")
    hidden = re.sub(r"([^&;=]+=)?[^&;]*", _without_value, query) if query else ""
    return f"{place}?{hidden}" if hidden else place


def _without_value(part: re.Match[str]) -> str:
    """A part of a query with its name alone; one without a name may be a secret as a whole."""
    return f"{part[1] or ''}..." if part[0] else ""


def explain(error: Exception, silence: float, doing: str = "cannot be opened") -> str:
    """What a failed network address or camera means, and what to do.

    Args:
        error: from PyAV.
        silence: the time limit in seconds that was set.
        doing: what went wrong, for errors that are not known.
    """
    kind = type(error).__name__
    known = {
        "ConnectionRefusedError": "nothing answers there; check the address and the port",
        "ExitError": f"nothing came for {silence:g} s; check that the source is sending",
        "TimeoutError": f"nothing came for {silence:g} s; check that the source is sending",
        "HTTPNotFoundError": "the server does not know it (404); check the address",
        "HTTPUnauthorizedError": "the server wants a user name and password (401): "
        "scheme://user:password@host/...",
        "HTTPForbiddenError": "the server refuses access (403)",
        "HTTPServerError": "the server cannot serve it now (5xx); try again later",
        "InvalidDataError": "what comes from there is not a video",
        "ProtocolNotFoundError": "this build of PyAV cannot speak that protocol",
        "PermissionError": "no permission to open it",
        "FileNotFoundError": "it is not there",
    }
    reason = getattr(error, "strerror", None) or redact(str(error))
    return known.get(kind, f"{doing} ({reason})")
