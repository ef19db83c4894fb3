"""The options of car-eval's commands, each written down once."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Annotated, Any

import typer


def _path(text: str) -> Path:
    """A path that says something: an unset variable in a script must not mean this folder."""
    if not text.strip():
        raise typer.BadParameter("the path is empty; name a folder, '.' for this one")
    return Path(text)


Data = Annotated[
    Path,
    typer.Option(parser=_path, metavar="DIR", help="Folder of the data set in its own layout."),
]
Out = Annotated[
    Path,
    typer.Option(parser=_path, metavar="DIR", help="Folder for results, tables and report."),
]
Predictions = Annotated[
    Path,
    typer.Option(
        parser=_path,
        metavar="PATH",
        help="PNG folder, predictions.json folder or RLE JSON of any tool.",
    ),
]
Quiet = Annotated[bool, typer.Option("--quiet", help="Print nothing but errors.")]
Limit = Annotated[
    int | None, typer.Option(min=1, help="Only the first N sequences or pictures.")
]
Sequences = Annotated[str, typer.Option(help="Only these sequences or pictures: a,b,c.")]
Workers = Annotated[int, typer.Option(min=1, help="Parallel workers.")]

Task = Annotated[str, typer.Option(help="DAVIS task: semi-supervised or unsupervised.")]
Annotators = Annotated[
    str, typer.Option(help="Only these: annot1,annot2 ...", show_default="all")
]
Objects = Annotated[
    str, typer.Option(help="Objects compete together, or run one-by-one (CaR's refer mode).")
]
Dataset = Annotated[
    str, typer.Option(help="Only these members: refcoco,refcoco+ ...", show_default="all")
]
Protocol = Annotated[str, typer.Option(help="joint (CaR), per-expression, or both.")]
Split = Annotated[str, typer.Option(help="Part of the data set.", show_default="its usual one")]

Model = Annotated[
    str | None, typer.Option(help="Model name or file.", show_default="that of the preset")
]
Preset = Annotated[
    str | None,
    typer.Option(help="Preset name or YAML file.", show_default="the benchmark's for lite"),
]
Mode = Annotated[
    str | None,
    typer.Option(help="per-frame, online or offline.", show_default="that of the preset"),
]
Device = Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")]
Engine = Annotated[str, typer.Option(help="local, or ray (a cluster; extra 'ray').")]
Resume = Annotated[bool, typer.Option("--resume", help="Continue the run in --out.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace the run in --out.")]

Described = dict[str, tuple[Any, Any]]
"""Option name -> annotation and default."""

REQUIRED = inspect.Parameter.empty

PROTOCOL: Described = {
    "task": (Task, "semi-supervised"),
    "annotators": (Annotators, ""),
    "objects": (Objects, "together"),
    "dataset": (Dataset, ""),
    "protocol": (Protocol, "both"),
    "split": (Split, ""),
}
"""Options that mean something to some benchmarks only."""

RUN: Described = {
    "model": (Model, None),
    "preset": (Preset, None),
    "mode": (Mode, None),
    "device": (Device, "auto"),
    "limit": (Limit, None),
    "sequences": (Sequences, ""),
    "workers": (Workers, 1),
    "engine": (Engine, "local"),
    "resume": (Resume, False),
    "overwrite": (Overwrite, False),
    "quiet": (Quiet, False),
}
"""Options of every benchmark that predicts."""


def signature(options: Described) -> inspect.Signature:
    """Of a command that takes these options by keyword."""
    keyword = inspect.Parameter.KEYWORD_ONLY
    return inspect.Signature(
        [
            inspect.Parameter(name, keyword, default=default, annotation=annotation)
            for name, (annotation, default) in options.items()
        ]
    )
