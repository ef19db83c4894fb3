"""A client of ``car-video serve``: sends the pictures of a clip, prints the answers.

    car-video serve &
    python examples/serve_client.py examples/person.mp4 "a person" --fps 10

Needs ``pip install 'car-video[serve]'``. Set CAR_VIDEO_TOKEN as for the server.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import threading
import time

from PIL import Image
from websockets.sync.client import ClientConnection, connect

from car_video import read_frames


class Sender(threading.Thread):
    """Sends pictures at the pace of a camera.

    Attributes:
        last: number of the last picture, when it has been sent; it is always answered.
    """

    def __init__(self, socket: ClientConnection, source: str, fps: float, most: int | None):
        super().__init__(daemon=True)
        self.socket, self.source, self.fps, self.most = socket, source, fps, most
        self.last: int | None = None

    def run(self) -> None:
        began = time.monotonic()
        index = 0
        for number, frame in enumerate(read_frames(self.source, max_frames=self.most)):
            time.sleep(max(0.0, began + number / self.fps - time.monotonic()))
            index = frame.index
            picture = io.BytesIO()
            Image.fromarray(frame.image).save(picture, "JPEG", quality=90)
            self.socket.send(json.dumps({"frame": {"id": index, "time": frame.time}}))
            self.socket.send(picture.getvalue())
        self.last = index
        self.socket.send(json.dumps({"stats": True}))  # wakes the reader, which looks at last


def main() -> None:
    parser = argparse.ArgumentParser(description="A client of car-video serve.")
    parser.add_argument("source")
    parser.add_argument("expression", nargs="+")
    parser.add_argument("--url", default="ws://127.0.0.1:8765/v1/segment")
    parser.add_argument("--fps", type=float, default=10.0, help="pictures sent a second")
    parser.add_argument("--frames", type=int, help="stop after so many")
    parser.add_argument("--all", action="store_true", help="wait for every answer")
    given = parser.parse_args()
    token = os.environ.get("CAR_VIDEO_TOKEN")
    headers = {"Authorization": f"Bearer {token}"} if token else None
    with connect(given.url, additional_headers=headers, ping_interval=None) as socket:
        keep = "all" if given.all else "newest"
        socket.send(json.dumps({"expressions": given.expression, "keep": keep}))
        sender = Sender(socket, given.source, given.fps, given.frames)
        sender.start()
        answered = -1
        while sender.last is None or answered < sender.last:
            message = json.loads(socket.recv())
            answered = message.get("id", answered)
            if message["type"] == "answer":
                found = ", ".join(
                    f"{one['expression']} at {one['bbox']}" if one["present"] else "-"
                    for one in message["objects"]
                )
                print(f"{answered:>6}  {1000 * message['latency']:5.0f} ms  {found}")
            elif message["type"] == "error":
                print(message["message"])
        socket.send(json.dumps({"stats": True}))
        figures = json.loads(socket.recv())
        while figures["type"] != "stats" or not figures["answers"]:
            figures = json.loads(socket.recv())
        print(figures)


if __name__ == "__main__":
    main()
