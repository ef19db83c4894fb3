"""What ``car-video`` was asked for, checked as far as that goes without source and model."""

from __future__ import annotations

import dataclasses
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from car_video.backends.catalog import TORCH, with_backend
from car_video.cli.engine_options import (
    check_engines,
    with_detector,
    with_masks,
    with_roi,
    with_target_fps,
    with_tracker,
)
from car_video.errors import ConfigError, ModelError
from car_video.models.video_memory.catalog import FLOW

if TYPE_CHECKING:
    from car_video.config import Config, SegmentConfig
    from car_video.corrections import Correction
    from car_video.io.readers.base import Kind
    from car_video.io.writers.folder_choice import ExistingFolder

REFINEMENTS = ("sam", "crf", "none")
MODES = ("online", "offline", "per-frame")
ENGINES = ("local", "ray")
ROIS = ("off", "auto")
SIZES = (16, 8192)
PIPE = Path("-")
SAM_CELL = 16  # SAM's encoder wants a multiple of it, at least four


@dataclass(frozen=True)
class Request:
    """What the command line says, as it says it."""

    source: str
    expressions: tuple[str, ...]
    out: Path | None = None
    save: str = "overlay,masks,json"
    model: str | None = None
    refine: str | None = None
    masks: str | None = None
    propose: str | None = None
    tracker: str | None = None
    preset: str | None = None
    device: str = "auto"
    backend: str | None = None
    roi: str | None = None
    assume_present: bool = False
    decoder: str = "pyav"
    start: float | None = None
    end: float | None = None
    stride: int = 1
    max_frames: int | None = None
    size: int | None = None
    mode: str | None = None
    show: bool = False
    target_fps: float | None = None
    interactive: bool = False
    verbose: bool = False
    corrections: Path | None = None
    resume: bool = False
    overwrite: bool = False
    engine: str = "local"
    workers: int | None = None

    @property
    def existing(self) -> ExistingFolder:
        """What to do with an output folder that is there."""
        return "resume" if self.resume else "overwrite" if self.overwrite else "new"


@dataclass(frozen=True)
class Plan:
    """A request that has passed every check that needs neither source nor model.

    Attributes:
        request: where it comes from.
        expressions: white space folded.
        targets: of ``--save``.
        exports: formats in ``--save`` that the finished run is exported to.
        config: the preset with the options of the command line put in.
        out: the output folder.
        batch: it is one of several sources, done one after the other.
        corrections: of ``--corrections``, by rising frame.
    """

    request: Request
    expressions: tuple[str, ...]
    targets: tuple[str, ...]
    config: Config
    out: Path
    batch: bool = False
    exports: tuple[str, ...] = ()
    corrections: tuple[Correction, ...] = ()

    @property
    def piped(self) -> bool:
        """The overlay goes to standard output, and nothing to a folder."""
        return self.out == PIPE

    def calibration_values(self) -> list[float]:
        """Slope and offset of the model's calibration.

        Raises:
            ConfigError: its file is missing, damaged or another model's.
        """
        from car_video.models.calibration import find_calibration

        segment = self.config.segment
        wanted = segment.calibration if segment.scale == "measured" else "none"
        found = find_calibration(self.config.model, wanted)
        return [found.slope, found.offset]

    def options(self) -> dict[str, Any]:
        """Everything but source, model and expressions that masks depend on.

        A run is resumed only under the same; ``end`` and ``max_frames`` may change.
        """
        settings = dataclasses.asdict(self.config.segment)
        backend, roi = settings.pop("backend"), settings.pop("roi")
        assumed = settings.pop("assume_present")
        video = dataclasses.asdict(self.config.video)
        return {
            "refine": settings.pop("refine"),
            # None as in records before there were any
            "backend": None if backend == TORCH else backend,
            "roi": None if roi == "off" else roi,
            "assume present": assumed or None,
            "size": settings["proposal"].pop("size"),
            "start": self.request.start or None,  # 0 is from the beginning, too
            "stride": self.request.stride,
            "decoder": self.request.decoder,
            "mode": video.pop("mode"),
            "preset settings": settings,
            "calibration": self.calibration_values(),
            "video settings": video,
        }


def check(request: Request) -> Plan:
    """Everything that can be wrong without opening the source or loading a model.

    Raises:
        CarVideoError: the first thing that is.
    """
    from car_video.io.writers import default_folder

    plan = check_options(request)
    return in_folder(plan, request.out or default_folder(request.source, request.existing))


