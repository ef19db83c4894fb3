"""``car-video ui``: what is checked before the page is there."""

from __future__ import annotations

import subprocess
import sys

from car_video.cli import ui
from car_video.page import server


def test_without_gradio_one_line_says_how_to_install_it(cli, monkeypatch):
    monkeypatch.setattr(ui, "find_spec", lambda name: None)
    code, out, err = cli("ui")
    assert (code, out) == (2, "")
    assert err == (
        "error: the page needs gradio; install it with: pip install 'car-video[ui]'\n"
    )


def test_other_computers_need_a_password(cli, monkeypatch):
    monkeypatch.setattr(ui, "find_spec", lambda name: object())
    code, _, err = cli("ui", "--host", "0.0.0.0", "--no-browser")
    assert code == 2
    assert "--password" in err


def test_settings_are_checked_first(cli, monkeypatch):
    monkeypatch.setattr(ui, "find_spec", lambda name: object())
    monkeypatch.setattr(server, "Server", None)  # it would go on until Ctrl-C
    for words, said in (
        (("--preset", "nothing"), "nothing"),
        (("--max-minutes", "0"), "minutes must be above 0"),
        (("--model", "nothing"), "nothing"),
    ):
        code, _, err = cli("ui", "--no-browser", *words)
        assert code == 2, words
        assert said in err
        assert err.count("\n") == 1


def test_a_source_called_ui_is_a_source(cli):
    code, _, err = cli("ui", "--expr", "a dog")
    assert code == 2
    assert "gradio" not in err


def test_nothing_but_the_page_imports_gradio():
    code = (
        "import sys, car_video, car_video.cli.app, car_video.cli.ui, car_video.page.pages; "
        "car_video.VideoSegmenter; assert 'gradio' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=300)
