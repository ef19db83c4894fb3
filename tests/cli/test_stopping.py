"""Ctrl-C, live sources and the window: runs that end by hand."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import av
import pytest

from car_video.cli import run as run_module
from car_video.io.readers import LiveReader, Selection, StreamOptions
from car_video.io.writers import Outputs
from tests.cli.fakes import ASKED, COUNT, indices, visible
from tests.io.readers.media import numbered, write_video


def interrupt_at(index):
    def before(frame):
        if frame.index == index:
            os.kill(os.getpid(), signal.SIGINT)

    return before


def test_ctrl_c_keeps_what_is_done(cli, clip, loader):
    loader.before = interrupt_at(4)
    code, out, err = cli(clip, *ASKED)
    assert code == 130
    assert err == "interrupted; what is done is kept, go on with --resume\n"
    assert out.startswith("4 frames in ")
    assert visible(Path("clip_car")) == ["masks", "overlay.mp4", "predictions.json"]
    assert indices(Path("clip_car")) == [0, 1, 2, 3]
    loader.before = None
    assert cli(clip, *ASKED, "--resume")[0] == 0
    assert loader.made[-1].seen == list(range(4, COUNT))
    cli(clip, *ASKED, "--out", "straight")
    resumed, straight = (Path(f) / "predictions.json" for f in ("clip_car", "straight"))
    assert resumed.read_bytes() == straight.read_bytes()


def test_ctrl_c_before_the_first_frame_leaves_nothing(cli, clip, loader):
    loader.before = interrupt_at(0)
    code, _, err = cli(clip, *ASKED)
    assert (code, err) == (130, "interrupted; nothing was done\n")
    assert os.listdir() == []


def test_ctrl_c_while_the_model_loads(cli, clip, monkeypatch):
    def load(plan):
        os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(run_module, "load_segmenter", load)
    assert cli(clip, *ASKED) == (130, "", "interrupted\n")
    assert os.listdir() == []


def test_ctrl_c_while_the_files_are_finished(cli, clip, monkeypatch):
    real = Outputs.close

    def close(self, complete=True):
        os.kill(os.getpid(), signal.SIGINT)
        return real(self, complete)

    monkeypatch.setattr(Outputs, "close", close)
    code, _, err = cli(clip, *ASKED)
    assert (code, err) == (0, "")
    assert indices(Path("clip_car")) == list(range(COUNT))


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="no SIGINT for other processes there")
def test_ctrl_c_in_a_real_process_then_resume(cli, tmp_path):
    clip = write_video(tmp_path / "long.mp4", [numbered(n % 256) for n in range(60)])
    repository = str(Path(__file__).parents[2])
    arguments = ["long.mp4", *ASKED, "--save", "json,masks"]
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.cli.fakes", *arguments],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": repository},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    third = tmp_path / "long_car" / "masks" / "00002.png"
    deadline = time.monotonic() + 100
    while not third.exists() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=100)
    assert process.returncode == 130
    assert err == "interrupted; what is done is kept, go on with --resume\n"
    done = indices(tmp_path / "long_car")
    assert done == list(range(len(done)))
    assert 3 <= len(done) < 60
    assert len(visible(tmp_path / "long_car" / "masks")) == len(done)
    assert cli(*arguments, "--resume")[0] == 0
    assert cli(*arguments, "--out", "straight")[0] == 0
    resumed, straight = (tmp_path / f / "predictions.json" for f in ("long_car", "straight"))
    assert resumed.read_bytes() == straight.read_bytes()
    assert clip.exists()


@pytest.fixture
def camera(clip, monkeypatch):
    """``webcam:0`` is a camera that shows the clip and goes away."""
    monkeypatch.setattr(
        "car_video.io.readers.read_frames",
        lambda source, decoder, **selection: LiveReader(
            source,
            partial(av.open, str(clip)),
            Selection(**selection),
            kind="camera",
            ends=True,
        ),
    )


def test_live_sources_run_until_they_end(cli, camera):
    code, out, _ = cli("webcam:0", *ASKED)
    assert code == 0
    assert "note: webcam:0: the end;" in out
    assert visible(Path("webcam_0_car")) == ["masks", "overlay.mp4", "predictions.json"]


def test_ctrl_c_is_the_regular_end_of_a_live_source(cli, camera, loader):
    shown = []

    def before(frame):
        shown.append(frame.index)
        if len(shown) == 3:
            os.kill(os.getpid(), signal.SIGINT)

    loader.before = before
    code, _, err = cli("webcam:0", *ASKED, "--out", "live")
    assert (code, err) == (0, "")
    assert indices(Path("live")) == shown[:2]
    assert not (Path("live") / ".car-video" / "journal.jsonl").exists()


def test_frames_that_were_dropped_are_counted(cli, clip, loader, monkeypatch):
    """The camera has shown everything before the first frame is done."""
    readers = []

    def read(source, decoder, **selection):
        options = StreamOptions(queue=2, reconnects=0)
        opener = partial(av.open, str(clip))
        readers.append(LiveReader(source, opener, Selection(**selection), options, "camera"))
        return readers[0]

    def before(frame):
        deadline = time.monotonic() + 20
        while readers[0].dropped < COUNT - 3:
            assert time.monotonic() < deadline
            time.sleep(0.005)

    monkeypatch.setattr("car_video.io.readers.read_frames", read)
    loader.before = before
    code, out, _ = cli("webcam:0", *ASKED, "--out", "ended")
    assert code == 0
    done = indices(Path("ended"))
    assert done[-2:] == [COUNT - 2, COUNT - 1], "the newest are worked on"
    assert f"note: {COUNT - len(done)} frames dropped to keep up" in out
    readers.clear()
    code, out, _ = cli("webcam:0", *ASKED, "--out", "cut", "--max-frames", 1)
    assert code == 0
    assert "note: " in out
    assert "frames dropped to keep up" in out, "also where the stream goes on"


def test_live_sources_are_not_resumed(cli, camera, loader):
    code, out, err = cli("webcam:0", *ASKED, "--resume")
    assert (code, out) == (2, "")
    assert "live" in err
    assert loader.made == []
    assert os.listdir() == []


@pytest.fixture
def pygame(monkeypatch):
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    monkeypatch.setenv("PYGAME_HIDE_SUPPORT_PROMPT", "1")
    module = pytest.importorskip("pygame")
    yield module
    module.display.quit()


def test_q_in_the_window_ends_the_run(cli, clip, pygame, loader):
    def before(frame):
        if frame.index == 5:
            pygame.event.post(pygame.event.Event(pygame.KEYDOWN, key=pygame.K_q))

    loader.before = before
    code, _, err = cli(clip, *ASKED, "--show")
    assert (code, err) == (0, "stopped; what is done is kept, go on with --resume\n")
    assert indices(Path("clip_car")) == list(range(6))
    assert not pygame.display.get_init()
    assert cli(clip, *ASKED, "--show", "--resume")[0] == 0
    assert indices(Path("clip_car")) == list(range(COUNT))
