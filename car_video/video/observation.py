"""What the models say of a frame by itself, before the past has a say.

In two steps: any number of frames of one size are encoded together, then language sees them
frame by frame.
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
from car_video.video.tracking.frames import LanguageFrame


@dataclass(frozen=True)
class EncodedFrame:
    """A frame that both models have encoded.

    Attributes:
        image: of the vision-language model.
        embedding: of the mask model.
    """

    image: EncodedImage
    embedding: MaskEmbedding


@dataclass(frozen=True)
class Observation:
    """What language and SAM say of one frame.

    Attributes:
        frame: for the tracker.
        scores: float32 [Q] how sure language is that each query's target is present.
        evidence: its parts, float32 [Q] each; None where there is none.
    """

    frame: LanguageFrame
    scores: NDArray[np.float32]
    evidence: dict[str, NDArray[np.float32]] | None = None


@torch.inference_mode()
def encode_frames(image: ImageSegmenter, frames: Sequence[Frame]) -> list[EncodedFrame]:
    """Encode frames of one size, each model in one pass where it can."""
    assert image.sam is not None
    images = image.encode_batch([frame.image for frame in frames])
    embeddings = image.sam.encode_each([one.pixels for one in images], image.config.sam.side)
    return [EncodedFrame(*both) for both in zip(images, embeddings, strict=True)]


@torch.inference_mode()
def observe(
    image: ImageSegmenter,
    frame: EncodedFrame,
    thumbnail: NDArray[np.uint8],
    presence: PresenceFilter,
) -> Observation:
    """Let language see a frame.

    Args:
        image: the image algorithm with its queries.
        frame: encoded.
        thumbnail: uint8 [h', w', 3] of the frame.
        presence: as of the frame before.
    """
    survivors = image.recur(frame.image)
    pixels = frame.image.pixels
    scores = survivors.scores_of_all(len(image.queries))
    seen = LanguageFrame(
        thumbnail,
        frame.embedding,
        (int(pixels.shape[-2]), int(pixels.shape[-1])),
        unit_features(frame.image.features.cam_map[0]),
        survivors.maps,
        survivors.evidence,
        survivors.alive,
        presence.present | (scores >= presence.least),
        survivors.cues,
        survivors.places,
        survivors.plural,
        pixels,
    )
    return Observation(seen, scores, survivors.evidence_of_all(len(image.queries)))


def to_half(observation: Observation) -> Observation:
    """The same at half precision, to wait in a window."""
    return _to(observation, torch.float16)


def to_single(observation: Observation) -> Observation:
    """Back at the precision that the algorithm wants."""
    return _to(observation, torch.float32)


def _to(observation: Observation, dtype: torch.dtype) -> Observation:
    frame = observation.frame
    assert frame.features is not None
    embedding = frame.embedding.to(dtype)
    features = frame.features.to(dtype)
    frame = dataclasses.replace(frame, embedding=embedding, features=features, pixels=None)
    return dataclasses.replace(observation, frame=frame)
