"""``follow_masks``: things followed from given masks through a video, without any sentence.

This is what carries a correction (``follower``), with no result so far to agree with:
semi-supervised video object segmentation.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray

from car_video.config import Config, SegmentConfig, VideoConfig
from car_video.corrections import Correction
from car_video.errors import ConfigError, CorrectionError
from car_video.models.base import VisionLanguageModel
from car_video.models.pair import ModelPair, as_pair
from car_video.models.sam.base import MaskModel
from car_video.segment.resizing import enlarge
from car_video.segment.segmenter import ImageSegmenter
from car_video.types import Frame
from car_video.video.arguments import FrameCounter, as_settings
from car_video.video.correction.follower import ObjectFollower
from car_video.video.correction.propagation import SeenFrame, see
from car_video.video.scheduling.clock import NOMINAL_FPS, FrameClock

Masks = Mapping[int, NDArray[np.bool_]]
"""Number of a thing, 1 to 254 -> bool [H, W]."""

LARGEST = 254
"""Number of a thing; 255 means void in the annotations of data sets."""


def follow_masks(
    model: ModelPair | VisionLanguageModel,
    frames: Iterable[Frame | NDArray[np.uint8]],
    masks: Mapping[int, Masks],
    config: Config | SegmentConfig | None = None,
    video: VideoConfig | None = None,
    *,
    mask_model: MaskModel | None = None,
    fps: float = NOMINAL_FPS,
) -> Iterator[tuple[Frame, NDArray[np.uint8]]]:
    """Follow things from masks of single frames; each frame is answered at once.

    Args:
        model: from :func:`car_video.load_model`.
        frames: in order; frames or arrays, as for ``VideoSegmenter.step``.
        masks: index of a frame -> masks of the things that are followed from there. A thing
            that is followed already starts anew.
        config: a whole preset, or settings of the image algorithm; they need ``refine: sam``.
        video: settings of the video algorithm.
        mask_model: a loaded mask model to share.
        fps: frames per second of arrays.

    Returns:
        Every frame with uint8 [H, W]: the number of the thing at each pixel, 0 for none. Where
        two things claim a pixel, the surer one has it; given masks are kept to the pixel.

    Raises:
        ConfigError: settings without a mask model.
        CorrectionError: a mask that does not fit its frame, or of a frame that does not come.

    Example:
        >>> from car_video import follow_masks, load_model, read_frames  # doctest: +SKIP
        >>> for frame, labels in follow_masks(  # doctest: +SKIP
        ...     load_model("lite"), read_frames("clip.mp4"), {0: {1: mask}}
        ... ):
        ...     ...
    """
    segment, video = as_settings(config, video, as_pair(model).name)
    image = ImageSegmenter(model, ["object"], segment, mask_model)  # no sentence is ever asked
    if image.sam is None:
        raise ConfigError("masks are followed with a mask model; set segment.refine to sam")
    for index, given in masks.items():
        for thing, mask in given.items():
            if not 1 <= thing <= LARGEST:
                raise CorrectionError(f"a thing has a number from 1 to {LARGEST}, got {thing}")
            Correction(index, 0, mask=mask)
    return _followed(image, video, frames, masks, FrameCounter(fps))


def _followed(
    image: ImageSegmenter,
    video: VideoConfig,
    frames: Iterable[Frame | NDArray[np.uint8]],
    masks: Mapping[int, Masks],
    counter: FrameCounter,
) -> Iterator[tuple[Frame, NDArray[np.uint8]]]:
    assert image.sam is not None
    new = partial(ObjectFollower, image.sam, image.config.sam, video)
    followers: dict[int, ObjectFollower] = {}
    pending, clock = set(masks), FrameClock()
    for given_frame in frames:
        frame = counter.frame(given_frame)
        pending.discard(frame.index)
        given = masks.get(frame.index, {})
        for mask in given.values():
            Correction(frame.index, 0, mask=mask).check_size(frame.height, frame.width)
        labels = np.zeros((frame.height, frame.width), np.uint8)
        seconds = clock.step(frame.time)
        if followers or given:
            seen = see(image, frame)
            labels = _step(
                {k: f for k, f in followers.items() if k not in given}, seen, seconds
            )
            for thing, mask in given.items():
                labels[mask] = thing
                if mask.any():
                    followers[thing] = new()
                    followers[thing].begin(seen.encoded, seen.thumbnail, mask)
        yield frame, labels
    if pending:
        raise CorrectionError(
            f"there is no frame {min(pending)}, of which masks are given; correct its number"
        )


def _step(
    followers: Mapping[int, ObjectFollower], seen: SeenFrame, seconds: float
) -> NDArray[np.uint8]:
    """uint8 [H, W]: at each pixel the number of the surest thing, 0 where none is."""
    size = (seen.frame.height, seen.frame.width)
    if not followers:
        return np.zeros(size, np.uint8)
    found = [one.step(seen.encoded, seen.thumbnail, seconds) for one in followers.values()]
    logits = enlarge(torch.stack([one.logits for one in found]), size)
    best, place = (np.asarray(values.cpu().numpy()) for values in logits.max(0))
    numbers = np.array(list(followers), np.uint8)
    return np.where(best > 0, numbers[place], 0).astype(np.uint8)
