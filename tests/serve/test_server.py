"""Conversations with the routes; and over a real connection, where pictures come too fast."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator

import pytest
import torch
import uvicorn
from fastapi.testclient import TestClient
from starlette.testclient import WebSocketDenialResponse
from websockets.sync.client import connect

from car_video.io.rle import decode_rle
from car_video.serve.access import Access
from car_video.serve.server import Server
from tests.serve.fakes import FakeSegmenter, picture

PATH = "ws://127.0.0.1/v1/segment"
ABOUT = {"version": "1", "model": "fake", "preset": "none"}


class Makers:
    """Makes segmenters and keeps them."""

    def __init__(self) -> None:
        self.made: list[FakeSegmenter] = []
        self.held = False

    def __call__(self, expressions: tuple[str, ...]) -> FakeSegmenter:
        self.made.append(FakeSegmenter(expressions))
        if self.held:
            self.made[-1].let_go.clear()
        return self.made[-1]


def client(token: str | None = None, most: int = 2, makers: Makers | None = None) -> TestClient:
    host = "127.0.0.1" if token is None else "0.0.0.0"
    server = Server(Access(host, token), makers or Makers(), ABOUT, most)
    return TestClient(server.app(), base_url="http://127.0.0.1")


def test_a_conversation():
    makers = Makers()
    with client(makers=makers).websocket_connect(PATH) as socket:
        assert socket.receive_json() == {"type": "ready", **ABOUT}
        socket.send_bytes(picture(2))
        assert "what to look for" in socket.receive_json()["message"]
        socket.send_json({"expressions": ["a dog"], "keep": "all"})
        socket.send_json({"frame": {"id": "first"}})
        socket.send_bytes(picture(3))
        answer = socket.receive_json()
        assert (answer["type"], answer["id"]) == ("answer", "first")
        assert decode_rle(answer["objects"][0]["segmentation"]).sum() == 3 * 6
        socket.send_json({"expressions": ["a dog", "a cat"]})
        socket.send_bytes(picture(4))
        answer = socket.receive_json()
        assert [one["bbox"] for one in answer["objects"]] == [[0, 0, 4, 6], [0, 0, 5, 6]]
        socket.send_json({"frame": {"id": "broken"}})
        socket.send_bytes(b"x")
        assert socket.receive_json()["id"] == "broken"
        socket.send_text("?")
        assert socket.receive_json()["type"] == "error"
        socket.send_json({"stats": True})
        stats = socket.receive_json()
        assert (stats["type"], stats["answers"], stats["dropped"]) == ("stats", 2, 0)
        assert 0 <= stats["latency_p50"] <= stats["latency_p95"]
    assert len(makers.made) == 1


def test_figures_and_health():
    served = client()
    assert served.get("/health").json() == {"status": "ok", **ABOUT}
    assert served.get("/stats").json() == {
        "clients": 0,
        "answers": 0,
        "dropped": 0,
        "latency_p50": None,
        "latency_p95": None,
    }
    with served.websocket_connect(PATH) as socket:
        socket.receive_json()
        assert served.get("/stats").json()["clients"] == 1


def test_strangers_stay_out():
    served = client("12345678")
    assert served.get("/stats").status_code == 403
    assert served.get("/health?token=12345678").status_code == 200
    with pytest.raises(WebSocketDenialResponse) as refused, served.websocket_connect(PATH):
        pass
    assert refused.value.status_code == 403
    assert "token" in refused.value.json()["error"]
    headers = {"Authorization": "Bearer 12345678"}
    with served.websocket_connect(PATH, headers=headers) as socket:
        assert socket.receive_json()["type"] == "ready"
    local = client()
    assert local.get("/stats", headers={"Origin": "http://example.org"}).status_code == 403
    assert local.get("/stats", headers={"Host": "example.org"}).status_code == 403


def test_one_more_client_than_there_is_room_for():
    served = client(most=1)
    with served.websocket_connect(PATH) as first:
        first.receive_json()
        with pytest.raises(WebSocketDenialResponse) as refused, served.websocket_connect(PATH):
            pass
        assert refused.value.status_code == 503
    with served.websocket_connect(PATH) as second:
        assert second.receive_json()["type"] == "ready"


def test_a_fault_of_the_server_is_said_and_ends_that_conversation_only(monkeypatch, caplog):
    served = client()
    monkeypatch.setattr(FakeSegmenter, "step", lambda self, frame: 1 / 0)
    with served.websocket_connect(PATH) as socket:
        socket.receive_json()
        socket.send_json({"expressions": ["a dog"]})
        socket.send_bytes(picture(1))
        closed = socket.receive()
        assert (closed["type"], closed["code"]) == ("websocket.close", 1011)
    assert "ZeroDivisionError" in caplog.text
    assert served.get("/health").status_code == 200


@pytest.mark.parametrize("error", [MemoryError, torch.OutOfMemoryError])
def test_out_of_memory_is_an_answer(monkeypatch, error):
    def greedy(self: object, frame: object) -> None:
        raise error

    monkeypatch.setattr(FakeSegmenter, "step", greedy)
    with client().websocket_connect(PATH) as socket:
        socket.receive_json()
        socket.send_json({"expressions": ["a dog"], "frame": {"id": 7}})
        socket.send_bytes(picture(1))
        answer = socket.receive_json()
        assert "out of memory" in answer["message"]
        assert answer["id"] == 7


@pytest.fixture
def address() -> Iterator[tuple[str, Makers]]:
    """A server that listens, and its segmenters, which wait to be let go."""
    makers = Makers()
    makers.held = True
    app = Server(Access("127.0.0.1"), makers, ABOUT, 2).app()
    served = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error", lifespan="off"))
    thread = threading.Thread(target=served.run, daemon=True)
    thread.start()
    while not served.started:
        time.sleep(0.01)
    port = served.servers[0].sockets[0].getsockname()[1]
    yield f"ws://127.0.0.1:{port}/v1/segment", makers
    for one in makers.made:
        one.let_go.set()
    served.should_exit = True
    thread.join(10)


def test_pictures_that_come_too_fast_are_dropped_and_counted(address):
    where, makers = address
    with connect(where) as socket:
        socket.recv()
        socket.send(json.dumps({"expressions": ["a dog"]}))
        socket.send(picture(0))
        while not makers.made or not makers.made[0].frames:  # the first one is in the model
            time.sleep(0.01)
        for value in (1, 2, 3):
            socket.send(picture(value))
        socket.send(json.dumps({"stats": True}))  # after the pictures: all have arrived
        assert json.loads(socket.recv())["type"] == "stats"
        makers.made[0].let_go.set()
        answers = [json.loads(socket.recv()) for _ in range(2)]
    assert [(one["id"], one["dropped"]) for one in answers] == [(0, 0), (3, 2)]


def test_dropped_pictures_are_counted_though_the_next_one_is_broken(address):
    where, makers = address
    with connect(where) as socket:
        socket.recv()
        socket.send(json.dumps({"expressions": ["a dog"]}))
        socket.send(picture(0))
        while not makers.made or not makers.made[0].frames:
            time.sleep(0.01)
        socket.send(picture(1))
        socket.send(b"broken")
        socket.send(json.dumps({"stats": True}))
        assert json.loads(socket.recv())["type"] == "stats"
        makers.made[0].let_go.set()
        assert [json.loads(socket.recv())["type"] for _ in range(2)] == ["answer", "error"]
        socket.send(picture(3))
        assert json.loads(socket.recv())["dropped"] == 1


def test_a_client_that_leaves_makes_room(address):
    where, makers = address
    for _ in range(3):  # one more than fit at once
        with connect(where) as socket:
            socket.recv()
            socket.send(json.dumps({"expressions": ["a dog"]}))
            socket.send(picture(0))
        for one in makers.made:
            one.let_go.set()
        time.sleep(0.05)
    with connect(where) as socket:
        assert json.loads(socket.recv())["type"] == "ready"
