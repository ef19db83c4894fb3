"""``--out -``: the overlay into another program."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import av
import numpy as np
import pytest

from car_video.io.writers.drawing import draw_overlay
from car_video.io.writers.pipe import PipeOutputs
from tests.cli.fakes import ASKED, COUNT
from tests.io.readers.media import numbered, write_video
from tests.io.writers.media import frame, prediction


def decoded(data: bytes) -> list[tuple[float, np.ndarray]]:
    with av.open(io.BytesIO(data)) as container:
        return [
            (float(f.time), f.to_ndarray(format="rgb24")) for f in container.decode(video=0)
        ]


def test_pictures_and_times_go_through() -> None:
    stream = io.BytesIO()
    outputs = PipeOutputs(stream)
    sent = []
    for index, size in ((0, (48, 64)), (1, (48, 64)), (7, (96, 128))):
        given, found = frame(index, *size), prediction(index, *size)
        before = len(stream.getvalue())
        outputs.write(given, found)
        assert len(stream.getvalue()) - before >= 48 * 64 * 3 // 2, "sent at once"
        sent.append((given.time, draw_overlay(given.image, found)))
    assert outputs.close() == outputs.paths() == []
    got = decoded(stream.getvalue())
    assert [time for time, _ in got] == pytest.approx(
        [t - sent[0][0] for t, _ in sent], abs=1e-3
    )
    for (_, image), (_, picture) in zip(got[:2], sent[:2], strict=True):
        assert np.abs(image.astype(int) - picture).mean() < 6  # colour at half the resolution
    assert got[2][1].shape == (48, 64, 3)


def test_odd_sizes_and_no_frames() -> None:
    stream = io.BytesIO()
    PipeOutputs(stream).close()
    assert stream.getvalue() == b""
    outputs = PipeOutputs(stream)
    outputs.write(frame(0, 47, 63), prediction(0, 47, 63))
    outputs.close()
    assert decoded(stream.getvalue())[0][1].shape == (48, 64, 3)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--resume"], "--out - keeps nothing"),
        (["--overwrite"], "--out - keeps nothing"),
        (["--save", "json"], "the overlay only"),
    ],
)
def test_what_a_pipe_cannot_do(cli, clip, options, said):
    code, out, err = cli(clip, *ASKED, "--out", "-", *options)
    assert (code, out) == (2, "")
    assert said in err
    assert os.listdir() == []


def start(folder: Path, count: int, *options: str) -> subprocess.Popen[bytes]:
    write_video(folder / "clip.mp4", [numbered(n % 256) for n in range(count)])
    return subprocess.Popen(
        [sys.executable, "-m", "tests.cli.fakes", "clip.mp4", *ASKED, "--out", "-", *options],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="lines of a pipe read otherwise there")
def test_a_whole_run_from_a_pipe_into_a_pipe(tmp_path):
    process = start(tmp_path, COUNT, "--interactive")
    data, err = process.communicate(b"?\n+ a cup\n", timeout=100)
    assert process.returncode == 0, err
    assert len(decoded(data)) == COUNT
    assert b"  1  a dog" in err, "the list that was asked for"
    assert f"{COUNT} frames in".encode() in err
    assert sorted(os.listdir(tmp_path)) == ["clip.mp4"]


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="a closed pipe reads otherwise there")
def test_the_run_ends_with_its_reader(tmp_path):
    process = start(tmp_path, 200)
    assert process.stdout is not None
    assert process.stderr is not None
    assert process.stdout.read(3) == b"nut"
    process.stdout.close()
    err = process.stderr.read()
    assert process.wait(timeout=100) == 0, err
    assert err.endswith(b"ended\n")
    assert b"not found" not in err
    assert b"Traceback" not in err
