"""``car-video bench``: how fast this machine is, as a table to compare and to report."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from car_video.cli.display import Display
from car_video.cli.subcommands import new_app
from car_video.errors import ConfigError

if TYPE_CHECKING:
    import torch

    from car_video.backends.comparing import Measured
    from car_video.config import Config
    from car_video.models.pair import ModelPair
    from car_video.models.sam.base import MaskModel
    from car_video.profiling import Profile

    Backends = dict[str, dict[str, Measured]]

HEIGHT = 480
SHIPPED = Path(__file__).parents[2] / "examples" / "person.mp4"  # of a checkout
SHIPPED_START = 3.0  # seconds; there the person of the clip is in the picture
MOST_FRAMES = 48  # of the clip; a machine that is done with them sooner is measured on them
SETTINGS = ("best", "default", "fast", "crf", "none")

app = new_app()


@app.command(epilog="\b\nWhat the lines mean: docs/cli.md, 'How fast is this machine?'.")
def bench(
    clip: Annotated[
        str | None,
        typer.Argument(metavar="[CLIP]", help="A clip of yours.  [default: the shipped one]"),
    ] = None,
    expr: Annotated[
        str, typer.Option("--expr", metavar="TEXT", help="What to look for in it.")
    ] = "the person",
    seconds: Annotated[
        float, typer.Option(metavar="S", min=0, help="Seconds to measure each setting.")
    ] = 2.0,
    device: Annotated[
        str, typer.Option(metavar="auto|cpu|cuda|mps", help="Where to compute.")
    ] = "auto",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Frames per second of this machine, and where the time of a frame goes.

    The bundled model at 480p, with the presets best, default and fast, and the default with
    --refine crf and none. Stop other programs first: they count.
    """
    source, start = _clip(clip)
    from car_video.models import load_model, pick_device
    from car_video.models.sam.registry import load_mask_model
    from car_video.profiling import about_machine, enlarged, profile
    from car_video.text.parsing.wording import check_expressions

    texts, configs = check_expressions([expr]), _configs()
    pick_device(device)
    display, found = Display(), {}
    with tempfile.TemporaryDirectory() as place:
        piece = Path(place) / "clip.mp4"
        enlarged(source, start, MOST_FRAMES, HEIGHT, piece)
        pair = load_model("lite", device)
        masks = load_mask_model(configs["default"].segment.sam.model, pair.device)
        for name, config in configs.items():
            display.note(f"measuring {name} ...")
            sam = masks if config.segment.refine == "sam" else None
            clock = _clock(pair.device)
            try:
                found[name] = profile(
                    pair, piece, texts, config, sam, clock=clock, seconds=seconds
                )
            except ValueError as error:
                raise ConfigError(f"{clip}: {error}") from None
    backends = _backends(pair, masks, display)
    machine = about_machine(pair.device)
    absent = found["default"].present < 0.5
    note = f"'{expr}' was hardly found, and what is absent costs less; name another --expr"
    if as_json:
        notes = [note] if absent else []
        display.line(json.dumps(_as_json(machine, texts, found, backends, notes), indent=1))
        return
    for name, value in machine.items():
        display.line(f"{name}: {value}")
    _print_table(display, found)
    _print_backends(display, backends)
    if absent:
        display.notice(note)


def _clip(given: str | None) -> tuple[str, float]:
    """The clip to measure on, and where in it to begin.

    Raises:
        ConfigError: none is given, and there is no checkout with one.
    """
    if given is not None:
        return given, 0.0
    if not SHIPPED.is_file():
        raise ConfigError(
            "the clip to measure on lies in the repository (examples/person.mp4); give it, or "
            "one of your own: car-video bench clip.mp4 --expr TEXT"
        )
    return str(SHIPPED), SHIPPED_START


def _configs() -> dict[str, Config]:
    """The settings of each column."""
    from car_video.config import load_preset

    default = load_preset("default")

    def refined(how: Any) -> Config:
        return replace(default, segment=replace(default.segment, refine=how))

    columns = (
        load_preset("best"),
        default,
        load_preset("fast"),
        refined("crf"),
        refined("none"),
    )
    return dict(zip(SETTINGS, columns, strict=True))


def _clock(device: torch.device) -> Callable[[], float]:
    """Seconds on the wall; a GPU has done its work before it is looked at."""
    if device.type != "cuda":
        return time.perf_counter
    import torch

    def clock() -> float:
        torch.cuda.synchronize(device)
        return time.perf_counter()

    return clock


def _backends(pair: ModelPair, mask_model: MaskModel, display: Display) -> Backends:
    """What each back end of this machine is worth for each encoder; on a GPU there is only
    torch."""
    from car_video.backends.catalog import installed
    from car_video.backends.comparing import measure
    from car_video.backends.replacing import hosts_of
    from car_video.segment.segmenter import compared_masks

    if pair.device.type != "cpu" or not hosts_of(pair, mask_model):
        return {}
    if not installed():
        display.note(
            "back ends: torch alone; pip install 'car-video[onnx,openvino]' for others"
        )
        return {}
    display.note("measuring back ends (the first time this takes minutes) ...")
    return measure(pair, mask_model, compared_masks)


def _print_backends(display: Display, backends: Backends) -> None:
    for encoder, measured in backends.items():
        works = {name: one for name, one in measured.items() if not one.failure}
        rows = [
            ["ms a frame", *(f"{one.milliseconds:.0f}" for one in works.values())],
            ["masks' IoU with torch's", *(f"{one.iou:.3f}" for one in works.values())],
        ]
        display.table((encoder, *works), rows)
        for one in measured.values():
            if one.failure:
                display.notice(one.failure)


def _as_json(
    machine: dict[str, str],
    texts: tuple[str, ...],
    found: dict[str, Profile],
    backends: Backends,
    notes: list[str],
) -> dict[str, Any]:
    return {
        "machine": machine,
        "height": HEIGHT,
        "expressions": list(texts),
        "notes": notes,
        "settings": {
            name: {
                "frames": one.frames,
                "frames_per_second": round(1000 / one.total, 3),
                "milliseconds": {
                    part: round(value, 2) for part, value in one.milliseconds.items()
                },
            }
            for name, one in found.items()
        },
        "backends": {
            encoder: {name: _values(one) for name, one in measured.items()}
            for encoder, measured in backends.items()
        },
    }


def _values(one: Measured) -> dict[str, Any]:
    if one.failure:
        return {"failure": one.failure}
    return {"milliseconds": round(one.milliseconds, 2), "iou": round(one.iou, 4)}


def _print_table(display: Display, found: dict[str, Profile]) -> None:
    from car_video.profiling import PARTS

    columns = list(found.values())
    rows = [["frames/s", *(f"{1000 / one.total:.2f}" for one in columns)]]
    rows += [["ms a frame", *(f"{one.total:.0f}" for one in columns)]]
    rows += [
        [f"  {part}", *(_cell(one.milliseconds[part]) for one in columns)] for part in PARTS
    ]
    rows += [["frames measured", *(str(one.frames) for one in columns)]]
    display.table((f"{HEIGHT}p, one expression", *found), rows)


def _cell(milliseconds: float) -> str:
    return f"{milliseconds:.0f}" if milliseconds else "-"
