"""Preset and calibration of a run follow its model."""

from __future__ import annotations

import pytest

from car_video.cli.request import Request, check_options, with_masks
from car_video.config import SegmentConfig, load_preset
from car_video.config.calibration import POOLED_SLOPE, Calibration, cached_file
from car_video.config.masks import SamRefineConfig
from car_video.errors import ConfigError

OWN = Calibration("clip-b16", 4.0, 0.5, True, "2026-11-27", "x", 9, 10, 20, 0.5)


@pytest.fixture(autouse=True)
def empty_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("CAR_VIDEO_CACHE", str(tmp_path))


def test_the_model_picks_the_preset_where_none_is_named():
    def asked(**options):
        return check_options(Request("clip.mp4", ("a dog",), **options)).config

    assert asked().segment == load_preset("default").segment
    clip = asked(model="clip-b16")
    assert (clip.model, clip.segment) == ("clip-b16", load_preset("clip").segment)
    assert asked(model="clip-b16", preset="default").segment == load_preset("default").segment
    assert asked(model="lite", preset="voc").segment == load_preset("voc").segment


def test_a_run_under_another_calibration_is_another_run():
    plan = check_options(Request("clip.mp4", ("a dog",), model="clip-b16"))
    assert plan.options()["calibration"] == [POOLED_SLOPE, 0.0]
    OWN.save(cached_file("clip-b16"))
    assert plan.options()["calibration"] == [4.0, 0.5]
    reference = check_options(Request("clip.mp4", ("a",), model="clip-b16", preset="voc"))
    assert reference.options()["calibration"] == [POOLED_SLOPE, 0.0], "scale: model"


@pytest.mark.parametrize("content", ["{", "[]", '{"form": 1}'])
def test_a_damaged_calibration_is_one_line(cli, clip, content, loader):
    path = cached_file("clip-b16")
    path.parent.mkdir()
    path.write_text(content)
    code, out, err = cli(clip, "--expr", "a dog", "--model", "clip-b16")
    assert (code, out) == (2, "")
    assert len(err.strip().splitlines()) == 1
    assert "is damaged" in err
    assert not loader.made, "before the model is loaded"
    assert cli(clip, "--expr", "a dog")[0] == 0, "lite has another"


def test_another_models_calibration_is_one_line(cli, clip, tmp_path):
    OWN.save(tmp_path / "own.json")
    (tmp_path / "my.yaml").write_text("segment: {calibration: own.json}")
    code, _, err = cli(clip, "--expr", "a dog", "--preset", "my.yaml")
    assert code == 2
    assert "is of model 'clip-b16', not of 'lite'" in err


def test_the_key_of_the_calibration(tmp_path):
    (tmp_path / "my.yaml").write_text("segment: {calibration: ' '}")
    with pytest.raises(ConfigError, match="auto, none or the path of a file"):
        load_preset(str(tmp_path / "my.yaml"))


@pytest.mark.parametrize(
    "before", ["mobile", "sam-vit-base", "fc-clip-rn50", "mobile+FCCLIP:f"]
)
def test_masks_of_sam_are_not_those_of_fcclip(before: str) -> None:
    segment = SegmentConfig(sam=SamRefineConfig(model=before))
    after = with_masks(segment, "lite", "sam").sam.model
    assert after == (before if before in ("mobile", "sam-vit-base") else "mobile")
