"""Label Studio for video: one task, a track of boxes per object.

Label Studio follows boxes in videos, not masks. The labelling configuration has
``<VideoRectangle name="box" toName="video"/>``, ``<Labels name="videoLabels" toName="video">``
and ``<Video name="video" value="$video"/>``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from car_video.io.exports.coco import write_json
from car_video.io.exports.finished_run import FinishedRun
from car_video.io.exports.label_studio import address, prediction_entry
from car_video.io.exports.options import ExportOptions

_PLACES = 6  # decimals of percentages: far below a pixel


def write(run: FinishedRun, target: Path, options: ExportOptions) -> list[str]:
    """See :class:`~car_video.io.exports.export.Write`.

    A keyframe for every frame. ``enabled`` is off at the last one before the object is away,
    and at that of the run's last frame, so that it is not drawn on from there.
    """
    tracks: list[list[dict[str, Any]]] = [[] for _ in run.expressions]
    before: list[bool] = [False] * len(tracks)
    for prediction in run.predictions(one_size="label-studio-video"):
        for query, (x, y, width, height) in enumerate(prediction.boxes().tolist()):
            if width:
                tracks[query].append(
                    {
                        "frame": prediction.index + 1,
                        "enabled": True,
                        "rotation": 0,
                        "x": round(100 * x / run.width, _PLACES),
                        "y": round(100 * y / run.height, _PLACES),
                        "width": round(100 * width / run.width, _PLACES),
                        "height": round(100 * height / run.height, _PLACES),
                        "time": round(prediction.time, _PLACES),
                    }
                )
            elif before[query]:
                tracks[query][-1]["enabled"] = False
            before[query] = bool(width)
    for track in filter(None, tracks):
        track[-1]["enabled"] = False
    frames = run.entries[-1].index + 1
    result = [
        {
            "id": f"object-{number}",
            "type": "videorectangle",
            "from_name": "box",
            "to_name": "video",
            "value": {
                "framesCount": frames,
                "duration": round(frames / float(run.rate), _PLACES),
                "sequence": track,
                "labels": [text],
            },
        }
        for number, (text, track) in enumerate(zip(run.expressions, tracks, strict=True), 1)
        if track
    ]
    name = Path(run.source_text.replace("\\", "/")).name or f"{run.name}.mp4"
    task = {
        "data": {"video": address(name)},
        "predictions": [prediction_entry(run, result, 0.0)],
    }
    write_json(target, [task])
    return []
