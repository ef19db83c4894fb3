"""A class map from a whole label space: in one pass, or things and stuff apart.

As in CaR's released code for Context and ADE (docs/benchmarks.md, "Semantic segmentation").
"""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

from car_video.config import SegmentConfig
from car_video.text.label_spaces import LabelSpace

from ..segmenters import Segmenters

LabelMap = NDArray[np.uint8]

STUFF_PROMPTS = {"context": ("blur", "gray"), "ade": ("gray", "blur")}
"""CaR's visual prompts of the second pass (released configuration)."""


def predict(image: NDArray[np.uint8], space: LabelSpace, segmenters: Segmenters) -> LabelMap:
    """uint8 [H, W] class map of a picture; 0 where no class is found.

    Label spaces with stuff take two passes: things first against the usual background words;
    then stuff, with the names of the things as background words. Things lie on top.
    """
    config = dataclasses.replace(segmenters.config.segment, mode="semantic")
    things = _pass(image, space, space.things, segmenters, config)
    if not space.stuff:
        return things
    stuff = _pass(image, space, space.stuff, segmenters, _stuff_config(config, space))
    return np.where(things > 0, things, stuff)


def _pass(
    image: NDArray[np.uint8],
    space: LabelSpace,
    positions: tuple[int, ...],
    segmenters: Segmenters,
    config: SegmentConfig,
) -> LabelMap:
    numbers = np.array([0, *(position + 1 for position in positions)], np.uint8)
    prediction = segmenters.image(image, [space.names[p] for p in positions], config)
    return np.asarray(numbers[prediction.label_map()])


def _stuff_config(config: SegmentConfig, space: LabelSpace) -> SegmentConfig:
    """Things become the background words; visual prompts are those of the data set's stuff."""
    classifier = config.classifier
    if classifier is not None and space.name in STUFF_PROMPTS:
        classifier = dataclasses.replace(classifier, prompts=STUFF_PROMPTS[space.name])
    return dataclasses.replace(
        config,
        background=tuple(space.names[position] for position in space.things),
        classifier=classifier,
    )
