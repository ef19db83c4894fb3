"""What models say of a frame before the past is asked.

In two steps: encoders *look*, at any number of frames of one size together, and then language
*observes* frame by frame.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from car_video.models.sam.base import MaskEmbedding
from car_video.segment.encoding import EncodedImage
from car_video.segment.segmenter import ImageSegmenter
from car_video.types import Frame
from car_video.video.feature_memory import unit_features
from car_video.video.presence import PresenceFilter
from car_video.video.tracking.scene import Scene


@dataclass(frozen=True)
class Look:
    """A frame that both models have encoded: all that can be paid for only once.

    Attributes:
        view: of the vision-language model.
        embedding: of the mask model.
    """

    view: EncodedImage
    embedding: MaskEmbedding


@dataclass(frozen=True)
class Observation:
    """What language and SAM say of one frame.

    Attributes:
        scene: for the tracker.
        scores: float32 [Q] how sure it is that each query's target is here.
    """

    scene: Scene
    scores: NDArray[np.float32]


@torch.inference_mode()
def encode_frames(image: ImageSegmenter, frames: Sequence[Frame]) -> list[Look]:
    """Encode frames of one size, each model in one pass where it can."""
    assert image.sam is not None
    views = image.encode_batch([frame.image for frame in frames])
    embeddings = image.sam.encode_each([view.pixels for view in views], image.config.sam.side)
    return [Look(*both) for both in zip(views, embeddings, strict=True)]


@torch.inference_mode()
def observe(
    image: ImageSegmenter, look: Look, thumbnail: NDArray[np.uint8], presence: PresenceFilter
) -> Observation:
    """Let language look at a frame.

    Args:
        image: whose queries are asked.
        look: of the frame.
        thumbnail: uint8 [h', w', 3] of the frame.
        presence: as of the frame before.
    """
    view = look.view
    survivors = image.recur(view)
    scores = survivors.scores_of_all(len(image.queries))
    scene = Scene(
        thumbnail,
        look.embedding,
        (int(view.pixels.shape[-2]), int(view.pixels.shape[-1])),
        unit_features(view.features.cam_map[0]),
        survivors.maps,
        survivors.evidence,
        survivors.alive,
        presence.present | (scores >= presence.least),
        survivors.colours,
        survivors.places,
        survivors.plural,
    )
    return Observation(scene, scores)


def halved(observation: Observation) -> Observation:
    """The same at half the memory: what waits in a window is many."""
    return _as(observation, torch.float16)


def widened(observation: Observation) -> Observation:
    """Back to the precision that the algorithm wants."""
    return _as(observation, torch.float32)


def _as(observation: Observation, dtype: torch.dtype) -> Observation:
    scene = observation.scene
    assert scene.features is not None
    embedding = scene.embedding.to(dtype)
    scene = dataclasses.replace(scene, embedding=embedding, features=scene.features.to(dtype))
    return Observation(scene, observation.scores)