def check_options(request: Request) -> Plan:
    """The same but for the output folder, which is left open.

    Raises:
        CarVideoError: the first thing that is wrong.
    """
    _check_choices(request)
    config = _config(request)
    _check_model(config.model, request.device)
    check_engines(config)
    from car_video.io.export_catalog import find_format
    from car_video.io.exports.export import check_tools
    from car_video.io.readers import Selection
    from car_video.io.readers.files.decoders import check_decoder
    from car_video.io.writers import parse_save

    expressions = _expressions(request.expressions)
    targets, exports = parse_save(request.save)
    for name in exports:
        check_tools(find_format(name))
    if request.resume and request.overwrite:
        raise ConfigError("--resume continues a run and --overwrite replaces it; give one")
    Selection(request.start, request.end, request.stride, request.max_frames)
    if request.interactive and config.video.mode == "offline":
        raise ConfigError("--interactive needs --mode online, not offline")
    _check_engine(request, config)
    check_decoder(request.decoder)
    if request.show and find_spec("pygame") is None:
        raise ConfigError("--show needs pygame; install it with: pip install 'car-video[show]'")
    plan = Plan(
        request,
        expressions,
        targets,
        config,
        Path(),
        exports=exports,
        corrections=_corrections(request, expressions),
    )
    plan.calibration_values()
    return plan


def in_folder(plan: Plan, out: Path) -> Plan:
    """The plan with its output folder.

    Raises:
        OutputError: the folder cannot be used.
        ConfigError: it is ``-``, and something else was asked for that a pipe cannot do.
    """
    from car_video.io.writers import check_output, earlier_extent

    if out == PIPE:
        _check_pipe(plan.request, (*plan.targets, *plan.exports))
    else:
        check_output(out, plan.request.existing)
    request = plan.request
    if request.resume and request.end is None and request.max_frames is None:
        end, max_frames = earlier_extent(out)  # no further than the run was meant to go
        request = dataclasses.replace(request, end=end, max_frames=max_frames)
    return dataclasses.replace(plan, request=request, out=out)


def for_kind(plan: Plan, kind: Kind) -> Plan:
    """The plan for a kind of source: a single picture has no time that tracks could use.

    Raises:
        ConfigError: a tracker was asked for all the same.
    """
    if kind != "image":
        return plan
    if plan.request.tracker not in (None, FLOW):
        raise ConfigError("--tracker follows things through time, and this is a single picture")
    video = dataclasses.replace(
        plan.config.video, mode="per-frame", target_fps=None, tracker=FLOW
    )
    return dataclasses.replace(plan, config=dataclasses.replace(plan.config, video=video))


