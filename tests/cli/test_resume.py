"""Runs that were stopped and go on: the same bytes as if they had not been."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import av
import numpy as np
import pytest

from car_video.cli import resume
from car_video.cli import run as run_module
from car_video.cli.request import Request, check
from car_video.config import SegmentConfig
from car_video.io.readers import LiveReader, Selection
from car_video.types import Frame
from car_video.video.segmenter import VideoSegmenter
from tests.cli.fakes import indices
from tests.io.readers.media import write_video
from tests.segment.colour_model import PLAIN, ColourModel

COUNT = 10
ASKED = ("--expr", "a red ball", "--expr", "a green frog", "--save", "masks,json")
STATE = Path("clip_car/.car-video/state.safetensors")


class KilledError(Exception):
    """In place of a kill: nothing is tidied up but what the operating system would."""


@dataclass
class Models:
    """Loads real segmenters whose frames are counted.

    Attributes:
        before: called with each frame first.
        seen: indices of the frames that the last one was shown.
    """

    model: object
    segment: SegmentConfig | None = None
    before: Callable[[Frame], object] | None = None
    seen: list[int] = field(default_factory=list)

    def __call__(self, plan):
        config = self.segment or plan.config.segment
        segmenter = VideoSegmenter(self.model, plan.expressions, config, plan.config.video)
        real, self.seen = segmenter.begin_frame, []

        def begin_frame(frame, colours):
            if self.before is not None:
                self.before(frame)
            self.seen.append(frame.index)
            return real(frame, colours)

        segmenter.begin_frame = begin_frame
        return segmenter, []

    def stop(self, index: int, how: str) -> None:
        def before(frame):
            if frame.index == index and how == "kill":
                raise KilledError
            if frame.index == index:
                os.kill(os.getpid(), signal.SIGINT)

        self.before = before


def picture(number: int) -> np.ndarray:
    """A red square that moves, a green one that comes and goes; a cut before the seventh."""
    image = np.random.default_rng(0).integers(90, 130, (72, 96, 3)).astype(np.uint8)
    if number >= 6:
        image[:, :, 2] = 250
    image[20:44, 8 * number : 8 * number + 24] = (220, 20, 20)
    if number % 4 != 3:
        image[46:62, 60:84] = (20, 200, 20)
    return image


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    folder = tmp_path_factory.mktemp("clips")
    return write_video(folder / "clip.mp4", [picture(n) for n in range(COUNT)])


@pytest.fixture(scope="module")
def short_clip(tmp_path_factory):
    """Two windows of three frames."""
    folder = tmp_path_factory.mktemp("clips")
    return write_video(folder / "clip.mp4", [picture(n) for n in range(6)])


@pytest.fixture
def colours(monkeypatch):
    made = Models(ColourModel(), PLAIN)
    monkeypatch.setattr(run_module, "load_segmenter", made)
    return made


@pytest.fixture
def lite(monkeypatch, tmp_path, lite_default):
    """The bundled model with small inputs; windows of three frames."""
    (tmp_path / "small.yaml").write_text(
        "segment: {presence_threshold: 0.05, proposal: {size: 96}, sam: {side: 128}}\n"
        "video: {offline: {window: 3}, tracks: {count: 2}}\n"
    )
    made = Models(lite_default)
    monkeypatch.setattr(run_module, "load_segmenter", made)
    return made


def files(folder: str) -> dict[str, bytes]:
    found = (p for p in Path(folder).rglob("*") if p.is_file() and ".car-video" not in p.parts)
    return {str(p.relative_to(folder)): p.read_bytes() for p in found}


def stop_and_resume(run, models, clip, index, how, options=(), count=COUNT) -> None:
    """A run stopped at a frame and gone on with, against one that was not."""
    arguments = (clip, *ASKED, *options)
    models.stop(index, how)
    if how == "kill":
        with pytest.raises(KilledError):
            run_module.execute(check(run.request(arguments)), run.display)
    else:
        assert run.cli(*arguments)[0] == 130
    models.before = None
    assert run.cli(*arguments, "--resume")[0] == 0
    resumed = list(models.seen)
    assert not STATE.exists()
    assert files("clip_car") == run.straight(*arguments, count=count)
    models.seen = resumed


@dataclass
class Runner:
    """Runs car-video.

    Attributes:
        kept: files of the runs that were not stopped, by their arguments.
    """

    cli: Callable
    display: run_module.Display
    kept: dict[tuple, dict[str, bytes]]

    def straight(self, *arguments, count=COUNT) -> dict[str, bytes]:
        """Files of the same run without a stop, which is made once for all tests."""
        if arguments not in self.kept:
            assert self.cli(*arguments, "--out", "straight")[0] == 0
            assert indices(Path("straight")) == list(range(count))
            self.kept[arguments] = files("straight")
        return self.kept[arguments]

    def request(self, arguments) -> Request:
        values = dict(zip(arguments[1::2], arguments[2::2], strict=True))
        return Request(
            source=str(arguments[0]),
            expressions=("a red ball", "a green frog"),
            save=values["--save"],
            preset=values.get("--preset", "default"),
            mode=values.get("--mode"),
        )


@pytest.fixture(scope="module")
def kept():
    return {}


@pytest.fixture
def run(cli, kept):
    return Runner(cli, run_module.Display(quiet=True), kept)


@pytest.mark.parametrize(
    ("how", "index"),
    [
        *(("interrupt", n) for n in (1, 6, 9)),
        ("kill", 6),
        *(pytest.param("interrupt", n, marks=pytest.mark.slow) for n in (3, 7)),
        *(pytest.param("kill", n, marks=pytest.mark.slow) for n in (1, 9)),
    ],
)
def test_online_goes_on(run, colours, clip, index, how):
    stop_and_resume(run, colours, clip, index, how)
    assert colours.seen == list(range(index if how == "interrupt" else 0, COUNT))


@pytest.mark.parametrize("mode", ["online", "offline"])
def test_a_killed_run_uses_its_last_state(run, colours, clip, monkeypatch, mode):
    monkeypatch.setattr(resume, "SAVE_EVERY", 0.0)
    stop_and_resume(run, colours, clip, 7, "kill", ("--mode", mode))
    assert colours.seen == [7, 8, 9]


def test_frames_after_the_state_are_shown_again(run, colours, clip, monkeypatch):
    """Two stops: the state is of the first, the journal goes on to the second."""
    colours.stop(3, "interrupt")
    assert run.cli(clip, *ASKED)[0] == 130
    assert STATE.exists()
    colours.stop(6, "kill")
    with pytest.raises(KilledError):
        run_module.execute(
            check(
                Request(
                    str(clip), ("a red ball", "a green frog"), save="masks,json", resume=True
                )
            ),
            run.display,
        )
    colours.before = None
    assert run.cli(clip, *ASKED, "--resume")[0] == 0
    assert colours.seen == list(range(3, COUNT))
    assert files("clip_car") == run.straight(clip, *ASKED)


def test_nothing_is_shown_again_where_nothing_is_new(run, colours, clip):
    assert run.cli(clip, *ASKED)[0] == 0
    assert run.cli(clip, *ASKED, "--resume")[0] == 0
    assert colours.seen == []


def test_a_finished_run_is_extended_with_its_past(run, colours, clip):
    assert run.cli(clip, *ASKED, "--max-frames", 4)[0] == 0
    assert run.cli(clip, *ASKED, "--resume", "--max-frames", COUNT)[0] == 0
    assert colours.seen == list(range(COUNT))
    assert files("clip_car") == run.straight(clip, *ASKED)


@pytest.mark.parametrize("change", ["damaged", "missing", "of a frame to come"])
def test_without_a_state_the_past_is_shown_again(run, colours, clip, change):
    colours.stop(5, "interrupt")
    run.cli(clip, *ASKED)
    if change == "damaged":
        STATE.write_bytes(STATE.read_bytes()[:-1])
    elif change == "missing":
        STATE.unlink()
    else:
        STATE.write_bytes(STATE.read_bytes().replace(b'"frame":"4"', b'"frame":"8"'))
    colours.before = None
    code, out, _ = run.cli(clip, *ASKED, "--resume")
    assert code == 0
    assert colours.seen == list(range(COUNT))
    assert ("note: the stored state is" in out) == (change != "missing")
    assert files("clip_car") == run.straight(clip, *ASKED)


def test_per_frame_shows_nothing_again(run, colours, clip):
    calls = []
    real = ColourModel.encode_image
    colours.model.encode_image = lambda pixels: (
        calls.append(len(pixels)) or real(colours.model, pixels)
    )
    options = (*ASKED, "--mode", "per-frame")
    run.cli(clip, *options, "--max-frames", 4)
    assert len(calls) == 4
    run.cli(clip, *options, "--resume", "--max-frames", COUNT)
    assert len(calls) == COUNT
    run.cli(clip, *options, "--out", "straight")
    assert files("clip_car") == files("straight")


@pytest.mark.slow  # tests/video/state has it without the command line
@pytest.mark.parametrize(
    ("mode", "index", "how"),
    [("online", 4, "interrupt"), ("offline", 4, "kill"), ("offline", 5, "interrupt")],
)
def test_tracks_go_on(run, lite, short_clip, monkeypatch, mode, index, how):
    """Offline: windows end after frames 2 and 5."""
    monkeypatch.setattr(resume, "SAVE_EVERY", 0.0)
    options = ("--preset", "small.yaml", "--mode", mode)
    stop_and_resume(run, lite, short_clip, index, how, options, 6)
    assert lite.seen[0] == {"online": 4, "offline": index // 3 * 3}[mode]


def test_offline_does_not_follow_a_camera(run, colours, clip, monkeypatch):
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
    code, _, err = run.cli("webcam:0", *ASKED, "--mode", "offline")
    assert (code, err.count("\n")) == (2, 1)
    assert "use --mode online" in err
    assert run.cli("webcam:0", *ASKED)[0] == 0
    assert not list(Path("webcam_0_car").rglob("state*"))


def test_a_mode_that_is_none(run, colours, clip):
    code, _, err = run.cli(clip, *ASKED, "--mode", "sideways")
    assert (code, err.count("\n")) == (2, 1)
    assert "online, offline, per-frame" in err
