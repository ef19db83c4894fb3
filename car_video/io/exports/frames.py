"""The pictures of the frames, under the names that annotations call them by."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from car_video.errors import OutputError
from car_video.io.exports.finished_run import FinishedRun
from car_video.io.exports.options import ExportOptions
from car_video.io.exports.pictures import find_source, with_pictures

_JPEG = {"quality": 95, "subsampling": 0}
"""Close to the source: annotators judge borders by it."""

_SUFFIXES = {".jpg": _JPEG, ".jpeg": _JPEG, ".png": {}, ".bmp": {}, ".tif": {}, ".tiff": {}}


def write(run: FinishedRun, target: Path, options: ExportOptions) -> list[str]:
    """See :class:`~car_video.io.exports.export.Write`. Pictures are upright."""
    names = run.picture_names(options.start_number)
    for name in names:
        if Path(name).suffix.lower() not in _SUFFIXES:
            raise OutputError(
                f"'{name}' is of a kind that is not written; count the pictures anew with "
                "--start-number, here and for the annotations"
            )
    source = find_source(run, options.source)
    target.mkdir()
    pairs = with_pictures(run, source, "frames")
    for name, (frame, _) in zip(names, pairs, strict=True):
        settings = _SUFFIXES[Path(name).suffix.lower()]
        Image.fromarray(frame.image).save(target / name, **settings)  # type: ignore[arg-type]  # by format
    return []
