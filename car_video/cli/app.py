"""``car-video``: a video and a sentence in, masks out. Options, entry point, exit codes.

Parses and hands over: what a run does is in :mod:`car_video.cli.run`, several sources in
:mod:`car_video.cli.batch`, what is shown in :mod:`car_video.cli.display`. Everything heavy is
imported when it is needed.
"""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from car_video.cli.completion import VARIABLE as COMPLETION
from car_video.cli.completion import candidates
from car_video.cli.display import Display
from car_video.cli.interrupts import EXIT_CODE
from car_video.cli.label_run import (
    LABEL_MODEL,
    LabelRequest,
    refuse_beside_labels,
    run_labels,
)
from car_video.cli.lost_output import drop_lost_output, flush_output
from car_video.cli.subcommands import SourceCommand, find_subcommand, new_app
from car_video.cli.usage import EXAMPLES, explained, parse_time
from car_video.errors import CarVideoError, ConfigError

BAD_INPUT = 2
LISTS = ("models", "presets")
SAVED = ["overlay,masks,json"]  # of --save, which may be repeated
app = new_app()
# ClickException, wherever this version of typer keeps it
_UsageError: Any = next(c for c in typer.BadParameter.__mro__ if c.__name__ == "ClickException")


def _version(value: bool) -> None:
    if value:
        import car_video

        print(f"car-video {car_video.__version__}")
        raise typer.Exit()


