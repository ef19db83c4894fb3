"""The formats that a finished run can be exported to, as data: one line each.

It stands outside of ``exports`` so that the writers know the names of the files that ``--save``
makes, without importing what makes them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from car_video.errors import OutputError

Audience = Literal["annotators", "editors", "programmers"]


@dataclass(frozen=True, slots=True)
class Format:
    """One format.

    Attributes:
        name: on the command line.
        audience: for whom it is made.
        what: what it is, in a few words.
        file: of the result: what it is called by default. Without an ending it is a folder.
        module: in ``car_video.io.exports``; its ``write`` is a
            :class:`~car_video.io.exports.export.Write`.
        options: names of the fields of ``ExportOptions`` that mean something for it.
        needs: modules of packages that are not installed with car-video.
        extra: of car-video that brings these packages.
    """

    name: str
    audience: Audience
    what: str
    file: str
    module: str
    options: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    extra: str = ""

    @property
    def is_folder(self) -> bool:
        """Whether the result is a folder; else it is one file."""
        return "." not in self.file


_ANNOTATORS = (
    Format(
        *("coco", "annotators", "COCO instances with tracks", "coco.json", "coco"),
        ("start_number",),
    ),
    Format(
        *("youtube-vis", "annotators", "YouTube-VIS", "youtube_vis.json", "youtube_vis"),
        ("start_number",),
    ),
    Format(
        *("davis", "annotators", "DAVIS palette PNG with its folders", "davis", "davis"),
        ("start_number",),
    ),
)
_EDITORS: tuple[Format, ...] = ()
_PROGRAMMERS: tuple[Format, ...] = ()

FORMATS: dict[str, Format] = {f.name: f for f in (*_ANNOTATORS, *_EDITORS, *_PROGRAMMERS)}
"""All formats by name, in the order in which they are listed to people."""

SAVED: dict[str, Format] = {f.name: f for f in FORMATS.values() if not f.is_folder}
"""Those that ``--save`` may name: a single file, made at the end of a run."""


def find_format(name: str) -> Format:
    """The format of a name, in any case, with ``_`` for ``-``.

    Raises:
        OutputError: there is none.
    """
    wanted = name.strip().lower().replace("_", "-")
    if wanted not in FORMATS:
        raise OutputError(f"no format '{name}' to convert to; choose from {', '.join(FORMATS)}")
    return FORMATS[wanted]


def saved_files(names: Iterable[str] = SAVED) -> list[str]:
    """Names of the files that ``--save`` makes of these formats."""
    return [SAVED[name].file for name in names]
