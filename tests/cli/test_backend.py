"""``--backend``: what is not there is one line, before anything is loaded."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from car_video.backends import catalog
from car_video.cli.request import Request, check_options
from tests.cli.fakes import ASKED

WITHOUT_PACKAGES = """
import sys
from car_video.backends import catalog
catalog.find_spec = lambda name: None
from car_video.cli.app import main
try:
    main(sys.argv[1:])
finally:
    assert "torch" not in sys.modules
"""


def test_a_missing_back_end_is_told_before_torch_is_loaded(clip):
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_PACKAGES, str(clip), *ASKED, "--backend", "openvino"],
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "error: --backend openvino needs onnx and openvino: pip install 'car-video[openvino]'\n"
    )


@pytest.mark.parametrize("name", ["abacus", "", "ONNX"])
def test_an_unknown_back_end_is_one_line(cli, clip, name):
    code, out, err = cli(clip, *ASKED, "--backend", name)
    assert (code, out) == (2, "")
    assert f"unknown --backend '{name}'" in err
    assert err.count("\n") == 1
    assert not Path("clip_car").exists()


def test_a_preset_may_name_it_and_the_option_overrules(tmp_path, monkeypatch):
    monkeypatch.setattr(catalog, "find_spec", lambda name: name)
    preset = tmp_path / "mine.yaml"
    preset.write_text("extends: fast\nsegment: {backend: openvino}\n")
    asked = Request("clip.mp4", ("a dog",), preset=str(preset))
    assert check_options(asked).options()["backend"] == "openvino"
    overruled = Request("clip.mp4", ("a dog",), preset=str(preset), backend="torch")
    plan = check_options(overruled)
    assert plan.config.segment.backend == "torch"
    assert plan.options()["backend"] is None, "as in records of versions without back ends"


def test_labels_have_none(cli, clip):
    code, _, err = cli(clip, "--labels", "coco", "--backend", "onnx")
    assert code == 2
    assert "--backend means nothing with --labels" in err
