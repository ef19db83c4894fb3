"""Predictions of a Label Studio ML back end: brush masks of what the labels name.

The protocol is that of https://labelstud.io/guide/ml_create: tasks in, a list of predictions
out. ``examples/label_studio/model.py`` is a back end with the SDK of Label Studio, which is not
on PyPI in a version that installs beside ours.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
from PIL import Image, ImageOps

from car_video.errors import ConfigError
from car_video.io.exports.label_studio import brush_result
from car_video.segment.segmenter import ImageSegmenter


@dataclass(frozen=True)
class BrushConfig:
    """What a labelling configuration asks for.

    Attributes:
        brush: name of its ``BrushLabels``.
        image: name of its ``Image``.
        field: the field of a task with the picture's address.
        labels: what people see.
        expressions: what is looked for: ``predicted_values`` of a label, else the label itself.
    """

    brush: str
    image: str
    field: str
    labels: tuple[str, ...]
    expressions: tuple[str, ...]

    @classmethod
    def read(cls, label_config: str) -> BrushConfig:
        """Of the XML of a project.

        Raises:
            ConfigError: it is no XML, or it has no ``BrushLabels`` of an ``Image``.
        """
        try:
            root = ET.fromstring(label_config)
        except ET.ParseError as error:
            raise ConfigError(f"the labelling configuration is no XML: {error}") from None
        brush = root.find(".//BrushLabels")
        to_name = "" if brush is None else brush.get("toName", "")
        image = next((one for one in root.iter("Image") if one.get("name") == to_name), None)
        if brush is None or image is None:
            raise ConfigError(
                "the labelling configuration needs <BrushLabels toName=...> and its <Image>"
            )
        tags = brush.findall("Label")
        labels = tuple(tag.get("value", "") for tag in tags)
        said = tuple(tag.get("predicted_values", "") or tag.get("value", "") for tag in tags)
        if not labels:
            raise ConfigError("the labelling configuration has BrushLabels without a Label")
        field = image.get("value", "").lstrip("$")
        return cls(brush.get("name", ""), to_name, field, labels, said)


def predict_tasks(
    segmenter: ImageSegmenter,
    config: BrushConfig,
    tasks: Sequence[dict[str, Any]],
    local_path: Callable[[str], str | Path],
) -> list[dict[str, Any]]:
    """A prediction for each task, in Label Studio's form.

    Args:
        segmenter: whose expressions are set to those of the configuration.
        config: of the project.
        tasks: as Label Studio sends them.
        local_path: the file behind the address of a picture.

    Raises:
        ConfigError: a task without the picture's field.
    """
    if segmenter.queries.expressions != config.expressions:
        segmenter.set_expressions(config.expressions)
    return [_predict(segmenter, config, task, local_path) for task in tasks]


def _predict(
    segmenter: ImageSegmenter,
    config: BrushConfig,
    task: dict[str, Any],
    local_path: Callable[[str], str | Path],
) -> dict[str, Any]:
    address = task.get("data", {}).get(config.field)
    if not isinstance(address, str):
        raise ConfigError(f"task {task.get('id')} has no picture in '{config.field}'")
    with Image.open(local_path(address)) as image:
        upright = ImageOps.exif_transpose(image)  # as browsers show it
        pixels = np.asarray(upright.convert("RGB"))
    found = segmenter.segment(pixels)
    result = [
        brush_result(
            found.masks[number],
            config.labels[number],
            float(found.scores[number]),
            f"object-{number + 1}",
            (config.brush, config.image),
        )
        for number in np.flatnonzero(found.present).tolist()
    ]
    scores = [item["score"] for item in result]
    version = f"car-video {segmenter.proposer.name}"
    return {"model_version": version, "score": min(scores, default=0.0), "result": result}
