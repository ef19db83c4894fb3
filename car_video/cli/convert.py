"""``car-video convert OUT --to FORMAT``: what a run has found, in the form of another tool."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from car_video.cli.display import Display
from car_video.cli.subcommands import new_app
from car_video.errors import ConfigError

if TYPE_CHECKING:
    from car_video.io.exports.options import ExportOptions

_EXAMPLES = (
    "car-video convert clip_car --to coco",
    "car-video convert clip_car --to coco --out dataset/clip.json",
    "car-video convert clip_car                            (what --to may name)",
)

app = new_app()


@app.command(epilog="\b\nExamples:\n" + "\n".join(f"  {line}" for line in _EXAMPLES))
def convert(
    folder: Annotated[
        str | None,
        typer.Argument(
            metavar="OUT", help="Output folder of a finished run.", show_default=False
        ),
    ] = None,
    to: Annotated[
        list[str] | None,
        typer.Option(
            "--to", metavar="FORMAT", help="Format; several with commas, or repeat it."
        ),
    ] = None,
    out: Annotated[
        str | None,
        typer.Option(
            metavar="PATH",
            help="File or folder to make.  [default: the format's own name, in OUT]",
        ),
    ] = None,
    start_number: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="Count frames from N on, without gaps.  [default: as in the source]",
        ),
    ] = None,
    shapes: Annotated[
        str | None,
        typer.Option(metavar="masks|polygons", help="What annotations hold.  [default: masks]"),
    ] = None,
    split: Annotated[
        bool, typer.Option("--split", help="One file per object, in a folder.")
    ] = False,
    channel: Annotated[
        str | None,
        typer.Option(
            metavar="grey|alpha",
            help="A matte as grey picture, or as alpha of a white one.  [default: grey]",
        ),
    ] = None,
    bits: Annotated[
        int | None, typer.Option(metavar="8|16", help="Bits per channel.  [default: 8]")
    ] = None,
    fill: Annotated[
        str | None,
        typer.Option(
            metavar="source|white", help="What lies under the alpha.  [default: source]"
        ),
    ] = None,
    source: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="The run's source, where it has another place now."),
    ] = None,
    edges: Annotated[
        str | None,
        typer.Option(
            metavar="hard|soft",
            help="Edges of mattes; soft: as in the picture.  [default: hard]",
        ),
    ] = None,
    grow: Annotated[
        int | None, typer.Option(metavar="PX", help="Mattes larger by so many pixels.")
    ] = None,
    shrink: Annotated[
        int | None, typer.Option(metavar="PX", help="Mattes smaller by so many pixels.")
    ] = None,
    feather: Annotated[
        int | None, typer.Option(metavar="PX", help="Edges that fade over so many pixels.")
    ] = None,
    invert: Annotated[
        bool, typer.Option("--invert", help="Mattes of everything but the objects.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print nothing but errors.")] = False,
) -> None:
    """What a finished run has found, in the form of another tool (docs/exports.md)."""
    display = Display(quiet)
    formats = ",".join(to or [])
    if not formats.strip():
        _list(display)
        return
    from car_video.io.exports.options import ExportOptions

    if folder is None:
        raise ConfigError("say which run: car-video convert OUT --to FORMAT")
    options = ExportOptions(
        start_number=start_number,
        shapes=shapes,
        split=split or None,
        channel=channel,
        bits=bits,
        fill=fill,
        source=source,
        edges=edges,
        grow=grow,
        shrink=shrink,
        feather=feather,
        invert=invert or None,
    )
    convert_run(folder, formats, out, options, display)


def convert_run(
    folder: str, to: str, out: str | None, options: ExportOptions, display: Display
) -> None:
    """Convert a run to one format or several, and say what was written.

    Args:
        folder: of the run.
        to: names of formats, with commas between them.
        out: what to make; None for the formats' own names in the folder.
        options: what may be chosen.
        display: shows the result.

    Raises:
        CarVideoError: nothing is left of an export that fails; those before it stay.
    """
    from car_video.io.export_catalog import find_format
    from car_video.io.exports.export import check_target, check_tools, export_with_remarks
    from car_video.io.exports.finished_run import open_run

    formats = list(dict.fromkeys(find_format(n) for n in to.split(",") if n.strip()))
    formats = [format.split() if options.split else format for format in formats]
    if not formats:
        raise ConfigError(f"--to '{to}' names no format; see car-video convert")
    if out is not None and not out.strip():
        raise ConfigError("--out is empty; name a file or folder")
    if out is not None and len(formats) > 1:
        raise ConfigError("--out is one name for several formats; convert one at a time")
    targets = [Path(folder) / format.file if out is None else Path(out) for format in formats]
    run = open_run(folder)
    for format, target in zip(formats, targets, strict=True):
        options.check(format)
        check_tools(format)
        check_target(target, format)
    for format, target in zip(formats, targets, strict=True):
        path, remarks = export_with_remarks(run, format.name, target, **options.given())
        count = len(run.entries)
        frames = f"{count} frame{'' if count == 1 else 's'}"
        display.result(f"{format.name}, {frames}: written to {path}")
        for remark in remarks:
            display.notice(remark)


def _list(display: Display) -> None:
    from car_video.io.export_catalog import FORMATS

    rows = [(f.name, f.audience, f.what, f.file + "/" * f.is_folder) for f in FORMATS.values()]
    display.table(
        ("format", "for", "what it is", "name"),
        rows,
        "car-video convert OUT --to FORMAT; those that are one file may stand in --save, too.",
    )
