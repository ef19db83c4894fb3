"""Which calibration a model is used with."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from car_video.config.calibration import Calibration, ReliabilityBin, cached_file
from car_video.errors import ConfigError
from car_video.models.calibration import DEFAULTS, find_calibration

OWN = Calibration(
    "lite", 4.0, 0.5, True, "2026-11-27", "coco/x.json", 9, 10, 20, 0.5,
    (ReliabilityBin(0.5, 0.5, 30),),
)  # fmt: skip


@pytest.fixture(autouse=True)
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAR_VIDEO_CACHE", str(tmp_path))


def test_lite_ships_with_the_values_that_thresholds_were_set_with() -> None:
    shipped = find_calibration("lite")
    assert shipped.is_default, "masks of lite must not depend on when it was calibrated"
    assert not shipped.fitted
    assert shipped.model == "lite"
    assert shipped.positive > 100
    assert shipped.curve, "it says how reliable it is"


def test_a_model_without_one_has_the_defaults() -> None:
    assert find_calibration("clip-b16") == find_calibration("a network of mine") == DEFAULTS


def test_what_the_user_has_made_goes_before_what_ships() -> None:
    OWN.save(cached_file("lite"))
    assert find_calibration("lite") == OWN
    assert find_calibration("lite", "none") == DEFAULTS
    assert find_calibration("clip-b16") == DEFAULTS


def test_by_path(tmp_path: Path) -> None:
    path = tmp_path / "mine.json"
    OWN.save(path)
    assert find_calibration("lite", str(path)) == OWN
    with pytest.raises(ConfigError, match="not of 'clip-b16'"):
        find_calibration("clip-b16", str(path))
    with pytest.raises(ConfigError, match="no calibration file"):
        find_calibration("lite", str(tmp_path / "other.json"))


def test_another_models_file_in_its_place() -> None:
    dataclasses.replace(OWN, model="clip-b16").save(cached_file("lite"))
    with pytest.raises(ConfigError, match="is of model 'clip-b16'"):
        find_calibration("lite")
