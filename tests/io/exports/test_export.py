"""Bad input, and what an export starts from."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import car_video
from car_video.errors import CarVideoError, ConfigError, DataError, OutputError
from car_video.io.export_catalog import FORMATS
from car_video.io.exports import FinishedRun, export, open_run
from car_video.io.exports import export as export_function
from car_video.io.exports.names import file_names, xml_names
from car_video.io.formats import as_palette_image
from car_video.io.writers import FolderLock
from car_video.io.writers.atomic_files import writing
from car_video.io.writers.video import VideoEncoder
from tests.io.exports.runs import NAMES, make_run, masks_of, prediction_of


def one_line(error) -> str:
    text = str(error.value)
    assert "\n" not in text
    return text


def test_public_surface():
    assert car_video.export is export_function
    assert car_video.open_run is open_run


def test_a_run_is_read_as_it_was_written(run):
    found = open_run(run)
    assert (found.name, found.width, found.height, found.rate) == ("clip", 64, 48, 25)
    assert found.expressions == NAMES
    assert [e.index for e in found.entries] == [0, 1, 2, 3]
    for _ in range(2):  # as often as wanted
        for prediction in found.predictions():
            np.testing.assert_array_equal(prediction.masks, masks_of(prediction.index))


@pytest.mark.parametrize(
    ("fps", "exact"),
    [
        (30000 / 1001, (30000, 1001)),
        (24000 / 1001, (24000, 1001)),
        (12.5, (25, 2)),
        (0, (25, 1)),
    ],
)
def test_rates_are_exact(tmp_path, fps, exact):
    folder = make_run(tmp_path / "run", indices=(0,))
    head = json.loads((folder / "predictions.json").read_text())
    head["video"]["fps"] = round(fps, 6)
    (folder / "predictions.json").write_text(json.dumps(head))
    assert open_run(folder).rate.as_integer_ratio() == exact


def test_edited_masks_count(run):
    path = run / "masks" / "00001.png"
    edited = prediction_of(1)
    edited.masks[:] = False
    edited.masks[0, :5, :5] = True
    as_palette_image(edited).save(path)
    later = time.time() + 5
    os.utime(path, (later, later))
    found = list(open_run(run).predictions())
    assert found[1].masks[0].sum() == 25
    np.testing.assert_array_equal(found[2].masks, masks_of(2))
    Image.new("L", (3, 3)).save(path)
    with pytest.raises(OutputError, match="3x3 pixels"):
        list(open_run(run).predictions())


def test_numbers_are_those_of_the_source_or_counted_anew(tmp_path):
    run = open_run(make_run(tmp_path / "run", indices=(5, 10, 15)))
    assert run.numbers() == [5, 10, 15]
    assert run.numbers(1001) == [1001, 1002, 1003]
    assert run.picture_names(1001)[0] == "01001.jpg"


def test_unfinished_runs_are_refused(tmp_path):
    folder = make_run(tmp_path / "run", complete=False)
    with pytest.raises(OutputError, match="is not finished; go on with --resume") as error:
        export(folder, "coco")
    one_line(error)
    assert not (folder / "coco.json").exists()


def test_runs_under_way_are_refused(run):
    with FolderLock(run), pytest.raises(OutputError, match="in use by another run"):
        export(run, "coco")


def test_no_run_there(tmp_path):
    with pytest.raises(OutputError, match="no folder"):
        export(tmp_path / "nothing", "coco")
    with pytest.raises(OutputError, match=r"has no predictions\.json; give the output folder"):
        export(tmp_path, "coco")
    folder = make_run(tmp_path / "run", save=("masks",))
    with pytest.raises(OutputError, match="--resume --save json"):
        export(folder, "coco")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"video": {"width": 0, "height": 2}, "expressions": ["a"], "frames": []}',
        '{"video": {"width": 2, "height": 2}, "expressions": ["a"], "frames": []}',
        '{"video": {"width": 2, "height": 2}, "expressions": ["a"], "frames": [1]}',
        '{"video": {"width": 2, "height": 2}, "expressions": ["a"], "frames": [{}]}',
        '{"video": {"width": 2, "height": 2}, "expressions": ["a"], "frames": '
        '[{"index": 0, "time": 0.0, "file": "../x", "objects": []}]}',
        '{"images": [], "annotations": [], "categories": []}',
    ],
)
def test_damaged_results_are_one_line(run, text):
    (run / "predictions.json").write_text(text)
    with pytest.raises(CarVideoError) as error:
        export(run, "coco")
    one_line(error)
    assert not (run / "coco.json").exists()


def test_places_where_no_result_can_be(run, tmp_path):
    with pytest.raises(OutputError, match=r"whose files end with \.json; try --out"):
        export(run, "coco", tmp_path / "coco.xml")
    with pytest.raises(OutputError, match=r"no folder '.*missing' for"):
        export(run, "coco", tmp_path / "missing" / "coco.json")
    with pytest.raises(ConfigError, match="--start-number must be"):
        export(run, "coco", start_number=-1)
    with pytest.raises(ConfigError, match="no option 'colour'"):
        export(run, "coco", colour="red")


def test_a_file_may_be_replaced_and_a_folder_not(run):
    (run / "coco.json").write_text("old")
    export(run, "coco", replace=True)
    assert json.loads((run / "coco.json").read_text())["images"]
    export(run, "davis")
    with pytest.raises(OutputError, match="is there already"):
        export(run, "davis", replace=True)


def test_of_two_exports_to_one_file_one_is_refused(run, tmp_path, monkeypatch):
    from car_video.io.exports import coco

    target = tmp_path / "coco.json"
    write = coco.write

    def slow(run, made, options):
        write(run, made, options)
        target.write_text("the other one was quicker")
        return []

    monkeypatch.setattr(coco, "write", slow)
    with pytest.raises(OutputError, match="made by another run meanwhile"):
        export(run, "coco", target)
    assert target.read_text() == "the other one was quicker"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["clip_car", "coco.json"]


def test_predictions_in_memory(tmp_path):
    found = [prediction_of(n, fps=30000 / 1001) for n in (2, 4, 6)]
    assert FinishedRun.of(found).rate.as_integer_ratio() == (30000, 1001)
    path = export(found, "coco", tmp_path / "out.json")
    assert len(json.loads(path.read_text())["images"]) == 3
    with pytest.raises(OutputError, match="say where"):
        export(found, "coco")
    with pytest.raises(DataError, match="no predictions"):
        export([], "coco", tmp_path / "a.json")
    with pytest.raises(DataError, match="frame 2 comes after frame 2"):
        export([found[0], found[0]], "coco", tmp_path / "a.json")


def test_file_names_are_different_and_short():
    names = file_names(["the dog", "the dog", "a/b\\..:c", "漢" * 99, "???", "."])
    assert names == ["1_the_dog", "2_the_dog", "3_a_b_c", "4_" + "漢" * 20, "5", "6"]
    assert file_names(["x"] * 10)[0] == "01_x"


def test_xml_takes_everything_but_control_characters():
    assert xml_names(NAMES) == list(NAMES)
    for bad in ("a\x01b", "a\ud800", "a￿"):
        with pytest.raises(OutputError, match="expression 2 has the character U"):
            xml_names(["fine", bad])


def test_sources_of_any_name(tmp_path):
    for source, name in (
        ("/videos/a b.mp4", "a b"),
        ("C:\\clips\\trip.mov", "trip"),
        ("photos/", "photos"),
        ("rtsp://host/live", "live"),
        ("bad\udcff.mp4", "bad\ufffd"),
        ("", "video"),
    ):
        found = FinishedRun.of([prediction_of(0)], source=source)
        assert found.name == name
        export(found, "davis", tmp_path / f"davis {len(list(tmp_path.iterdir()))}")


def test_text_that_is_no_unicode_is_one_line(tmp_path):
    with pytest.raises(DataError, match="expression 2 is no valid Unicode text"):
        export([prediction_of(0, names=("a", "\ud800"))], "csv", tmp_path / "a.csv")


def test_pictures_keep_their_names_and_are_told_apart(tmp_path):
    folder = make_run(tmp_path / "run", (0, 1))
    text = (folder / "predictions.json").read_text()
    for index, name in enumerate(("Ä 1.jpg", "Ä 1.png")):
        text = text.replace(f'"index": {index},', f'"index": {index}, "file": "{name}",')
    (folder / "predictions.json").write_text(text, encoding="utf-8")
    assert open_run(folder).picture_names() == ["Ä 1.jpg", "Ä 1.png"]
    for name in ("yolo", "labelme"):
        with pytest.raises(OutputError, match="two pictures are called 'Ä 1' but for"):
            export(folder, name)
        assert export(folder, name, start_number=0).is_dir()


def test_split_results_have_names_of_their_own():
    names = [f.split().file for f in FORMATS.values() if "split" in f.options]
    assert len(set(names)) == len(names) > 1


def test_a_full_disk_is_told_by_the_name_of_the_result(run, tmp_path, monkeypatch):
    def full(self, image, time):
        with writing(self.path):
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(VideoEncoder, "write", full)
    target = tmp_path / "m.mov"
    with pytest.raises(OutputError, match="disk is full") as caught:
        export(run, "prores", target, fill="white")
    assert f"'{target}'" in str(caught.value)
    assert "--resume" not in str(caught.value)
    assert [p.name for p in tmp_path.iterdir()] == [run.name]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"time": 0.0', '"time": NaN'),
        ('"time": 0.0', '"time": 1e999'),
        ('"index": 3', '"index": 99999999999999999999'),
    ],
)
def test_numbers_that_no_format_holds_are_one_line(run, old, new):
    results = run / "predictions.json"
    results.write_text(results.read_text().replace(old, new))
    with pytest.raises(OutputError, match=r"index or time|no number of a frame"):
        open_run(run)


def test_a_rate_beyond_all_clocks_counts_as_none(run):
    results = run / "predictions.json"
    results.write_text(results.read_text().replace('"fps": 25.0', '"fps": 1' + "0" * 400))
    assert open_run(run).rate == 25


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("..", "video"),
        (".", "video"),
        ("", "video"),
        ("a\x00b.mp4", "a_b"),
        ("clips/caf\udce9.mp4", "caf\ufffd"),
        ("x\ud800\n.mp4", "x\ufffd_"),
        ("C:\\clips\\dog.mp4", "dog"),
    ],
)
def test_odd_names_of_sources(tmp_path: Path, source: str, name: str) -> None:
    run = FinishedRun.of([prediction_of(0), prediction_of(1)], source)
    assert run.name == name
    run.source_text.encode("utf-8")
    for format in ("davis", "cvat", "label-studio-video", "csv", "coco"):
        suffix = Path(FORMATS[format].file).suffix
        export(run, format, tmp_path / f"{format}{suffix}")
