"""car-eval: predict and score benchmarks, or score the masks of any tool.

Parses and shows; the checks are made by :mod:`request`, the work is done by :mod:`evaluate`.
"""

from __future__ import annotations

import dataclasses
import shlex
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from car_video import default_config
from car_video.cli.launcher import limit_spinning
from car_video.cli.lost_output import drop_lost_output, flush_output
from car_video.config import Config, load_preset
from car_video.config.calibration import cached_file
from car_video.errors import CarVideoError, DataError

from . import cli_compare, cli_options, model_segmenters
from .benchmarks import REGISTRY, make_benchmark
from .display import Display
from .provenance import tool_version
from .request import Request, check
from .runner.engines import need_engine
from .segmenters import MODES

app = typer.Typer(
    name="car-eval",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Predict and score benchmarks of referring and open-vocabulary segmentation.",
    epilog="Examples:\n\n"
    "  car-eval ref-davis --data DAVIS --out results\n\n"
    "  car-eval refcoco --data refer --out results --split val --workers 4\n\n"
    "  car-eval score ref-davis --data DAVIS --predictions masks --out scores\n\n"
    "  car-eval voc --data VOC2012 --out results --resume   (continues a killed run)",
)

_INTERRUPTED = 130  # some versions of typer turn the exception into this code
_arguments: list[str] = []  # of this process, to be recorded with the results
_CLICK_ERROR: Any = typer.BadParameter.__mro__[2]  # ClickException, wherever typer keeps it


def _run_command(name: str) -> Callable[..., None]:
    """The command of one benchmark, with the options that mean something to it."""
    entry = REGISTRY[name]

    def command(**values: Any) -> None:
        _run(name, **values)

    described = {
        "data": (cli_options.Data, cli_options.REQUIRED),
        "out": (cli_options.Out, cli_options.REQUIRED),
        **{key: value for key, value in cli_options.PROTOCOL.items() if key in entry.options},
        **(cli_options.VIDEO if entry.kind == "video" and entry.modes else {}),
        **(cli_options.TARGETS if entry.targets else {}),
        **cli_options.RUN,
    }
    command.__signature__ = cli_options.signature(described)  # type: ignore[attr-defined]
    command.__annotations__ = {key: value[0] for key, value in described.items()}
    return command


def _run(
    name: str,
    data: Path,
    out: Path,
    model: str | None,
    preset: str | None,
    device: str,
    limit: int | None,
    sequences: str,
    workers: int,
    engine: str,
    resume: bool,
    overwrite: bool,
    quiet: bool,
    mode: str | None = None,
    presence: str = "",
    **protocol: str,
) -> None:
    if mode is not None:
        cli_options.check_choice("--mode", mode, MODES)
    need_engine(engine)
    if resume and overwrite:
        raise DataError("--resume continues a run and --overwrite replaces it; give one")
    if engine == "ray":  # workers may have another working directory
        data, out = data.absolute(), out.absolute()
    entry = REGISTRY[name]
    config = load_preset(preset or entry.preset)
    if entry.targets:
        cli_options.check_choice("--presence", presence, ("assumed", "decided"))
        config = with_presence(config, presence)
    model = model or config.model
    labels = {"model": model, "preset": preset or entry.preset}
    if entry.kind == "video" and entry.modes:
        labels["mode"] = mode or config.video.mode
    if entry.targets:
        labels["presence"] = presence
    spec = model_segmenters.make_spec(
        model, config, labels.get("mode", MODES[0]), device, entry.by_labels
    )
    settings: dict[str, Any] = {"config": model_segmenters.config_data(config)}
    if files := _files_of(model):  # other files of these names are another model
        settings["model file"] = files
    request = Request(
        benchmark=make_benchmark(name, data, cli_options.protocol_options(**protocol)),
        out=out,
        spec=spec,
        labels=labels,
        settings=settings,
        limit=limit,
        sequences=cli_options.split_list(sequences),
        workers=workers,
        engine=engine,
        resume=resume,
        overwrite=overwrite,
        unit=_unit(name),
        command=_command_line(),
    )
    _finish(request, Display(quiet))


