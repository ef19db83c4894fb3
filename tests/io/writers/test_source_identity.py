import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from car_video.io.writers.source_identity import difference, identify


def folder_of(path: Path, count: int = 5) -> Path:
    path.mkdir(parents=True)
    for number in range(count):
        pixels = np.full((4, 4, 3), 10 * number, np.uint8)
        Image.fromarray(pixels).save(path / f"img{number}.bmp")
    return path


def same_time(path: Path, like: Path) -> None:
    status = like.stat()
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def seen(path: Path) -> dict:
    return identify("x", path)


def add(folder):
    Image.new("RGB", (4, 4)).save(folder / "aaa.bmp")


def take_away(folder):
    (folder / "img2.bmp").unlink()


def change(folder):
    shutil.copy(folder / "img1.bmp", folder / "img3.bmp")  # the same number of bytes


def rename(folder):
    (folder / "img4.bmp").rename(folder / "img9.bmp")


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (add, "'aaa.bmp' is new"),
        (take_away, "'img2.bmp' is gone"),
        (change, "'img3.bmp' has changed"),
        (rename, "'img9.bmp' is new"),
    ],
)
def test_a_folder_whose_pictures_changed(tmp_path, edit, message):
    folder = folder_of(tmp_path / "pics")
    before = seen(folder)
    (folder / "notes.txt").write_text("no picture")
    assert difference(before, seen(folder)) == ""
    edit(folder)
    assert difference(before, seen(folder)) == message


def test_another_folder_of_the_same_last_name(tmp_path):
    one, two = folder_of(tmp_path / "a" / "frames"), folder_of(tmp_path / "b" / "frames")
    assert "'img0.bmp' and 4 more has changed" in difference(seen(one), seen(two))


def test_pictures_of_the_same_names_sizes_and_times(tmp_path):
    """As archives leave them that give every file one time."""
    one, two = folder_of(tmp_path / "a"), folder_of(tmp_path / "b")
    Image.new("RGB", (4, 4), "red").save(two / "img2.bmp")
    for picture in one.iterdir():
        same_time(two / picture.name, picture)
    assert difference(seen(one), seen(two)) == "other pictures of the same names"


@pytest.mark.parametrize("move", [shutil.move, shutil.copytree])
def test_a_folder_that_was_moved_or_copied_is_the_same(tmp_path, move):
    folder = folder_of(tmp_path / "pics")
    before = seen(folder)
    move(folder, tmp_path / "elsewhere")
    assert difference(before, seen(tmp_path / "elsewhere")) == ""


def test_files(tmp_path):
    one, two = tmp_path / "a" / "clip.mp4", tmp_path / "b" / "clip.mp4"
    for path in (one, two):
        path.parent.mkdir()
        path.write_bytes(bytes(3_000_000))
    same_time(two, one)
    assert difference(seen(one), seen(two)) == ""
    assert difference(seen(one), {"name": "webcam:0"}) == "another one"
    data = bytearray(3_000_000)
    data[0] = 1
    two.write_bytes(data)
    same_time(two, one)
    assert difference(seen(one), seen(two)) == "it has been changed"
    two.write_bytes(bytes(2_000_000))
    assert difference(seen(one), seen(two)) == "3000000 bytes then, 2000000 now"
    before = seen(one)
    with one.open("r+b") as file:  # between the blocks that are read: the time tells
        file.seek(100_000)
        file.write(b"x")
    os.utime(one, ns=(0, 10**18))
    assert difference(before, seen(one)) == "another time stamp"


@pytest.mark.parametrize("size", [0, 1, 65536, 65537, 10**6])
def test_files_of_any_length_have_an_identity(tmp_path, size):
    path = tmp_path / "a"
    path.write_bytes(bytes(size))
    assert seen(path)["bytes"] == size
