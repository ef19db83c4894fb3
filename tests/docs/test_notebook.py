"""examples/car_video.ipynb: its form, and that its cells run in their order."""

from __future__ import annotations

import ast
import json
import shutil
from typing import Any

import pytest
from PIL import Image

from tests.paths import ROOT

NOTEBOOK = json.loads((ROOT / "examples" / "car_video.ipynb").read_text("utf-8"))
CODE = ["".join(c["source"]) for c in NOTEBOOK["cells"] if c["cell_type"] == "code"]


def run(cell: str, names: dict[str, Any]) -> Any:
    """Run a cell; gives the value of its last line, if that is an expression."""
    tree = ast.parse(cell)
    last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, "cell", "exec"), names)
    if last is None:
        return None
    return eval(compile(ast.Expression(last.value), "cell", "eval"), names)


def test_it_is_a_notebook_without_results() -> None:
    assert (NOTEBOOK["nbformat"], NOTEBOOK["nbformat_minor"]) == (4, 5)
    assert len({cell["id"] for cell in NOTEBOOK["cells"]}) == len(NOTEBOOK["cells"])
    for cell in NOTEBOOK["cells"]:
        if cell["cell_type"] == "code":
            assert cell["outputs"] == []
            assert cell["execution_count"] is None
    assert len(CODE) >= 6


@pytest.mark.slow
def test_its_cells_run_in_their_order(tmp_path, monkeypatch, capsys, lite_default) -> None:
    import car_video

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(car_video, "load_model", lambda _: lite_default)
    shutil.copy(ROOT / "examples" / "person.mp4", tmp_path)
    names: dict[str, Any] = {}
    assert "max_frames=6" in CODE[1]
    shown = [run(cell.replace("max_frames=6", "max_frames=3"), names) for cell in CODE]
    said = capsys.readouterr().out
    assert "the person in black: here" in said
    assert "a dog: not here" in said
    assert sum(isinstance(value, Image.Image) for value in shown) == 2
    assert said.splitlines()[-1].endswith("False"), "the third frame, said to be absent"
    assert {path.name for path in tmp_path.iterdir()} == {
        "person.mp4",
        "person.json",
        "person_overlay.mp4",
    }
