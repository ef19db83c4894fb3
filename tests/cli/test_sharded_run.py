"""``--engine ray``: the same files as without, whichever worker computes what, and when.

Most tests have the tasks done in this process, last one first, with what travels pickled.
"""

from __future__ import annotations

import json
import pickle
import sys
from pathlib import Path

import numpy as np
import pytest

from car_video import cluster
from car_video.cli import run as run_module
from car_video.cli import sharded_batch, sharded_run
from car_video.cli.opening import load_segmenter
from car_video.errors import CarVideoError, ModelError
from car_video.video.scheduling import scenes
from tests.cli import colour_squares
from tests.cli.colour_squares import COUNT, DEATHS, STARTS, picture
from tests.cli.fakes import indices
from tests.io.readers.media import write_video

ASKED = ("--expr", "a red ball", "--expr", "a green frog", "--save", "masks,json")
RAY = ("--engine", "ray")


@pytest.fixture(scope="module")
def clips(tmp_path_factory):
    folder = tmp_path_factory.mktemp("clips")
    write_video(folder / "one.mp4", [picture(n) for n in range(COUNT)])
    write_video(folder / "two.mp4", [picture(n) for n in range(2, 8)])
    return folder


@pytest.fixture
def clip(clips):
    return clips / "one.mp4"


@pytest.fixture
def squares(monkeypatch):
    """The segmenter of all runs; every scene is a part."""
    monkeypatch.setattr(run_module, "load_segmenter", colour_squares.load)
    monkeypatch.setattr(scenes, "LEAST", 1)


@pytest.fixture
def tasks(monkeypatch, squares):
    """In place of a cluster; gives the tasks that were done."""
    seen: list = []

    def run_on_cluster(make_worker, given, asked, lost):
        seen.extend(pickle.loads(pickle.dumps(list(given))))
        worker = pickle.loads(pickle.dumps(make_worker))() if seen else None
        for task in reversed(seen):
            try:
                result = worker(task)
            except CarVideoError as error:
                result = error
            yield task, pickle.loads(pickle.dumps(result))

    for module in (sharded_run, sharded_batch):
        monkeypatch.setattr(module, "run_on_cluster", run_on_cluster)
    monkeypatch.setattr(cluster, "need_ray", lambda: None)
    return seen


@pytest.fixture(scope="module")
def known():
    """Files of runs without an engine, by options."""
    return {}


@pytest.fixture
def alone(cli, clip, squares, known):
    """Gives the files of a run without an engine; the same run is made once."""

    def run(*options):
        if options not in known:
            assert cli(clip, *ASKED, *options, "--out", "here")[0] == 0
            known[options] = files("here")
        return known[options]

    return run


def files(folder: str) -> dict[str, bytes]:
    found = (p for p in Path(folder).rglob("*") if p.is_file() and ".car-video" not in p.parts)
    return {str(p.relative_to(folder)): p.read_bytes() for p in found}


@pytest.mark.parametrize(
    ("options", "starts"),
    [
        ((), STARTS),
        (("--mode", "offline"), STARTS),
        (("--mode", "per-frame"), range(COUNT)),
        pytest.param(("--refine", "none"), STARTS, marks=pytest.mark.slow),
        pytest.param(("--preset", "fast"), STARTS, marks=pytest.mark.slow),
        (("--stride", "2", "--start", "0.1", "--end", "1.2"), (1, 5, 9)),
    ],
    ids=["online", "offline", "per-frame", "maps", "fast", "stride"],
)
def test_files_are_those_of_one_machine(cli, clip, alone, tasks, options, starts):
    expected = alone(*options)
    code, out, err = cli(clip, *ASKED, *options, *RAY, "--out", "there")
    assert (code, err) == (0, "")
    assert [task.indices[0] for task in tasks] == list(starts)
    assert files("there") == expected
    assert any(name.startswith("masks") for name in expected)
    assert out.startswith(f"{len(indices(Path('there')))} frames in ")


def test_squares_are_followed(cli, clip, tasks):
    """What is compared above is not empty."""
    assert cli(clip, *ASKED, *RAY, "--out", "there")[0] == 0
    frames = json.loads(Path("there/predictions.json").read_text())["frames"]
    assert np.mean([frame["objects"][0]["present"] for frame in frames]) == 1
    assert 0 < np.mean([frame["objects"][1]["present"] for frame in frames]) < 1


def test_what_is_done_is_not_computed_again(cli, clip, alone, tasks):
    assert cli(clip, *ASKED, "--out", "there", "--max-frames", 6)[0] == 0
    code, out, _ = cli(clip, *ASKED, *RAY, "--out", "there", "--resume", "--max-frames", COUNT)
    assert code == 0
    assert [task.indices[0] for task in tasks] == [4, 9]
    assert out.startswith("13 frames, 6 from an earlier run in ")
    assert files("there") == alone()