def with_presence(config: Config, presence: str) -> Config:
    """Settings under which targets are ``assumed`` to be there, or not, whatever the preset."""
    segment = dataclasses.replace(config.segment, assume_present=presence == "assumed")
    return dataclasses.replace(config, segment=segment)


def _files_of(model: str) -> list[dict[str, int]]:
    """Sizes and times of the files that a model's name has in it (``FCCLIP:FILE``,
    ``ARCHITECTURE:FILE``, ``FCCLIP:FILE+ARCHITECTURE:FILE``)."""
    first, _, second = model.rpartition("+")
    parts = {part.partition(":")[2]: None for part in (model, first, second)}
    stats = [path.stat() for part in parts if (path := Path(part).expanduser()).is_file()]
    return [{"bytes": status.st_size, "changed": status.st_mtime_ns} for status in stats]


def _command_line() -> str:
    return shlex.join(["car-eval", *_arguments])


def _unit(name: str) -> str:
    """What ``--limit`` counts."""
    return "sequences" if REGISTRY[name].kind == "video" else "pictures"


@app.command(rich_help_panel="Tools")
def score(
    benchmark: Annotated[str, typer.Argument(help="Name, see 'car-eval list'.")],
    data: cli_options.Data,
    predictions: cli_options.Predictions,
    out: cli_options.Out,
    task: cli_options.Task = "semi-supervised",
    annotators: cli_options.Annotators = "",
    dataset: cli_options.Dataset = "",
    protocol: cli_options.Protocol = "both",
    split: cli_options.Split = "",
    labels: cli_options.Labels = "",
    trained_labels: cli_options.TrainedLabels = "coco",
    limit: cli_options.Limit = None,
    sequences: cli_options.Sequences = "",
    workers: cli_options.Workers = 1,
    overwrite: cli_options.Overwrite = False,
    quiet: cli_options.Quiet = False,
) -> None:
    """Score masks made by any tool."""
    chosen = {
        "task": task,
        "annotators": annotators,
        "dataset": dataset,
        "protocol": protocol,
        "split": split,
        "labels": labels,
        "trained_labels": trained_labels,
    }
    cli_options.check_meaning(benchmark, chosen)
    request = Request(
        benchmark=make_benchmark(
            benchmark, data, cli_options.protocol_options(objects="", **chosen)
        ),
        out=out,
        predictions=predictions,
        labels={"model": "predictions of another tool"},
        limit=limit,
        sequences=cli_options.split_list(sequences),
        workers=workers,
        overwrite=overwrite,
        unit=_unit(benchmark),
        command=_command_line(),
    )
    _finish(request, Display(quiet))


@app.command(rich_help_panel="Tools")
def calibrate(
    model: Annotated[str, typer.Argument(help="Model, see 'car-video models'.")],
    data: cli_options.Data,
    out: cli_options.CalibrationFile = None,
    preset: cli_options.ModelsPreset = None,
    device: cli_options.Device = "auto",
    limit: cli_options.Limit = None,
    keep_defaults: cli_options.KeepDefaults = False,
    overwrite: cli_options.Overwrite = False,
    quiet: cli_options.Quiet = False,
) -> None:
    """Fit how sure a model's evidence makes, on regions with names (a COCO file)."""
    from . import calibrate as fitting

    target = out or cached_file(model)
    if target.exists() and not overwrite:
        raise DataError(f"'{target}' is there already; give --overwrite or another --out")
    config = default_config(model) if preset is None else load_preset(preset)
    coco = fitting.read_regions(data)
    images = fitting.usable(coco, limit)
    segmenter = fitting.open_model(model, coco.categories.values(), config, device)
    display = Display(quiet)
    parts = fitting.collect(coco, images, data, segmenter.region_odds)
    pairs = fitting.together(display.counted(parts, len(images), "pictures"))
    name = f"{data.resolve().name}/{coco.path.name}"
    fixed = fitting.DEFAULT if keep_defaults else None
    centre: tuple[float, ...] = ()
    if not segmenter.proposer.dense_matches_text:  # its maps come from Grad-CAM
        seen = fitting.embeddings(images, data, segmenter.picture_embedding)
        centre = fitting.centre(display.counted(seen, len(images), "embeddings"))
    found = fitting.calibrated(pairs, model, name, fixed, centre)
    found.save(target)
    display.calibration(found, target)


