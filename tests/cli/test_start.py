"""What is answered before torch is imported, which takes seconds."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from car_video.eval.benchmarks import REGISTRY

REPOSITORY = Path(__file__).parents[2]

WITHOUT = """
import contextlib, io, json, sys
modules, commands = json.load(sys.stdin)
for name in modules:
    sys.modules[name] = None  # importing it raises ImportError
from car_video.cli.launcher import main as car_video
from car_video.eval.cli import main as car_eval
for arguments in commands:
    out, err = io.StringIO(), io.StringIO()
    sys.argv, code = arguments, None
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            car_eval() if arguments[0] == "car-eval" else car_video()
        except SystemExit as end:
            code = end.code
    print(json.dumps([code, out.getvalue(), err.getvalue()]))
"""


def without(
    modules: Sequence[str], folder: Path, commands: list[list[str]]
) -> list[tuple[int, str, str]]:
    """Exit code, output and errors of commands, all given in one process without modules."""
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT],
        cwd=folder,
        env=os.environ
        | {"PYTHONPATH": str(REPOSITORY), "CAR_VIDEO_CACHE": str(folder / "cache")},
        input=json.dumps([modules, commands]),
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return [tuple(json.loads(line)) for line in done.stdout.splitlines()]


def test_what_needs_no_model(tmp_path):
    names = ["--help", "--version", "models", "presets"]
    commands = [["car-video", name] for name in names]
    for name, found in zip(names, without(["torch"], tmp_path, commands), strict=True):
        code, out, err = found
        assert (code or 0, err) == (0, ""), name
        assert out, name


OTHERS = ("lite", "clip-convnext-l", "ViT-B-16:openai")
"""Models that are no FC-CLIP."""

BY_LABELS = tuple(name for name, entry in REGISTRY.items() if entry.by_labels)[::4]
"""Some of the benchmarks that are run by a vocabulary."""


def refused() -> Iterator[tuple[list[str], str]]:
    """Commands that no model can serve, and what is said of them."""
    picture = ["car-video", "a.jpg"]
    for model in OTHERS:
        no_labels = f"'{model}' cannot segment by a list of labels; choose an FC-CLIP"
        for task in ("panoptic", "semantic", "instance"):
            yield [*picture, "--labels", "coco", "--task", task, "--model", model], no_labels
        for masks in ("fcclip", "both"):
            command = [*picture, "--expr", "a dog", "--masks", masks, "--model", model]
            yield command, f"--masks needs an FC-CLIP, which '{model}' is not"
        folders = ["--data", "data", "--out", "out"]
        yield ["car-eval", BY_LABELS[0], *folders, "--model", model], no_labels
    for name in BY_LABELS:  # the default preset's model is lite
        command = ["car-eval", name, *folders, "--preset", "default"]
        yield command, "'lite' cannot segment by a list of labels"
        yield ["car-eval", name, *folders], "the trained part of 'fc-clip-convnext-l' is not"
    for command in (
        [*picture, "--labels", "coco"],
        [*picture, "--expr", "a dog", "--model", "fc-clip-convnext-l"],
        ["car-eval", "voc", *folders, "--model", "fc-clip-convnext-l"],
        [*picture, "--expr", "a dog", "--preset", "joined.yaml"],
    ):
        yield command, "the trained part of 'fc-clip-convnext-l' is not on this machine"
    for masks in ("sam", "fcclip", "both"):
        for refine in ("crf", "none"):
            command = [*picture, "--expr", "a dog", "--model", "FCCLIP:f.pth+RN50:openai"]
            yield [*command, "--masks", masks, "--refine", refine], f"with --refine {refine}"
    yield (
        [*picture, "--labels", "stuff.txt", "--task", "instance", "--model", "FCCLIP:f.pth"],
        "all classes of 'stuff.txt' are stuff",
    )


def test_what_a_model_cannot_do_is_refused_before_anything_is_loaded(tmp_path):
    (tmp_path / "f.pth").touch()
    (tmp_path / "stuff.txt").write_text("sky | stuff\ngrass | stuff\n")
    (tmp_path / "joined.yaml").write_text(
        "segment: {sam: {model: mobile+fc-clip-convnext-l}}\n"
    )
    commands, messages = zip(*refused(), strict=True)
    heavy = ["torch", "scipy", "transformers"]
    answers = without(heavy, tmp_path, list(commands))
    for command, message, found in zip(commands, messages, answers, strict=True):
        code, out, err = found
        assert (code, out) == (2, ""), (command, err)
        assert message in err, command
        assert err.count("\n") == 1, command
    assert sorted(p.name for p in tmp_path.iterdir()) == ["f.pth", "joined.yaml", "stuff.txt"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
@pytest.mark.parametrize("argument", ["--help", "models"])
def test_a_full_disk_behind_standard_output(tmp_path, argument):
    buffered = {k: v for k, v in os.environ.items() if k != "PYTHONUNBUFFERED"}
    with open("/dev/full", "w", encoding="utf-8") as full:
        done = subprocess.run(
            [sys.executable, "-m", "car_video", argument],
            cwd=tmp_path,
            env=buffered | {"PYTHONPATH": str(REPOSITORY)},
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
    commands = [["car-video", *args, "--expr", "a dog"] for args, _ in MISTAKES.values()]
    return dict(zip(MISTAKES, without(["torch"], folder, commands), strict=True))


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
