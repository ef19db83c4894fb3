"""The command of docs/models.md that converts pickles does so however weights are nested."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

DOCS = Path(__file__).parents[2] / "docs" / "models.md"
WEIGHTS = {"visual.proj": torch.arange(6.0).view(2, 3).T, "logit_scale": torch.tensor(4.6)}
PARALLEL = {f"module.{name}": value for name, value in WEIGHTS.items()}


@pytest.mark.parametrize(
    "checkpoint",
    [
        WEIGHTS,
        {"state_dict": PARALLEL, "epoch": 3},
        {"model": WEIGHTS, "optimizer": {"state": {}}, "epoch": 3},
        {"model": {"state_dict": PARALLEL}},
        {"checkpoint": {"model_state_dict": WEIGHTS}, "args": {}},
        {**WEIGHTS, "epoch": 3},
    ],
    ids=["plain", "state_dict", "model", "model.state_dict", "checkpoint", "with a number"],
)
def test_documented_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, checkpoint: dict[str, Any]
) -> None:
    code = re.search(
        r'python -c "\n(import sys, torch.*?)" weights.pt', DOCS.read_text("utf-8"), re.S
    )
    assert code is not None
    old, new = tmp_path / "weights.pt", tmp_path / "weights.safetensors"
    torch.save(checkpoint, old)
    monkeypatch.setattr(sys, "argv", ["-c", str(old), str(new)])
    exec(code[1], {"__name__": "__main__"})
    found = load_file(new)
    assert set(found) == set(WEIGHTS)
    for name, value in WEIGHTS.items():
        assert torch.equal(found[name], value)
