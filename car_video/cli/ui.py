"""``car-video ui``: the page on this computer."""

from __future__ import annotations

import signal
import time
import webbrowser
from contextlib import suppress
from importlib.util import find_spec
from typing import Annotated

import typer

from car_video.cli import server_options
from car_video.cli.display import Display
from car_video.cli.subcommands import new_app
from car_video.errors import ConfigError

app = new_app()


@app.command()
def ui(
    host: Annotated[
        str,
        typer.Option(
            metavar="ADDRESS",
            help="Where to listen; 0.0.0.0 lets other computers in and needs --password.",
        ),
    ] = "127.0.0.1",
    port: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            min=0,
            max=65535,
            help="Port, 0 for any free one.  [default: the first free from 7860 on]",
        ),
    ] = None,
    password: Annotated[
        str | None,
        typer.Option(
            metavar="WORD",
            envvar="CAR_VIDEO_PASSWORD",
            help="What the page asks for first; also from the environment variable.",
        ),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Model, see 'car-video models'.  [default: lite]"),
    ] = None,
    preset: Annotated[
        str | None,
        typer.Option(
            metavar="NAME|FILE",
            help="The only settings to offer.  [default: default, fast and best]",
        ),
    ] = None,
    device: server_options.Device = "auto",
    backend: server_options.Backend = None,
    assume_present: server_options.AssumePresent = False,
    max_minutes: Annotated[
        float, typer.Option(metavar="M", help="Longest clip that the page takes.")
    ] = 10.0,
    max_megabytes: Annotated[
        int, typer.Option(metavar="MB", help="Largest upload that the page takes.")
    ] = 2000,
    browser: Annotated[
        bool, typer.Option("--browser/--no-browser", help="Open the page in the browser.")
    ] = True,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print nothing but errors.")] = False,
) -> None:
    """The page: look, correct, refine and export in the browser (docs/page.md)."""
    if find_spec("gradio") is None:
        raise ConfigError("the page needs gradio; install it with: pip install 'car-video[ui]'")
    from car_video.page.engine import Engine
    from car_video.page.limits import Limits
    from car_video.page.server import Server, check_open

    display = Display(quiet)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # what was uploaded goes then too
    check_open(host, password)
    limits = Limits(megabytes=max_megabytes, minutes=max_minutes)
    engine = Engine(model, preset, device, backend, assume_present)
    server = Server(engine, limits, host, port, password)
    try:
        server.load()
        display.result(f"the page is at {server.url} (Ctrl-C ends it)")
        if browser:
            webbrowser.open(server.url)
        with suppress(KeyboardInterrupt):
            while True:
                time.sleep(3600)
    finally:
        server.close()
