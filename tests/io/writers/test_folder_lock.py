import errno
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from car_video.errors import OutputError
from car_video.io.writers import FolderLock, OutputFolder, Outputs, check_output
from tests.io.writers.media import frame, info, prediction, tree

ROOT = Path(__file__).parents[3]


def process(script: str, *arguments: object) -> subprocess.Popen:
    command = [sys.executable, "-c", textwrap.dedent(script), *map(str, arguments)]
    return subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True
    )


HOLD = """
    import sys
    from car_video.io.writers import FolderLock
    lock = FolderLock(sys.argv[1])
    lock.acquire()
    print("held", flush=True)
    sys.stdin.readline()
"""


def test_a_second_process_is_refused_until_the_first_ends(tmp_path):
    holder = process(HOLD, tmp_path / "out")
    try:
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(OutputError, match=r"'.*out' is in use by another run; wait"):
            FolderLock(tmp_path / "out").acquire()
    finally:
        holder.kill()  # as a crash: nothing is tidied up
        holder.communicate()
    with FolderLock(tmp_path / "out"):
        assert tree(tmp_path / "out") == []


@pytest.mark.parametrize("mode", ["resume", "overwrite", "new"])
def test_a_folder_in_use_is_refused_and_not_touched(tmp_path, mode):
    out = tmp_path / "out"
    with Outputs(OutputFolder.open(out, info()), ("json", "masks", "overlay")) as outputs:
        outputs.write(frame(0), prediction(0))
        before = tree(out)
        for attempt in (check_output, lambda p, m: OutputFolder.open(p, info(), m)):
            with pytest.raises(OutputError, match=r"in use by another run|exists"):
                attempt(out, mode)
        assert tree(out) == before
        outputs.write(frame(1), prediction(1))
    check_output(out, "resume")
    assert len(OutputFolder.open(out, info(), "resume").done) == 2


def test_two_new_runs_that_start_at_once_cannot_both_have_the_folder(tmp_path, monkeypatch):
    """Both have passed the check; one was quicker."""
    OutputFolder.open(tmp_path / "out", info()).close(complete=True)
    monkeypatch.setattr("car_video.io.writers.folder.check_output", lambda *_: None)
    with pytest.raises(OutputError, match="in use by another run"):
        OutputFolder.open(tmp_path / "out", info())


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_a_run_that_fails_lets_go(tmp_path, error):
    def fail():
        with Outputs(OutputFolder.open(tmp_path, info(), "resume"), ()) as outputs:
            outputs.write(frame(0), prediction(0))
            raise error

    with pytest.raises(error):
        fail()
    OutputFolder.open(tmp_path, info(), "resume").close(complete=True)


def test_a_refused_resume_lets_go(tmp_path):
    OutputFolder.open(tmp_path / "out", info()).close(complete=True)
    for _ in range(2):
        with pytest.raises(OutputError, match="differs in model"):
            OutputFolder.open(tmp_path / "out", info(model="other"), "resume")


def test_a_disk_without_locks_is_told(tmp_path, monkeypatch):
    def fail(*_args, **_kwargs):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr("filelock.FileLock.acquire", fail)
    outputs = Outputs(OutputFolder.open(tmp_path / "out", info()), ("json",))
    outputs.write(frame(0), prediction(0))
    outputs.close()
    assert [n for n in outputs.notices() if "this disk has no locks" in n]
