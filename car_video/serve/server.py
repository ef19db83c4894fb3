"""The routes of the server, and the model that all clients share."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import anyio
from fastapi import FastAPI, Request, WebSocket, WebSocketDisconnect
from fastapi.responses import JSONResponse

import car_video
from car_video.errors import CarVideoError, DataError
from car_video.serve.access import Access
from car_video.serve.client import Arrival, ClientSegmenter, Segmenter, WaitingPlace
from car_video.serve.latency import Latencies
from car_video.serve.messages import (
    FrameLabel,
    answer_message,
    error_message,
    parse_message,
    plain_message,
)
from car_video.serve.pictures import MOST_BYTES

log = logging.getLogger(__name__)

SEND_SECONDS = 10.0
"""A client that does not take its answer for so long is cut off."""

POLICY, INTERNAL = 1008, 1011
"""Why a WebSocket is closed, RFC 6455 section 7.4.1."""


@dataclass
class Figures:
    """What has happened so far, of one client or of all."""

    latencies: Latencies = field(default_factory=Latencies)
    dropped: int = 0

    def count(self, seconds: float, dropped: int) -> None:
        """Count an answer."""
        self.latencies.add(seconds)
        self.dropped += dropped

    def shown(self) -> dict[str, float | int | None]:
        """Answers, dropped pictures, and seconds from arrival to answer."""
        return {
            "answers": self.latencies.count,
            "dropped": self.dropped,
            "latency_p50": _rounded(self.latencies.percentile(50)),
            "latency_p95": _rounded(self.latencies.percentile(95)),
        }


class Server:
    """State of a server.

    Args:
        access: who may come in.
        new_segmenter: makes a segmenter for a client's expressions, on the shared model.
        about: what clients are told of it: model, preset.
        most_clients: at the same time.
    """

    def __init__(
        self,
        access: Access,
        new_segmenter: Callable[[tuple[str, ...]], Segmenter],
        about: dict[str, str],
        most_clients: int,
    ) -> None:
        self.access, self.about, self.most_clients = access, about, most_clients
        self.new_segmenter = new_segmenter
        self.figures = Figures()
        self.clients = 0
        # One thread: pictures of several clients take turns in the model.
        self.model_thread = ThreadPoolExecutor(1, "car-video-model")

    def app(self) -> FastAPI:
        """The routes."""
        app = FastAPI(title="car-video", docs_url=None, redoc_url=None, openapi_url=None)
        app.add_api_route("/health", self.health, methods=["GET"])
        app.add_api_route("/stats", self.stats, methods=["GET"])
        app.add_api_websocket_route("/v1/segment", self.segment)
        return app

    async def health(self, request: Request) -> JSONResponse:
        """Whether the server is up, and what it is."""
        return self._guarded(request, {"status": "ok", **self.about})

    async def stats(self, request: Request) -> JSONResponse:
        """Figures of all clients since the start."""
        return self._guarded(request, {"clients": self.clients, **self.figures.shown()})

    async def segment(self, socket: WebSocket) -> None:
        """One client, from its first message to its last."""
        refusal = self.access.refusal(socket.headers, socket.query_params)
        if refusal is not None:
            await socket.send_denial_response(JSONResponse({"error": refusal}, 403))
            return
        if self.clients >= self.most_clients:
            text = f"{self.most_clients} clients are served already; try again later"
            await socket.send_denial_response(JSONResponse({"error": text}, 503))
            return
        self.clients += 1
        try:
            await socket.accept()
            await _Conversation(self, socket).run()
        finally:
            self.clients -= 1

    def _guarded(self, request: Request, answer: dict[str, object]) -> JSONResponse:
        refusal = self.access.refusal(request.headers, request.query_params)
        if refusal is not None:
            return JSONResponse({"error": refusal}, 403)
        return JSONResponse(answer)


class _Conversation:
    """One client: a task that listens and a task that answers."""

    def __init__(self, server: Server, socket: WebSocket) -> None:
        self.server, self.socket = server, socket
        self.place = WaitingPlace()
        self.segmenter = ClientSegmenter(server.new_segmenter)
        self.figures = Figures()
        self.expressions: tuple[str, ...] = ()
        self.keep_all = False
        self.label = FrameLabel()
        self.pictures = 0

    async def run(self) -> None:
        """Until the client leaves, or takes no more answers."""
        try:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self._listen)
                tasks.start_soon(self._answer)
        except* WebSocketDisconnect:
            pass  # the usual end
        except* TimeoutError:
            await self._close(POLICY, "answers were not taken")
        except* Exception:
            log.exception("a client's conversation failed")
            await self._close(INTERNAL, "the server failed; its log says why")

    async def _listen(self) -> None:
        await self._send(plain_message("ready", **self.server.about))
        while True:
            received = await self.socket.receive()
            if received["type"] == "websocket.disconnect":
                raise WebSocketDisconnect(received.get("code", 1000))
            label = self.label
            try:
                if received.get("text") is not None:
                    await self._obey(received["text"])
                else:
                    await self._take(received["bytes"])
            except CarVideoError as error:
                await self._send(error_message(str(error), label))

    async def _obey(self, text: str) -> None:
        message = parse_message(text)
        if message.expressions is not None:
            self.expressions = message.expressions
        if message.keep_all is not None:
            self.keep_all = message.keep_all
        if message.frame is not None:
            self.label = message.frame
        if message.stats:
            await self._send(plain_message("stats", **self.figures.shown()))

    async def _take(self, data: bytes) -> None:
        label, self.label = self.label, FrameLabel()
        if not self.expressions:
            raise DataError('say what to look for first: {"expressions": ["the red car"]}')
        if len(data) > MOST_BYTES:
            raise DataError(f"the picture has {len(data):,} bytes; {MOST_BYTES:,} at most")
        arrival = Arrival(data, self.pictures, label, self.expressions, time.monotonic())
        self.pictures += 1
        await self.place.put(arrival, self.keep_all)

    async def _answer(self) -> None:
        loop = asyncio.get_running_loop()
        dropped = 0
        while True:
            arrival, more = await self.place.take()
            dropped += more
            try:
                prediction = await loop.run_in_executor(
                    self.server.model_thread, self.segmenter.step, arrival
                )
            except CarVideoError as error:
                await self._send(error_message(str(error), arrival.label))
                continue
            seconds = time.monotonic() - arrival.arrived
            for figures in (self.figures, self.server.figures):
                figures.count(seconds, dropped)
            await self._send(answer_message(prediction, arrival.label, seconds, dropped))
            dropped = 0

    async def _send(self, text: str) -> None:
        with anyio.fail_after(SEND_SECONDS):
            await self.socket.send_text(text)

    async def _close(self, code: int, reason: str) -> None:
        try:
            await self.socket.close(code, reason)
        except (RuntimeError, WebSocketDisconnect):  # the client has gone
            log.info("the client was gone before it was told: %s", reason)


def about(model: str, preset: str) -> dict[str, str]:
    """What clients are told."""
    return {"version": car_video.__version__, "model": model, "preset": preset}


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 4)
