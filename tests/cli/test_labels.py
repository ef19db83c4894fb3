"""``car-video picture.jpg --labels ...``, ``models --check`` and ``models --convert``."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from car_video.cli import label_run
from car_video.config.panoptic import PanopticConfig
from tests.models.fcclip.files import small_fcclip


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with small_fcclip(tmp_path_factory.mktemp("fcclip")) as name:
        yield name


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    (tmp_path / "photos").mkdir()
    generator = np.random.default_rng(0)
    for name, size in (("a.jpg", (24, 32)), ("b.png", (40, 20))):
        image = generator.integers(0, 255, (*size, 3), np.uint8)
        Image.fromarray(image).save(tmp_path / "photos" / name)
    (tmp_path / "labels.txt").write_text("person, man\ndog\nsky | stuff\n")
    return tmp_path / "photos"


@pytest.fixture(autouse=True)
def small_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """The network sees 64 pixels instead of 800."""
    monkeypatch.setattr(label_run, "SETTINGS", PanopticConfig(shortest=64, longest=96))


@pytest.mark.parametrize("task", ["panoptic", "semantic", "instance"])
def test_a_folder_of_pictures(cli, model, pictures, tmp_path, task) -> None:
    options = ("--labels", "labels.txt", "--task", task, "--model", model, "--device", "cpu")
    code, out, err = cli(pictures, *options, "--out", "out")
    assert (code, err) == (0, "")
    assert "2 pictures" in out
    data = json.loads((tmp_path / "out" / f"{task}.json").read_text())
    assert [image["file_name"] for image in data["images"]] == ["a.jpg", "b.png"]
    assert [(i["height"], i["width"]) for i in data["images"]] == [(24, 32), (40, 20)]
    overlays = sorted(p.name for p in (tmp_path / "out" / "overlay").iterdir())
    assert overlays == ["a.png", "b.png"]
    if task == "panoptic":
        code, out, err = cli(pictures, *options, "--out", "out", "--resume")
        assert code == 0
        assert "2 from an earlier run" in out
        (pictures / "a.jpg").replace(pictures / "c.jpg")
        code, _, err = cli(pictures, *options, "--out", "out", "--resume")
        assert code == 2
        assert "another source ('c.jpg' is new)" in err


def test_one_picture_into_a_folder_of_its_name(cli, model, pictures, tmp_path) -> None:
    code, _, err = cli(
        pictures / "a.jpg", "--labels", "labels.txt", "--model", model, "--save", "masks"
    )
    assert (code, err) == (0, "")
    assert [p.name for p in (tmp_path / "a_car" / "masks").iterdir()] == ["a.png"]
    assert not (tmp_path / "a_car" / "panoptic.json").exists()


def test_segments_of_a_video_have_tracks(cli, model, clip, tmp_path) -> None:
    (tmp_path / "labels.txt").write_text("person\ndog\nsky | stuff\n")
    options = ("--labels", "labels.txt", "--model", model, "--save", "json", "--out", "out")
    code, out, err = cli(clip, *options, "--max-frames", "2")
    assert (code, err) == (0, "")
    code, out, err = cli(clip, *options, "--max-frames", "3", "--resume")
    assert code == 0
    assert "3 pictures, 2 from an earlier run" in out
    data = json.loads((tmp_path / "out" / "panoptic.json").read_text())
    assert len(data["annotations"]) == 3
    segments = [s for a in data["annotations"] for s in a["segments_info"]]
    assert all(0 <= segment["track_id"] < 6 for segment in segments)


REFUSED = {
    ("--labels", "coco", "--model", "lite"): "'lite' cannot segment by a list of labels",
    ("--labels", "coco", "--task", "depth"): "unknown --task 'depth'",
    ("--labels", "cocoo"): "no label file 'cocoo'",
    ("--labels", "coco", "--expr", "a dog"): "--expr means nothing with --labels",
    ("--labels", "coco", "--size", "64"): "--size means nothing with --labels",
    ("--labels", "coco", "--save", "cutout"): "cannot save 'cutout' of labels",
    ("--labels", "coco", "--model", "FCCLIP:none.pth"): "no weights file 'none.pth'",
    ("--labels", "many.txt"): "more than 5000 classes",
    ("--labels", "holes.txt"): "line 2 is empty",
    ("--expr", "a dog", "--task", "semantic"): "belong to --labels",
    ("--expr", "a dog", "--check", "lite"): "belong to 'car-video models'",
}


@pytest.mark.parametrize("options", list(REFUSED), ids=" ".join)
def test_bad_input_is_one_line(cli, pictures, tmp_path, options) -> None:
    (tmp_path / "many.txt").write_text("\n".join(f"name {i}" for i in range(10_000)))
    (tmp_path / "holes.txt").write_text("dog\n\ncat\n")
    code, out, err = cli(pictures / "a.jpg", *options)
    assert code == 2
    assert out == ""
    assert err.startswith("error: ")
    assert err.count("\n") == 1
    assert REFUSED[options] in err
    assert not (tmp_path / "a_car").exists()


def test_missing_weights_leave_no_folder(cli, pictures, tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("CAR_VIDEO_CACHE", str(tmp_path / "cache"))
    code, _, err = cli(pictures / "a.jpg", "--labels", "coco")
    assert code == 2
    assert "the trained part of 'fc-clip-convnext-l' is not on this machine" in err
    assert not (tmp_path / "a_car").exists()


def test_check_says_what_was_verified(cli, model) -> None:
    code, out, err = cli("models", "--check", model)
    assert (code, err) == (0, "")
    assert "tensors" in out
    assert "can be used" in out
    code, _, err = cli("models", "--check", "nothing")
    assert code == 2
    assert "no model 'nothing'" in err
    assert cli("presets", "--check", "lite")[0] == 2


def test_convert_writes_safetensors(cli, model, tmp_path) -> None:
    source = model.removeprefix("FCCLIP:").partition("+")[0]
    code, out, err = cli("models", "--convert", source, "--out", "new.safetensors")
    assert (code, err) == (0, "")
    assert (tmp_path / "new.safetensors").is_file()
    assert "Written to new.safetensors" in out
    code, _, err = cli("models", "--convert", source, "--out", "new.safetensors")
    assert code == 2
    assert "is there already" in err
    code, _, err = cli("models", "--convert", source)
    assert "no published variant" in err
    code, _, err = cli("models", "--convert", "nowhere.pth")
    assert "no file" in err
