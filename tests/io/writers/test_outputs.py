import errno
import json
import os
import signal
import subprocess
import sys
import textwrap
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from car_video.errors import OutputError
from car_video.io.writers import TARGETS, OutputFolder, Outputs, parse_targets
from car_video.io.writers.overlay import OverlayVideoWriter
from tests.io.writers.media import EXPRESSIONS, frame, info, prediction, probe, tree

EVERYTHING = tuple(TARGETS)
COUNT = 20


def run(path, mode="new", start=0, stop=COUNT, targets=EVERYTHING, **changes):
    """Writes frames, taking from the journal what is there. Returns what was computed."""
    computed = []
    with Outputs(OutputFolder.open(path, info(**changes), mode), targets) as outputs:
        for index in range(start, stop):
            if index in outputs.done:
                found = outputs.done[index]
            else:
                found = prediction(index)
                computed.append(index)
            outputs.write(frame(index), found)
    return computed


def stop(path, error, frames=12):
    """A run that an error ends after some frames."""
    with Outputs(OutputFolder.open(path, info()), EVERYTHING) as outputs:
        for index in range(frames):
            outputs.write(frame(index), prediction(index))
        raise error


def assert_same_results(first, second):
    """Two folders hold the same predictions, masks, sheet and video pictures."""
    assert tree(first) == tree(second)
    for name in tree(first):
        if name.endswith(".mp4"):
            one, two = probe(first / name), probe(second / name)
            assert one.times == two.times
            # not to the bit: where a CPU has AVX-512, x264 does not repeat itself exactly
            assert np.abs(np.subtract(one.pictures, two.pictures, dtype=int)).mean() < 4
        elif name.endswith(".png"):
            with Image.open(first / name) as one, Image.open(second / name) as two:
                np.testing.assert_array_equal(np.asarray(one), np.asarray(two))
        elif name == "predictions.json":
            assert (first / name).read_bytes() == (second / name).read_bytes()


def test_everything_in_one_run(tmp_path):
    out = tmp_path / "out"
    assert run(out) == list(range(COUNT))
    masks = [f"masks/{i:05d}.png" for i in range(COUNT)]
    files = ["cutout.webm", "overlay.mp4", "predictions.json", "sheet.png"]
    kept = [".car-video/digests.json", ".car-video/run.json"]
    assert tree(out) == sorted([*kept, *files, *masks])
    data = json.loads((out / "predictions.json").read_bytes())
    assert [f["index"] for f in data["frames"]] == list(range(COUNT))
    assert data["expressions"] == list(EXPRESSIONS)
    assert len(probe(out / "overlay.mp4").times) == COUNT


@pytest.mark.parametrize("time", [None, float("nan")])
def test_a_frame_without_a_time_is_refused_before_anything_is_written(tmp_path, time):
    out = tmp_path / "out"
    outputs = Outputs(OutputFolder.open(out, info(), "new"), EVERYTHING)
    outputs.write(frame(0), prediction(0))
    with pytest.raises(ValueError, match="frame 1 has no time to be written"):
        outputs.write(replace(frame(1), time=time), replace(prediction(1), time=time))
    outputs.close()
    data = json.loads((out / "predictions.json").read_bytes())
    assert [entry["index"] for entry in data["frames"]] == [0]
    assert len(probe(out / "overlay.mp4").times) == 1


@pytest.mark.parametrize("target", EVERYTHING)
def test_each_target_alone(tmp_path, target):
    folder = OutputFolder.open(tmp_path / "out", info())
    outputs = Outputs(folder, (target,))
    for index in range(3):
        outputs.write(frame(index), prediction(index))
    paths = outputs.close()
    assert paths == outputs.paths()
    assert len(paths) == 1
    assert paths[0].exists()
    inside = {p.relative_to(tmp_path / "out").parts[0] for p in (tmp_path / "out").iterdir()}
    assert inside == {paths[0].name, ".car-video"}
    assert outputs.notices() == []


