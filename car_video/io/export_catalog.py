"""The formats that a finished run can be exported to, as data: one line each.

It stands outside of ``exports`` so that the writers know the names of the files that ``--save``
makes, without importing what makes them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
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

    def split(self) -> Format:
        """The same with one file per object: a folder, called so that no other is."""
        if self.is_folder:
            return self
        return replace(self, file=f"{self.file.split('.')[0]}_{self.name}")


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
    Format(
        *("cvat", "annotators", "CVAT for video 1.1", "cvat.xml", "cvat"),
        ("shapes",),
    ),
    Format(
        *("label-studio", "annotators", "Label Studio, brush masks of frames"),
        *("label_studio.json", "label_studio"),
        ("start_number",),
    ),
    Format(
        *("label-studio-video", "annotators", "Label Studio, boxes in a video"),
        *("label_studio_video.json", "label_studio_video"),
    ),
    Format(
        *("yolo", "annotators", "YOLO segmentation, polygons", "yolo", "yolo"),
        ("start_number",),
    ),
    Format(
        *("mots", "annotators", "MOTS, text", "mots.txt", "mots"),
        ("start_number",),
    ),
    Format(
        *("mots-png", "annotators", "MOTS, PNG of 16 bits", "mots", "mots_png"),
        ("start_number",),
    ),
    Format(
        *("labelme", "annotators", "LabelMe, masks", "labelme", "labelme"),
        ("start_number",),
    ),
)
_EDGES = ("edges", "grow", "shrink", "feather", "invert")
_EDITORS = (
    Format(
        *("matte-png", "editors", "grey or alpha mattes as PNG", "matte", "matte_png"),
        ("start_number", "split", "channel", "bits", "source", *_EDGES),
    ),
    Format(
        *("prores", "editors", "ProRes 4444 with alpha", "matte.mov", "prores"),
        ("split", "fill", "source", *_EDGES),
    ),
    Format(
        *("webm", "editors", "VP9 with alpha", "matte.webm", "webm"),
        ("split", "fill", "source", *_EDGES),
    ),
    Format(
        *("exr", "editors", "EXR, a layer per object, Cryptomatte", "exr", "exr"),
        *(("start_number", "source"), ("OpenEXR", "mmh3"), "exr"),
    ),
    Format(
        *("frames", "editors", "the pictures themselves", "frames", "frames"),
        ("start_number", "source"),
    ),
)
_PROGRAMMERS = (
    Format("npz", "programmers", "NumPy arrays of masks and scores", "masks.npz", "npz"),
    Format("rle", "programmers", "COCO results, run-length codes", "rle.json", "rle"),
    Format("csv", "programmers", "a row per frame and expression", "table.csv", "table"),
    Format(
        *("parquet", "programmers", "the same for pandas and Arrow", "table.parquet", "table"),
        needs=("pyarrow",),
        extra="parquet",
    ),
)

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
