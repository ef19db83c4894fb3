"""NumPy: one ``.npz`` with all masks."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
from numpy.lib import format as npy

from car_video.io.exports.finished_run import FinishedRun
from car_video.io.exports.options import ExportOptions


def write(run: FinishedRun, target: Path, options: ExportOptions) -> list[str]:
    """See :class:`~car_video.io.exports.export.Write`.

    ``masks`` bool [F, Q, H, W], ``scores`` float32 [F, Q], ``present`` bool [F, Q], ``index``
    int64 [F], ``time`` float64 [F], ``expressions`` text [Q], ``fps`` float64. Frames are
    written as they are read; ``numpy.load`` reads them all at once.
    """
    frames, queries = len(run.entries), len(run.expressions)
    shape = (frames, queries, run.height, run.width)
    scores, present = np.zeros((frames, queries), np.float32), np.zeros((frames, queries), bool)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        with archive.open("masks.npy", "w", force_zip64=True) as file:
            description = npy.dtype_to_descr(np.dtype(bool))
            header = {"descr": description, "fortran_order": False, "shape": shape}
            npy.write_array_header_1_0(file, header)
            for place, prediction in enumerate(run.predictions(one_size="npz")):
                file.write(np.ascontiguousarray(prediction.masks).tobytes())
                scores[place], present[place] = prediction.scores, prediction.present
        for name, values in {
            "scores": scores,
            "present": present,
            "index": np.array([entry.index for entry in run.entries], np.int64),
            "time": np.array([entry.time for entry in run.entries], np.float64),
            "expressions": np.array(run.expressions, np.str_),
            "fps": np.array(float(run.rate)),
        }.items():
            with archive.open(f"{name}.npy", "w") as file:
                npy.write_array(file, values, allow_pickle=False)
    return []
