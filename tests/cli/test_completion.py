"""What the shell is offered after the tabulator key."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from car_video.cli.app import app
from car_video.cli.completion import SCRIPTS, VARIABLE, candidates


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["con"], ["convert"]),
        (["clip.mp4", "--ref"], ["--refine"]),
        (["clip.mp4", "--refine", ""], ["crf", "none", "sam"]),
        (["clip.mp4", "--refine", "c"], ["crf"]),
        (["clip.mp4", "--device", ""], ["auto", "cpu", "cuda", "mps"]),
        (["clip.mp4", "--expr", "a"], []),
        (["clip.mp4", "--quiet", "--verb"], ["--verbose"]),
        (["convert", "out", "--to", "you"], ["youtube-vis"]),
        (["explain", "clip.mp4", "--al"], ["--alone"]),
        (["clip.mp4", "--al"], []),
        ([""], []),
        ([], []),
    ],
)
def test_what_may_follow(words, found) -> None:
    assert candidates(words, app) == found


def test_models_and_presets_are_those_that_there_are() -> None:
    assert "lite" in candidates(["a.mp4", "--model", ""], app)
    assert "fast" in candidates(["a.mp4", "--preset", ""], app)
    assert candidates(["a.mp4", "--preset", "fas"], app) == ["fast"]


def test_the_program_answers_the_shell(cli, monkeypatch) -> None:
    monkeypatch.setenv(VARIABLE, "1")
    assert cli("clip.mp4", "--presents", "--pres") == (0, "--preset\n", "")
    assert cli("clip.mp4", "--expr", "") == (0, "", "")


def test_scripts_are_printed_and_read_by_their_shells(cli) -> None:
    for shell, script in SCRIPTS.items():
        assert cli("completion", shell) == (0, script, "")
        if shutil.which(shell):
            subprocess.run([shell, "-n"], input=script, text=True, check=True)
    code, out, err = cli("completion", "tcsh")
    assert (code, out) == (2, "")
    assert "bash|zsh|fish" in err


def test_bash_asks_with_the_words_so_far(tmp_path) -> None:
    if not shutil.which("bash"):
        pytest.skip("no bash on this machine")
    asked = tmp_path / "car-video"
    asked.write_text('#!/bin/sh\nprintf "%s\\n" "$#" "$@"\n')
    asked.chmod(0o755)
    lines = f"""{SCRIPTS["bash"]}
    COMP_WORDS=(car-video "a clip.mp4" --ex) COMP_CWORD=2
    PATH={tmp_path}:$PATH
    _car_video
    printf "%s\\n" "${{COMPREPLY[@]}}"
    """
    done = subprocess.run(["bash", "-c", lines], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["2", "a clip.mp4", "--ex"]


def test_fish_offers_values_alone_and_files_where_there_are_none(tmp_path) -> None:
    if not shutil.which("fish"):
        pytest.skip("no fish on this machine")
    asked = tmp_path / "car-video"
    asked.write_text('#!/bin/sh\n[ "$2" = --refine ] && [ "$#" = 3 ] && echo crf\n', "utf-8")
    asked.chmod(0o755)
    (tmp_path / "car.mp4").touch()

    def offered(line: str) -> list[str]:
        words = f"set PATH {tmp_path} $PATH; {SCRIPTS['fish']}\ncomplete -C'{line}'"
        command = ["fish", "--no-config", "-c", words]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
        return done.stdout.splitlines()

    assert offered("car-video a.mp4 --refine ") == ["crf"]
    assert "car.mp4" in offered("car-video car")
