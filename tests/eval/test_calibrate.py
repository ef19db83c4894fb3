"""``car-eval calibrate`` end to end, with a model that knows colours."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from car_video.eval import calibrate
from car_video.eval.data.images import read_rgb

from car_video.config.calibration import POOLED_SLOPE, read_calibration
from car_video.errors import DataError

from . import builders


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CAR_VIDEO_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(calibrate, "LEAST_AREA", 1)  # squares of the test pictures are small
    return builders.coco_object(tmp_path / "coco", pictures=10)


@pytest.fixture
def noisy(monkeypatch: pytest.MonkeyPatch) -> None:
    """A model whose evidence is +1 for the right name and -1 for the other, with noise."""
    generator = np.random.default_rng(0)

    def odds(image: np.ndarray, masks: np.ndarray) -> np.ndarray:
        right = np.eye(2)[np.arange(len(masks)) % 2]
        return POOLED_SLOPE * (2 * right - 1 + generator.normal(0, 1.5, right.shape))

    def open_model(name: str, *_: object) -> SimpleNamespace:
        return SimpleNamespace(
            region_odds=odds,
            proposer=SimpleNamespace(dense_matches_text=name == "lite"),
            picture_embedding=lambda image: np.array([image.mean(), 1.0]),
        )

    monkeypatch.setattr(calibrate, "open_model", open_model)


@pytest.mark.usefixtures("noisy")
def test_the_file(car_eval, data, tmp_path):
    code, out, err = car_eval("calibrate", "clip-b16", "--data", data)
    assert (code, err) == (0, "")
    path = tmp_path / "cache" / "calibration" / "clip-b16.json"
    found = read_calibration(path, "clip-b16")
    assert (found.pictures, found.positive, found.negative) == (10, 20, 20)
    assert found.fitted
    pictures = [read_rgb(path).mean() for path in sorted(data.rglob("*.png"))]
    assert len(pictures) == 10
    assert found.centre == pytest.approx((np.mean(pictures), 1.0), rel=1e-5)
    assert found.data == "coco/instances.json", "a name, not the path of a machine"
    assert 0 < found.slope < 3
    assert found.log_loss < np.log(2)
    assert sum(one.pairs for one in found.curve) == 40
    assert str(path) in out.replace("\n", "")


@pytest.mark.usefixtures("noisy")
def test_the_defaults_can_be_measured(car_eval, data, tmp_path):
    path = tmp_path / "x.json"
    code, _, _ = car_eval("calibrate", "lite", "--data", data, "--keep-defaults", "--out", path)
    assert code == 0
    found = read_calibration(path, "lite")
    assert found.is_default
    assert not found.fitted
    assert found.curve
    assert found.centre == (), "its maps do not come from Grad-CAM"


@pytest.mark.usefixtures("noisy")
def test_a_file_that_is_there_stays(car_eval, data, tmp_path):
    path = tmp_path / "x.json"
    path.write_text("mine")
    arguments = ("calibrate", "lite", "--data", data, "--out", path)
    code, _, err = car_eval(*arguments)
    assert (code, path.read_text()) == (2, "mine")
    assert "--overwrite" in err
    assert car_eval(*arguments, "--overwrite", "--quiet") == (0, "", "")
    assert read_calibration(path, "lite").positive == 20


def test_bad_input(car_eval, data, tmp_path, monkeypatch):
    def refused(*arguments: object) -> str:
        code, _, err = car_eval("calibrate", *arguments)
        assert code == 2
        assert len(err.strip().splitlines()) == 1, err
        return err

    assert "no model 'nope'" in refused("nope", "--data", data)
    assert "does not exist" in refused("lite", "--data", tmp_path / "none")
    empty = tmp_path / "empty"
    empty.mkdir()
    assert "instances.json" in refused("lite", "--data", empty)
    (empty / "instances.json").write_text("{")
    assert "empty" in refused("lite", "--data", empty)
    # What is wrong with the data is seen by any model.
    monkeypatch.setattr(calibrate, "open_model", lambda *_: SimpleNamespace())
    assert "at least 5" in refused("lite", "--data", data, "--limit", 4)
    one = json.loads((data / "instances.json").read_text())
    one["categories"] = one["categories"][:1]
    (data / "instances.json").write_text(json.dumps(one))
    assert "fewer than two categories" in refused("lite", "--data", data)
    assert not (tmp_path / "cache").exists()


def pairs(evidence: list[float]) -> calibrate.Pairs:
    """Ten pictures, each with a right and a wrong pair of the given evidence."""
    count = 10
    return calibrate.Pairs(
        np.array(evidence * count), np.array([True, False] * count), np.repeat(range(count), 2)
    )


def test_evidence_that_says_the_opposite():
    with pytest.raises(DataError, match="no more like their own names"):
        calibrate.calibrated(pairs([-1.0, 1.0]), "x", "data")


def test_evidence_that_is_no_number():
    with pytest.raises(DataError, match="not finite"):
        calibrate.calibrated(pairs([float("nan"), 1.0]), "x", "data")


def test_pictures_are_left_out_as_wholes():
    """The loss is that of pictures that took no part: noise of a picture does not help."""
    generator = np.random.default_rng(0)
    noise = generator.normal(0, 1, 400)
    some = calibrate.Pairs(noise, generator.random(400) < 0.5, np.repeat(range(20), 20))
    assert calibrate.calibrated(some, "x", "data", calibrate.Line(0.01, 0)).log_loss > 0.69


def test_regions_of_another_size(data):
    coco = calibrate.read_regions(data)
    record = json.loads((data / "instances.json").read_text())
    record["images"][0]["height"] += 1
    (data / "instances.json").write_text(json.dumps(record))
    coco = calibrate.read_regions(data)
    with pytest.raises(DataError, match="not of the size"):
        list(calibrate.collect(coco, calibrate.usable(coco), data, lambda *_: np.zeros((2, 2))))
