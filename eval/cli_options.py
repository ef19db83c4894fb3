"""The options of car-eval's commands, each written down once, and what their values mean."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from car_video.errors import DataError

from .benchmarks import REGISTRY, Options


def path(text: str) -> Path:
    """A path that says something: an unset variable in a script must not mean this folder."""
    if not text.strip():
        raise typer.BadParameter("the path is empty; name a folder, '.' for this one")
    return Path(text)


Data = Annotated[
    Path,
    typer.Option(parser=path, metavar="DIR", help="Folder of the data set in its own layout."),
]
Out = Annotated[
    Path,
    typer.Option(parser=path, metavar="DIR", help="Folder for results, tables and report."),
]
Predictions = Annotated[
    Path,
    typer.Option(
        parser=path,
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

Labels = Annotated[
    str,
    typer.Option(
        metavar="FILE",
        help="Label file with the classes' names and synonyms, in the data set's order.",
        show_default="our own names",
    ),
]
TrainedLabels = Annotated[
    str, typer.Option(metavar="coco|FILE", help="Classes that the model was trained on.")
]

Model = Annotated[
    str | None, typer.Option(help="Model name or file.", show_default="that of the preset")
]
Preset = Annotated[
    str | None,
    typer.Option(help="Preset name or YAML file.", show_default="the benchmark's for lite"),
]
ModelsPreset = Annotated[
    str | None, typer.Option("--preset", help="Name or YAML file.", show_default="the model's")
]
CalibrationFile = Annotated[
    Path | None,
    typer.Option(
        "--out", parser=path, metavar="FILE", help="JSON file.", show_default="in the cache"
    ),
]
KeepDefaults = Annotated[
    bool,
    typer.Option("--keep-defaults", help="Fit nothing; measure how reliable the defaults are."),
]
Mode = Annotated[
    str | None,
    typer.Option(help="per-frame, online or offline.", show_default="that of the preset"),
]
Presence = Annotated[
    str,
    typer.Option(
        help="assumed: the protocol promises every sentence a target. decided: as car-video "
        "decides by itself."
    ),
]
Device = Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")]
Engine = Annotated[str, typer.Option(help="local, or ray (a cluster; extra 'ray').")]
Resume = Annotated[bool, typer.Option("--resume", help="Continue the run in --out.")]
Overwrite = Annotated[
    bool, typer.Option("--overwrite", help="Replace what an earlier run left in --out.")
]

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
    "labels": (Labels, ""),
    "trained_labels": (TrainedLabels, "coco"),
}
"""Options that mean something to some benchmarks only."""

VIDEO: Described = {"mode": (Mode, None)}
"""Options of the benchmarks on video."""

TARGETS: Described = {"presence": (Presence, "assumed")}
"""Options of the benchmarks that promise a target."""

RUN: Described = {
    "model": (Model, None),
    "preset": (Preset, None),
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


def split_list(text: str) -> tuple[str, ...]:
    """``"a, b"`` as ``("a", "b")``."""
    return tuple(part.strip() for part in text.split(",") if part.strip())


def protocol_options(
    task: str = "semi-supervised",
    annotators: str = "",
    objects: str = "together",
    dataset: str = "",
    protocol: str = "both",
    split: str = "",
    labels: str = "",
    trained_labels: str = "coco",
) -> Options:
    """Protocol choices from the command line.

    Raises:
        DataError: a value that is no choice.
    """
    check_choice("--objects", objects or "together", ("together", "one-by-one"))
    check_choice("--protocol", protocol, ("joint", "per-expression", "both"))
    check_choice("--task", task, ("semi-supervised", "unsupervised"))
    protocols = ("per-expression", "joint") if protocol == "both" else (protocol,)
    return Options(
        task,
        split_list(annotators),
        objects,
        split,
        split_list(dataset),
        protocols,
        labels,
        trained_labels,
    )


def check_meaning(benchmark: str, chosen: Mapping[str, str]) -> None:
    """An option that the benchmark does not know must not be passed over."""
    if benchmark not in REGISTRY:
        return  # told by make_benchmark
    known = REGISTRY[benchmark].options
    for option, value in chosen.items():
        if option not in known and value != PROTOCOL[option][1]:
            option = option.replace("_", "-")
            raise DataError(f"--{option} means nothing to {benchmark}; leave it out")


def check_choice(option: str, value: str, allowed: Sequence[str]) -> None:
    """DataError for a value that is not among the allowed ones."""
    if value not in allowed:
        raise DataError(f"{option} must be one of {', '.join(allowed)}, got '{value}'")
