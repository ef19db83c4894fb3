"""What a run has found, in the forms of other tools.

In the order in which an export meets them:

- ``export``: :func:`export` checks, calls the format, and moves the result into place when it
  is whole. The formats are data in ``car_video.io.export_catalog``.
- ``options``: what may be chosen.
- ``finished_run``: the folder of a run, or predictions in memory, read frame by frame.
- ``names``: sentences as names of files, channels and labels.
- for annotators: ``coco``, ``youtube_vis``, ``davis``, ``cvat`` and ``yolo`` (on ``polygons``),
  ``label_studio``, ``label_studio_video``, ``mots`` and ``mots_png`` (on ``visible``),
  ``labelme``.
- for editors: ``matte_png``, ``prores``, ``webm``, ``exr``, ``frames``, on ``mattes`` (which
  masks), ``pictures`` (the source, read again), ``timecode`` and ``matte_video``.
- for programmers: ``npz``, ``rle``, ``table``.

Adding a format: one file with a function ``write(run, target, options)`` and one line in the
catalog. ``tests/io/exports/test_contract.py`` runs every format.
"""

from car_video.io.exports.export import export
from car_video.io.exports.finished_run import FinishedRun, FrameEntry, open_run
from car_video.io.exports.options import ExportOptions

__all__ = ["ExportOptions", "FinishedRun", "FrameEntry", "export", "open_run"]