def test_pictures_give_cutouts_as_png(tmp_path):
    run(tmp_path / "out", stop=2, targets=("cutout",), still=True)
    assert tree(tmp_path / "out")[2:] == ["cutout/00000.png", "cutout/00001.png"]


def test_ctrl_c_keeps_what_is_done_and_resume_goes_on(tmp_path):
    straight, stopped = tmp_path / "straight", tmp_path / "stopped"
    run(straight)
    with pytest.raises(KeyboardInterrupt):
        stop(stopped, KeyboardInterrupt)
    assert len(probe(stopped / "overlay.mp4").times) == 12  # can be looked at
    assert len(json.loads((stopped / "predictions.json").read_bytes())["frames"]) == 12
    assert run(stopped, "resume") == list(range(12, COUNT))
    assert_same_results(straight, stopped)


def test_an_error_keeps_what_is_done_and_resume_goes_on(tmp_path):
    straight, stopped = tmp_path / "straight", tmp_path / "stopped"
    run(straight)
    with pytest.raises(ZeroDivisionError):
        stop(stopped, ZeroDivisionError)
    kept = [".car-video/journal.jsonl", ".car-video/run.json"]
    assert tree(stopped) == kept + [f"masks/{i:05d}.png" for i in range(12)]
    assert run(stopped, "resume") == list(range(12, COUNT))
    assert_same_results(straight, stopped)


def test_a_killed_process_can_be_resumed(tmp_path):
    straight, killed = tmp_path / "straight", tmp_path / "killed"
    run(straight)
    script = """
        import os, signal, sys
        from pathlib import Path
        from car_video.io.writers import OutputFolder, Outputs, TARGETS
        from tests.io.writers.media import frame, info, prediction
        outputs = Outputs(OutputFolder.open(Path(sys.argv[1]), info()), tuple(TARGETS))
        for index in range(17):
            outputs.write(frame(index), prediction(index))
        os.kill(os.getpid(), signal.SIGKILL)
    """
    root = Path(__file__).parents[3]
    command = [sys.executable, "-c", textwrap.dedent(script), str(killed)]
    ended = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    if hasattr(signal, "SIGKILL"):
        assert ended.returncode == -signal.SIGKILL, ended.stderr
    with (killed / ".car-video" / "journal.jsonl").open("ab") as journal:
        journal.write(b'{"index": 17, "time": 0.68, "obj')  # killed while writing a line
    assert run(killed, "resume") == list(range(17, COUNT))
    assert_same_results(straight, killed)


def test_resume_of_a_complete_run_computes_nothing_and_can_add_targets(tmp_path):
    straight, later = tmp_path / "straight", tmp_path / "later"
    run(straight)
    run(later, targets=("json",))
    assert run(later, "resume") == []
    assert_same_results(straight, later)


def test_frames_filled_in_before_others_come_out_in_order(tmp_path):
    run(tmp_path / "out", start=10)
    assert run(tmp_path / "out", "resume") == list(range(10))
    data = json.loads((tmp_path / "out" / "predictions.json").read_bytes())
    assert [f["index"] for f in data["frames"]] == list(range(COUNT))


def test_overwrite_starts_over(tmp_path):
    run(tmp_path / "out")
    assert run(tmp_path / "out", "overwrite", stop=3) == [0, 1, 2]
    assert len([n for n in tree(tmp_path / "out") if n.startswith("masks")]) == 3


def test_a_failure_before_the_first_frame_leaves_nothing(tmp_path):
    many = tuple(f"thing {i}" for i in range(256))
    with pytest.raises(OutputError, match="255 expressions"):
        run(tmp_path / "out", expressions=many)
    with pytest.raises(RuntimeError):
        stop(tmp_path / "out", RuntimeError, frames=0)
    with pytest.raises(KeyboardInterrupt):
        stop(tmp_path / "out", KeyboardInterrupt, frames=0)
    assert list(tmp_path.iterdir()) == []


