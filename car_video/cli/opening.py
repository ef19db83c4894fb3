"""What a run needs, opened in this order: window, source, typed lines, model, output folder."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from car_video.backends.catalog import AUTO, TORCH
from car_video.cli.live_editing import Lines, typed_lines
from car_video.cli.request import Plan
from car_video.cli.warnings import remarks_on, without_calibration
from car_video.errors import ConfigError, ModelError

if TYPE_CHECKING:
    import torch

    from car_video.cli.preview_window import LiveWindow
    from car_video.io.readers import FrameReader
    from car_video.io.writers import OutputFolder
    from car_video.models import ModelPair
    from car_video.models.detectors.base import Detector
    from car_video.models.sam.base import MaskModel
    from car_video.models.video_memory.base import VideoMemory
    from car_video.video.segmenter import VideoSegmenter


def open_window(plan: Plan) -> LiveWindow:
    from car_video.cli.preview_window import LiveWindow
    from car_video.io.readers.messages import redact

    return LiveWindow(f"car-video {redact(plan.request.source)}")


def open_reader(plan: Plan) -> FrameReader:
    """The source with its first wanted frame read.

    Raises:
        SourceError: it cannot be read.
        ConfigError: it is live, so it can be neither resumed nor read ahead.
    """
    from car_video.io.readers import read_frames

    request = plan.request
    reader = read_frames(
        request.source,
        start=request.start,
        end=request.end,
        stride=request.stride,
        max_frames=request.max_frames,
        decoder=request.decoder,  # type: ignore[arg-type]  # checked
    )
    if reader.info.live and plan.batch:
        reader.close()
        raise ConfigError(f"{reader.info.source} is live and has no end; give it by itself")
    if reader.info.live and request.engine != "local":
        reader.close()
        raise ConfigError(f"{reader.info.source} is live: use --engine local")
    if reader.info.live and request.resume:
        reader.close()
        raise ConfigError(
            f"{reader.info.source} is live and cannot be resumed; use --overwrite or another "
            "--out"
        )
    if reader.info.live and plan.config.video.mode == "offline":
        reader.close()
        raise ConfigError(
            f"{reader.info.source} is live; offline needs later frames: use --mode online"
        )
    return reader


def open_typed_lines(plan: Plan, watched: bool) -> Lines | None:
    """Standard input, where expressions can be changed by what is typed there."""
    if plan.config.video.mode == "offline" or plan.batch:
        return None
    return typed_lines(plan.request.interactive, watched)


@contextmanager
def enough_memory(plan: Plan) -> Iterator[None]:
    """Raises ModelError instead of the many ways in which memory runs out."""
    import torch

    try:
        yield
    except (MemoryError, torch.OutOfMemoryError):
        raise ModelError(
            f"out of memory (--model {plan.config.model}, --device {plan.request.device}); "
            "try a smaller --size, --refine none or --model lite"
        ) from None


def load_segmenter(plan: Plan) -> tuple[VideoSegmenter, list[str]]:
    """The model behind :class:`car_video.VideoSegmenter`, and remarks about the texts.

    Raises:
        ModelError: weights missing or damaged.
    """
    from car_video.video.segmenter import VideoSegmenter

    config = plan.config
    refines = config.segment.refine == "sam"
    mask_model = config.segment.sam.model if refines else None
    pair, masks = _load_models(config.model, plan.request.device, mask_model)
    _load_engines(config.segment.detector.model, config.video.tracker, pair.device)
    segmenter = VideoSegmenter(
        pair, plan.expressions, config.segment, config.video, mask_model=masks
    )
    texts = tuple(dict.fromkeys(plan.expressions))
    spatial = segmenter.image.config.expression.spatial
    remarks = remarks_on(texts, config.model, pair, spatial)
    if config.segment.backend == AUTO:
        chosen = [f"{name} by {what}" for name, what in segmenter.image.backends.items()]
        remarks = [*remarks, f"back ends chosen: {', '.join(chosen) or 'torch for all'}"]
    return segmenter, [*remarks, *without_calibration(config.model, config.segment)]


def first_use(plan: Plan) -> str:
    """That loading may take long, where it may."""
    backend = plan.config.segment.backend
    return "" if backend == TORCH else f" (back end {backend}: minutes, the first time)"


@lru_cache(maxsize=1)
def _load_models(
    name: str, device: str, mask_model: str | None
) -> tuple[ModelPair, MaskModel | None]:
    """One load for all sources of a run."""
    from car_video.models import load_model
    from car_video.models.sam.registry import load_mask_model

    pair = load_model(name, device)
    return pair, None if mask_model is None else load_mask_model(mask_model, pair.device)


@lru_cache(maxsize=1)
def _load_engines(
    detector: str, tracker: str, device: torch.device
) -> tuple[Detector | None, VideoMemory | None]:
    """The same of detector and tracker: segmenters share those that are held here."""
    from car_video.models.detectors.catalog import NONE
    from car_video.models.detectors.registry import load_detector
    from car_video.models.video_memory.catalog import FLOW
    from car_video.models.video_memory.registry import load_video_memory

    return (
        None if detector == NONE else load_detector(detector, device),
        None if tracker == FLOW else load_video_memory(tracker, device),
    )


def model_is_loaded() -> bool:
    """Whether an earlier source of this run has loaded the model."""
    return _load_models.cache_info().currsize > 0


def open_folder(plan: Plan, reader: FrameReader) -> OutputFolder:
    from car_video.io.readers.sources import parse_source
    from car_video.io.writers import OutputFolder, OutputInfo

    source = reader.info
    path = Path(parse_source(plan.request.source).value)
    info = OutputInfo(
        source=source.source,
        width=source.width,
        height=source.height,
        fps=source.fps,
        model=plan.config.model,
        expressions=plan.expressions,
        path=str(path) if source.kind in ("file", "folder", "image") else None,
        audio=str(path) if source.has_audio and source.kind == "file" else None,
        audio_origin=source.origin,
        duration=source.duration,
        end=plan.request.end,
        max_frames=plan.request.max_frames,
        pixel_aspect=source.sample_aspect_ratio,
        still=source.kind in ("folder", "image"),
        single=source.kind == "image",
    )
    return OutputFolder.open(plan.out, info, plan.request.existing, plan.options())
