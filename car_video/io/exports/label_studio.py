"""Label Studio: a task per frame with brush masks, as predictions that people correct.

The labelling configuration has ``<BrushLabels name="brush" toName="image">`` and
``<Image name="image" value="$image"/>``. Pictures are addressed as files of the server
(``/data/local-files/?d=NAME/00000.jpg``).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
from numpy.typing import NDArray

from car_video.io.exports.coco import write_json
from car_video.io.exports.finished_run import FinishedRun
from car_video.io.exports.options import ExportOptions

_SIZES = (3, 4, 8, 16)
"""Bits of the numbers that a run's length can be written with."""


def write(run: FinishedRun, target: Path, options: ExportOptions) -> list[str]:
    """See :class:`~car_video.io.exports.export.Write`."""
    tasks = []
    names = run.picture_names(options.start_number)
    for name, prediction in zip(names, run.predictions(), strict=True):
        found = np.flatnonzero(prediction.masks.any(axis=(1, 2))).tolist()
        result = [
            brush_result(
                prediction.masks[query],
                run.expressions[query],
                float(prediction.scores[query]),
                f"object-{query + 1}",
            )
            for query in found
        ]
        scores = [item["score"] for item in result]
        tasks.append(
            {
                "data": {"image": address(f"{run.name}/{name}"), "frame": prediction.index},
                "predictions": [
                    prediction_entry(run, result, min(scores, default=0.0)),
                ],
            }
        )
    write_json(target, tasks)
    return []


def brush_result(
    mask: NDArray[np.bool_],
    label: str,
    score: float,
    identity: str,
    names: tuple[str, str] = ("brush", "image"),
) -> dict[str, Any]:
    """One mask of a prediction.

    Args:
        mask: bool [H, W].
        label: of the configuration.
        score: in [0, 1].
        identity: of the mask in its task.
        names: of the brush and of the picture in the configuration.
    """
    height, width = mask.shape
    return {
        "id": identity,
        "type": "brushlabels",
        "from_name": names[0],
        "to_name": names[1],
        "original_width": width,
        "original_height": height,
        "image_rotation": 0,
        "score": round(score, 6),
        "value": {"format": "rle", "rle": list(brush_rle(mask)), "brushlabels": [label]},
    }


def prediction_entry(
    run: FinishedRun, result: list[dict[str, Any]], score: float
) -> dict[str, Any]:
    """One entry of ``predictions``."""
    model = f"car-video {run.model}".strip()
    return {"model_version": model, "score": score, "result": result}


def address(path: str) -> str:
    """A file below the folder that the server serves (``LOCAL_FILES_DOCUMENT_ROOT``)."""
    return f"/data/local-files/?d={quote(path)}"


def brush_rle(mask: NDArray[np.bool_]) -> bytes:
    """The brush of Label Studio: RGBA, run-length coded as the library ``rle-pack`` does.

    Bits, highest first: 32 for the number of values, 5 for the bits of a value less 1, four
    times 4 for the bits of a length less 1. Then for each run: 1, two bits for which of the
    four sizes its length has, the length less 1, the value.

    Args:
        mask: bool [H, W]; red, green, blue and alpha are 255 inside.
    """
    flat = mask.ravel()
    ends = np.concatenate([np.flatnonzero(np.diff(flat)) + 1, [flat.size]])
    lengths, values = np.diff(ends, prepend=0) * 4, flat[ends - 1]
    bits = [f"{flat.size * 4:032b}", f"{8 - 1:05b}", *(f"{size - 1:04b}" for size in _SIZES)]
    longest = 1 << _SIZES[-1]
    for length, value in zip(lengths.tolist(), values.tolist(), strict=True):
        for start in range(0, length, longest):
            run = min(longest, length - start) - 1
            which = next(n for n, size in enumerate(_SIZES) if run < 1 << size)
            bits.append(f"1{which:02b}{run:0{_SIZES[which]}b}{255 * value:08b}")
    text = "".join(bits)
    text += "0" * (-len(text) % 8)
    return int(text, 2).to_bytes(len(text) // 8, "big")
