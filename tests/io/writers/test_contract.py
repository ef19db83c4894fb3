from pathlib import Path

import pytest

from car_video.io.writers import TARGETS, OutputFolder, Outputs, Target, parse_targets
from car_video.io.writers.atomic_files import write_whole
from tests.io.writers.contract import check_writer
from tests.io.writers.media import frame, info, prediction, tree

KINDS = {"video": {}, "pictures": {"still": True}, "picture": {"still": True, "single": True}}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", TARGETS)
def test_every_writer_keeps_the_contract(tmp_path, name, kind):
    check_writer(TARGETS[name], tmp_path, **KINDS[kind])


class CountWriter:
    """A newcomer: how many frames there were."""

    def __init__(self, path: Path) -> None:
        self.notices: list[str] = []
        self._path, self._frames, self._whole = path, 0, False

    def open(self, info):
        pass

    def write(self, frame, prediction):
        self._frames += 1

    def close(self, complete=True):
        if self._frames:
            write_whole(self._path, str(self._frames).encode())
            self._whole = True

    def abort(self):
        pass

    def paths(self):
        return [self._path] if self._whole else []


NEW = Target(lambda run: CountWriter(run.path / "count.txt"), files=("count.txt",))


def test_a_newcomer_is_one_class_and_one_line(tmp_path, monkeypatch):
    check_writer(NEW, tmp_path)
    monkeypatch.setitem(TARGETS, "count", NEW)
    out = tmp_path / "out"
    with Outputs(OutputFolder.open(out, info()), parse_targets("count")) as outputs:
        outputs.write(frame(0), prediction(0))
    assert tree(out) == [
        ".car-video/finished.jsonl",
        ".car-video/run.json",
        "count.txt",
    ]
    OutputFolder.open(out, info(), "overwrite").close(complete=True)
    assert tree(out) == [".car-video/run.json"], "--overwrite knows its file"
