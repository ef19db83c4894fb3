"""``car-video licences``: every shipped weight, its licence, and what it was trained on."""

from __future__ import annotations

import dataclasses
import json
from typing import Annotated

import typer

from car_video.cli.display import Display
from car_video.cli.subcommands import new_app

app = new_app()


@app.command()
def licences(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Every shipped weight, its licence, and what it was trained on.

    The code is under the Apache License 2.0. NOTICE has the full texts. Models that are
    downloaded on first use, or given as a file, have terms of their own.
    """
    from car_video.cli.model_commands import list_engines
    from car_video.models.licences import shipped_parts

    display = Display()
    parts = shipped_parts()
    if as_json:
        display.line(json.dumps([dataclasses.asdict(part) for part in parts]))
        return
    rows = []
    for part in parts:
        first, *more = part.data or (None,)
        data = ("-", "-") if first is None else (first.name, first.terms)
        rows.append((part.what, ", ".join(part.files), part.licence, *data))
        rows += [("", "", "", one.name, one.terms) for one in more if one is not None]
    display.table(
        ("weights", "files", "licence", "trained on", "its terms"),
        rows,
        "Code: Apache-2.0. Full texts: NOTICE.",
    )
    list_engines(display, "Fetched only when named; vision-language models: car-video models.")
