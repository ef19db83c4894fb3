"""Settings of segmentation by a vocabulary: sizes and thresholds of FC-CLIP's evaluation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal, get_args

from car_video.config.checks import Range, Settings, Unit

Task = Literal["panoptic", "semantic", "instance"]
TASKS: tuple[Task, ...] = get_args(Task)
"""What a picture may be segmented into."""


@dataclass(frozen=True)
class PanopticConfig(Settings, part="panoptic"):
    """The defaults are those of the released evaluation on ADE20K and COCO."""

    # Pictures are resized until their shortest side has so many pixels, or their longest has
    # the second number, whichever comes first.
    shortest: Annotated[int, Range(32, 4096)] = 800
    longest: Annotated[int, Range(32, 8192)] = 1333
    # Queries whose best class is no more probable are left out.
    object_threshold: Unit = 0.0
    # A segment is left out where it won less than this part of its own mask.
    overlap_threshold: Unit = 0.8
    instances: Annotated[int, Range(1, 10_000)] = 100  # most that one picture has
    # False: class maps are made at the size that the network sees and are resized then, as the
    # released evaluation does on sets with classes only (PASCAL, Context, ADE20K-847).
    resize_masks: bool = True