def test_parts_that_came_are_kept_when_one_fails(cli, clip, alone, tasks, monkeypatch):
    """The last scene comes first, the one before it fails."""
    real = sharded_run.SceneWorker.__call__

    def fails(worker, part):
        if part.indices[0] == 4:
            raise ModelError("no memory for it")
        return real(worker, part)

    with monkeypatch.context() as patch:
        patch.setattr(sharded_run.SceneWorker, "__call__", fails)
        assert cli(clip, *ASKED, *RAY)[0] == 2
    code, out, _ = cli(clip, *ASKED, "--out", "one_car", "--resume")
    assert code == 0
    assert out.startswith("13 frames, 4 from an earlier run in ")
    assert files("one_car") == alone()


def test_ctrl_c_keeps_what_is_done(cli, clip, tasks, monkeypatch):
    def stop(worker, part):
        raise KeyboardInterrupt

    monkeypatch.setattr(sharded_run.SceneWorker, "__call__", stop)
    code, _, err = cli(clip, *ASKED, *RAY)
    assert (code, err) == (130, "interrupted; nothing was done\n")
    assert not Path("one_car").exists()


def test_frames_with_other_numbers_are_refused(cli, clip, tasks, monkeypatch):
    monkeypatch.setattr(
        scenes, "scene_parts", lambda frames, config, least: [scenes.ScenePart(0.3, (4, 5))]
    )
    code, _, err = cli(clip, *ASKED, *RAY)
    assert (code, err.count("\n")) == (2, 1)
    assert "use --engine local" in err


def test_a_folder_of_videos_is_a_task_a_video(cli, clips, tasks):
    assert cli(clips, *ASKED, "--out", "here")[0] == 0
    code, out, err = cli(clips, *ASKED, *RAY, "--out", "there")
    assert (code, err) == (0, "")
    assert len(tasks) == 2
    assert files("there") == files("here")
    assert "2 of 2 sources done" in out
    assert "13 frames in " in out


def test_a_source_that_fails_does_not_stop_the_others(cli, clips, tasks, tmp_path):
    bad = tmp_path / "bad.mp4"
    bad.write_bytes(b"no video")
    code, out, err = cli(bad, clips / "two.mp4", *ASKED, *RAY)
    assert code == 2
    assert "1 of 2 sources done" in out
    assert f"failed: {bad}; --resume" in err
    assert len(indices(Path("two_car"))) == 6


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--engine", "spark"), "unknown --engine 'spark'; choose from local, ray"),
        ((*RAY, "--workers", "0"), "--workers must be 1 or more"),
        (("--workers", "2"), "--workers belongs to --engine ray"),
        ((*RAY, "--target-fps", "5"), "--target-fps needs frames in their order"),
        ((*RAY, "--device", "cuda:1"), "give --device cuda: Ray chooses"),
        ((*RAY, "--verbose"), "--verbose needs frames in their order"),
        ((*RAY, "--assume-present"), "--assume-present needs frames in their order"),
        ((*RAY, "--labels", "coco"), "--engine means nothing with --labels"),
    ],
)
def test_bad_input_is_one_line(cli, clip, tasks, options, message):
    asked = () if "--labels" in options else ASKED
    code, out, err = cli(clip, *asked, *options)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert message in err
    assert tasks == []


def test_without_ray_it_says_what_to_install(cli, clip, squares, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    code, _, err = cli(clip, *ASKED, *RAY)
    assert code == 2
    assert "car-video[ray]" in err


@pytest.mark.slow
@pytest.mark.usefixtures("ray_cluster")
@pytest.mark.parametrize("deadly", [False, True], ids=["", "a worker is killed"])
def test_scenes_on_a_cluster(cli, clip, alone, monkeypatch, deadly):
    expected = alone()
    if deadly:
        monkeypatch.setattr(run_module, "load_segmenter", colour_squares.load_deadly)
    code, out, err = cli(clip, *ASKED, *RAY, "--out", "there")
    assert code == 0, err  # Ray itself says something of a worker that dies
    assert DEATHS.exists() == deadly
    assert ("note: 1 worker lost; others did the work" in out) == deadly
    assert files("there") == expected


@pytest.mark.slow
@pytest.mark.usefixtures("ray_cluster")
def test_a_folder_on_a_cluster(cli, clips, monkeypatch):
    """With the bundled model, which the workers load."""
    monkeypatch.setattr(run_module, "load_segmenter", load_segmenter)
    Path("small.yaml").write_text(
        "segment: {presence_threshold: 0.05, proposal: {size: 96}, sam: {side: 128}}\n"
    )
    options = (*ASKED, "--preset", "small.yaml", "--max-frames", 3)
    assert cli(clips, *options, "--out", "here")[0] == 0
    assert cli(clips, *options, *RAY, "--out", "there")[0] == 0
    assert files("there") == files("here")
