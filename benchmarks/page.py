"""How long people wait at the page: from a sentence to its masks, and from a click to its mask.

    python -m benchmarks.page [--rounds 5] [--typing 4] [--chromium PATH]

It needs ``car-video[ui]``, playwright and a Chromium. The page runs in a process of its own, as
``car-video ui`` starts it. A headless browser opens the example in a new tab for each round,
goes to another frame, waits as long as typing takes (``--typing``; the frame is encoded
meanwhile, with 0 it is not), presses Enter, and clicks twice on the person. Times end when the
browser shows what changed. *CPU* is that of the page's process within the same time, *load* the
machine's mean of a minute when the round began: on a busy machine wall time says little.
The first round holds what only a first answer costs.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

FRAMES = range(44, 54)
"""Of the example: a person stands at the table."""
SENTENCE = "a person"
CLICKS = ((0.52, 0.3), (0.52, 0.6))
"""On the person, parts of the picture."""
STEPS = ("sentence to masks", "to alternatives", "click to mask", "second click")
PATIENCE = 120.0  # seconds that a step may take
FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run")


@dataclass(frozen=True)
class Took:
    """Seconds of one step.

    Attributes:
        wall: until the browser shows it.
        cpu: of the page's process.
    """

    wall: float
    cpu: float


def cpu_seconds(process: int) -> float:
    """Of a process so far, by Linux's count."""
    fields = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def timed(process: int, step: Callable[[], object]) -> Took:
    """Do something in the browser, and take its time."""
    cpu, began = cpu_seconds(process), time.perf_counter()
    step()
    return Took(time.perf_counter() - began, cpu_seconds(process) - cpu)


def play(browser: Any, url: str, process: int, frame: int, typing: float) -> list[Took]:
    """One round in a new tab: seconds of each of :data:`STEPS`."""
    page = browser.new_page(viewport={"width": 1280, "height": 1000})
    page.set_default_timeout(PATIENCE * 1000)

    def wait(condition: str, given: str | None = None) -> None:
        # After each frame of the browser; playwright looks no more often.
        page.wait_for_function(condition, arg=given, polling="raf")

    def said(text: str) -> None:
        wait("t => document.querySelector('#chips small')?.innerText.includes(t)", text)

    def ask() -> None:
        page.keyboard.press("Enter")
        said("here,")

    def click(x: float, y: float) -> None:
        before = page.get_attribute("#stage img", "src")
        page.mouse.click(place["x"] + x * place["width"], place["y"] + y * place["height"])
        said("by hand")
        wait("src => document.querySelector('#stage img')?.src !== src", before)

    def settled() -> None:
        wait("() => !document.querySelector('#message .working')")
        page.wait_for_selector("#others button img")

    page.goto(url)
    page.click("#example")
    page.wait_for_selector("#stage img")
    page.fill("#slider input[type=number]", str(frame))
    page.keyboard.press("Enter")
    wait("t => document.querySelector('#slider')?.innerText.includes(t)", f"Frame {frame} of")
    page.fill("#text textarea, #text input", SENTENCE)
    time.sleep(typing)
    took = [timed(process, ask)]
    took.append(timed(process, lambda: page.wait_for_selector("#others button img")))
    place = page.locator("#stage .picture").bounding_box()
    for x, y in CLICKS:
        settled()
        time.sleep(1.0)  # alternatives of the last answer are drawn
        took.append(timed(process, lambda x=x, y=y: click(x, y)))  # type: ignore[misc]
    page.close()
    return took


def main() -> None:
    """Print a row for each round, and the medians."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--typing", type=float, default=4.0, help="seconds before Enter")
    parser.add_argument("--chromium", default=shutil.which("chromium"))
    given = parser.parse_args()
    from playwright.sync_api import sync_playwright

    # A shell lets its jobs in the background ignore Ctrl-C, and the page would do so as well.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    command = [sys.executable, "-m", "car_video", "ui", "--no-browser"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            line = server.stdout.readline()
            found = re.search(r"http://\S+", line)
            if found is None:
                sys.exit(line)
            print(f"| round | load | {' | '.join(f'{step}, s (CPU)' for step in STEPS)} |")
            print("|---" * (len(STEPS) + 2) + "|")
            rounds = []
            with sync_playwright() as driver:
                browser = driver.chromium.launch(executable_path=given.chromium, args=FLAGS)
                for number in range(given.rounds):
                    load = os.getloadavg()[0]
                    frame = FRAMES[number % len(FRAMES)]
                    rounds.append(play(browser, found[0], server.pid, frame, given.typing))
                    print(f"| {number + 1} | {load:.1f} | {row_of(rounds[-1])} |", flush=True)
                browser.close()
            middle = [
                Took(median(one.wall for one in step), median(one.cpu for one in step))
                for step in zip(*rounds, strict=True)
            ]
            print(f"| median | | {row_of(middle)} |")
        finally:
            server.send_signal(signal.SIGINT)


def row_of(took: list[Took]) -> str:
    """Cells of a table: wall seconds, and CPU seconds in brackets."""
    return " | ".join(f"{one.wall:.2f} ({one.cpu:.2f})" for one in took)


if __name__ == "__main__":
    main()
