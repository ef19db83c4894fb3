"""CVAT auto-annotation function: masks or polygons of what sentences name.

    cvat-cli task auto-annotate 137 --function-module car_video.integrations.cvat \\
        -p expressions="str:the man in red; the dog" --allow-unmatched-labels

CVAT asks for one picture at a time and in no order, so each picture stands for itself. The
label of a task is the expression. Needs ``pip install cvat-cli``.
"""

from __future__ import annotations

import cvat_sdk.auto_annotation as cvataa
import numpy as np
from cvat_sdk import models
from cvat_sdk.masks import encode_mask
from PIL import Image, ImageOps

import car_video
from car_video.errors import ConfigError
from car_video.io.exports.polygons import outline
from car_video.segment.segmenter import ImageSegmenter

SEPARATOR = ";"


class CarVideoFunction:
    """A detection function of CVAT (``cvat_sdk.auto_annotation.DetectionFunction``).

    Args:
        segmenter: with its expressions.
    """

    def __init__(self, segmenter: ImageSegmenter) -> None:
        self._segmenter = segmenter
        self._names = segmenter.queries.expressions
        self.spec = cvataa.DetectionFunctionSpec(
            labels=[cvataa.label_spec(name, number) for number, name in enumerate(self._names)]
        )

    def detect(
        self, context: cvataa.DetectionFunctionContext, image: Image.Image
    ) -> list[models.LabeledShapeRequest]:
        """The masks of a picture, or polygons along the corners of their pixels.

        Args:
            context: CVAT's threshold of scores, None for that of the preset; whether it wants
                polygons.
            image: the picture.
        """
        upright = ImageOps.exif_transpose(image)  # as CVAT shows it
        found = self._segmenter.segment(np.asarray(upright.convert("RGB")))
        least = context.conf_threshold or 0.0
        shapes = []
        for number in np.flatnonzero(found.present & (found.scores >= least)).tolist():
            mask = found.masks[number]
            if context.conv_mask_to_poly:
                points = outline(mask).astype(float).ravel().tolist()
                shapes.append(cvataa.polygon(number, points))
            else:
                shapes.append(cvataa.mask(number, encode_mask(mask)))
        return shapes


def create(
    expressions: str, model: str = "lite", preset: str = "", device: str = "auto"
) -> CarVideoFunction:
    """What ``cvat-cli`` calls, with the parameters of ``-p NAME=str:VALUE``.

    Args:
        expressions: what to look for, with ``;`` between them.
        model: its name.
        preset: a name or a file; by default the preset that suits the model.
        device: where to compute.

    Raises:
        CarVideoError: no expression, or no such model, preset or device.
    """
    names = [name.strip() for name in expressions.split(SEPARATOR) if name.strip()]
    if not names:
        raise ConfigError('say what to look for: -p expressions="str:the man in red; the dog"')
    config = car_video.load_preset(preset) if preset else car_video.default_config(model)
    loaded = car_video.load_model(model, device)
    return CarVideoFunction(car_video.ImageSegmenter(loaded, names, config.segment))