@app.command("list", rich_help_panel="Tools")
def list_benchmarks() -> None:
    """List the benchmarks."""
    table = Table("benchmark", "kind", "what")
    for name, entry in REGISTRY.items():
        table.add_row(name, entry.kind, entry.about)
    Display().out.print(table)


def _finish(request: Request, display: Display) -> None:
    """Run a request and show it; exit code 1 when items failed."""
    selection = check(request)
    items = selection.items
    from .evaluate import conclude, execute, job  # PyAV, Pillow, jinja2: not for --help

    with job(request, items) as work:
        display.warning(work.notice)
        done = execute(request, work, items)
        predicts = request.spec is not None  # masks of other tools are bad input as a whole
        outcomes = list(display.progress(done, len(items), tell_failures=predicts))
        evaluation = conclude(request, selection, outcomes)
    display.summary(evaluation, request.out)
    if evaluation.failures:
        raise typer.Exit(1)


def _version(value: bool) -> None:
    if value:
        print(f"car-eval {tool_version()}")
        raise typer.Exit()


@app.callback()
def _main(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Print the version."),
    ] = False,
) -> None:
    pass


for _name, _command in cli_compare.COMMANDS.items():
    app.command(_name, rich_help_panel="Tools")(_command)

for _name, _entry in REGISTRY.items():
    app.command(_name, help=_entry.about, rich_help_panel=f"Benchmarks ({_entry.kind})")(
        _run_command(_name)
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Entry point: exit code 0 when all went well, 1 when items failed, 2 for bad input, 130
    for an interrupt."""
    limit_spinning()
    _arguments[:] = sys.argv[1:] if arguments is None else arguments
    try:
        code = app(
            args=list(_arguments),
            prog_name="car-eval",
            standalone_mode=False,
        )
        flush_output()
    except CarVideoError as error:
        Display().error(str(error))
        code = 2
    except _CLICK_ERROR as error:
        Display().error(_plain(error.format_message()))
        code = 2
    except BrokenPipeError:  # car-eval list | head -1
        drop_lost_output()
        code = 1
    except OSError as error:
        what = error.strerror or error
        if error.filename:
            what = f"'{error.filename}': {what}; check the path and its rights"
        Display().error(str(what))
        drop_lost_output()  # of a full disk
        code = 2
    except (KeyboardInterrupt, typer.Abort):
        code = _INTERRUPTED
    if code == _INTERRUPTED:
        scoring = "score" in _arguments[:1]
        kept = "nothing was written" if scoring else "what is done is kept, go on with --resume"
        Display().error(f"interrupted; {kept}")
    sys.exit(code if isinstance(code, int) else 0)


def _plain(message: str) -> str:
    """The parser's message; an unknown command is called an unknown benchmark."""
    if message.startswith("No such command"):
        name = message.split("'")[1]
        tools = ", ".join(("score", *cli_compare.COMMANDS, "calibrate", "list"))
        known = f"{', '.join(REGISTRY)} (and {tools})"
        return f"unknown benchmark '{name}'; there are: {known}"
    line = " ".join(message.split())
    return f"{line} (see --help)" if line.startswith("Missing") else line


if __name__ == "__main__":
    main()