def with_size(segment: SegmentConfig, size: int) -> SegmentConfig:
    """Settings under which the networks get pictures of at most ``size`` pixels a side.

    Raises:
        ConfigError: out of range.
    """
    if not SIZES[0] <= size <= SIZES[1]:
        raise ConfigError(f"--size must be from {SIZES[0]} to {SIZES[1]} pixels, got {size}")
    side = max(4 * SAM_CELL, size // SAM_CELL * SAM_CELL)
    return dataclasses.replace(
        segment,
        proposal=dataclasses.replace(segment.proposal, size=size),
        sam=dataclasses.replace(segment.sam, side=min(segment.sam.side, side)),
    )


def _check_choices(request: Request) -> None:
    """Raises ConfigError for a word that is none of those known, before torch takes seconds."""
    for option, given, known in (
        ("--refine", request.refine, REFINEMENTS),
        ("--mode", request.mode, MODES),
        ("--engine", request.engine, ENGINES),
        ("--roi", request.roi, ROIS),
    ):
        if given is not None and given not in known:
            raise ConfigError(f"unknown {option} '{given}'; choose from {', '.join(known)}")


def _check_engine(request: Request, config: Config) -> None:
    """Raises ConfigError for what a cluster cannot do."""
    if request.engine == "local":
        if request.workers is not None:
            raise ConfigError("--workers belongs to --engine ray; leave it out")
        return
    from car_video.cluster import need_ray

    for option, given in (
        ("--show", request.show),
        ("--interactive", request.interactive),
        ("--verbose", request.verbose),
        ("--out -", request.out == PIPE),
        ("--target-fps", config.video.target_fps is not None),
        ("--assume-present", config.segment.assume_present),  # by earlier scenes
    ):
        if given:
            raise ConfigError(f"{option} needs frames in their order: use --engine local")
    if request.device.startswith("cuda:"):
        raise ConfigError("with --engine ray give --device cuda: Ray chooses the GPUs")
    if request.workers is not None and request.workers < 1:
        raise ConfigError(f"--workers must be 1 or more, got {request.workers}")
    need_ray()


def _expressions(given: Sequence[str]) -> tuple[str, ...]:
    """Checked, as text that UTF-8 can hold (a shell may hand over any bytes)."""
    from car_video.text.parsing.wording import check_expressions

    return check_expressions(
        [text.encode("utf-8", "surrogateescape").decode("utf-8", "replace") for text in given]
    )


def _corrections(request: Request, expressions: tuple[str, ...]) -> tuple[Correction, ...]:
    """The corrections of the file that is named, by rising frame."""
    if request.corrections is None:
        return ()
    if request.interactive:
        raise ConfigError("--corrections needs expressions that stay; leave out --interactive")
    from car_video.corrections import check_together
    from car_video.io.corrections_file import read_corrections

    return tuple(check_together(read_corrections(request.corrections), expressions))


def _config(request: Request) -> Config:
    """The preset, that of the model where none is named, with what the command line says."""
    from car_video.config import load_preset
    from car_video.models.catalog import default_preset

    config = load_preset(request.preset or default_preset(request.model or "lite"))
    segment = config.segment
    if request.refine is not None:
        segment = dataclasses.replace(segment, refine=request.refine)  # type: ignore[arg-type]
    if request.size is not None:
        segment = with_size(segment, request.size)
    video = config.video
    if request.mode is not None:
        video = dataclasses.replace(video, mode=request.mode)  # type: ignore[arg-type]
    model = config.model if request.model is None else request.model
    if request.masks is not None:
        segment = with_masks(segment, model, request.masks)
    if request.roi is not None:
        segment = with_roi(segment, request.roi)
    if request.assume_present:
        segment = dataclasses.replace(segment, assume_present=True)
    if request.propose is not None:
        segment = with_detector(segment, request.propose)
    if request.tracker is not None:
        video = with_tracker(video, segment, request.tracker)
    config = dataclasses.replace(config, model=model, segment=segment, video=video)
    config = with_backend(config, request.backend)
    return config if request.target_fps is None else with_target_fps(config, request.target_fps)


def _check_pipe(request: Request, targets: tuple[str, ...]) -> None:
    """Raises ConfigError where ``--out -`` cannot be what is meant."""
    if request.corrections is not None:
        raise ConfigError("--out - keeps nothing that could be corrected; name a folder")
    if request.resume or request.overwrite:
        raise ConfigError("--out - keeps nothing: leave out --resume and --overwrite")
    if request.save != Request.save and targets != ("overlay",):
        raise ConfigError("--out - sends the overlay only; leave out --save")
    if sys.stdout is None or sys.stdout.isatty():
        raise ConfigError("--out - sends video; pipe it on: car-video ... --out - | ffplay -")


def standard_output() -> BinaryIO:
    """Standard output as it is, without buffers."""
    return open(sys.stdout.fileno(), "wb", buffering=0, closefd=False)


def _check_model(name: str, device: str) -> None:
    """Raises ModelError for what cannot be a device or a model's name, without torch."""
    from car_video.models.catalog import check_model

    if not re.fullmatch(r"auto|(cpu|mps)(:0)?|cuda(:\d{1,3})?", device):
        raise ModelError(f"unknown device '{device}'; choose auto, cpu, cuda, cuda:N or mps")
    check_model(name)


def check_computer(plan: Plan) -> None:
    """The rest of the checks, for which torch is loaded.

    Raises:
        ModelError: the device is not there, or open_clip has no such weights.
    """
    from car_video.models import available_models, pick_device

    pick_device(plan.request.device)
    from car_video.models.catalog import OPEN_CLIP, check_name

    known = [model.name for model in available_models()]
    info = check_name(plan.config.model)
    if info.name not in known and info.module == OPEN_CLIP:
        from car_video.models.clip.loading import resolve

        resolve(plan.config.model)
