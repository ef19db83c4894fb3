"""``car-video explain SOURCE --expr TEXT --frame N``: why it was found there, or was not."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from car_video.cli.display import Display
from car_video.cli.opening import enough_memory, load_segmenter, open_reader
from car_video.cli.request import Plan, Request, check_computer, check_options, for_kind
from car_video.cli.subcommands import new_app
from car_video.cli.usage import parse_time
from car_video.errors import ConfigError, OutputError, SourceError

if TYPE_CHECKING:
    from car_video.explanation import Explanation
    from car_video.types import Frame

_EXAMPLES = (
    'car-video explain clip.mp4 --expr "the man in red" --frame 120',
    'car-video explain clip.mp4 --expr "the man in red" --at 0:05 --alone   (quick)',
    'car-video explain photo.jpg --expr "a cat" --expr "a dog" --out why.jpg',
)
_SAME_TIME = 1e-6
"""Seconds by which times of equal frames may differ."""

app = new_app()


@app.command(epilog="\b\nExamples:\n" + "\n".join(f"  {line}" for line in _EXAMPLES))
def explain(
    source: Annotated[
        str | None,
        typer.Argument(metavar="SOURCE", help="A video, a picture or a folder of pictures."),
    ] = None,
    expr: Annotated[
        list[str] | None,
        typer.Option("--expr", metavar="TEXT", help="What was looked for; repeat it."),
    ] = None,
    frame: Annotated[
        int | None, typer.Option("--frame", metavar="N", help="Which frame, from 0 on.")
    ] = None,
    at: Annotated[
        float | None,
        typer.Option(
            "--at", metavar="TIME", parser=parse_time, help="The first frame from a time on."
        ),
    ] = None,
    alone: Annotated[
        bool,
        typer.Option(
            "--alone",
            help="Take the frame by itself, as a picture. Else the video is run up to it, so "
            "that the answer is that of a run.",
        ),
    ] = False,
    out: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="The picture to write: .png, .jpg or .webp.  [default: SOURCE's name, the "
            "frame and _why.png]",
        ),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print JSON, with the masks, in place of text.")
    ] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace a picture that is there.")
    ] = False,
    model: Annotated[
        str | None, typer.Option(metavar="NAME", help="As for the run.  [the preset's, lite]")
    ] = None,
    preset: Annotated[
        str | None, typer.Option(metavar="NAME|FILE", help="As for the run.")
    ] = None,
    refine: Annotated[
        str | None, typer.Option(metavar="sam|crf|none", help="As for the run.")
    ] = None,
    size: Annotated[int | None, typer.Option(metavar="PX", help="As for the run.")] = None,
    assume_present: Annotated[
        bool, typer.Option("--assume-present", help="As for the run.")
    ] = False,
    start: Annotated[
        float | None,
        typer.Option(metavar="TIME", parser=parse_time, help="Where the run began."),
    ] = None,
    stride: Annotated[int, typer.Option(metavar="K", help="As for the run.")] = 1,
    device: Annotated[
        str, typer.Option(metavar="auto|cpu|cuda|mps", help="Where to compute.")
    ] = "auto",
    quiet: Annotated[bool, typer.Option("--quiet", help="Print nothing but errors.")] = False,
) -> None:
    """Each stage of the algorithm for one frame as one picture, and why, in words.

    Why this object was chosen, which words voted for what, why something is "not here"
    (docs/explain.md).
    """
    if source is None:
        raise ConfigError(
            "say of what: car-video explain SOURCE --expr TEXT --frame N (a source that is "
            "called explain is ./explain)"
        )
    if frame is not None and at is not None:
        raise ConfigError("--frame and --at both name the frame; give one")
    if frame is not None and frame < 0:
        raise ConfigError(f"--frame counts from 0, got {frame}")
    request = Request(
        source,
        tuple(expr or ()),
        model=model,
        preset=preset,
        refine=refine,
        size=size,
        assume_present=assume_present,
        start=start,
        stride=stride,
        device=device,
    )
    from car_video.io.explanations import write_explanation

    display = Display(quiet)
    plan = check_options(request)
    if out is not None or frame is not None:
        _target(source, out, frame or 0, overwrite)

    def check(index: int) -> None:
        _target(source, out, index, overwrite)

    found = _explained(plan, frame, at, alone, display, check)
    path = write_explanation(found, _target(source, out, found.frame.index, overwrite))
    if as_json:
        from car_video.io.explanations import explanation_record

        record = {"picture": str(path), **explanation_record(found)}
        display.line(json.dumps(record, ensure_ascii=False))
        return
    from car_video.io.explanations import explanation_lines

    for line in explanation_lines(found):
        display.line(line)
    display.result(f"written to {path}")


def _explained(
    plan: Plan,
    frame: int | None,
    at: float | None,
    alone: bool,
    display: Display,
    check: Callable[[int], None],
) -> Explanation:
    """The explanation of one frame.

    Args:
        check: is called with the frame's index as soon as it is known.

    Raises:
        CarVideoError: the source or the model cannot be used, or there is no such frame.
    """
    from car_video.explaining import explain as explain_frame

    with open_reader(plan) as reader:
        if reader.info.live:
            raise ConfigError(
                f"{reader.info.source} is live; record it first and explain a frame of the file"
            )
        plan = for_kind(plan, reader.info.kind)
        alone = alone or reader.info.kind == "image"
        wanted = _find(plan, frame, at, alone)
        check(wanted.index)
        display.note(f"loading {plan.config.model} ...")
        check_computer(plan)
        with enough_memory(plan):
            segmenter, remarks = load_segmenter(plan)
            if alone:
                found = explain_frame(segmenter.image, wanted)
            else:
                with display.progress(None) as advance:
                    for earlier in takewhile(lambda one: one.index < wanted.index, reader):
                        segmenter.step(earlier)
                        advance()
                found = explain_frame(segmenter, wanted)
    for remark in remarks:
        display.say(remark)
    return found


def _find(plan: Plan, frame: int | None, at: float | None, alone: bool) -> Frame:
    """The frame that is asked for, before anything is computed.

    Raises:
        SourceError: there is no such frame, or the run would not take it.
        ConfigError: several frames, and none is named.
    """
    from car_video.io.readers import RandomAccessReader, Selection
    from car_video.io.readers.selection import indices_of

    request = plan.request
    with RandomAccessReader(request.source) as reader:
        times = reader.times.tolist()
        run = Selection() if alone else Selection(request.start, None, request.stride)
        taken = indices_of(run, times)
        if frame is None and at is None:
            if len(times) > 1:
                raise ConfigError("say which frame: --frame N or --at TIME")
            frame = 0
        if frame is None:
            assert at is not None
            later = (n for n in taken if times[n] >= at - _SAME_TIME)
            frame = next(later, None)
        last = f"the last one is frame {len(times) - 1} at {times[-1]:.2f} s"
        if frame is None:
            raise SourceError(f"there is no frame from {at:g} s on; {last}")
        if frame >= len(times):
            raise SourceError(f"there is no frame {frame}; {last}")
        if frame not in taken:
            raise SourceError(
                f"a run with this --start and --stride does not take frame {frame}; change "
                "them, or give --alone"
            )
        return reader[frame]


def _target(source: str, out: str | None, index: int, overwrite: bool) -> Path:
    """The picture to write; by default in the folder where the command was called.

    Raises:
        OutputError: it cannot be written.
    """
    from car_video.io.explanations.sheet import check_picture

    path = Path(f"{Path(source).stem or 'frame'}_{index:05d}_why.png")
    if out is not None:
        path = Path(out)
    check_picture(path)
    if path.exists() and not overwrite:
        raise OutputError(f"'{path}' is there already; choose another --out or --overwrite it")
    return path
