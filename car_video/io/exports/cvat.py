"""CVAT for video 1.1: one XML.

CVAT has no tracks of masks: of a track that begins with a mask it keeps the first frame only.
Masks therefore are one track per frame, as in CVAT's own export, tied together by ``group_id``.
Polygons are true tracks, with ``outside`` where the object is not in the frame.
"""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
from numpy.typing import NDArray

from car_video.errors import OutputError
from car_video.io.exports.finished_run import FinishedRun
from car_video.io.exports.names import xml_names
from car_video.io.exports.options import ExportOptions
from car_video.io.exports.polygons import outline
from car_video.io.palette import davis_palette

_LONGEST = 64
"""Characters that the name of a label may have in CVAT."""


def write(run: FinishedRun, target: Path, options: ExportOptions) -> list[str]:
    """See :class:`~car_video.io.exports.export.Write`."""
    labels = xml_names(run.expressions)
    if len(set(labels)) < len(labels):
        raise OutputError("two expressions are the same, and CVAT has one label of a name")
    root = ET.Element("annotations")
    ET.SubElement(root, "version").text = "1.1"
    root.append(_meta(run, labels))
    if options.choice("shapes") == "polygons":
        root.extend(_polygons(run, labels))
    else:
        root.extend(_masks(run, labels))
    ET.indent(root)
    ET.ElementTree(root).write(target, encoding="utf-8", xml_declaration=True)
    remarks = []
    long = sum(len(label) > _LONGEST for label in labels)
    if long:
        remarks.append(f"CVAT takes labels of {_LONGEST} characters; longer: {long}")
    last = run.entries[-1].index
    if any(
        shape.get("frame") == str(last) for shape in root.iter() if shape.get("outside") == "0"
    ):
        remarks.append(
            f"CVAT draws objects on after the run's last frame; if the video goes on, make the "
            f"task with stop frame {last}"
        )
    return remarks


def _meta(run: FinishedRun, labels: list[str]) -> ET.Element:
    """What CVAT's own export says of its task; a new task can be made from the labels."""
    meta = ET.Element("meta")
    task = ET.SubElement(meta, "task")
    facts = {
        "name": xml_names([run.name])[0],
        "size": str(run.entries[-1].index + 1),
        "mode": "interpolation",
        "start_frame": "0",
        "stop_frame": str(run.entries[-1].index),
    }
    for key, value in facts.items():
        ET.SubElement(task, key).text = value
    listed = ET.SubElement(task, "labels")
    for number, text in enumerate(labels, 1):
        label = ET.SubElement(listed, "label")
        ET.SubElement(label, "name").text = text
        ET.SubElement(label, "color").text = "#" + davis_palette()[number % 256].tobytes().hex()
        ET.SubElement(label, "type").text = "any"
        ET.SubElement(label, "attributes")
    size = ET.SubElement(task, "original_size")
    ET.SubElement(size, "width").text = str(run.width)
    ET.SubElement(size, "height").text = str(run.height)
    return meta


def _masks(run: FinishedRun, labels: list[str]) -> list[ET.Element]:
    tracks: list[ET.Element] = []
    last = run.entries[-1].index
    for prediction in run.predictions(one_size="cvat"):
        for query in np.flatnonzero(prediction.masks.any(axis=(1, 2))).tolist():
            shape = mask_attributes(prediction.masks[query])
            track = _track(len(tracks), labels[query], query)
            frames = [(prediction.index, "0"), (prediction.index + 1, "1")]
            for frame, outside in frames[: 1 + (prediction.index < last)]:
                ET.SubElement(track, "mask", _shape(frame, outside) | shape | {"z_order": "0"})
            tracks.append(track)
    return tracks


def _polygons(run: FinishedRun, labels: list[str]) -> list[ET.Element]:
    tracks = [_track(query, label, query) for query, label in enumerate(labels)]
    shown = [""] * len(labels)  # the last polygon, while the object is in the picture
    for prediction in run.predictions(one_size="cvat"):
        for query, mask in enumerate(prediction.masks):
            points = ";".join(f"{x},{y}" for x, y in outline(mask)) if mask.any() else ""
            if points or shown[query]:
                outside = "0" if points else "1"
                ET.SubElement(
                    tracks[query],
                    "polygon",
                    _shape(prediction.index, outside)
                    | {"points": points or shown[query], "z_order": "0"},
                )
            shown[query] = points
    return [track for track in tracks if len(track)]


def _track(number: int, label: str, query: int) -> ET.Element:
    return ET.Element(
        "track",
        {"id": str(number), "label": label, "source": "auto", "group_id": str(query + 1)},
    )


def _shape(frame: int, outside: str) -> dict[str, str]:
    return {"frame": str(frame), "keyframe": "1", "outside": outside, "occluded": "0"}


def mask_attributes(mask: NDArray[np.bool_]) -> dict[str, str]:
    """A mask as CVAT writes it: its box, and runs in it along the rows, outside first."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    top, bottom, left, right = rows[0], rows[-1] + 1, columns[0], columns[-1] + 1
    flat = mask[top:bottom, left:right].ravel()
    changes = np.flatnonzero(np.diff(flat)) + 1
    starts = np.concatenate([[0] if flat[0] else [], [0], changes, [flat.size]])
    return {
        "rle": ", ".join(str(int(run)) for run in np.diff(starts)),
        "left": str(left),
        "top": str(top),
        "width": str(right - left),
        "height": str(bottom - top),
    }
