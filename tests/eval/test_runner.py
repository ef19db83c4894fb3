"""Runs: parallel, interrupted and resumed, with items that fail, on both engines."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from car_video.eval.benchmarks import Options, make_benchmark
from car_video.eval.evaluate import conclude, execute, job
from car_video.eval.request import Request, check
from car_video.eval.runner import local
from car_video.eval.runner.job import Outcome, peak_memory
from car_video.eval.runner.store import RunStore

from car_video.errors import ConfigError, OutputError

from . import builders
from .fakes import ColourSpec

ROOT = Path(__file__).resolve().parents[2]


def evaluate(request: Request):
    selection = check(request)
    items = selection.items
    with job(request, items) as work:
        outcomes = list(execute(request, work, items))
        return conclude(request, selection, outcomes)


def request(data, out, spec=None, **more) -> Request:
    benchmark = make_benchmark("ref-davis", data, Options())
    return Request(benchmark, out, spec or ColourSpec(), labels={"model": "colours"}, **more)


def written(out: Path) -> dict:
    """The results, without what differs from run to run: date and command."""
    results = json.loads((out / "results.json").read_text())
    assert results.pop("run")["device"] == "colours"
    return results


@pytest.fixture(scope="module")
def davis(tmp_path_factory):
    return builders.davis(
        tmp_path_factory.mktemp("data"), heights={"one": 40, "two": 44, "three": 48}
    )


@pytest.fixture(scope="module")
def reference(davis, tmp_path_factory):
    out = tmp_path_factory.mktemp("reference")
    evaluate(request(davis, out, overwrite=True))
    return out


def test_workers_give_identical_results(davis, reference, tmp_path):
    evaluate(request(davis, tmp_path, workers=2))
    assert written(tmp_path) == written(reference)


@pytest.mark.slow
def test_workers_of_systems_without_fork_give_identical_results(
    davis, reference, tmp_path, monkeypatch
):
    monkeypatch.setattr(local.multiprocessing, "get_all_start_methods", lambda: ["spawn"])
    evaluate(request(davis, tmp_path, workers=2))
    assert written(tmp_path) == written(reference)


def test_on_windows_workers_are_spawned_and_their_memory_is_not_known(monkeypatch):
    monkeypatch.setattr(local.multiprocessing, "get_all_start_methods", lambda: ["spawn"])
    assert local._context().get_start_method() == "spawn"
    monkeypatch.setitem(sys.modules, "resource", None)  # what Windows does not have
    assert peak_memory() == 0


def test_resume_does_only_what_is_missing(davis, reference, tmp_path):
    counter = tmp_path / "count"
    out = tmp_path / "out"
    evaluate(request(davis, out, ColourSpec(count_file=str(counter)), limit=1))
    assert counter.stat().st_size == 5
    evaluate(request(davis, out, ColourSpec(count_file=str(counter)), resume=True))
    assert counter.stat().st_size == 15
    assert written(out) == written(reference)


def test_resume_refuses_other_settings(davis, tmp_path):
    evaluate(request(davis, tmp_path, limit=1))
    other = request(davis, tmp_path, resume=True, settings={"config": {"size": 1}})
    with pytest.raises(OutputError, match="another config"), job(other, []):
        pass


@pytest.mark.parametrize("workers", [1, 2])
def test_a_failing_item_is_reported_and_loses_nothing(davis, tmp_path, workers):
    spec = ColourSpec(fail_at_height=44, crash_at_height=48)
    evaluation = evaluate(request(davis, tmp_path, spec, workers=workers))
    errors = {outcome.key: outcome.error for outcome in evaluation.failures}
    assert errors == {
        "annot1/two": "this one cannot be segmented; leave it out",
        "annot1/three": "RuntimeError: a bug in two lines",
    }
    results = written(tmp_path)
    assert list(results["per_sequence"]) == ["one"]
    assert results["failed"] == errors
    assert "cannot be segmented" in (tmp_path / "report.html").read_text()


def test_failed_items_are_tried_again_on_resume(davis, reference, tmp_path):
    evaluate(request(davis, tmp_path, ColourSpec(fail_at_height=44)))
    evaluation = evaluate(request(davis, tmp_path, resume=True))
    assert evaluation.failures == ()
    assert written(tmp_path) == written(reference)


def test_a_worker_that_dies_takes_only_its_item(davis, tmp_path):
    evaluation = evaluate(request(davis, tmp_path, ColourSpec(die_at_height=44), workers=2))
    assert [outcome.key for outcome in evaluation.failures] == ["annot1/two"]
    assert "died" in evaluation.failures[0].error
    assert list(written(tmp_path)["per_sequence"]) == ["one", "three"]


@pytest.mark.parametrize("workers", [1, 2])
def test_a_full_disk_ends_the_run(davis, reference, tmp_path, workers):
    """No other item would do better; what is done stays for --resume."""
    spec = ColourSpec(full_at_height=44)
    with pytest.raises(OutputError, match=r"no space.*--resume"):
        evaluate(request(davis, tmp_path, spec, workers=workers))
    assert not (tmp_path / "results.json").exists()
    evaluate(request(davis, tmp_path, resume=True))
    assert written(tmp_path) == written(reference)


def test_everything_failing_is_an_error(davis, tmp_path):
    from car_video.errors import DataError

    with pytest.raises(DataError, match="every item failed"):
        evaluate(request(davis, tmp_path, ColourSpec(fail_at_height=40), limit=1))


def test_a_killed_run_continues_with_the_same_numbers(davis, reference, tmp_path):
    """The process dies by SIGKILL in the second sequence; --resume finishes the work."""
    script = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from pathlib import Path\n"
        "from tests.eval.fakes import ColourSpec\n"
        "from tests.eval.test_runner import evaluate, request\n"
        "spec = ColourSpec(die_at_height=44)\n"
        "evaluate(request(Path(sys.argv[2]), Path(sys.argv[3]), spec))\n"
    )
    command = [sys.executable, "-c", script, str(ROOT), str(davis), str(tmp_path)]
    assert subprocess.run(command, cwd=tmp_path, check=False).returncode == -signal.SIGKILL
    assert (tmp_path / "records/annot1/one.json").is_file()
    assert not (tmp_path / "results.json").exists()
    evaluate(request(davis, tmp_path, resume=True))
    assert written(tmp_path) == written(reference)


@pytest.mark.slow  # test_a_killed_run_continues_with_the_same_numbers ends harder
def test_an_interrupt_keeps_what_is_done(tmp_path):
    """Ctrl-C while workers run: exit code 130, finished records stay."""
    data = builders.davis(tmp_path / "davis", {f"s{i}": 1 for i in range(40)}, frames=20)
    script = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from car_video.eval import cli, model_segmenters\n"
        "from tests.eval.fakes import ColourSpec\n"
        "model_segmenters.make_spec = lambda *_: ColourSpec()\n"
        "cli.main(['ref-davis', '--data', sys.argv[2], '--out', sys.argv[3], '--quiet'])\n"
    )
    out = tmp_path / "out"
    command = [sys.executable, "-c", script, str(ROOT), str(data), str(out)]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    for _ in range(600):
        if len(list(out.glob("records/**/*.json"))) >= 2:
            break
        time.sleep(0.05)
    os.kill(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "--resume" in err
    assert len(list(out.glob("records/**/*.json"))) >= 2
    assert not list(out.glob("**/.part-*"))


def test_a_model_that_cannot_be_loaded_leaves_nothing(davis, car_eval, tmp_path):
    evaluate(request(davis, tmp_path / "old", limit=1))
    before = written(tmp_path / "old")
    for out, more in (("new", []), ("old", ["--overwrite"]), ("new", ["--workers", 2])):
        arguments = ["ref-davis", "--data", davis, "--out", tmp_path / out, *more]
        code, _, err = car_eval(*arguments, spec=ColourSpec(unknown_model=True))
        assert (code, err) == (2, "error: unknown model 'grey'; models: colours\n")
    assert not (tmp_path / "new").exists()
    assert written(tmp_path / "old") == before
    assert (tmp_path / "old/records/annot1/one.json").is_file()


def test_damaged_record_is_named(tmp_path):
    store = RunStore(tmp_path)
    store.write("a/b", {"score": 1})
    (tmp_path / "records/a/b.json").write_text("{")
    with pytest.raises(OutputError, match=r"b\.json.*delete"):
        store.record("a/b")


def test_out_that_is_a_file(davis, tmp_path):
    (tmp_path / "o").write_text("")
    with pytest.raises(OutputError, match="is a file"):
        check(request(davis, tmp_path / "o"))


@pytest.mark.slow
@pytest.mark.usefixtures("ray_cluster")
def test_ray_gives_identical_results(davis, reference, tmp_path):
    evaluate(request(davis, tmp_path, workers=2, engine="ray"))
    assert written(tmp_path) == written(reference)


@pytest.mark.slow
@pytest.mark.usefixtures("ray_cluster")
def test_ray_survives_a_worker_that_dies(davis, tmp_path):
    spec = ColourSpec(die_at_height=44, fail_at_height=48)
    evaluation = evaluate(request(davis, tmp_path, spec, workers=2, engine="ray"))
    errors = {outcome.key: outcome.error for outcome in evaluation.failures}
    assert set(errors) == {"annot1/two", "annot1/three"}
    assert "lost" in errors["annot1/two"]
    assert list(written(tmp_path)["per_sequence"]) == ["one"]


def test_ray_missing_is_one_line(davis, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(ConfigError, match=r"car-video\[ray\]"):
        evaluate(request(davis, tmp_path, engine="ray"))


def test_outcome_of_a_bug_keeps_the_traceback(davis, tmp_path):
    wanted = request(davis, tmp_path, ColourSpec(crash_at_height=40), limit=1)
    items = check(wanted).items
    with job(wanted, items) as work:
        (outcome,) = execute(wanted, work, items)
    assert isinstance(outcome, Outcome)
    assert "in _misbehave" in outcome.details


def hold(*folders: Path) -> subprocess.Popen:
    """Another process that has these two folders."""
    script = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from car_video.io.writers.folder_lock import FolderLock\n"
        "with FolderLock(sys.argv[2]), FolderLock(sys.argv[3]):\n"
        "    print('held', flush=True)\n"
        "    sys.stdin.read()\n"
    )
    command = [sys.executable, "-c", script, str(ROOT), *map(str, folders)]
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_a_folder_that_another_run_writes_into_is_refused(davis, car_eval, tmp_path):
    """Both a run and the scoring of masks; when the other run has ended, both go."""
    evaluate(request(davis, tmp_path / "run", limit=1))
    before = written(tmp_path / "run")
    run = ["ref-davis", "--data", davis, "--out", tmp_path / "run", "--overwrite"]
    score = ["score", "ref-davis", "--data", davis, "--out", tmp_path / "scores"]
    score += ["--predictions", davis / "Annotations/480p"]
    both = {tmp_path / "run": run, tmp_path / "scores": score}
    other = hold(*both)
    try:
        answers = {folder: car_eval(*arguments) for folder, arguments in both.items()}
    finally:
        other.communicate()
    for folder, (code, out, err) in answers.items():
        assert (code, out) == (2, "")
        assert f"'{folder}' is in use by another run" in err
        assert err.count("\n") == 1
    assert not (tmp_path / "scores/results.json").exists()
    assert written(tmp_path / "run") == before
    assert [car_eval(*arguments)[0] for arguments in both.values()] == [0, 0]


def test_a_run_holds_its_folder_until_its_report_is_written(davis, tmp_path):
    first, second = request(davis, tmp_path), request(davis, tmp_path, overwrite=True)
    items = check(first).items
    with job(first, items), pytest.raises(OutputError, match="in use"), job(second, items):
        pass
