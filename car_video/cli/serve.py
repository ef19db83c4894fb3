"""``car-video serve``: pictures in by WebSocket, masks out, for robots and editors."""

from __future__ import annotations

import os
import socket
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated

import typer

from car_video.backends.catalog import TORCH, with_backend
from car_video.cli import server_options
from car_video.cli.display import Display
from car_video.cli.subcommands import new_app
from car_video.errors import ConfigError

if TYPE_CHECKING:
    from car_video.config import Config

TOKEN_VARIABLE = "CAR_VIDEO_TOKEN"
PORT = 8765

app = new_app()


@app.command(epilog="\b\nThe protocol is in docs/serve.md; clients in examples/.")
def serve(
    host: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help=f"Address to listen on. One that other machines reach needs a token in the "
            f"environment variable {TOKEN_VARIABLE}.",
        ),
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(metavar="N", min=0, max=65535, help="Port, 0 for a free one.")
    ] = PORT,
    model: Annotated[
        str | None, typer.Option(metavar="NAME", help="Model.  [default: the preset's, lite]")
    ] = None,
    preset: Annotated[
        str | None,
        typer.Option(
            metavar="NAME|FILE", help="Preset.  [default: fast; clip with another model]"
        ),
    ] = None,
    device: server_options.Device = "auto",
    backend: server_options.Backend = None,
    assume_present: server_options.AssumePresent = False,
    clients: Annotated[
        int, typer.Option(metavar="N", min=1, help="Clients at the same time.")
    ] = 4,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print nothing but errors.")] = False,
) -> None:
    """Masks for pictures that programs send, over a WebSocket.

    Pictures are JPEG, PNG or WebP; answers are JSON with run-length codes. Expressions may
    change at any time.
    """
    try:
        import uvicorn

        from car_video.serve.access import Access
        from car_video.serve.pictures import MOST_BYTES
        from car_video.serve.server import Server, about
    except ModuleNotFoundError as error:
        raise ConfigError(
            f"serve needs '{error.name}': pip install 'car-video[serve]'"
        ) from None
    access = Access(host, os.environ.get(TOKEN_VARIABLE) or None)
    name, config = _settings(model, preset, backend, assume_present)
    with _listening(host, port) as opened:
        from car_video.models import load_model
        from car_video.models.sam.registry import load_mask_model
        from car_video.video.segmenter import VideoSegmenter

        pair = load_model(config.model, device)
        refines = config.segment.refine == "sam"
        masks = load_mask_model(config.segment.sam.model, pair.device) if refines else None

        def new_segmenter(expressions: tuple[str, ...]) -> VideoSegmenter:
            return VideoSegmenter(pair, expressions, config, mask_model=masks)

        if config.segment.backend != TORCH:
            new_segmenter(("a thing",))  # exported and checked before the first client comes
        server = Server(access, new_segmenter, about(config.model, name), clients)
        where = f"[{host}]" if ":" in host else host
        Display(quiet).say(
            f"listening on ws://{where}:{opened.getsockname()[1]}/v1/segment "
            f"({config.model}, preset {name}); Ctrl-C ends it"
        )
        settings = uvicorn.Config(
            server.app(),
            log_level="error",
            lifespan="off",
            ws_max_size=MOST_BYTES,
            ws_per_message_deflate=False,  # pictures are packed; a little could unfold to much
            ws_ping_interval=None,  # an answer may wait behind pictures that wait for room
        )
        with suppress(KeyboardInterrupt):
            uvicorn.Server(settings).run(sockets=[opened])


def _settings(
    model: str | None, preset: str | None, backend: str | None, assume_present: bool = False
) -> tuple[str, Config]:
    """The preset's name and the preset, with the model and what is assumed in it.

    Raises:
        ConfigError: no such preset or back end, or a preset that needs frames of the future.
    """
    from dataclasses import replace

    from car_video.config import load_preset
    from car_video.models.catalog import default_preset

    suits = default_preset(model or "lite")
    name = preset or ("fast" if suits == "default" else suits)
    config = load_preset(name)
    if model is not None:
        config = replace(config, model=model)
    if assume_present:
        config = config.assuming_present()
    config = with_backend(config, backend)
    if config.video.mode == "offline":
        raise ConfigError(f"preset '{name}' needs frames ahead; a stream has none: online")
    return name, config


def _listening(host: str, port: int) -> socket.socket:
    """A socket that listens.

    Raises:
        ConfigError: no such address, or the port is taken.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host.strip("[]"), port), family=family)
    except OSError as error:
        raise ConfigError(
            f"cannot listen on {host}, port {port}: {error.strerror or error}"
        ) from None
