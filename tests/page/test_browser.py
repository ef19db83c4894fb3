"""The whole path in a real browser: upload, sentence, wrong choice, correction, run,
propagation, download. Chromium is Debian's; CI installs it."""

from __future__ import annotations

import json
import time
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from car_video.io.formats import from_frame_dict
from car_video.io.readers import RandomAccessReader
from tests.io.readers.media import write_video
from tests.page.browsing import SECONDS, Tab, browser
from tests.paths import ROOT

__all__ = ["browser"]  # a fixture

pytestmark = pytest.mark.slow

FRAMES = range(42, 47)
"""Of the example: a person walks to the table."""

PERSON = (0.40, 0.10, 0.66, 0.99)
"""Left, top, right and bottom of a box around the person on frame 45, parts of the picture."""


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    with RandomAccessReader(ROOT / "examples" / "person.mp4") as reader:
        images = [reader[index].image for index in FRAMES]
    return write_video(tmp_path_factory.mktemp("clip") / "walk.mp4", images, crf="12")


@pytest.fixture(scope="module")
def server(lite_default, mask_model):
    pytest.importorskip("gradio", reason="the page needs gradio")
    from car_video.page.engine import Engine
    from car_video.page.limits import Limits
    from car_video.page.server import Server

    engine = Engine()
    engine.use(lite_default, mask_model)
    served = Server(engine, Limits())
    yield served
    root = served.sessions.root
    served.close()
    assert not root.exists(), "uploads and results are gone at the end"


def predictions(file: Path) -> dict[int, Any]:
    data = json.loads(file.read_text(encoding="utf-8"))
    found = [from_frame_dict(entry, data["expressions"]) for entry in data["frames"]]
    return {one.index: one for one in found}


def test_the_whole_path(server, browser, clip, tmp_path):
    tab = Tab(browser, server.url, viewport={"width": 1280, "height": 1000})
    tab.upload(clip)
    tab.frame(3)
    tab.look_for("a person")
    tab.said("here,")
    page = tab.page

    # the wrong one, taken by hand
    page.wait_for_selector("#others button img")
    found = tab.picture()
    page.click("#others button >> nth=0")
    tab.said("here, by hand")
    tab.changes(found)
    wrong = tab.picture()

    # and the right one again, with a box
    tab.drag(*PERSON)
    tab.changes(wrong)
    page.wait_for_selector("#stage .box", state="attached")

    page.click("#run")
    tab.told("Done: 5 frames. 1 frame by hand")
    page.wait_for_selector("#timeline .row svg rect")

    # the person is said to have left, which the frames around have to follow
    tab.frame(4)
    tab.said("here,")
    page.click("#absent")
    tab.said("not here, by hand")
    page.click("#carry")
    tab.told("1 frame by hand;")
    page.wait_for_selector("#timeline .row i >> nth=1", state="attached")

    page.click("#downloads > button")
    page.click("#format input")
    page.get_by_role("option", name="predictions.json").click()
    results = predictions(tab.download("#download", tmp_path))
    assert sorted(results) == list(range(len(FRAMES)))
    assert not results[4].present[0]
    person = results[3].masks[0]
    height, width = person.shape
    left, top, right, bottom = PERSON
    inside = np.zeros_like(person)
    inside[int(top * height) : int(bottom * height), int(left * width) : int(right * width)] = (
        True
    )
    assert person.sum() > 0.05 * person.size
    assert (person & inside).sum() > 0.95 * person.sum()

    project = tab.download("#save", tmp_path)
    with zipfile.ZipFile(project) as archive:
        assert {"project.json", "predictions.json", "source/walk.mp4"} <= {*archive.namelist()}

    # reopened in another tab, it is all there, and the first tab still has its own
    other = Tab(browser, server.url, viewport={"width": 390, "height": 844})
    other.upload(project)
    other.said("here")
    assert other.page.inner_text("#run") == "Run again"
    narrow = other.page.evaluate("document.documentElement.scrollWidth")
    assert narrow <= 390, "nothing sticks out on a telephone"
    assert len(server.sessions.open_pages) == 2
    for one in (tab, other):
        assert (one.elsewhere, one.errors) == ([], [])
    other.page.close()
    _wait_for(lambda: len(server.sessions.open_pages) == 1)
    page.close()
    _wait_for(lambda: not server.sessions.open_pages)


def test_a_file_that_is_no_video_is_told_in_a_sentence(server, browser, tmp_path):
    bad = tmp_path / "bad.mp4"
    bad.write_bytes(b"not a video")
    tab = Tab(browser, server.url)
    tab.page.set_input_files("#upload input[type=file]", str(bad))
    tab.told("bad.mp4")
    assert "/" not in tab.page.inner_text("#message")
    tab.page.close()


def _wait_for(done: Any) -> None:
    until = time.monotonic() + SECONDS
    while not done():
        assert time.monotonic() < until
        time.sleep(0.2)
