"""Latency of ``car-video serve`` under load: several clients send the shipped clip at once.

    python -m benchmarks.serve [--clients 1 2 4] [--fps 5] [--frames 20]

Every client looks for one thing and sends at the pace of a camera; pictures that come too fast
are dropped. The server runs in a process of its own, on the loopback interface. The first
answers of a run hold what only first pictures cost, so a client sends two pictures before its
figures begin.
"""

from __future__ import annotations

import argparse
import io
import json
import re
import subprocess
import sys
import threading
import time

import numpy as np
from PIL import Image
from websockets.sync.client import connect

from car_video import read_frames

CLIP = "examples/person.mp4"
WARM_UP = 2


def encoded(count: int) -> list[bytes]:
    """Pictures of the clip as JPEG."""
    found = []
    for frame in read_frames(CLIP, start=3.0, max_frames=count):
        out = io.BytesIO()
        Image.fromarray(frame.image).save(out, "JPEG", quality=90)
        found.append(out.getvalue())
    return found


def ask(url: str, pictures: list[bytes], fps: float, into: list[tuple[float, int]]) -> None:
    """One client; latency and dropped pictures of each answer go ``into`` a list."""
    with connect(url, ping_interval=None) as socket:
        socket.recv()
        socket.send(json.dumps({"expressions": ["a person"], "keep": "all"}))
        for picture in pictures[:WARM_UP]:
            socket.send(picture)
            socket.recv()
        socket.send(json.dumps({"keep": "newest"}))

        def send() -> None:
            began = time.monotonic()
            for number, picture in enumerate(pictures[WARM_UP:]):
                time.sleep(max(0.0, began + number / fps - time.monotonic()))
                socket.send(picture)

        threading.Thread(target=send, daemon=True).start()
        last = -1
        while last < len(pictures) - 1:
            answer = json.loads(socket.recv())
            last = answer["id"]
            into.append((answer["latency"], answer["dropped"]))


def main() -> None:
    parser = argparse.ArgumentParser(description="Latency of car-video serve under load.")
    parser.add_argument("--clients", type=int, nargs="+", default=[1, 2, 4])
    parser.add_argument(
        "--fps", type=float, default=5.0, help="pictures a client sends a second"
    )
    parser.add_argument("--frames", type=int, default=20)
    given = parser.parse_args()
    pictures = encoded(given.frames + WARM_UP)
    command = [sys.executable, "-m", "car_video", "serve", "--port", "0"]
    command += ["--clients", str(max(given.clients))]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as server:
        assert server.stderr is not None
        said = server.stderr.readline()
        found = re.search(r"ws://\S+", said)
        if found is None:
            sys.exit(said)
        print(
            "| clients | answers/s | latency p50, s | p95, s | dropped |\n|---|---|---|---|---|"
        )
        for count in given.clients:
            answers: list[tuple[float, int]] = []
            threads = [
                threading.Thread(target=ask, args=(found[0], pictures, given.fps, answers))
                for _ in range(count)
            ]
            began = time.monotonic()
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            seconds = time.monotonic() - began
            latency = np.array([one for one, _ in answers])
            dropped = sum(one for _, one in answers)
            p50, p95 = np.percentile(latency, [50, 95])
            rate = (len(answers) + count * WARM_UP) / seconds
            print(
                f"| {count} | {rate:.2f} | {p50:.2f} | {p95:.2f} | "
                f"{dropped} of {count * given.frames} |",
                flush=True,
            )
        server.terminate()


if __name__ == "__main__":
    main()
