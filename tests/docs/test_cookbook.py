"""Each recipe of docs/cookbook.md runs as it stands there, and does what it says."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

from tests.docs.conftest import FRAMES, HEIGHT, WIDTH
from tests.docs.recipes import Recipe, commands_of, recipes_of
from tests.paths import ROOT

HEAD, *RECIPES = recipes_of(ROOT / "docs" / "cookbook.md")


def video(path: Path, pixels: str = "rgb24") -> list[np.ndarray]:
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format=pixels) for frame in container.decode(video=0)]


def blurred(folder: Path, said: str, names: dict[str, Any]) -> None:
    before, after = video(folder / "clip.mp4"), video(folder / "blurred.mp4")
    assert len(after) == FRAMES
    edge = after[0][150:200, 72:80].astype(int)
    assert np.abs(edge - before[0][150:200, 72:80]).mean() > 20, "the red square is blurred"
    assert np.abs(after[0][20:80, 215:285].astype(int) - before[0][20:80, 215:285]).mean() < 8


def counted(folder: Path, said: str, names: dict[str, Any]) -> None:
    assert said.splitlines() == [f"{n / 10:.2f} s: 1" for n in range(FRAMES)]


def cut_out(folder: Path, said: str, names: dict[str, Any]) -> None:
    alpha = video(folder / "dog.mov", "yuva444p16le")[0]
    assert alpha.shape[-2:] == (HEIGHT, WIDTH) or alpha.shape[-1] == 4
    with Image.open(next((folder / "photo").rglob("*.png"))) as image:
        levels = np.asarray(image)[..., 3]
    assert levels[170, 50] == 255
    assert levels[50, 250] == 0


def composed(folder: Path, said: str, names: dict[str, Any]) -> None:
    (first, *rest) = video(folder / "composed.mp4")
    assert len(rest) == FRAMES - 1
    assert first[170, 50, 0] > 200, "the person is red"
    assert first[50, 250, 2] > 150, "behind is the beach"


def data_set(folder: Path, said: str, names: dict[str, Any]) -> None:
    for clip in ("one", "two"):
        labels = sorted((folder / "runs" / clip / "yolo" / "labels").rglob("*.txt"))
        images = sorted((folder / "runs" / clip / "yolo" / "images").rglob("*.jpg"))
        assert len(labels) == len(images) == 2
        assert {line.split()[0] for line in labels[0].read_text().splitlines()} == {"0", "1"}


def compared(folder: Path, said: str, names: dict[str, Any]) -> None:
    assert said.splitlines() == ["0.00 s: IoU 1.00", "1.00 s: IoU 1.00"]


def scored(folder: Path, said: str, names: dict[str, Any]) -> None:
    assert json.loads((folder / "results" / "results.json").read_text())["J&F"] == 1.0


def piped(folder: Path, said: str, names: dict[str, Any]) -> None:
    assert said.startswith("nut/multimedia container")


def followed_by_a_robot(folder: Path, said: str, names: dict[str, Any]) -> None:
    assert names["stops"] == []
    wanted = [(50 + 10 * n) / WIDTH - 0.5 for n in range(FRAMES)]
    assert names["turns"] == pytest.approx(wanted, abs=0.02)


def corrected(folder: Path, said: str, names: dict[str, Any]) -> None:
    assert "1 correction taken in" in said
    run = json.loads((folder / "fixed" / "predictions.json").read_text())
    assert run["frames"][12]["index"] == 12


def exported(folder: Path, said: str, names: dict[str, Any]) -> None:
    assert len(json.loads((folder / "labels" / "coco.json").read_text())["images"]) == 3
    assert "<track" in (folder / "labels" / "cvat.xml").read_text()


def cropped(folder: Path, said: str, names: dict[str, Any]) -> None:
    frames = video(folder / "followed.mp4")
    assert {frame.shape for frame in frames} == {(HEIGHT, 256, 3)}
    assert frames[0][170, 50, 0] > 200
    assert frames[-1][170, 140, 0] > 200, "the window has moved along"


CHECKS: dict[str, Callable[[Path, str, dict[str, Any]], None]] = {
    "Blur faces": blurred,
    "Count": counted,
    "Cut out, with alpha": cut_out,
    "Replace the background": composed,
    "A data set from videos": data_set,
    "Compare two models": compared,
    "Score on Ref-DAVIS": scored,
    "A camera as another camera": piped,
    "A robot that follows": followed_by_a_robot,
    "Correct a frame": corrected,
    "To annotation tools": exported,
    "Crop and follow": cropped,
}


def test_there_are_twelve_recipes_of_at_most_ten_lines() -> None:
    assert [recipe.title for recipe in RECIPES] == list(CHECKS)
    assert {recipe.title: recipe.lines for recipe in RECIPES if recipe.lines > 10} == {}


LONG = (
    "Blur faces",
    "Cut out, with alpha",
    "Replace the background",
    "Score on Ref-DAVIS",
    "A camera as another camera",
    "Correct a frame",
    "Crop and follow",
)


@pytest.mark.parametrize(
    "recipe",
    [
        pytest.param(
            recipe,
            id=recipe.title,
            marks=[pytest.mark.slow] if recipe.title in LONG else [],
        )
        for recipe in RECIPES
    ],
)
def test_it_runs_as_it_stands(recipe: Recipe, kitchen: Path, shell, capfdbinary) -> None:
    turns: list[float] = []
    stops: list[int] = []
    names: dict[str, Any] = {
        "turns": turns,
        "stops": stops,
        "steer": turns.append,
        "stop": lambda: stops.append(1),
    }
    for _, code in HEAD.blocks:
        exec(code, names)
    said = b""
    for language, code in recipe.blocks:
        if language == "python":
            exec(code, names)
            said += capfdbinary.readouterr().out
        else:
            assert language == "sh"
            for line in commands_of(code):
                said += shell(line)
    CHECKS[recipe.title](kitchen, said.decode("utf-8", "replace"), names)
