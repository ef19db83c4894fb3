"""The report: self-contained, complete, and honest about colours."""

from __future__ import annotations

import io
import itertools
import re
from html.parser import HTMLParser

import numpy as np
import pytest
from car_video.eval import cli, model_segmenters
from car_video.eval.benchmarks.results import Bar, Flicker, Strip
from car_video.eval.report import plots, strips
from car_video.eval.report.writing import shown
from PIL import Image

from .. import builders
from ..fakes import ColourSpec


class Page(HTMLParser):
    """Collects sources, links and the nesting of a page."""

    VOID = frozenset({"meta", "img", "br", "link", "hr", "input"})

    def __init__(self) -> None:
        super().__init__()
        self.sources, self.links, self.open = [], [], []

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        self.sources += [values[k] for k in ("src", "srcset", "data") if k in values]
        self.links += [values[k] for k in ("href", "action") if k in values]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    """The folder of one run, which the tests only read."""
    folder = tmp_path_factory.mktemp("report")
    data = builders.davis(folder / "davis", {"one": 1, "two": 2, "three": 3})
    for path in (data / "davis_text_annotations").iterdir():
        path.write_text(path.read_text().replace('two 2 "a green', 'two 2 "a <b>|lost|</b>'))
    arguments = ["ref-davis", "--data", data, "--out", folder / "o"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(model_segmenters, "make_spec", lambda *_: ColourSpec())
        with pytest.raises(SystemExit) as end:
            cli.main([str(argument) for argument in arguments])
    assert not end.value.code
    return folder / "o"


def test_the_page_needs_nothing_else(report):
    text = (report / "report.html").read_text("utf-8")
    page = Page()
    page.feed(text)
    assert page.open == []
    assert len(page.sources) >= 6
    assert all(source.startswith("data:image/") for source in page.sources)
    assert page.links == []
    assert not re.search(r"https?://|@import|url\(|<script", text)


def test_the_page_tells_protocol_numbers_and_speed(report):
    text = (report / "report.html").read_text("utf-8")
    for words in (
        "semi-supervised task: identities kept, first and last frame dropped",
        "objects compete in one run",
        "frames/s",
        "peak memory",
        "Flicker",
        "Best",
        "Worst",
        "lite",
    ):
        assert words in text


def test_expressions_are_escaped(report):
    assert "a &lt;b&gt;|lost|&lt;/b&gt; square" in (report / "report.html").read_text("utf-8")
    assert "<b>" not in (report / "report.html").read_text("utf-8")
    assert "a &lt;b>\\|lost\\|" in (report / "report.md").read_text("utf-8")


def test_markdown_tables_are_regular_and_pictures_exist(report):
    text = (report / "report.md").read_text("utf-8")
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert len(rows) >= 8
    for row, following in itertools.pairwise(rows):
        if set(following) <= set("|-: "):
            assert row.count("|") == following.count("|")
    pictures = re.findall(r"!\[.*\]\((.+?)\)", text)
    assert "plots/scores.png" in pictures
    for name in pictures:
        with Image.open(report / name) as image:
            image.verify()


def test_without_matplotlib_there_is_a_report_without_plots(car_eval, tmp_path, monkeypatch):
    monkeypatch.setattr(plots, "available", lambda: False)
    data = builders.davis(tmp_path / "davis", {"one": 1})
    assert car_eval("ref-davis", "--data", data, "--out", tmp_path / "o")[0] == 0
    assert "car-video[report]" in (tmp_path / "o/report.html").read_text("utf-8")
    assert not (tmp_path / "o/plots/scores.png").exists()


def test_error_panel_colours():
    truth = np.array([[0, 0, 1, 1, 1, 2]], np.uint8)
    predicted = np.array([[0, 1, 0, 1, 2, 2]], np.uint8)
    image = np.full((1, 6, 3), 90, np.uint8)
    ignored = np.array([[False] * 5 + [True]])
    panel = strips.error(Strip("", image, predicted, truth, ignored))
    legend = {name: tuple(bytes.fromhex(colour[1:])) for name, colour in strips.LEGEND}
    found = [tuple(int(v) for v in pixel) for pixel in panel[0]]
    dark = (30, 30, 30)
    assert found == [
        dark,
        legend["too much"],
        legend["missed"],
        legend["right"],
        legend["other object or class"],
        dark,
    ]


@pytest.mark.parametrize("size", [(40, 64), (64, 40), (1, 300), (300, 1)])
def test_strips_of_any_shape(size):
    labels = np.zeros(size, np.uint8)
    strip = Strip("x", np.zeros((*size, 3), np.uint8), labels, labels)
    with Image.open(io.BytesIO(strips.encode(strip))) as image:
        assert image.width == 4 * strips.PANEL[0] + 18
        assert 1 <= image.height <= strips.PANEL[1]


@pytest.mark.parametrize("count", [1, 9])
def test_plots_of_any_number(count, monkeypatch):
    pytest.importorskip("matplotlib")
    monkeypatch.setattr(plots, "_MOST", 8)  # 9 are too many for one chart
    bars = [Bar(str(i), f"sequence {i} " + "x" * 60, i / count) for i in range(count)]
    flickers = [Flicker(bar.label, bar.value, 0.1, (0.1,) * 5) for bar in bars]
    for data in (plots.bars(bars, "J&F", "sequence"), plots.flicker(flickers)):
        with Image.open(io.BytesIO(data)) as image:
            assert image.format == "PNG"
            assert image.width > 500


def test_cells():
    assert [shown(v) for v in (None, 0.5, 3, "x")] == ["-", "0.5000", "3", "x"]
