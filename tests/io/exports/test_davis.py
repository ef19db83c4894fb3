from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from car_video.errors import OutputError
from car_video.io.exports import export
from car_video.io.palette import davis_palette
from tests.io.exports.runs import make_run, prediction_of, visible_masks


def test_pillow_reads_numbers_and_colours(run, tmp_path):
    folder = export(run, "davis", tmp_path / "davis")
    assert (folder / "ImageSets" / "2017" / "val.txt").read_text() == "clip\n"
    files = sorted((folder / "Annotations" / "480p" / "clip").iterdir())
    assert [f.name for f in files] == [f"{n:05d}.png" for n in range(4)]
    for index, file in enumerate(files):
        with Image.open(file) as image:
            assert image.mode == "P"
            labels = np.asarray(image)
            assert image.getpalette()[:9] == davis_palette()[:3].ravel().tolist()
        np.testing.assert_array_equal(labels, prediction_of(index).label_map())
        np.testing.assert_array_equal(labels == 1, visible_masks(index)[0])


def test_a_name_with_spaces_is_one_line_of_the_list(tmp_path):
    folder = make_run(tmp_path / "run", source="my holiday  video.mp4")
    listed = export(folder, "davis") / "ImageSets" / "2017" / "val.txt"
    assert listed.read_text() == "my_holiday_video\n"
    assert (folder / "davis" / "Annotations" / "480p" / "my_holiday_video").is_dir()


def test_more_objects_than_a_png_holds(tmp_path):
    many = [prediction_of(0, names=("a",))]
    many[0] = type(many[0])(
        0,
        0.0,
        tuple(map(str, range(255))),
        np.zeros((255, 4, 4), bool),
        np.zeros(255, np.float32),
        np.zeros(255, bool),
    )
    with pytest.raises(OutputError, match="davis holds 254 objects, not 255"):
        export(many, "davis", tmp_path / "davis")
