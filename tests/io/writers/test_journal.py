import errno
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from car_video.errors import OutputError
from car_video.io.formats import as_frame_dict
from car_video.io.writers.edited_masks import EditedMasks
from car_video.io.writers.journal import DoneFrames, Journal
from tests.io.writers.media import EXPRESSIONS, prediction


def filled(path, indices):
    journal = Journal(path)
    for index in indices:
        journal.append(as_frame_dict(prediction(index)))
    journal.close()
    return path.read_bytes()


def test_what_was_appended_is_found_again(tmp_path):
    filled(tmp_path / "j", [0, 1, 5])
    edits = EditedMasks(tmp_path / "masks", tmp_path / "predictions.json")
    done = DoneFrames(Journal(tmp_path / "j"), EXPRESSIONS, edits)
    assert list(done) == [0, 1, 5]
    assert len(done) == 3
    assert 5 in done
    assert 2 not in done
    assert (done[5].masks == prediction(5).masks).all()
    assert done.get(2) is None


@settings(deadline=None, max_examples=60)
@given(st.data())
def test_cut_anywhere_only_the_last_line_is_lost(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("j") / "j"
    whole = filled(path, range(4))
    cut = data.draw(st.integers(0, len(whole)))
    path.write_bytes(whole[:cut])
    journal = Journal(path)
    assert list(journal.found) == list(range(whole[:cut].count(b"\n")))
    for index in range(len(journal.found), 4):
        journal.append(as_frame_dict(prediction(index)))
    journal.close()
    assert path.read_bytes() == whole


@pytest.mark.parametrize("noise", [b"\x00" * 500, b"{}\n", b'{"index": "a", "objects": []}\n'])
def test_noise_at_the_end_is_cut_off(tmp_path, noise):
    whole = filled(tmp_path / "j", range(3))
    (tmp_path / "j").write_bytes(whole + noise)
    assert list(Journal(tmp_path / "j").found) == [0, 1, 2]
    assert (tmp_path / "j").read_bytes() == whole


@settings(deadline=None, max_examples=50)
@given(st.lists(st.integers(0, 20), max_size=15))
def test_entries_come_sorted_with_the_last_of_each(tmp_path_factory, indices):
    path = tmp_path_factory.mktemp("j") / "j"
    journal = Journal(path)
    for number, index in enumerate(indices):
        journal.append({"index": index, "time": number, "objects": []})
    count, lines = journal.entries()
    got = [(e["index"], e["time"]) for e in map(json.loads, lines)]
    assert got == sorted({index: number for number, index in enumerate(indices)}.items())
    assert count == len(got)


def test_a_full_disk_is_one_line_and_what_was_written_stays(tmp_path):
    journal = Journal(tmp_path / "j")
    journal.append(as_frame_dict(prediction(0)))
    whole = (tmp_path / "j").read_bytes()
    journal._file = FullDisk(journal._file, 100)
    with pytest.raises(OutputError, match="disk is full"):
        journal.append(as_frame_dict(prediction(1)))
    journal.close()
    assert len((tmp_path / "j").read_bytes()) == len(whole) + 100  # half a line
    assert list(Journal(tmp_path / "j").found) == [0]


class FullDisk:
    """A file on a disk that has room for a few more bytes."""

    def __init__(self, file, room):
        self.file, self.room, self.close = file, room, file.close

    def write(self, data):
        if not self.room:
            raise OSError(errno.ENOSPC, "No space left on device")
        written = self.file.write(bytes(data[: self.room]))
        self.room -= written
        return written
