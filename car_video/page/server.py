"""The page served: on this computer alone, or behind a password."""

from __future__ import annotations

import hmac
import os
import socket
import threading
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import Any

from car_video.errors import CarVideoError, ConfigError
from car_video.page.engine import Engine
from car_video.page.limits import Limits
from car_video.page.pages import Pages
from car_video.page.sessions import Sessions

LOOPBACK = ("127.0.0.1", "localhost", "::1")
PORTS = range(7860, 7960)

POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
    "media-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; "
    "worker-src 'self' blob:; form-action 'self'; base-uri 'self'; frame-ancestors 'none'"
)
"""What the browser may fetch: from this server and nowhere else, whatever its pages name."""

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Message, Receive, Send], Awaitable[None]]


def check_open(host: str, password: str | None) -> None:
    """Raises ConfigError where others could use the page without a password."""
    if password is not None and not password.strip():
        raise ConfigError("--password is empty; give a word that others do not know")
    if host not in LOOPBACK and password is None:
        raise ConfigError(
            f"--host {host} opens the page to other computers; give a --password as well"
        )


def example_clip() -> Path | None:
    """The clip that lies in a checkout; it is no part of the package.

    The package may be installed from the checkout, or run in it.
    """
    for folder in (Path(__file__).parents[2], Path.cwd()):
        path = folder / "examples" / "person.mp4"
        if path.is_file():
            return path
    return None


def free_port(host: str) -> int:
    """A port that nobody listens at; raises OSError where there is no such address."""
    address = host.strip("[]")
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.create_server((address, 0), family=family) as taken:
        port: int = taken.getsockname()[1]
    return port


class Server:
    """The page on a port, until it is closed.

    Args:
        engine: the models.
        limits: of what each person may give.
        host: address to listen at.
        port: to listen at; 0 for any free one, None for the first free one of :data:`PORTS`.
        password: that is asked for; None asks for none.

    Attributes:
        url: where the page is.

    Raises:
        ConfigError: gradio is not installed, or the port is taken.
    """

    def __init__(
        self,
        engine: Engine,
        limits: Limits,
        host: str = LOOPBACK[0],
        port: int | None = None,
        password: str | None = None,
    ) -> None:
        check_open(host, password)
        self.sessions = Sessions(engine, limits)
        self._blocks: Any = None
        try:
            self._launch(host, port, password)
        except BaseException:  # also Ctrl-C: the folder of uploads never stays
            self.close()
            raise

    def _launch(self, host: str, port: int | None, password: str | None) -> None:
        # Read by gradio when it is imported, or when a widget is made.
        os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
        os.environ["GRADIO_TEMP_DIR"] = str(self.sessions.uploads)
        os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
        try:
            from car_video.page.interface import Interface, asset, theme
        except ModuleNotFoundError as error:
            if (error.name or "").split(".")[0] != "gradio":
                raise
            raise ConfigError(
                "the page needs gradio; install it with: pip install 'car-video[ui]'"
            ) from None
        self._blocks = Interface(Pages(self.sessions, example_clip())).blocks
        self._blocks.queue(default_concurrency_limit=None)
        try:
            _, self.url, _ = self._blocks.launch(
                server_name=host,
                server_port=free_port(host) if port == 0 else port,
                auth=None if password is None else _checks(password),
                auth_message="Any name, and the password that the page was started with.",
                prevent_thread_lock=True,
                quiet=True,
                share=False,
                inbrowser=False,
                ssr_mode=False,
                enable_monitoring=False,
                show_error=False,
                footer_links=[],
                max_file_size=self.sessions.limits.megabytes * 10**6,
                theme=theme(),
                css=asset("page.css"),
                app_kwargs=_app_options(self.sessions, host),
            )
        except OSError:
            where = f"port {port} is" if port is not None else "ports 7860 to 7959 are"
            where = "every port is" if port == 0 else where
            raise ConfigError(
                f"{where} taken or cannot be used at {host}; give another --port"
            ) from None

    def load(self) -> None:
        """Load the models beside the page, so that the first person waits less. What goes wrong
        is told to whoever asks for something."""

        def run() -> None:
            try:
                self.sessions.engine.load()
            except CarVideoError:
                return  # raised again, and shown, when the models are asked for

        threading.Thread(target=run, name="car-video load", daemon=True).start()

    def close(self) -> None:
        """Stop, and remove everything that was uploaded or made."""
        try:
            if self._blocks is not None:
                self._blocks.close(verbose=False)
        finally:
            self.sessions.close()


def _checks(password: str) -> Callable[[str, str], bool]:
    def right(_: str, given: str) -> bool:
        return hmac.compare_digest(given.encode("utf-8"), password.encode("utf-8"))

    return right


def _app_options(sessions: Sessions, host: str) -> dict[str, Any]:
    """A route for downloads, and what keeps the page at home."""
    from starlette.middleware import Middleware
    from starlette.middleware.trustedhost import TrustedHostMiddleware
    from starlette.requests import Request
    from starlette.responses import FileResponse, PlainTextResponse, Response
    from starlette.routing import Route

    def fetch(request: Request) -> Response:
        file = sessions.file(request.path_params["token"])
        if file is None:
            return PlainTextResponse("This file is gone; make it again on the page.", 404)
        return FileResponse(file, filename=file.name)

    guards = [Middleware(HomePolicy)]
    if host in LOOPBACK:  # a foreign site whose name leads to this computer gets no answer
        names = [*LOOPBACK, "[::1]"]
        guards.append(Middleware(TrustedHostMiddleware, allowed_hosts=names))
    return {
        "routes": [Route("/files/{token}/{name}", fetch)],
        "middleware": guards,
        "docs_url": None,
        "redoc_url": None,
    }


class HomePolicy:
    """Tells the browser with every answer that nothing is to be fetched from elsewhere."""

    def __init__(self, app: Application) -> None:
        self._app = app

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        async def with_policy(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [
                    *message.get("headers", ()),
                    (b"content-security-policy", POLICY.encode("ascii")),
                    (b"referrer-policy", b"no-referrer"),
                ]
            await send(message)

        await self._app(scope, receive, with_policy if scope["type"] == "http" else send)
