"""A calibration comes back from its file as it was; anything else is one line."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from car_video.config.calibration import (
    POOLED_SLOPE,
    Calibration,
    ReliabilityBin,
    cached_file,
    file_stem,
    read_calibration,
)
from car_video.errors import ConfigError

FOUND = Calibration(
    model="clip-b16", slope=3.5, offset=-0.4, fitted=True, made="2026-11-27",
    data="coco/x.json", pictures=100, positive=300, negative=900, log_loss=0.41,
    curve=(ReliabilityBin(0.2, 0.25, 700), ReliabilityBin(0.8, 0.7, 500)),
    centre=(0.5, -0.25),
)  # fmt: skip


def test_round_trip(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "c.json"
    FOUND.save(path)
    assert read_calibration(path, "clip-b16") == FOUND
    assert [one.name for one in path.parent.iterdir()] == ["c.json"], "nothing half-written"


def test_log_odds_are_the_line_on_standard_deviations() -> None:
    z = np.array([-1.0, 0.0, 2.0])
    np.testing.assert_allclose(FOUND.log_odds(POOLED_SLOPE * z), 3.5 * z - 0.4)


def test_the_defaults_change_nothing() -> None:
    odds = np.array([0.3, -np.inf, np.inf])
    assert Calibration().log_odds(odds) is odds
    assert Calibration().is_default
    assert not FOUND.is_default


def test_a_file_without_a_centre(tmp_path: Path) -> None:
    dataclasses.replace(FOUND, centre=()).save(tmp_path / "c.json")
    data = json.loads((tmp_path / "c.json").read_text())
    del data["centre"]
    (tmp_path / "c.json").write_text(json.dumps(data))
    assert read_calibration(tmp_path / "c.json", "clip-b16").centre == ()


DAMAGE: dict[str, Any] = {
    "of the former measure": lambda d: d.update(deviation="picture"),
    "slope missing": lambda d: d.pop("slope"),
    "slope 0": lambda d: d.update(slope=0),
    "slope below 0": lambda d: d.update(slope=-2.0),
    "slope a text": lambda d: d.update(slope="3"),
    "slope true": lambda d: d.update(slope=True),
    "slope not finite": lambda d: d.update(slope=float("nan")),
    "slope huge": lambda d: d.update(slope=1e9),
    "offset huge": lambda d: d.update(offset=-1e9),
    "another form": lambda d: d.update(form=2),
    "no form": lambda d: d.pop("form"),
    "date": lambda d: d.update(made="yesterday"),
    "counts": lambda d: d.update(pictures=-1),
    "counts of part": lambda d: d.update(positive=1.5),
    "curve": lambda d: d.update(curve=[1, 2]),
    "curve missing": lambda d: d.pop("curve"),
    "curve null": lambda d: d.update(curve=None),
    "model": lambda d: d.update(model=3),
    "centre": lambda d: d.update(centre=[0.5, "a"]),
    "centre not finite": lambda d: d.update(centre=[float("inf")]),
    "centre a number": lambda d: d.update(centre=1.0),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_damaged_values(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "c.json"
    FOUND.save(path)
    data = json.loads(path.read_text())
    DAMAGE[damage](data)
    path.write_text(json.dumps(data))
    _assert_damaged(path)


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"{", b"null", b"\xff\xfe\x00", b"[" * 100_000], ids=range(6)
)
def test_no_calibration_at_all(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "c.json"
    path.write_bytes(content)
    _assert_damaged(path)


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    _assert_damaged(tmp_path)


def _assert_damaged(path: Path) -> None:
    with pytest.raises(ConfigError, match="is damaged") as error:
        read_calibration(path, "clip-b16")
    assert "\n" not in str(error.value)
    assert "car-eval calibrate clip-b16" in str(error.value), "what to do"


def test_of_another_model(tmp_path: Path) -> None:
    FOUND.save(tmp_path / "c.json")
    with pytest.raises(ConfigError, match="is of model 'clip-b16', not of 'lite'"):
        read_calibration(tmp_path / "c.json", "lite")


def test_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no calibration file"):
        read_calibration(tmp_path / "c.json", "lite")


def test_a_weights_file_is_known_by_its_own_name(tmp_path: Path) -> None:
    one = dataclasses.replace(FOUND, model="ViT-B-16:here/clip.safetensors")
    one.save(tmp_path / "c.json")
    assert read_calibration(tmp_path / "c.json", "ViT-B-16:/there/clip.safetensors") == one
    assert file_stem(one.model) == "ViT-B-16--clip.safetensors"
    with pytest.raises(ConfigError, match="is of model"):
        read_calibration(tmp_path / "c.json", "ViT-B-16:here/other.safetensors")


def test_the_cache_folder_can_be_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAR_VIDEO_CACHE", str(tmp_path))
    assert cached_file("ViT-B-16:openai") == tmp_path / "calibration" / "ViT-B-16--openai.json"
