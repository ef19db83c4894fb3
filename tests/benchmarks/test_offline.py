"""What offline is worth over online, on a video of squares."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from benchmarks import offline
from benchmarks.generalisation.sharing import SharedFrames
from benchmarks.offline import Run, compare, keep, line, modes, peak_memory
from car_video import Config
from car_video.models.pair import as_pair
from tests.segment.colour_model import ColourModel
from tests.video.colour_sam import ColourSam
from tests.video.conftest import WITH_SAM, frame, red_at

COUNT, LEAVES, RED = 8, 6, 2
BUSY = 0.02  # seconds that the encoder takes at least
CONFIG = Config(segment=WITH_SAM)


class BusyModel(ColourModel):
    """Takes its time."""

    def encode_image(self, pixels: Any) -> Any:
        began = time.process_time()
        while time.process_time() < began + BUSY:
            pass
        return super().encode_image(pixels)


def squares(moved: int = 0) -> Any:
    """A red square that leaves; its truth is where it is, or beside it."""
    truth = np.zeros((COUNT, *frame(0).image.shape[:2]), np.uint8)
    for number in range(LEAVES):
        truth[(number, *red_at(number))] = RED
    return SimpleNamespace(
        frames=lambda: (frame(n, red=n < LEAVES, green=False) for n in range(COUNT)),
        masks=np.roll(truth, moved, 2),
        targets=[SimpleNamespace(number=RED, sentences={"noun": "a red ball"})],
    )


def test_modes_see_the_same_and_are_judged_by_object() -> None:
    configs = modes(CONFIG, [64, 3])
    assert {
        name: (one.video.mode, one.video.offline.window) for name, one in configs.items()
    } == {
        "online": ("online", 64),
        "offline": ("offline", 64),
        "offline-3": ("offline", 3),
    }
    model, sam = BusyModel(), ColourSam()
    shared = SharedFrames(as_pair(model), sam, "colours")
    runs = compare(squares(), ["noun"], configs, shared)
    assert model.frames == COUNT, "each frame is encoded once for all modes"
    assert list(runs) == [("noun", name) for name in configs]
    for run in runs.values():
        assert run.quality[0] > 0.85
        assert run.there == [[True] * LEAVES]
        assert len(run.gone[0]) == COUNT - LEAVES
        assert not run.gone[0][-1]
        assert run.jumps[0][: LEAVES - 1] == [False] * (LEAVES - 1)
        assert run.truth == [pytest.approx(1 / (COUNT - 1), abs=0.01)]
        assert run.seconds > COUNT * BUSY, "as if it had encoded them itself"
    beside = compare(squares(30), ["noun"], {"online": configs["online"]}, shared)
    assert beside["noun", "online"].quality[0] < 0.55


def test_the_line_of_a_mode() -> None:
    online = Run(
        [0.5, 0.5], [[True], [True]], [[], []], [0.0, 0.0], [0.0, 0.0], [[False] * 4] * 2, 4
    )
    late = replace(
        online,
        quality=[0.5, 0.7],
        there=[[True, True], [False, True]],
        jumps=[[False, True, False, False]] * 2,
        seconds=6.0,
    )
    cells = [cell.strip() for cell in line("noun", "offline", [late], [online], 2).split("|")]
    assert cells[1:4] == ["noun", "offline", "0.600"]
    assert cells[4].startswith("+0.100 [")
    assert cells[5:7] == ["0.750", "-"]
    assert cells[8:11] == ["0.250", "0.500", "1.200"]


def test_numbers_are_kept(tmp_path: Path) -> None:
    run = Run([0.5], [[True]], [[]], [0.0], [0.0], [[False]], 1.0)
    keep(tmp_path / "made.json", {"online": 9.0}, {"bear": {("noun", "online"): run}})
    made = json.loads((tmp_path / "made.json").read_text("utf-8"))
    assert made["memory"] == {"online": 9.0}
    assert Run(**made["runs"]["bear"]["noun, online"]) == run


def test_memory_is_that_of_the_whole_process(monkeypatch: pytest.MonkeyPatch) -> None:
    model, sam = ColourModel(), ColourSam()
    monkeypatch.setattr(offline, "load_model", lambda name: model)
    monkeypatch.setattr("car_video.segment.segmenter.load_mask_model", lambda name, device: sam)
    assert 50 < peak_memory(squares(), "noun", modes(CONFIG, [3])["offline"]) < 10_000
    assert model.frames == COUNT
