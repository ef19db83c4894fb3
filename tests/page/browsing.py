"""A real Chromium, Debian's, and the page in one of its tabs."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

SECONDS = 90
"""That an answer may take on a busy machine."""

_AT = """text => {
  const slider = document.querySelector('#slider');
  const stands = slider?.querySelector('input[type=range]').value;
  return slider?.innerText.includes(text) && slider.innerText.includes(`Frame ${stands} of`);
}"""
_STATE = """() => {
  const shown = (part) => document.querySelector(part)?.innerText ?? '';
  const text = (part) => shown(part).replace(/\\s+/g, ' ').slice(0, 200);
  const active = document.activeElement;
  return JSON.stringify({
    message: text('#message'), chips: text('#chips'), slider: text('#slider'),
    stands: document.querySelector('#slider input[type=range]')?.value,
    marks: [...document.querySelectorAll('#stage .mark')].map((mark) => mark.className),
    focus: active && (active.id || active.className || active.tagName),
    disabled: [...document.querySelectorAll('button:disabled')].map((button) => button.id),
  });
}"""
"""What tells why a wait was in vain."""

_FLAGS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)


@pytest.fixture(scope="module")
def browser():
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is missing")
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        pytest.skip("no Chromium on this machine: apt-get install chromium")
    with playwright.sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=program, args=list(_FLAGS))
        yield opened
        opened.close()


class Tab:
    """An open page.

    Attributes:
        page: of playwright.
        elsewhere: addresses outside of the server that the browser was sent to.
        errors: of scripts.
    """

    def __init__(self, browser: Any, url: str, **options: Any) -> None:
        self.page = browser.new_page(accept_downloads=True, **options)
        self.page.set_default_timeout(SECONDS * 1000)
        self.elsewhere: list[str] = []
        self.errors: list[str] = []
        self.page.on("request", lambda request: self._note(request.url, url))
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.goto(url)
        self.page.wait_for_selector("#upload input[type=file]", state="attached")
        self.page.wait_for_selector("html[data-understands=folders]", state="attached")

    def _note(self, address: str, url: str) -> None:
        if not address.startswith((url, "data:", "blob:")):
            self.elsewhere.append(address)

    def until(self, condition: str, given: Any = None) -> None:
        """Wait until a function of the page, which is given something, is true."""
        try:
            self.page.wait_for_function(condition, arg=given)
        except Exception as error:
            if type(error).__name__ != "TimeoutError":
                raise
            state = self.page.evaluate(_STATE)
            raise AssertionError(f"waited for {given!r}; the page shows {state}") from None

    def upload(self, file: Path) -> None:
        """Give a file, and wait for its first frame."""
        self.page.set_input_files("#upload input[type=file]", str(file))
        self.page.wait_for_selector("#stage img")
        self.until("() => !document.querySelector('#message .working')")

    def look_for(self, text: str) -> None:
        """Type a sentence."""
        self.page.fill("#text textarea, #text input", text)
        self.page.keyboard.press("Enter")

    def press(self, key: str, button: str) -> None:
        """Press the key that stands for a button, once that can be pressed."""
        self.until("name => document.getElementById(name)?.disabled === false", button)
        self.page.keyboard.press(key)

    def said(self, text: str) -> None:
        """Wait until the chip of the expression says so."""
        self.until(
            "text => document.querySelector('#chips small')?.innerText.includes(text)", text
        )

    def told(self, text: str) -> None:
        """Wait until the line for people says so."""
        self.until("text => document.querySelector('#message')?.innerText.includes(text)", text)

    def frame(self, index: int) -> None:
        """Go to a frame."""
        self.page.fill("#slider input[type=number]", str(index))
        self.page.keyboard.press("Enter")
        self.at(f"Frame {index} of")

    def at(self, text: str) -> None:
        """Wait until the slider says so, and stands there."""
        self.until(_AT, text)

    def picture(self) -> str:
        """The picture that is shown."""
        return str(self.page.get_attribute("#stage img", "src"))

    def changes(self, before: str) -> None:
        """Wait for another picture."""
        self.until("src => document.querySelector('#stage img')?.src !== src", before)

    def drag(self, left: float, top: float, right: float, bottom: float) -> None:
        """Draw a box, given as parts of the picture."""
        self.page.locator("#stage .picture").scroll_into_view_if_needed()
        frame = self.page.locator("#stage .picture").bounding_box()
        x = [frame["x"] + part * frame["width"] for part in (left, right)]
        y = [frame["y"] + part * frame["height"] for part in (top, bottom)]
        self.page.mouse.move(x[0], y[0])
        self.page.mouse.down()
        self.page.mouse.move(sum(x) / 2, sum(y) / 2)
        self.page.mouse.move(x[1], y[1])
        self.page.mouse.up()

    def download(self, button: str, folder: Path, open_first: str = "") -> Path:
        """Press a button that makes a file, and take it; ``open_first``: what hides it."""
        if open_first:
            self.page.click(open_first)
        with self.page.expect_download() as coming:
            self.page.click(button)
        target = folder / coming.value.suggested_filename
        coming.value.save_as(target)
        return target
