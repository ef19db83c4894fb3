"""car-eval: predict and score benchmarks, or score the masks of any tool.

Parses, checks and shows; the work is done by :mod:`evaluate`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from car_video.cli.launcher import limit_spinning
from car_video.config import load_preset
from car_video.errors import CarVideoError, DataError

from . import cli_options, segmenters
from .benchmarks import REGISTRY, Options, make_benchmark
from .console import Display
from .evaluate import Evaluation, Request, check, conclude, execute, job
from .runner import need_engine
from .version import tool_version

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
        **cli_options.RUN,
    }
    command.__signature__ = cli_options.signature(described)  # type: ignore[attr-defined]
    command.__annotations__ = {key: value[0] for key, value in described.items()}
    return command


def _list(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _options(
    task: str = "semi-supervised",
    annotators: str = "",
    objects: str = "together",
    dataset: str = "",
    protocol: str = "both",
    split: str = "",
) -> Options:
    """Protocol choices from the command line.

    Raises:
        DataError: a value that is no choice.
    """
    _choice("--objects", objects or "together", ("together", "one-by-one"))
    _choice("--protocol", protocol, ("joint", "per-expression", "both"))
    _choice("--task", task, ("semi-supervised", "unsupervised"))
    protocols = ("per-expression", "joint") if protocol == "both" else (protocol,)
    return Options(task, _list(annotators), objects, split, _list(dataset), protocols)


def _choice(option: str, value: str, allowed: Sequence[str]) -> None:
    if value not in allowed:
        raise DataError(f"{option} must be one of {', '.join(allowed)}, got '{value}'")


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
    mode: str | None,
    **protocol: str,
) -> None:
    video = REGISTRY[name].kind == "video"
    if mode is not None:
        _choice("--mode", mode, segmenters.MODES if video else segmenters.MODES[:1])
    need_engine(engine)
    if resume and overwrite:
        raise DataError("--resume continues a run and --overwrite replaces it; give one")
    if engine == "ray":  # workers may have another working directory
        data, out = data.absolute(), out.absolute()
    preset = preset or REGISTRY[name].preset
    config = load_preset(preset)
    mode = mode or (config.video.mode if video else segmenters.MODES[0])
    spec = segmenters.make_spec(model or config.model, config, mode, device)
    request = Request(
        benchmark=make_benchmark(name, data, _options(**protocol)),
        out=out,
        spec=spec,
        labels={"model": model or config.model, "preset": preset, "mode": mode},
        settings={"config": segmenters.config_data(config)},
        limit=limit,
        sequences=_list(sequences),
        workers=workers,
        engine=engine,
        resume=resume,
        overwrite=overwrite,
    )
    _finish(request, Display(quiet))


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
    limit: cli_options.Limit = None,
    sequences: cli_options.Sequences = "",
    workers: cli_options.Workers = 1,
    quiet: cli_options.Quiet = False,
) -> None:
    """Score masks made by any tool."""
    options = _options(task, annotators, "", dataset, protocol, split)
    request = Request(
        benchmark=make_benchmark(benchmark, data, options),
        out=out,
        predictions=predictions,
        labels={"model": "predictions of another tool"},
        limit=limit,
        sequences=_list(sequences),
        workers=workers,
    )
    _finish(request, Display(quiet))


@app.command("list", rich_help_panel="Tools")
def list_benchmarks() -> None:
    """List the benchmarks."""
    table = Table("benchmark", "kind", "what")
    for name, entry in REGISTRY.items():
        table.add_row(name, entry.kind, entry.about)
    Display().out.print(table)


def _finish(request: Request, display: Display) -> None:
    """Run a request and show it; exit code 1 when items failed."""
    items = check(request)
    with job(request, items) as work:
        done = execute(request, work, items)
        predicts = request.spec is not None  # masks of other tools are bad input as a whole
        outcomes = list(display.progress(done, len(items), tell_failures=predicts))
        evaluation: Evaluation = conclude(request, items, outcomes)
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


for _name, _entry in REGISTRY.items():
    app.command(_name, help=_entry.about, rich_help_panel=f"Benchmarks ({_entry.kind})")(
        _run_command(_name)
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Entry point: exit code 0 when all went well, 1 when items failed, 2 for bad input, 130
    for an interrupt."""
    limit_spinning()
    try:
        code = app(
            args=list(sys.argv[1:] if arguments is None else arguments),
            prog_name="car-eval",
            standalone_mode=False,
        )
    except CarVideoError as error:
        Display().error(str(error))
        code = 2
    except _CLICK_ERROR as error:
        Display().error(_plain(error.format_message()))
        code = 2
    except OSError as error:
        Display().error(f"'{error.filename}': {error.strerror}; check the path and its rights")
        code = 2
    except (KeyboardInterrupt, typer.Abort):
        code = _INTERRUPTED
    if code == _INTERRUPTED:
        Display().error("interrupted; what is done is kept, go on with --resume")
    sys.exit(code if isinstance(code, int) else 0)


def _plain(message: str) -> str:
    """The parser's message, in our words where it speaks of commands."""
    if message.startswith("No such command"):
        name = message.split("'")[1]
        return f"unknown benchmark '{name}'; there are: {', '.join(REGISTRY)} (and score, list)"
    line = " ".join(message.split())
    return f"{line} (see --help)" if line.startswith("Missing") else line


if __name__ == "__main__":
    main()
