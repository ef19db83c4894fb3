"""The command line as such: help, lists, and every bad input in one line."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest
import typer

import car_video
from car_video.cli import run as run_module
from car_video.cli.app import app
from car_video.cli.request import Request, check
from car_video.config import preset_names
from car_video.models import available_models
from tests.cli.fakes import FakeSegmenter


@pytest.fixture
def no_model(monkeypatch):
    def load(plan):
        pytest.fail("the model was loaded before everything else was checked")

    monkeypatch.setattr(run_module, "load_segmenter", load)


def assert_refused(result, *words):
    """The one line of a run that was refused, which has to hold these words."""
    code, out, err = result
    assert code == 2
    assert out == ""
    assert err.startswith("error: ")
    assert err.count("\n") == 1
    assert err.endswith("\n")
    for word in words:
        assert word in err
    return err


def test_version(cli):
    assert cli("--version") == (0, f"car-video {car_video.__version__}\n", "")


@pytest.mark.parametrize("arguments", [["--help"], ["-h"], []])
def test_help_has_every_option_and_examples(cli, arguments):
    code, out, err = cli(*arguments)
    assert (code, err) == (0, "")
    options = (
        "expr out save model refine preset device start end stride max-frames size show resume"
        " overwrite quiet version"
    )
    for option in options.split():
        assert f"--{option}" in out
    assert 'car-video clip.mp4 --expr "the man in red"' in out


def test_models_are_listed_one_per_line(cli):
    code, out, err = cli("models")
    assert (code, err) == (0, "")
    for model in available_models():
        line = next(row for row in out.splitlines() if row.split()[:1] == [model.name])
        assert model.description in line
    assert "599 MB" in out


def test_presets_are_listed_one_per_line(cli):
    code, out, err = cli("presets")
    assert (code, err) == (0, "")
    names = [row.split()[0] for row in out.splitlines() if row.strip()]
    assert set(preset_names()) <= set(names)


def test_a_folder_called_models_is_a_source_when_something_is_asked_for(cli, no_model):
    assert_refused(cli("models", "--expr", "a dog"), "models", "no such file or folder")


BAD_FILES = {
    "empty.mp4": b"",
    "text.mp4": b"These are words, not a video.\n" * 40,
    "zeros.mp4": bytes(5000),
    "text.png": b"no picture",
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_bad_files(cli, no_model, tmp_path, name):
    (tmp_path / name).write_bytes(BAD_FILES[name])
    assert_refused(cli(name, "--expr", "a dog"), name)
    assert os.listdir(tmp_path) == [name]


def test_a_video_with_nothing_but_its_head(cli, no_model, tmp_path, clip):
    (tmp_path / "head.mp4").write_bytes(clip.read_bytes()[:40])
    assert_refused(cli("head.mp4", "--expr", "a dog"), "head.mp4")


def test_sound_without_pictures(cli, no_model, tmp_path, clip):
    import av

    from tests.io.readers.media import write_sound

    with av.open(str(tmp_path / "song.mp4"), "w") as container:
        write_sound(container, container.add_stream("aac", rate=8000), 1.0)
    assert_refused(cli("song.mp4", "--expr", "a dog"), "song.mp4")


def test_folders_without_images(cli, no_model, tmp_path):
    (tmp_path / "folder").mkdir()
    assert_refused(cli("folder", "--expr", "a dog"), "folder", "image")
    (tmp_path / "folder" / "notes.txt").write_text("hello")
    assert_refused(cli("folder", "--expr", "a dog"), "folder", "image")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["{clip}"], ["no expression", "--expr"]),
        (["{clip}", "--expr", ""], ["expression 1 is empty"]),
        (["{clip}", "--expr", "a dog", "--expr", " \t"], ["expression 2 is empty"]),
        (["{clip}", "--expr", "x", "--save", "gif"], ["'gif'", "overlay"]),
        (["{clip}", "--expr", "x", "--save", ","], ["nothing to save"]),
        (["{clip}", "--expr", "x", "--preset", "nope"], ["preset", "nope", "default"]),
        (["{clip}", "--expr", "x", "--preset", "no.yaml"], ["no.yaml"]),
        (["{clip}", "--expr", "x", "--model", "nope"], ["no model 'nope'", "car-video models"]),
        (["{clip}", "--expr", "x", "--model", "clip-b61"], ["did you mean 'clip-b16'"]),
        (["{clip}", "--expr", "x", "--model", "ViT-B-16:no.safetensors"], ["no weights file"]),
        (["{clip}", "--expr", "x", "--device", "abacus"], ["unknown device 'abacus'"]),
        (["{clip}", "--expr", "x", "--device", "cuda:99"], ["cuda:99"]),
        (["{clip}", "--expr", "x", "--refine", "glue"], ["'glue'", "sam, crf, none"]),
        (["{clip}", "--expr", "x", "--stride", "0"], ["stride", "1 or more"]),
        (["{clip}", "--expr", "x", "--stride", "two"], ["--stride", "whole number"]),
        (["{clip}", "--expr", "x", "--max-frames", "-3"], ["max_frames"]),
        (["{clip}", "--expr", "x", "--start", "-1"], ["start", "0 or more"]),
        (["{clip}", "--expr", "x", "--start", "nan"], ["start"]),
        (["{clip}", "--expr", "x", "--start", "3", "--end", "2"], ["end", "after start"]),
        (["{clip}", "--expr", "x", "--start", "60"], ["no frame from 60 s on"]),
        (["{clip}", "--expr", "x", "--size", "4"], ["--size", "16"]),
        (["{clip}", "--expr", "x", "--resume", "--overwrite"], ["--resume", "--overwrite"]),
        (["{clip}", "--expr", "x", "--out", "{clip}"], ["is a file"]),
        (["{clip}", "--expr", "x", "--out", "{clip}/deeper"], ["is a file"]),
        (["{clip}", "--expr", "x", "--colour", "red"], ["no such option", "--colour"]),
        (["{clip}", "other.mp4", "--expr", "x"], ["other.mp4", "no such file", "quotes"]),
        (["{clip}", "--expr", "x", "--start", "1:75"], ["1:75", "1:02.5"]),
        (["{clip}", "--expr"], ["--expr", "requires an argument"]),
        (["--expr", "x"], ["SOURCE"]),
        (["", "--expr", "x"], ["no source"]),
        (["missing.mp4", "--expr", "x"], ["missing.mp4", "no such file"]),
        (["gopher://host/a", "--expr", "x"], ["gopher://", "rtsp://"]),
        (["http://127.0.0.1:9/a.mp4", "--expr", "x"], ["127.0.0.1"]),
        (["webcam:77", "--expr", "x"], ["77"]),
    ],
)
def test_bad_input(cli, no_model, tmp_path, clip, arguments, words):
    result = cli(*(a.replace("{clip}", str(clip)) for a in arguments))
    assert_refused(result, *words)
    assert os.listdir(tmp_path) == []


def test_a_gpu_that_is_not_there(cli, no_model, clip, monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    assert_refused(cli(clip, "--expr", "x", "--device", "cuda"), "no CUDA GPU", "--device auto")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("segment:\n  refin: sam\n", ["unknown key 'segment.refin'", "refine"]),
        ("segment:\n  refine: glue\n", ["segment.refine", "glue"]),
        ("segment: [\n", ["not valid YAML"]),
        ("- a\n", ["mapping"]),
    ],
)
def test_presets_with_mistakes(cli, no_model, tmp_path, clip, text, words):
    (tmp_path / "my.yaml").write_text(text)
    assert_refused(cli(clip, "--expr", "x", "--preset", "my.yaml"), "my.yaml", *words)


def test_messages_are_not_wrapped_and_not_read_as_markup(cli, no_model):
    name = "[bold]" + "very long words " * 20 + ".mp4"
    assert name in assert_refused(cli(name, "--expr", "x"))


def test_a_folder_that_is_there_needs_a_word(cli, no_model, tmp_path, clip):
    (tmp_path / "clip_car").mkdir()
    named = cli(clip, "--expr", "x", "--out", "clip_car")
    assert_refused(named, "clip_car", "--resume", "--overwrite", "--out")
    assert os.listdir(tmp_path / "clip_car") == []


def test_overwriting_spares_files_of_others(cli, no_model, tmp_path, clip):
    (tmp_path / "clip_car").mkdir()
    (tmp_path / "clip_car" / "overlay.mp4").write_bytes(b"precious")
    assert_refused(
        cli(clip, "--expr", "x", "--overwrite", "--out", "clip_car"), "overlay.mp4", "no record"
    )
    assert (tmp_path / "clip_car" / "overlay.mp4").read_bytes() == b"precious"


def test_a_folder_that_cannot_be_written(cli, no_model, clip, monkeypatch):
    real = os.access
    locked = str(Path.cwd())
    monkeypatch.setattr(
        os, "access", lambda path, mode, **k: str(path) != locked and real(path, mode, **k)
    )
    assert_refused(cli(clip, "--expr", "x"), "no permission", "--out")


def test_a_full_disk(cli, tmp_path, clip, monkeypatch):
    monkeypatch.setattr(
        run_module, "load_segmenter", lambda plan: (FakeSegmenter(plan.expressions), [])
    )
    real = os.replace

    def replace(source, target):
        if str(target).endswith("00002.png"):
            raise OSError(errno.ENOSPC, "No space left on device")
        real(source, target)

    monkeypatch.setattr(os, "replace", replace)
    assert_refused(cli(clip, "--expr", "x"), "disk is full", "--resume")
    monkeypatch.undo()
    left = sorted(p.name for p in (tmp_path / "clip_car").rglob("*") if p.is_file())
    assert left == ["00000.png", "00001.png", "journal.jsonl", "lock", "run.json"]


def test_out_of_memory(cli, tmp_path, clip, monkeypatch):
    import torch

    def load(plan):
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20 MiB\nmany lines")

    monkeypatch.setattr(run_module, "load_segmenter", load)
    assert_refused(cli(clip, "--expr", "x"), "out of memory", "--size", "--model lite")
    assert os.listdir(tmp_path) == []


def test_no_window_without_a_screen(cli, no_model, tmp_path, clip, monkeypatch):
    monkeypatch.setenv("PYGAME_HIDE_SUPPORT_PROMPT", "1")
    pytest.importorskip("pygame")
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "SDL_VIDEODRIVER"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))  # else SDL itself has remarks
    if sys.platform != "linux":
        pytest.skip("other systems have a screen without DISPLAY")
    assert_refused(cli(clip, "--expr", "x", "--show"), "--show", "screen")
    assert os.listdir(tmp_path) == []


def test_as_a_program(tmp_path):
    """Exit code and standard error of a real process, which has no traceback in it."""
    command = [sys.executable, "-m", "car_video", "nothing.mp4", "--expr", "a dog"]
    environment = os.environ | {"PYTHONPATH": str(Path(car_video.__file__).parents[1])}
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120
    )
    assert_refused((done.returncode, done.stdout, done.stderr), "nothing.mp4", "no such file")


def test_a_pipe_that_is_not_read(tmp_path):
    environment = os.environ | {"PYTHONPATH": str(Path(car_video.__file__).parents[1])}
    process = subprocess.Popen(
        [sys.executable, "-m", "car_video", "models"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    process.stdout.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait(120) in (0, 1)


def test_the_documentation_names_every_option():
    document = (Path(__file__).parents[2] / "docs" / "cli.md").read_text()
    command = typer.main.get_command(app)
    names = [name for option in command.params for name in option.opts if name[:2] == "--"]
    assert len(names) > 15
    for name in names:
        assert name == "--help" or f"`{name}" in document or f"car-video {name}" in document


def test_the_preset_in_the_documentation(tmp_path):
    document = (Path(__file__).parents[2] / "docs" / "cli.md").read_text()
    (tmp_path / "quick.yaml").write_text(document.split("```yaml\n")[1].split("```")[0])
    plan = check(Request("clip.mp4", ("a dog",), preset=str(tmp_path / "quick.yaml"), size=99))
    assert plan.config.segment.refine == "none"
    assert plan.config.segment.proposal.size == 99
