import numpy as np
import pytest
from PIL import Image

from car_video.errors import OutputError
from car_video.io.palette import davis_palette
from car_video.io.writers.masks import MaskWriter
from tests.io.writers.media import Done, frame, info, prediction


def test_files_hold_the_label_map_in_davis_colours(tmp_path):
    writer = MaskWriter(tmp_path / "masks", Done())
    writer.open(info())
    for index in (0, 7, 123456):
        writer.write(frame(index), prediction(index))
    writer.close()
    names = sorted(p.name for p in (tmp_path / "masks").iterdir())
    assert names == ["00000.png", "00007.png", "123456.png"]
    assert writer.paths() == [tmp_path / "masks"]
    with Image.open(tmp_path / "masks" / "00007.png") as image:
        assert image.mode == "P"
        np.testing.assert_array_equal(np.asarray(image), prediction(7).label_map())
        np.testing.assert_array_equal(np.reshape(image.getpalette(), (-1, 3)), davis_palette())


def test_finished_files_are_kept_and_unfinished_ones_written_anew(tmp_path):
    for name in ("00000.png", "00001.png"):
        (tmp_path / name).write_bytes(b"old")
    writer = MaskWriter(tmp_path, Done({0, 2}))
    writer.open(info())
    for index in range(3):
        writer.write(frame(index), prediction(index))
    assert (tmp_path / "00000.png").read_bytes() == b"old"
    assert (tmp_path / "00001.png").read_bytes() != b"old"  # was not finished
    assert (tmp_path / "00002.png").exists()  # was, but the file is gone


def test_more_expressions_than_a_palette_has(tmp_path):
    writer = MaskWriter(tmp_path, Done())
    writer.open(info(expressions=tuple(map(str, range(255)))))
    with pytest.raises(OutputError, match="255 expressions, not 256"):
        writer.open(info(expressions=tuple(map(str, range(256)))))


def test_without_frames_there_is_no_folder(tmp_path):
    writer = MaskWriter(tmp_path / "masks", Done())
    writer.open(info())
    writer.close()
    assert writer.paths() == []
    assert list(tmp_path.iterdir()) == []
