"""What every format must do."""

from __future__ import annotations

import importlib

import pytest

from car_video.errors import CarVideoError, OutputError
from car_video.io.export_catalog import FORMATS, SAVED, find_format
from car_video.io.exports import export
from car_video.io.exports.options import ExportOptions
from tests.io.exports.runs import NAMES, make_run, prediction_of

SAMPLE = {
    "start_number": 7,
    "split": True,
    "shapes": "polygons",
    "channel": "alpha",
    "bits": 16,
    "fill": "white",
    "source": "clip.mp4",
}


def _available(name):
    for module in FORMATS[name].needs:
        pytest.importorskip(module)


def _export(folder, name, target):
    return export(folder, name, target, **needed(name))


def needed(name):
    """Options without which a run with no source cannot be exported."""
    if "fill" in FORMATS[name].options:
        return {"fill": "white"}
    if name == "frames":
        pytest.skip("needs a source: see test_mattes")
    return {}


@pytest.mark.parametrize("name", FORMATS)
def test_result_is_what_the_catalog_says(name, run, tmp_path):
    _available(name)
    target = tmp_path / FORMATS[name].file
    assert _export(run, name, target) == target
    assert target.is_dir() == FORMATS[name].is_folder
    files = [p for p in target.rglob("*") if p.is_file()] if target.is_dir() else [target]
    assert files
    assert all(file.stat().st_size for file in files if file.suffix != ".txt")
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted([run.name, target.name])


@pytest.mark.parametrize("name", FORMATS)
def test_an_existing_result_stays(name, run, tmp_path):
    _available(name)
    target = tmp_path / FORMATS[name].file
    target.mkdir() if FORMATS[name].is_folder else target.write_text("mine")
    with pytest.raises(OutputError, match="is there already"):
        _export(run, name, target)
    assert list(target.iterdir()) == [] if target.is_dir() else target.read_text() == "mine"


@pytest.mark.parametrize("name", FORMATS)
def test_a_failure_leaves_nothing(name, run, tmp_path, monkeypatch):
    _available(name)
    module = importlib.import_module(f"car_video.io.exports.{FORMATS[name].module}")
    write = module.write

    def broken(run, target, options):
        write(run, target, options)
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(module, "write", broken)
    with pytest.raises(OutputError, match="the disk is full"):
        _export(run, name, tmp_path / FORMATS[name].file)
    assert [p.name for p in tmp_path.iterdir()] == [run.name]


@pytest.mark.parametrize("name", FORMATS)
def test_nothing_found_is_a_result_too(name, tmp_path):
    _available(name)
    folder = make_run(tmp_path / "run", indices=(0, 3), names=NAMES)  # 0, 3: one is away
    nothing = [prediction_of(0), prediction_of(1)]
    for prediction in nothing:
        prediction.masks[:] = False
        prediction.present[:] = False
    target = tmp_path / FORMATS[name].file
    assert _export(nothing, name, target).exists()
    assert _export(folder, name, folder / FORMATS[name].file).exists()


@pytest.mark.parametrize("name", FORMATS)
def test_a_frame_of_another_size_is_refused_or_kept(name, tmp_path):
    _available(name)
    sizes = ({}, {"height": 50, "width": 70})
    folder = make_run(tmp_path / "run", indices=(1, 2), sizes=sizes)
    target = tmp_path / FORMATS[name].file
    try:
        _export(folder, name, target)
    except OutputError as error:
        assert "wants one size" in str(error)  # noqa: PT017
        assert not target.exists()
    else:
        assert target.exists()


@pytest.mark.parametrize("name", FORMATS)
def test_options_of_the_format_are_taken_and_others_refused(name):
    _available(name)
    for option, value in SAMPLE.items():
        options = ExportOptions(**{option: value})
        if option in FORMATS[name].options:
            options.check(FORMATS[name])
        else:
            with pytest.raises(CarVideoError, match=f"--{option.replace('_', '-')} means noth"):
                options.check(FORMATS[name])


def test_files_of_formats_are_all_different():
    files = [f.file for f in FORMATS.values()]
    assert len(set(files)) == len(files)
    assert all("." in f.file for f in SAVED.values())


def test_a_format_is_found_in_any_case():
    assert find_format(" YouTube_VIS ").name == "youtube-vis"
    with pytest.raises(OutputError, match="no format 'coc' to convert to; choose from coco"):
        find_format("coc")