@app.command(
    cls=SourceCommand,
    epilog="\b\nExamples:\n" + "\n".join(f"  {line}" for line in EXAMPLES),
)
def run(
    ctx: typer.Context,
    sources: Annotated[
        list[str],
        typer.Argument(
            metavar="SOURCE",
            hidden=True,  # the text of the command tells it; typer would add its Python type
        ),
    ],
    expr: Annotated[
        list[str] | None,
        typer.Option(
            "--expr",
            metavar="TEXT",
            help="What to look for: one thing, in English. Repeat it for several things.",
        ),
    ] = None,
    out: Annotated[
        str | None,
        typer.Option(
            metavar="DIR",
            help="Output folder; each of several sources gets a folder in it. '-' sends the "
            "overlay to a pipe.  [default: SOURCE's name and _car, or the next free number]",
        ),
    ] = None,
    save: Annotated[
        list[str],
        typer.Option(
            metavar="LIST",
            help="Any of overlay, masks, json, cutout, sheet; coco, cvat, ...  "
            "[default: overlay,masks,json]",
            show_default=False,
        ),
    ] = SAVED,
    model: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="Model, see 'car-video models'.  [default: the preset's, lite]"
        ),
    ] = None,
    refine: Annotated[
        str | None,
        typer.Option(
            metavar="sam|crf|none",
            help="Last step, which sharpens masks.  [default: the preset's, sam]",
        ),
    ] = None,
    masks: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="Where masks come from: sam2, ... (docs/models.md).  [sam]"
        ),
    ] = None,
    propose: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="A detector: grounding-dino, owlv2, sam3."),
    ] = None,
    tracker: Annotated[
        str | None, typer.Option(metavar="NAME", help="A memory: sam2:small, edgetam.  [flow]")
    ] = None,
    preset: Annotated[
        str | None,
        typer.Option(
            metavar="NAME|FILE",
            help="Preset or YAML file of settings.  [default: the model's: default or clip]",
        ),
    ] = None,
    device: Annotated[
        str, typer.Option(metavar="auto|cpu|cuda|mps", help="Where to compute.")
    ] = "auto",
    backend: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="What computes the image encoders on a CPU: onnx, openvino, onnx-int8, "
            "openvino-int8, or auto, the best measured here (docs/video.md).  [torch]",
        ),
    ] = None,
    roi: Annotated[
        str | None,
        typer.Option(metavar="off|auto", help="auto: sharp borders of masks above 1024 px."),
    ] = None,
    assume_present: Annotated[
        bool, typer.Option("--assume-present", help="What is named is there at some time.")
    ] = False,
    decoder: Annotated[
        str,
        typer.Option(metavar="pyav|decord|torchcodec", help="What decodes media files."),
    ] = "pyav",
    start: Annotated[
        float | None,
        typer.Option(
            metavar="TIME", parser=parse_time, help="Start time: seconds, 1:02.5 or 00:01:02.5."
        ),
    ] = None,
    end: Annotated[
        float | None,
        typer.Option(metavar="TIME", parser=parse_time, help="End time, not included."),
    ] = None,
    stride: Annotated[int, typer.Option(metavar="K", help="Take every K-th frame.")] = 1,
    max_frames: Annotated[
        int | None, typer.Option(metavar="N", help="Stop after N frames.")
    ] = None,
    size: Annotated[
        int | None,
        typer.Option(
            metavar="PX",
            help="Longest side in pixels of the picture that the models get; outputs keep the "
            "size of the source. Larger finds smaller things.  [default: the preset's, 512]",
        ),
    ] = None,
    mode: Annotated[
        str | None,
        typer.Option(
            metavar="online|offline|per-frame",
            help="What a frame's masks depend on: the frames before it; also the frames after "
            "it; no other frame.  [default: the preset's, online]",
        ),
    ] = None,
    show: Annotated[
        bool,
        typer.Option(
            "--show",
            help="Show the overlay in a window; q ends the run. Needs pip install "
            "'car-video[show]'.",
        ),
    ] = False,
    target_fps: Annotated[
        float | None,
        typer.Option(
            "--target-fps",
            metavar="F",
            help="Lower the quality, as little as needed, to keep F frames per second.",
        ),
    ] = None,
    interactive: Annotated[
        bool,
        typer.Option(
            "--interactive",
            help="Change expressions during the run, by lines on standard input: '+ a cup', "
            "'- 2', '2 = the blue cup', '?', 'q'. On by itself on a terminal with a live "
            "source or --show.",
        ),
    ] = False,
    corrections: Annotated[
        Path | None,
        typer.Option(
            "--corrections",
            metavar="FILE",
            help="Corrections of single frames (docs/corrections.md), of a new run or, with "
            "--resume, of one that is done.",
        ),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Continue a stopped run, or extend a finished one.")
    ] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace the results of an earlier run.")
    ] = False,
    engine: Annotated[
        str, typer.Option(metavar="local|ray", help="ray: on all machines of a Ray cluster.")
    ] = "local",
    workers: Annotated[
        int | None, typer.Option(metavar="N", help="With --engine ray: at most so many.")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print nothing but errors.")] = False,
    verbose: Annotated[
        bool, typer.Option("--verbose", help="Say frame by frame what speaks for each answer.")
    ] = False,
    check: Annotated[
        str | None,
        typer.Option(
            "--check", metavar="NAME", help="With 'models': load one and say what was verified."
        ),
    ] = None,
    convert: Annotated[
        str | None,
        typer.Option(
            "--convert",
            metavar="FILE",
            help="With 'models': write a checkpoint of FC-CLIP as safetensors.",
        ),
    ] = None,
    labels: Annotated[
        str | None,
        typer.Option(
            "--labels",
            metavar="coco|ade|cityscapes|mapillary|FILE",
            help="Segment pictures by a list of classes instead of expressions; needs FC-CLIP. "
            "A file has one class a line: name, synonym, ...",
        ),
    ] = None,
    task: Annotated[
        str,
        typer.Option(metavar="panoptic|semantic|instance", help="With --labels: what to make."),
    ] = "panoptic",
    trained_labels: Annotated[
        str,
        typer.Option(
            metavar="coco|FILE",
            help="With --labels: the classes that the model was trained on.",
        ),
    ] = "coco",
    version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Print the version."),
    ] = False,
) -> None:
    """Masks of what a sentence names, in a video or pictures. No training.

    SOURCE is a video, an image, a folder of images, webcam:0, or an rtsp:// or http:// address.
    Several sources, a folder of videos, or a pattern in quotes like 'clips/*.mp4' are done one
    after the other. The words 'models' and 'presets' alone list what there is.
    """
    if len(sources) == 1 and sources[0] in LISTS and not expr:
        from car_video.cli.model_commands import list_what_there_is

        list_what_there_is(sources[0], check, convert, out, device)
        return
    if labels is not None:
        refuse_beside_labels(ctx)
        raise typer.Exit(
            run_labels(
                LabelRequest(
                    sources=tuple(sources),
                    labels=labels,
                    task=task,
                    trained_labels=trained_labels,
                    out=out,
                    save=",".join(save),
                    model=model or LABEL_MODEL,
                    device=device,
                    decoder=decoder,
                    start=start,
                    end=end,
                    stride=stride,
                    max_frames=max_frames,
                    resume=resume,
                    overwrite=overwrite,
                ),
                Display(quiet),
            )
        )
    if task != "panoptic" or trained_labels != "coco":
        raise ConfigError("--task and --trained-labels belong to --labels")
    if check is not None or convert is not None:
        raise ConfigError("--check and --convert belong to 'car-video models'")
    from car_video.cli.batch import execute_all
    from car_video.cli.request import Request

    if out is not None and not out.strip():  # "$unset" of a shell; a Path would be the folder .
        raise ConfigError("--out is empty; name a folder")
    request = Request(
        source=sources[0],
        expressions=tuple(expr or ()),
        out=None if out is None else Path(out),
        save=",".join(save),
        model=model,
        refine=refine,
        masks=masks,
        propose=propose,
        tracker=tracker,
        preset=preset,
        device=device,
        backend=backend,
        roi=roi,
        assume_present=assume_present,
        decoder=decoder,
        start=start,
        end=end,
        stride=stride,
        max_frames=max_frames,
        size=size,
        mode=mode,
        show=show,
        target_fps=target_fps,
        interactive=interactive,
        corrections=corrections,
        resume=resume,
        overwrite=overwrite,
        verbose=verbose,
        engine=engine,
        workers=workers,
    )
    if quiet:  # the hub client reads it when it is first imported
        os.environ["HF_HUB_DISABLE_PROGRESS_BARS"] = "1"
    display = Display(quiet)
    try:
        if quiet and verbose:
            raise ConfigError("--quiet says nothing and --verbose everything; give one")
        code = execute_all(sources, request, display)
    except KeyboardInterrupt:  # before there was anything to keep
        display.stopped("interrupted")
        code = EXIT_CODE
    raise typer.Exit(code)


