"""What is answered before torch is imported, which takes seconds."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]

WITHOUT_TORCH = """
import sys
sys.modules["torch"] = None  # importing it raises ImportError
from car_video.cli.launcher import main
main()
"""


def without_torch(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", WITHOUT_TORCH, *arguments],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
        timeout=120,
    )


@pytest.mark.parametrize("argument", ["--help", "--version", "models", "presets"])
def test_what_needs_no_model(tmp_path, argument):
    done = without_torch(tmp_path, argument)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
@pytest.mark.parametrize("argument", ["--help", "models"])
def test_a_full_disk_behind_standard_output(tmp_path, argument):
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "car_video", argument],
            cwd=tmp_path,
            env=os.environ | {"PYTHONPATH": str(REPOSITORY)},
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=120,
        )
    assert (done.returncode, done.stderr) == (2, "error: No space left on device\n")


def test_no_standard_output_at_all(tmp_path):
    command = f"exec {sys.executable} -m car_video models >&-"
    environment = os.environ | {"PYTHONPATH": str(REPOSITORY)}
    done = subprocess.run(
        ["sh", "-c", command],
        cwd=tmp_path,
        env=environment,
        stderr=subprocess.PIPE,
        timeout=120,
    )
    assert (done.returncode, done.stderr) == (0, b"")


MISTAKES = {
    "missing source": (["missing.mp4"], "no such file"),
    "not a video": (["text.mp4"], "text file"),
    "no expression": (["text.mp4", "--expr", " "], "is empty"),
    "option": (["text.mp4", "--colour", "red"], "--colour"),
    "number": (["text.mp4", "--stride", "two"], "--stride"),
    "start": (["text.mp4", "--start", "-1"], "start"),
    "save": (["text.mp4", "--save", "gif"], "gif"),
    "preset": (["text.mp4", "--preset", "nope"], "preset"),
    "preset file": (["text.mp4", "--preset", "bad.yaml"], "refin"),
    "model": (["text.mp4", "--model", "nope"], "no model 'nope'"),
    "weights file": (["text.mp4", "--model", "ViT-B-16:no.safetensors"], "no weights file"),
    "pickle file": (["text.mp4", "--model", "ViT-B-16:old.pth"], "pickle"),
    "mode": (["text.mp4", "--mode", "fast"], "unknown --mode 'fast'"),
    "refine": (["text.mp4", "--refine", "glue"], "glue"),
    "device": (["text.mp4", "--device", "abacus"], "unknown device 'abacus'"),
    "decoder": (["text.mp4", "--decoder", "abacus"], "abacus"),
    "size": (["text.mp4", "--size", "4"], "--size"),
    "rate": (["text.mp4", "--target-fps", "0"], "--target-fps"),
    "output folder": (["text.mp4", "--out", "there"], "there"),
    "camera": (["webcam:77"], "77"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_mistakes(tmp_path, name):
    (tmp_path / "text.mp4").write_text("These are words, not a video.\n" * 40)
    (tmp_path / "bad.yaml").write_text("segment: {refin: sam}")
    (tmp_path / "there").mkdir()
    arguments, words = MISTAKES[name]
    done = without_torch(tmp_path, *arguments, "--expr", "a dog")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: ")
    assert done.stderr.count("\n") == 1
    assert words in done.stderr


def test_importing_the_library_changes_no_environment():
    code = "import os; before = dict(os.environ); import car_video; assert os.environ == before"
    subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, check=True, timeout=120)
