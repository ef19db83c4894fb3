"""What is answered before torch is imported, which takes seconds."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]

WITHOUT_TORCH = """
import contextlib, io, json, sys
sys.modules["torch"] = None  # importing it raises ImportError
from car_video.cli.launcher import main
for arguments in json.load(sys.stdin):
    out, err = io.StringIO(), io.StringIO()
    sys.argv, code = ["car-video", *arguments], None
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            main()
        except SystemExit as end:
            code = end.code
    print(json.dumps([code, out.getvalue(), err.getvalue()]))
"""


def without_torch(folder: Path, commands: list[list[str]]) -> list[tuple[int, str, str]]:
    """Exit code, output and errors of commands, all given in one process without torch."""
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_TORCH],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(REPOSITORY)},
        input=json.dumps(commands),
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return [tuple(json.loads(line)) for line in done.stdout.splitlines()]


def test_what_needs_no_model(tmp_path):
    names = [["--help"], ["--version"], ["models"], ["presets"]]
    for name, (code, out, err) in zip(names, without_torch(tmp_path, names), strict=True):
        assert (code or 0, err) == (0, ""), name
        assert out, name


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
@pytest.mark.parametrize("argument", ["--help", "models"])
def test_a_full_disk_behind_standard_output(tmp_path, argument):
    with open("/dev/full", "w", encoding="utf-8") as full:
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
    "output name": (["text.mp4", "--out", "", "--overwrite"], "--out is empty"),
    "camera": (["webcam:77"], "77"),
}


@pytest.fixture(scope="module")
def answers(tmp_path_factory):
    """What is said to each of the mistakes."""
    folder = tmp_path_factory.mktemp("mistakes")
    (folder / "text.mp4").write_text("These are words, not a video.\n" * 40)
    (folder / "bad.yaml").write_text("segment: {refin: sam}")
    (folder / "there").mkdir()
    commands = [[*arguments, "--expr", "a dog"] for arguments, _ in MISTAKES.values()]
    return dict(zip(MISTAKES, without_torch(folder, commands), strict=True))


@pytest.mark.parametrize("name", MISTAKES)
def test_mistakes(answers, name):
    code, out, err = answers[name]
    assert (code, out) == (2, "")
    assert err.startswith("error: ")
    assert err.count("\n") == 1
    assert MISTAKES[name][1] in err


def test_importing_the_library_changes_no_environment():
    code = "import os; before = dict(os.environ); import car_video; assert os.environ == before"
    done = subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, timeout=120)
    assert done.returncode == 0
