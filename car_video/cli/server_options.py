"""Options that ``car-video serve`` and ``car-video ui`` share."""

from __future__ import annotations

from typing import Annotated

import typer

Device = Annotated[str, typer.Option(metavar="auto|cpu|cuda|mps", help="Where to compute.")]

AssumePresent = Annotated[
    bool, typer.Option("--assume-present", help="What is named is there at some time.")
]

Backend = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="What computes the image encoders on a CPU: onnx, openvino, ..., or auto "
        "(docs/video.md).  [the preset's, torch]",
    ),
]
