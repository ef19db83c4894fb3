import errno
import os
from pathlib import Path

import av
import pytest

from car_video.errors import OutputError
from car_video.io.writers.atomic_files import part_of, remove, write_whole, writing


@pytest.mark.parametrize(
    ("number", "message"),
    [
        (errno.ENOSPC, "disk is full.*--resume"),
        (errno.EDQUOT, "disk is full"),
        (errno.EACCES, "no permission.*--out"),
        (errno.EROFS, "no permission"),
        (errno.EIO, "cannot write 'a/b.png': Input/output error"),
    ],
)
def test_disk_errors_become_one_line(number, message):
    path = Path("a") / "b.png"
    with pytest.raises(OutputError, match=message) as caught, writing(path):
        raise OSError(number, os.strerror(number))
    assert "\n" not in str(caught.value)


def test_encoder_errors_become_one_line():
    message = "cannot write 'x': the encoder says no"
    with pytest.raises(OutputError, match=message), writing(Path("x")):
        raise av.error.ExternalError(10**9, "the encoder\n  says no")


def test_other_errors_pass(tmp_path):
    with pytest.raises(KeyError), writing(tmp_path):
        raise KeyError


def test_write_whole_leaves_all_or_nothing(tmp_path, monkeypatch):
    path = tmp_path / "a.bin"
    write_whole(path, b"first")
    assert path.read_bytes() == b"first"

    def fail(*_):
        raise OSError(errno.ENOSPC, "no space")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(OutputError, match="disk is full"):
        write_whole(path, b"second")
    assert path.read_bytes() == b"first"
    assert os.listdir(tmp_path) == ["a.bin"]


def test_part_is_hidden_beside_the_file(tmp_path):
    assert part_of(tmp_path / "a.mp4") == tmp_path / ".a.mp4.part"


def test_remove_is_content_with_nothing_there(tmp_path):
    remove(tmp_path / "never")
    (tmp_path / "folder").mkdir()
    with pytest.raises(OutputError):
        remove(tmp_path / "folder")
