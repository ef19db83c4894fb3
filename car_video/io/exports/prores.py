"""ProRes 4444 in QuickTime, with alpha: what editing programs take without conversion.

The alpha of ProRes is coded without loss, so the matte is exact.
"""

from __future__ import annotations

from pathlib import Path

from car_video.io.exports.finished_run import FinishedRun
from car_video.io.exports.matte_video import write_videos
from car_video.io.exports.options import ExportOptions

CODECS = (("prores_ks", {"profile": "4444", "alpha_bits": "16", "vendor": "apl0"}),)


def write(run: FinishedRun, target: Path, options: ExportOptions) -> list[str]:
    """See :class:`~car_video.io.exports.export.Write`."""
    return write_videos(run, target, options, CODECS, "yuva444p10le", ".mov")
