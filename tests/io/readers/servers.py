"""Streams served on loopback: JPEG after JPEG and MPEG-TS over HTTP, MPEG-TS over RTSP."""

from __future__ import annotations

import io
import socket
import socketserver
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from PIL import Image

from tests.io.readers.media import numbered

Send = Callable[[bytes], None]


def jpeg_part(number: int, width: int = 64, height: int = 48) -> bytes:
    """One part of a multipart/x-mixed-replace answer."""
    file = io.BytesIO()
    Image.fromarray(numbered(number, width, height)).save(file, "JPEG", quality=90)
    data = file.getvalue()
    head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(data)}\r\n\r\n"
    return head.encode() + data + b"\r\n"


@contextmanager
def http_server(
    kind: str, *answers: Callable[[Send], None], length: int | None = None
) -> Iterator[str]:
    """Serve one answer per connection, in turn; further connections are refused (503).

    Args:
        kind: content type.
        answers: write the body with the function they get; the connection closes after it.
        length: of the body, if the server states it.
    """
    waiting = list(answers)
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Keep quiet."""

        def do_GET(self) -> None:
            with lock:
                answer = waiting.pop(0) if waiting else None
            if answer is None:
                self.send_error(503)
                return
            self.send_response(200)
            self.send_header("Content-Type", kind)
            if length is not None:
                self.send_header("Content-Length", str(length))
            self.end_headers()
            try:
                answer(self.wfile.write)
            except OSError:
                return  # the reader has gone

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/stream"
    finally:
        server.shutdown()
        server.server_close()


MJPEG = "multipart/x-mixed-replace; boundary=frame"


@contextmanager
def file_server(folder: Path) -> Iterator[str]:
    """Serve the files of a folder; yields the address of the folder."""

    class Handler(SimpleHTTPRequestHandler):
        def __init__(self, *args: Any) -> None:
            super().__init__(*args, directory=str(folder))

        def log_message(self, *_: object) -> None:
            """Keep quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()


def jpegs(numbers: range, pause: float = 0.0, after: float = 0.0) -> Callable[[Send], None]:
    """An answer of numbered pictures; ``after`` seconds of silence at its end."""

    def answer(send: Send) -> None:
        for number in numbers:
            send(jpeg_part(number))
            time.sleep(pause)
        time.sleep(after)

    return answer


def pieces(data: bytes, size: int = 188 * 7, pause: float = 0.0) -> Callable[[Send], None]:
    """An answer that sends data bit by bit."""

    def answer(send: Send) -> None:
        for begin in range(0, len(data), size):
            send(data[begin : begin + size])
            time.sleep(pause)

    return answer


@contextmanager
def rtsp_server(transport_stream: bytes, pause: float = 0.0) -> Iterator[str]:
    """Serve MPEG-TS as RTP payload type 33 inside the RTSP connection (RFC 2326, RFC 2250)."""

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            while (request := self.read_request()) is not None:
                method, url, headers = request
                lines = [f"RTSP/1.0 200 OK\r\nCSeq: {headers['cseq']}\r\n"]
                body = ""
                if method == "OPTIONS":
                    lines.append("Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN\r\n")
                elif method == "DESCRIBE":
                    body = (
                        "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=test\r\nt=0 0\r\n"
                        "m=video 0 RTP/AVP 33\r\na=control:track1\r\n"
                    )
                    lines.append(f"Content-Base: {url}/\r\nContent-Type: application/sdp\r\n")
                    lines.append(f"Content-Length: {len(body)}\r\n")
                elif method == "SETUP":
                    lines.append("Session: 1\r\nTransport: RTP/AVP/TCP;interleaved=0-1\r\n")
                else:
                    lines.append("Session: 1\r\n")
                self.wfile.write(("".join(lines) + "\r\n" + body).encode())
                if method == "PLAY":
                    self.play()
                    return

        def read_request(self) -> tuple[str, str, dict[str, str]] | None:
            first = self.rfile.readline().decode()
            if not first.strip():
                return None
            method, url, _ = first.split()
            headers = {}
            while line := self.rfile.readline().decode().strip():
                name, _, value = line.partition(":")
                headers[name.lower()] = value.strip()
            return method, url, headers

        def play(self) -> None:
            size = 188 * 7
            for count, begin in enumerate(range(0, len(transport_stream), size)):
                payload = transport_stream[begin : begin + size]
                packet = struct.pack(">BBHII", 0x80, 33, count & 0xFFFF, count * 900, 7)
                packet += payload
                try:
                    self.wfile.write(struct.pack(">cBH", b"$", 0, len(packet)) + packet)
                except OSError:
                    return
                time.sleep(pause)

    class Server(socketserver.ThreadingTCPServer):
        allow_reuse_address = True
        daemon_threads = True

    server = Server(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield f"rtsp://me:secret@127.0.0.1:{server.server_address[1]}/live"
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def mute_server() -> Iterator[str]:
    """Accepts connections and never says anything."""
    listener = socket.create_server(("127.0.0.1", 0))
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/stream"
    finally:
        listener.close()
