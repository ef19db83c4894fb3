"""``car-video picture.jpg --labels coco --task panoptic``: checks, then picture by picture."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from car_video.cli.display import Display
from car_video.cli.interrupts import EXIT_CODE
from car_video.config.panoptic import TASKS, PanopticConfig
from car_video.errors import ConfigError, ModelError, OutputError

if TYPE_CHECKING:
    from car_video.io.label_outputs.folder import LabelFolder
    from car_video.io.readers import FrameReader
    from car_video.segment.panoptic.segmenter import PanopticSegmenter
    from car_video.text.vocabulary import Vocabulary
    from car_video.types import Instances, PanopticMap, SemanticMap

LABEL_MODEL = "fc-clip-convnext-l"
"""What ``--labels`` is done with unless told otherwise."""

ONLY_EXPRESSIONS = (
    *("expr", "refine", "masks", "preset", "size", "mode", "show", "target_fps", "interactive"),
    *(
        "backend",
        "verbose",
        "check",
        "convert",
        "corrections",
        "propose",
        "tracker",
        "roi",
        "assume_present",
        "engine",
        "workers",
    ),
)
"""Options that segmentation by labels does not have."""

SETTINGS = PanopticConfig()
"""Sizes and thresholds: those of the released evaluation."""


@dataclass(frozen=True)
class LabelRequest:
    """What the command line says, as it says it."""

    sources: tuple[str, ...]
    labels: str
    task: str = "panoptic"
    trained_labels: str = "coco"
    out: str | None = None
    save: str = "overlay,masks,json"
    model: str = LABEL_MODEL
    device: str = "auto"
    decoder: str = "pyav"
    start: float | None = None
    end: float | None = None
    stride: int = 1
    max_frames: int | None = None
    resume: bool = False
    overwrite: bool = False


def refuse_beside_labels(ctx: Any) -> None:
    """Raises ConfigError for an option that segmentation by labels would pass over."""
    for name in ONLY_EXPRESSIONS:
        source = ctx.get_parameter_source(name)
        if source is not None and source.name == "COMMANDLINE":
            option = "--" + name.replace("_", "-")
            raise ConfigError(f"{option} means nothing with --labels; leave it out")


def run_labels(request: LabelRequest, display: Display) -> int:
    """Segment every picture of a source by a vocabulary.

    Returns:
        The exit code: 0, or 130 after Ctrl-C; what is done is kept.

    Raises:
        CarVideoError: bad input, or a disk that does not take the results.
    """
    vocabulary, trained = _check_model(request)
    save = _check(request)
    from car_video.io.label_outputs.folder import LabelFolder
    from car_video.io.readers.sources import parse_source
    from car_video.io.writers import default_folder
    from car_video.io.writers.source_identity import identify

    mode: Any = "resume" if request.resume else "overwrite" if request.overwrite else "new"
    source = request.sources[0]
    with _reader(request) as reader:
        if reader.info.live:
            raise ConfigError(f"{reader.info.source} is live; --labels takes files")
        out = Path(request.out) if request.out is not None else default_folder(source, mode)
        settings = {
            "task": request.task,
            "labels": [asdict(label) for label in vocabulary.labels],
            "trained_labels": request.trained_labels,
            "model": request.model,
            "start": request.start or None,
            "stride": request.stride,
            "save": list(save),
        }
        name = reader.info.source
        path = Path(parse_source(source).value)
        local = reader.info.kind in ("file", "folder", "image")
        identity = identify(name, path if local else None)
        folder = LabelFolder(out, vocabulary, settings, save, mode, name, identity)
        folder.check()
        segmenter = _segmenter(request, vocabulary, trained, display)
        with folder:
            return _run(reader, segmenter, folder, request.task, display)


def _run(
    reader: FrameReader,
    segmenter: PanopticSegmenter,
    folder: LabelFolder,
    task: Any,
    display: Display,
) -> int:
    """Picture by picture, those that are done left out."""
    import torch

    from car_video.video.panoptic import VideoPanopticSegmenter

    follows = reader.info.kind == "file" and task == "panoptic"
    video = VideoPanopticSegmenter(segmenter) if follows else None
    found: PanopticMap | SemanticMap | Instances
    frames = made = 0
    code = 0
    try:
        with display.progress(None) as advance:
            for frame in reader:
                frames += 1
                known = folder.name_of(frame) in folder.done
                if video is not None:  # tracks need every frame, those of an earlier run too
                    found = video.step(frame.image)
                elif not known:
                    found = segmenter.segment(frame.image, (task,))[task]
                if not known:
                    folder.write(frame, found)
                    made += 1
                advance()
    except (MemoryError, torch.OutOfMemoryError):
        raise ModelError("out of memory; try fewer labels or smaller pictures") from None
    except KeyboardInterrupt:
        display.stopped("interrupted; what is done is kept, go on with --resume")
        code = EXIT_CODE
    noun = "picture" if frames == 1 else "pictures"
    earlier = f", {frames - made} from an earlier run" if frames > made else ""
    display.result(f"{frames} {noun}{earlier}, {len(segmenter.vocabulary.labels)} classes")
    display.result(f"written to {folder.path}")
    return code


def _check_model(request: LabelRequest) -> tuple[Vocabulary, Vocabulary]:
    """The classes, and those that the model was trained on; raises for what cannot work with
    the model, before modules that take a second to load."""
    from car_video.models.catalog import check_work
    from car_video.text.vocabulary import load_vocabulary

    if request.task not in TASKS:
        raise ConfigError(f"unknown --task '{request.task}'; choose from {', '.join(TASKS)}")
    check_work(request.model, "labels")
    vocabulary = load_vocabulary(request.labels)
    if request.task == "instance" and not any(vocabulary.things):
        raise ConfigError(
            f"all classes of {vocabulary.name} are stuff, which has no instances; take away "
            "'| stuff' or choose --task semantic"
        )
    return vocabulary, load_vocabulary(request.trained_labels)


def _check(request: LabelRequest) -> tuple[str, ...]:
    """What to save; raises for everything that can be wrong without source and model."""
    from car_video.io.label_outputs.folder import SAVED
    from car_video.io.readers import Selection
    from car_video.io.readers.files.decoders import check_decoder
    from car_video.models.catalog import check_model

    if len(request.sources) != 1:
        raise ConfigError("--labels takes one source: a picture, a folder of them or a video")
    if request.resume and request.overwrite:
        raise ConfigError("--resume continues a run and --overwrite replaces it; give one")
    if request.out is not None and (not request.out.strip() or request.out == "-"):
        raise ConfigError("--out names a folder; with --labels nothing goes to a pipe")
    save = tuple(dict.fromkeys(p.strip().lower() for p in request.save.split(",") if p.strip()))
    if unknown := [name for name in save if name not in SAVED]:
        raise OutputError(
            f"cannot save '{unknown[0]}' of labels; choose from {', '.join(SAVED)}"
        )
    if not save:
        raise OutputError(f"nothing to save; choose from {', '.join(SAVED)}")
    Selection(request.start, request.end, request.stride, request.max_frames)
    check_decoder(request.decoder)
    check_model(request.model, "labels")
    return save


def _reader(request: LabelRequest) -> FrameReader:
    from car_video.io.readers import read_frames

    return read_frames(
        request.sources[0],
        start=request.start,
        end=request.end,
        stride=request.stride,
        max_frames=request.max_frames,
        decoder=request.decoder,  # type: ignore[arg-type]  # checked
    )


def _segmenter(
    request: LabelRequest, vocabulary: Vocabulary, trained: Vocabulary, display: Display
) -> PanopticSegmenter:
    display.note(f"loading {request.model} ...")
    from car_video.models import load_model
    from car_video.models.device import fastest_dtype, pick_device
    from car_video.segment.panoptic.segmenter import PanopticSegmenter

    device = pick_device(request.device)
    model = load_model(request.model, device, fastest_dtype(device))
    display.note(f"encoding {len(vocabulary.labels)} classes ...")
    return PanopticSegmenter(model, vocabulary, SETTINGS, trained)
