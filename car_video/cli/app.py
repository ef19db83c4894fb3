"""``car-video``: a video and a sentence in, masks out. Options, entry point, exit codes.

Parses and hands over: what a run does is in :mod:`car_video.cli.run`, what it shows in
:mod:`car_video.cli.display`. Everything heavy is imported when it is needed.
"""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from car_video.cli.display import Display
from car_video.cli.interrupts import EXIT_CODE
from car_video.errors import CarVideoError

BAD_INPUT = 2
LISTS = ("models", "presets")

_EXAMPLES = (
    'car-video clip.mp4 --expr "the man in red"',
    'car-video clip.mp4 --expr "the dog" --expr "the woman" --save overlay,cutout,sheet',
    'car-video clip.mp4 --expr "a bottle" --start 2 --end 5 --stride 5 --refine none   (quick)',
    'car-video photos/ --expr "a cat" --out cats',
    'car-video webcam:0 --expr "a cup" --show --refine none',
    'car-video clip.mp4 --expr "the man in red" --resume   (continues a stopped run)',
    "car-video models; car-video presets   (list what --model and --preset may name)",
)

app = typer.Typer(
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
# ClickException, wherever this version of typer keeps it
_UsageError: Any = next(c for c in typer.BadParameter.__mro__ if c.__name__ == "ClickException")


def _version(value: bool) -> None:
    if value:
        import car_video

        print(f"car-video {car_video.__version__}")
        raise typer.Exit()


@app.command(
    options_metavar="--expr TEXT [OPTIONS]",
    epilog="Examples:\n\n" + "\n\n".join(f"  {line}" for line in _EXAMPLES),
)
def run(
    source: Annotated[
        str,
        typer.Argument(
            metavar="SOURCE",
            help="Video, image, folder of images, webcam:0, rtsp:// or http:// address. "
            "The words 'models' and 'presets' alone list what there is.",
        ),
    ],
    expr: Annotated[
        list[str] | None,
        typer.Option("--expr", metavar="TEXT", help="What to look for; repeat it for several."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Output folder; - sends the overlay to a pipe.",
            show_default="<source stem>_car",
        ),
    ] = None,
    save: Annotated[
        str,
        typer.Option(metavar="LIST", help="Any of overlay, masks, json, cutout, sheet."),
    ] = "overlay,masks,json",
    model: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Model, see 'car-video models'.",
            show_default="the preset's: lite",
        ),
    ] = None,
    refine: Annotated[
        str | None,
        typer.Option(
            metavar="sam|crf|none",
            help="Last step that sharpens masks.",
            show_default="the preset's: sam",
        ),
    ] = None,
    preset: Annotated[
        str, typer.Option(metavar="NAME|FILE", help="Preset or YAML file of settings.")
    ] = "default",
    device: Annotated[
        str, typer.Option(metavar="auto|cpu|cuda|mps", help="Where to compute.")
    ] = "auto",
    start: Annotated[
        float | None, typer.Option(metavar="S", help="First time wanted, in seconds.")
    ] = None,
    end: Annotated[
        float | None, typer.Option(metavar="S", help="First time no longer wanted, in seconds.")
    ] = None,
    stride: Annotated[int, typer.Option(metavar="K", help="Take every K-th frame.")] = 1,
    max_frames: Annotated[
        int | None, typer.Option(metavar="N", help="Stop after N frames.")
    ] = None,
    size: Annotated[
        int | None,
        typer.Option(
            metavar="PX",
            help="Longest side in pixels that the model looks at; outputs keep the size of "
            "the source.",
            show_default="the preset's: 512",
        ),
    ] = None,
    mode: Annotated[
        str | None,
        typer.Option(
            metavar="online|offline|per-frame",
            help="How frames help each other: each those after it; all, with a look ahead; "
            "not at all.",
            show_default="the preset's: online",
        ),
    ] = None,
    show: Annotated[
        bool, typer.Option("--show", help="Show the overlay in a window; q ends the run.")
    ] = False,
    target_fps: Annotated[
        float | None,
        typer.Option(
            "--target-fps",
            metavar="F",
            help="Give up quality, as little as needed, to keep F frames/s.",
        ),
    ] = None,
    interactive: Annotated[
        bool,
        typer.Option(
            "--interactive",
            help="Change expressions while it runs, by lines on standard input: '+ a cup', "
            "'- 2', '2 = the blue cup', '?', 'q'. On a terminal live sources and --show do so "
            "by themselves.",
        ),
    ] = False,
    resume: Annotated[
        bool, typer.Option("--resume", help="Continue a stopped run, or extend a finished one.")
    ] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace the results of an earlier run.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print nothing but errors.")] = False,
    version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Print the version."),
    ] = False,
) -> None:
    """Masks of what a sentence names, in a video or pictures. No training."""
    if source in LISTS and not expr:
        _list(source)
        return
    from car_video.cli.run import Request, execute

    request = Request(
        source=source,
        expressions=tuple(expr or ()),
        out=out,
        save=save,
        model=model,
        refine=refine,
        preset=preset,
        device=device,
        start=start,
        end=end,
        stride=stride,
        max_frames=max_frames,
        size=size,
        mode=mode,
        show=show,
        target_fps=target_fps,
        interactive=interactive,
        resume=resume,
        overwrite=overwrite,
    )
    if quiet:  # the hub client reads it when it is first imported
        os.environ["HF_HUB_DISABLE_PROGRESS_BARS"] = "1"
    display = Display(quiet)
    try:
        ending = execute(request, display)
    except KeyboardInterrupt:  # before there was anything to keep
        display.stopped("interrupted")
        ending = "interrupted"
    if ending == "interrupted":
        raise typer.Exit(EXIT_CODE)


def _list(what: str) -> None:
    """Print the models or the presets that there are."""
    if what == "models":
        from car_video.models import available_models

        rows = [
            (m.name, f"{m.megabytes} MB" if m.megabytes else "-", m.description)
            for m in available_models()
        ]
        hint = "Also any ARCHITECTURE:weights of open_clip, or ARCHITECTURE:file.safetensors."
        Display().table(("model", "download", "what it is"), rows, hint)
        return
    from car_video.config import load_preset, preset_names

    presets = [(name, load_preset(name)) for name in preset_names()]
    Display().table(
        ("preset", "model", "what it is"),
        [(name, config.model, config.description) for name, config in presets],
        "Also a YAML file of your own: --preset my.yaml.",
    )


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
    return _run_app(given or ["--help"])


def _run_app(arguments: list[str]) -> int:
    display = Display()
    try:
        code = app(args=arguments, prog_name="car-video", standalone_mode=False)
    except CarVideoError as error:
        display.error(str(error))
        return BAD_INPUT
    except _UsageError as error:
        message = error.format_message().rstrip(".")
        hint = "; one source at a time, or a folder" if "extra argument" in message else ""
        display.error(f"{message}{hint}; see car-video --help")
        return BAD_INPUT
    except BrokenPipeError:  # car-video models | head -1
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:
        where = f"'{error.filename}': " if error.filename else ""
        display.error(f"{where}{error.strerror or error}")
        return BAD_INPUT
    except (KeyboardInterrupt, typer.Abort):
        return EXIT_CODE
    return code if isinstance(code, int) else 0