def no_space(*_args, **_kwargs):
    raise OSError(errno.ENOSPC, "No space left on device")


class FullFile:
    write = no_space

    def close(self):
        pass


def fill_up(place, monkeypatch, folder, outputs):
    """From now on writing to this place finds no space."""
    if place == "masks":
        monkeypatch.setattr(Path, "write_bytes", no_space)
    elif place == "journal":
        monkeypatch.setattr(folder._journal, "_file", FullFile())
    else:
        overlay = next(s for s in outputs._writers if isinstance(s, OverlayVideoWriter))
        monkeypatch.setattr(overlay._encoder, "_mux", no_space)


@pytest.mark.parametrize("place", ["masks", "journal", "overlay"])
def test_a_full_disk_keeps_what_is_finished(tmp_path, monkeypatch, place):
    out = tmp_path / "out"

    def write():
        folder = OutputFolder.open(out, info())
        with Outputs(folder, EVERYTHING) as outputs:
            for index in range(COUNT):
                if index == 10:
                    fill_up(place, monkeypatch, folder, outputs)
                outputs.write(frame(index), prediction(index))

    with pytest.raises(OutputError, match=r"disk is full.*--resume") as caught:
        write()
    assert "\n" not in str(caught.value)
    monkeypatch.undo()
    assert not [n for n in tree(out) if n.endswith(".part")]
    assert "overlay.mp4" not in tree(out)
    assert run(out, "resume") == list(range(10, COUNT))
    run(tmp_path / "straight")
    assert_same_results(tmp_path / "straight", out)


def test_a_disk_that_is_really_full(tmp_path):
    mount = tmp_path / "disk"
    mount.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=600k", "tmpfs", str(mount)]
    try:
        subprocess.run(command, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("mounting a small disk needs root")
    noise, everywhere = np.random.default_rng(0).random((60, 2, 48, 64)) > 0.5, np.ones(2, bool)

    def attempt(mode):
        with Outputs(OutputFolder.open(mount / "out", info(), mode), EVERYTHING) as outputs:
            for index, masks in enumerate(noise):
                found = prediction(index)
                outputs.write(frame(index), replace(found, masks=masks, present=everywhere))

    try:
        with pytest.raises(OutputError, match="disk is full"):
            attempt("new")
        names = tree(mount / "out")
        done = len(OutputFolder.open(mount / "out", info(), "resume").done)
        assert done > 5
        assert len([n for n in names if n.startswith("masks/0")]) >= done
        assert not [n for n in names if n.endswith(".part")]
        grow = ["mount", "-o", "remount,size=20m", str(mount)]
        subprocess.run(grow, check=True, capture_output=True)
        attempt("resume")
        assert len(probe(mount / "out" / "overlay.mp4").times) == 60
    finally:
        subprocess.run(["umount", str(mount)], check=True)


def test_closing_on_a_full_disk_keeps_the_journal(tmp_path, monkeypatch):
    out = tmp_path / "out"
    real = os.replace

    def fail(source, target):
        if str(target).endswith("overlay.mp4"):
            raise OSError(errno.ENOSPC, "No space left on device")
        real(source, target)

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(OutputError, match="disk is full"):
        run(out)
    monkeypatch.undo()
    assert (out / ".car-video" / "journal.jsonl").exists()
    assert run(out, "resume") == []
    assert len(probe(out / "overlay.mp4").times) == COUNT


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("overlay,masks,json", ("overlay", "masks", "json")),
        (" Sheet , sheet,", ("sheet",)),
    ],
)
def test_parse_targets(text, names):
    assert parse_targets(text) == names


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("overlay,gif", "cannot save 'gif'; choose from cutout, json"),
        (" , ", "nothing to save"),
    ],
)
def test_parse_targets_refuses(text, message):
    with pytest.raises(OutputError, match=message):
        parse_targets(text)
