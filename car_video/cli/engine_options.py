"""Options that say what makes masks, and how fast: ``--masks``, ``--propose``, ``--tracker``,
``--roi``, ``--target-fps``."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from car_video.errors import ConfigError
from car_video.models.detectors.catalog import NONE
from car_video.models.video_memory.catalog import FLOW

if TYPE_CHECKING:
    from car_video.config import Config, SegmentConfig, VideoConfig

FC_CLIP_MASKS = ("fcclip", "both")


def check_engines(config: Config) -> None:
    """Raises ModelError for a name that none has, or a folder that lacks a file."""
    from car_video.models.catalog import check_model
    from car_video.models.detectors.catalog import resolve_detector
    from car_video.models.sam.catalog import FC_CLIP, JOINED, resolve_mask_model
    from car_video.models.video_memory.catalog import resolve_video_memory

    if config.segment.refine == "sam":
        name = config.segment.sam.model
        if resolve_mask_model(name).module == FC_CLIP:
            check_model(name.removeprefix(JOINED), "masks")
    if config.segment.detector.model != NONE:
        resolve_detector(config.segment.detector.model)
    if config.video.tracker != FLOW:
        resolve_video_memory(config.video.tracker)


def with_masks(segment: SegmentConfig, model: str, masks: str) -> SegmentConfig:
    """Settings under which another mask model makes the masks.

    Args:
        segment: of the preset.
        model: the vision-language model.
        masks: ``sam`` for SAM's, ``fcclip`` for the model's own, ``both`` for MobileSAM's and
            these, or a mask model's name.

    Raises:
        ModelError: FC-CLIP's are asked for, and the model is none.
        ConfigError: the refinement asks no mask model.
    """
    from car_video.models.catalog import check_model
    from car_video.models.sam.catalog import FC_CLIP, JOINED, MOBILE, resolve_mask_model

    if masks in FC_CLIP_MASKS:
        check_model(model, "masks")
    if segment.refine != "sam":
        raise ConfigError(f"--masks means nothing with --refine {segment.refine}; leave it out")
    name = masks
    if masks in FC_CLIP_MASKS:
        name = f"{JOINED}{model}" if masks == "both" else model
    elif masks == "sam":
        name = segment.sam.model
        if resolve_mask_model(name).module == FC_CLIP:
            name = MOBILE
    return dataclasses.replace(segment, sam=dataclasses.replace(segment.sam, model=name))


def with_detector(segment: SegmentConfig, name: str) -> SegmentConfig:
    """Settings under which a detector proposes, too.

    Raises:
        ConfigError: the refinement asks no mask model at peaks, so boxes would prompt nothing.
    """
    if segment.refine != "sam" or segment.sam.rule != "peaks":
        how = f"--refine {segment.refine}" if segment.refine != "sam" else "this preset"
        raise ConfigError(f"--propose means nothing with {how}: its boxes are prompts for SAM")
    detector = dataclasses.replace(segment.detector, model=name)
    return dataclasses.replace(segment, detector=detector)


def with_roi(segment: SegmentConfig, roi: str) -> SegmentConfig:
    """Settings under which borders are drawn at full resolution, or not.

    Raises:
        ConfigError: the refinement asks no mask model, so masks are as fine as they get.
    """
    if roi != "off" and segment.refine != "sam":
        raise ConfigError(
            f"--roi {roi} means nothing with --refine {segment.refine}: only the borders of a "
            "mask model are coarse"
        )
    return dataclasses.replace(segment, roi=roi)  # type: ignore[arg-type]


def with_tracker(video: VideoConfig, segment: SegmentConfig, name: str) -> VideoConfig:
    """Settings under which something else says where things are on the next frame.

    Raises:
        ConfigError: nothing is tracked, or not frame by frame as they come.
    """
    if name != FLOW and (segment.refine != "sam" or segment.sam.rule != "peaks"):
        how = f"--refine {segment.refine}" if segment.refine != "sam" else "this preset"
        raise ConfigError(f"--tracker means nothing with {how}: nothing is tracked then")
    if name != FLOW and video.mode != "online":
        raise ConfigError(f"--tracker {name} needs --mode online, not {video.mode}")
    if name != FLOW and video.target_fps is not None:
        raise ConfigError(
            f"--tracker {name} cannot be made quicker; take a preset without target_fps"
        )
    return dataclasses.replace(video, tracker=name)


def with_target_fps(config: Config, target: float) -> Config:
    """Settings that give up quality to keep so many frames per second.

    Raises:
        ConfigError: not above 0, or in a mode that does not work frame by frame.
    """
    if not 0 < target < float("inf"):
        raise ConfigError(f"--target-fps must be above 0, got {target:g}")
    if config.video.mode != "online":
        raise ConfigError(f"--target-fps needs --mode online, not {config.video.mode}")
    if config.video.tracker != FLOW:
        raise ConfigError(
            f"--target-fps cannot make {config.video.tracker} quicker: it is for "
            "the tracker flow"
        )
    video = dataclasses.replace(config.video, target_fps=target)
    return dataclasses.replace(config, video=video)
