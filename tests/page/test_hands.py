"""Keys, fingers, folders and reopened projects in a browser, with models that are quick."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.io.readers.media import write_video
from tests.page.browsing import Tab, browser
from tests.page.fakes import FakeEngine
from tests.video.colour_sam import ColourSam

__all__ = ["browser"]  # a fixture
pytestmark = pytest.mark.slow

COUNT = 6
TALL = (128, 64)
"""Height and width of a clip that was held upright."""


def picture(number: int) -> np.ndarray:
    """A red thing above a blue one."""
    image = np.full((*TALL, 3), 90 + number, np.uint8)
    image[16:56, 8:56], image[72:112, 8:56] = (255, 0, 0), (0, 0, 255)
    return image


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    folder = tmp_path_factory.mktemp("clip")
    return write_video(folder / "tall.mp4", [picture(n) for n in range(COUNT)], crf="8")


@pytest.fixture(scope="module")
def server():
    pytest.importorskip("gradio", reason="the page needs gradio")
    from car_video.page.limits import Limits
    from car_video.page.server import Server

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("car_video.page.asking.find_alternatives", _no_others)
        others_are_quick.set()
        served = Server(FakeEngine(sam=ColourSam()), Limits())
        yield served
        served.close()


others_are_quick = threading.Event()
"""Cleared: alternatives take until it is set."""


def _no_others(image: Any, frame: Any, prediction: Any, count: int) -> tuple[tuple[()], ...]:
    assert others_are_quick.wait(timeout=60)
    return ((),) * len(prediction.masks)


def spot(tab: Tab, x: float, y: float) -> tuple[float, float]:
    """A place of the picture, given in parts of it, on the screen."""
    place = tab.page.locator("#stage .picture")
    place.scroll_into_view_if_needed()
    frame = place.bounding_box()
    return frame["x"] + x * frame["width"], frame["y"] + y * frame["height"]


def marks(tab: Tab, *kinds: str) -> None:
    """Wait until these clicks, and no others, are shown."""
    tab.until(
        "kinds => [...document.querySelectorAll('#stage .mark')]"
        ".map((mark) => mark.classList[1]).sort().join() === kinds",
        ",".join(sorted(kinds)),
    )


def test_everything_with_keys_alone(server, browser, clip):
    tab = Tab(browser, server.url, viewport={"width": 1200, "height": 900})
    page, keys = tab.page, tab.page.keyboard
    tab.upload(clip)
    tab.look_for("red thing")
    tab.said("here,")
    page.focus("#run")
    keys.press("ArrowRight")
    tab.at("Frame 1 of 5")
    keys.press("ArrowRight")
    tab.at("Frame 2 of 5")
    keys.press("ArrowLeft")
    tab.at("Frame 1 of 5")
    page.focus("#slider input[type=range]")
    keys.press("ArrowRight")
    tab.at("Frame 2 of 5")

    # on the picture arrows move a cross, from its middle up to the red thing
    page.focus("#stage .picture")
    keys.press(".")
    tab.at("Frame 3 of 5")
    keys.press("Shift+ArrowUp")
    keys.press("Shift+ArrowUp")
    keys.press("Enter")
    marks(tab, "positive")
    tab.said("here, by hand")
    tab.press("Delete", "forget")
    marks(tab)
    tab.press("Control+z", "undo")
    marks(tab, "positive")
    tab.press("Control+Shift+z", "redo")
    marks(tab)

    # what is typed is undone by the browser, not by the page
    page.fill("#text textarea, #text input", "blue")
    keys.press("ArrowLeft")
    keys.press("Control+z")
    tab.at("Frame 3 of 5")
    marks(tab)
    page.fill("#text textarea, #text input", "")

    tab.press("Control+Enter", "run")
    tab.told("Done: 6 frames.")
    page.focus("#chips [data-choose]")
    keys.press("Delete")
    tab.until("() => !document.querySelector('#chips .chip')")
    tab.press("Control+z", "undo")
    tab.said("here,")
    assert tab.errors == []
    page.close()


def test_a_box_says_that_it_is_there(server, browser, clip):
    tab = Tab(browser, server.url)
    page = tab.page
    tab.upload(clip)
    tab.look_for("red thing")
    tab.said("here,")
    page.get_by_role("button", name="Options of the run").click()
    page.check("#assumed input[type=checkbox]")
    page.click("#run")
    tab.told("Done: 6 frames.")
    assert server.sessions.engine.asked_with[-1].assume_present
    assert tab.errors == []
    page.close()


def test_an_older_answer_is_never_shown_over_a_newer_one(server, browser, clip):
    tab = Tab(browser, server.url)
    tab.upload(clip)
    tab.look_for("red thing")
    tab.said("here,")
    tab.frame(1)
    others_are_quick.clear()
    try:
        tab.page.click("#after")  # this answer is not at its end,
        tab.at("Frame 2 of 5")
        tab.page.evaluate(_PLACES)
        tab.page.click("#before")  # when this one is shown
        tab.at("Frame 1 of 5")
        others_are_quick.set()
        tab.page.click("#before")
        tab.at("Frame 0 of 5")
        tab.page.click("#run")
        tab.told("Done: 6 frames.")
    finally:
        others_are_quick.set()
    shown = tab.page.evaluate("window.places")
    assert shown[:3] == [2, 1, 0], shown
    assert shown.count(2) <= 2, "once more while the clip runs"
    tab.page.close()


_PLACES = """() => {
  const slider = document.querySelector('#slider');
  const place = () => Number(slider.innerText.match(/Frame (\\d+) of/)[1]);
  window.places = [place()];
  new MutationObserver(() => {
    if (window.places.at(-1) !== place()) window.places.push(place());
  }).observe(slider, { subtree: true, childList: true, characterData: true });
}"""
"""Notes all frames that the slider says from now on."""


def test_a_click_counts_for_the_frame_that_was_seen(server, browser, clip):
    tab = Tab(browser, server.url)
    tab.upload(clip)
    tab.look_for("red thing")
    tab.said("here,")
    tab.frame(2)
    tab.page.evaluate(_TAP_WHILE_FRAME_1_IS_SHOWN, spot(tab, 0.5, 0.28))
    tab.at("Frame 1 of 5")
    marks(tab, "positive")
    tab.frame(2)
    marks(tab)
    assert tab.errors == []
    tab.page.close()


_TAP_WHILE_FRAME_1_IS_SHOWN = """([clientX, clientY]) => {
  const picture = document.querySelector('#stage .picture');
  picture.dataset.frame = 1;
  for (const kind of ['pointerdown', 'pointerup']) {
    const options = { bubbles: true, pointerType: 'touch', clientX, clientY };
    picture.dispatchEvent(new PointerEvent(kind, options));
  }
}"""
"""As if the next frame had been asked for already, and this one still stood there."""


def test_a_chip_that_is_removed_twice_takes_no_other_with_it(server, browser, clip):
    tab = Tab(browser, server.url)
    tab.upload(clip)
    for number, text in enumerate(("red thing", "blue thing", "wall")):
        tab.look_for(text)
        tab.until(f"() => document.querySelectorAll('#chips .chip').length === {number + 1}")
        tab.until("() => document.querySelector('#text textarea, #text input').value === ''")
    tab.page.dblclick("#chips [data-drop='0']")
    tab.until("() => document.querySelectorAll('#chips .chip').length === 2")
    tab.frame(1)  # its answer comes after those to both clicks
    assert tab.page.locator("#chips strong").all_inner_texts() == ["blue thing", "wall"]
    tab.page.close()


def test_with_fingers_on_a_phone(server, browser, clip, tmp_path):
    phone = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
    tab = Tab(browser, server.url, **phone)
    page = tab.page
    tab.upload(clip)
    tab.look_for("red thing")
    tab.said("here,")
    shown = page.locator("#stage .picture").bounding_box()
    assert abs(shown["width"] / shown["height"] - TALL[1] / TALL[0]) < 0.02, "not stretched"
    assert shown["height"] <= 0.71 * 844
    page.touchscreen.tap(*spot(tab, 0.5, 0.28))
    marks(tab, "positive")
    page.locator("#stage [data-mode=off]").tap()
    page.touchscreen.tap(*spot(tab, 0.5, 0.72))
    marks(tab, "positive", "negative")
    page.locator("#after").tap()
    tab.at("Frame 1 of 5")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    project = tab.download("#save", tmp_path, open_first="#downloads > button")

    again = Tab(browser, server.url)
    again.upload(project)
    marks(again, "positive", "negative")
    again.said("here, by hand")
    for one in (tab, again):
        assert one.errors == []
        one.page.close()


def test_a_folder_is_chosen_or_dropped(server, browser, tmp_path):
    folder = tmp_path / "photos"
    (folder / "more").mkdir(parents=True)
    for name in ("a.png", "b.png", ".hidden.png", "more/c.png"):
        Image.fromarray(picture(0)).save(folder / name)
    (folder / "notes.txt").write_text("no picture")
    tab = Tab(browser, server.url)
    tab.page.set_input_files("input[webkitdirectory]", str(folder))
    tab.at("Frame 0 of 1")
    tab.page.close()

    tab = Tab(browser, server.url)
    tab.page.evaluate(_LATE)
    tab.page.evaluate(
        _DROP, [(folder / "a.png").read_bytes().hex(), ["1.png", "2.png", "3.png"]]
    )
    tab.at("Frame 0 of 2")
    tab.page.evaluate(_DROP, ["", []])
    tab.told("There is no picture in that folder.")
    assert tab.errors == []
    tab.page.close()


_LATE = """() => {
  const widget = document.querySelector('input[webkitdirectory]');
  widget.removeAttribute('webkitdirectory');
  setTimeout(() => widget.setAttribute('webkitdirectory', ''), 1000);
}"""
"""The widget that takes folders is there only after a second, as while the page is loading."""
_DROP = """([hex, names]) => {
  const bytes = new Uint8Array(hex.match(/../g)?.map((two) => parseInt(two, 16)) ?? []);
  const entries = names.map((name) => ({
    isFile: true, isDirectory: false, file: (done) => done(new File([bytes], name)),
  }));
  const folder = { isFile: false, isDirectory: true, createReader: () => ({
    readEntries: (done) => done(entries.splice(0, 2)),
  }) };
  const event = new Event('drop', { bubbles: true, cancelable: true });
  const data = { items: [{ webkitGetAsEntry: () => folder }] };
  Object.defineProperty(event, 'dataTransfer', { value: data });
  document.querySelector('#upload').firstElementChild.dispatchEvent(event);
}"""
"""Drops a folder with pictures of these names; browsers let no script make such an event."""