def main(arguments: Sequence[str] | None = None) -> None:
    """Entry point: exit code 0 when all went well, 2 for bad input, 130 after Ctrl-C."""
    try:
        sys.exit(_main(arguments))
    except KeyboardInterrupt:  # between two steps
        sys.exit(EXIT_CODE)


def _main(arguments: Sequence[str] | None) -> int:
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # emoji on a terminal that has none
            stream.reconfigure(errors="backslashreplace")
    if not sys.warnoptions:
        warnings.simplefilter("ignore")  # of libraries, to their developers
    given = list(sys.argv[1:] if arguments is None else arguments)
    if os.environ.get(COMPLETION):  # the shell asks what may follow
        for candidate in candidates(given, app):  # of none not even an empty line
            print(candidate)
        return 0
    return _run_app(given or ["--help"])


def _run_app(arguments: list[str]) -> int:
    display = Display()
    command, words = app, ["car-video"]
    subcommand = find_subcommand(arguments)
    if subcommand is not None:
        command, words = subcommand.load(), ["car-video", subcommand.name]
        arguments = arguments[1:]
    try:
        code = command(args=arguments, prog_name=" ".join(words), standalone_mode=False)
        flush_output()
    except CarVideoError as error:
        display.error(str(error))
        return BAD_INPUT
    except _UsageError as error:
        options = [n for o in typer.main.get_command(command).params for n in o.opts]
        display.error(explained(error, arguments, options, " ".join(words)))
        return BAD_INPUT
    except BrokenPipeError:  # car-video models | head -1
        drop_lost_output()
        return 1
    except OSError as error:
        where = f"'{error.filename}': " if error.filename else ""
        display.error(f"{where}{error.strerror or error}")
        drop_lost_output()  # of a full disk
        return BAD_INPUT
    except (KeyboardInterrupt, typer.Abort):
        return EXIT_CODE
    return code if isinstance(code, int) else 0
