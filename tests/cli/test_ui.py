"""``car-video ui``: what is checked before the page is there."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from car_video.cli import ui
from car_video.errors import ConfigError
from car_video.page import server
from tests.paths import ROOT


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
        (("--backend", "abacus"), "unknown --backend 'abacus'"),
    ):
        code, _, err = cli("ui", "--no-browser", *words)
        assert code == 2, words
        assert said in err
        assert err.count("\n") == 1


def test_port_0_is_taken_as_serve_takes_it(cli, monkeypatch):
    monkeypatch.setattr(ui, "find_spec", lambda name: object())
    ports = []

    def serve(engine, limits, host, port, password):
        ports.append(port)
        raise ConfigError("enough")

    monkeypatch.setattr(server, "Server", serve)
    for more in (("--port", "0"), ()):
        assert cli("ui", "--no-browser", *more)[0] == 2
    assert ports == [0, None]
    assert "--port" in cli("ui", "--port", "-1")[2]


def test_presence_is_assumed_from_the_first_frame_on(cli, monkeypatch):
    monkeypatch.setattr(ui, "find_spec", lambda name: object())
    first = []

    def serve(engine, *_):
        first.append(engine.first)
        raise ConfigError("enough")

    monkeypatch.setattr(server, "Server", serve)
    for more in ((), ("--assume-present",)):
        assert cli("ui", "--no-browser", *more)[0] == 2
    assert first == [("default", False), ("default", True)]


def test_a_source_called_ui_is_a_source(cli):
    code, _, err = cli("ui", "--expr", "a dog")
    assert code == 2
    assert "gradio" not in err


def test_nothing_but_the_page_imports_gradio():
    """Read from the sources: torch would take ten seconds in a process of its own."""
    found = imported_with("car_video.cli.app", "car_video.cli.ui", "car_video.page.pages")
    found |= imported_with("car_video", "car_video.video.segmenter")
    assert {"torch", "rich", "car_video.video.stream"} <= found
    assert "gradio" not in found
    assert "gradio" in imported_with("car_video.page.interface")


def imported_with(*modules: str) -> set[str]:
    """Modules that are imported with these: our own by full name, others by the first."""
    found: set[str] = set()
    waiting = list(modules)
    while waiting:
        name = waiting.pop()
        file = ROOT.joinpath(*name.split("."))
        file = file / "__init__.py" if file.is_dir() else file.with_suffix(".py")
        if name in found or not file.is_file():  # that is a name in a module
            continue
        found.add(name)
        for other in _at_once(ast.parse(file.read_text())):
            if other.partition(".")[0] == "car_video":
                waiting.append(other)
            else:
                found.add(other.partition(".")[0])
    return found


def _at_once(tree: ast.AST) -> Iterator[str]:
    """What the statements of a module import, those of its functions apart."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "the package is imported by its full name"
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield from _at_once(node)
