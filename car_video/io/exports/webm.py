"""VP9 in WebM, with alpha: small, and what browsers play."""

from __future__ import annotations

from pathlib import Path

from car_video.io.exports.finished_run import FinishedRun
from car_video.io.exports.matte_video import write_videos
from car_video.io.exports.options import ExportOptions

CODECS = (
    (
        "libvpx-vp9",
        {
            "crf": "15",  # the border of the alpha, at half, is that of the mask in the tests
            "b": "0",
            "deadline": "good",
            "cpu-used": "4",
            "row-mt": "1",
            "auto-alt-ref": "0",  # libvpx cannot have it together with alpha
        },
    ),
)


def write(run: FinishedRun, target: Path, options: ExportOptions) -> list[str]:
    """See :class:`~car_video.io.exports.export.Write`."""
    return write_videos(run, target, options, CODECS, "yuva420p", ".webm")
