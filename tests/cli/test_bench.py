"""``car-video bench``: the table, the JSON, and what cannot be measured."""

from __future__ import annotations

import json

import pytest

from car_video import models, profiling
from car_video.backends import catalog, comparing, replacing
from car_video.backends.comparing import Measured
from car_video.cli import bench
from car_video.models.pair import as_pair
from car_video.models.sam import registry
from car_video.profiling import PARTS, Profile
from tests.segment.colour_model import ColourModel


@pytest.fixture
def measured(monkeypatch):
    """Settings that were measured; the numbers are made up."""
    seen: list[tuple] = []

    def profile(model, clip, texts, config, mask_model, *, clock, seconds):
        assert clip.is_file()
        assert clock() <= clock()
        seen.append((texts, config.segment.refine, config.video.keyframes.interval, seconds))
        present = 1.0 if "person" in texts[0] else 0.0
        return Profile({**dict.fromkeys(PARTS, 0.0), "trunk": 250.0}, 5, present)

    monkeypatch.setattr(profiling, "profile", profile)
    monkeypatch.setattr(models, "load_model", lambda name, device: as_pair(ColourModel()))
    monkeypatch.setattr(registry, "load_mask_model", lambda name, device: None)
    return seen


def test_all_settings_on_the_shipped_clip(cli, measured):
    code, out, err = cli("bench")
    assert (code, err) == (0, "")
    assert [(refine, interval) for _, refine, interval, _ in measured] == [
        ("sam", 0),
        ("sam", 0.333),
        ("sam", 0.667),
        ("crf", 0.333),
        ("none", 0.333),
    ]
    lines = out.splitlines()
    (speeds,) = (line for line in lines if line.startswith(" frames/s"))
    assert speeds.split() == ["frames/s", *["4.00"] * 5]
    for part in PARTS:
        assert any(part in line for line in lines)
    for what in ("processor: ", "threads: ", "torch: ", "car-video: "):
        assert any(line.startswith(what) for line in lines), what
    assert "note:" not in out


def test_json_for_a_report(cli, measured, clip):
    code, out, _ = cli("bench", clip, "--json", "--seconds", 0.5, "--expr", "a unicorn")
    assert code == 0
    report = json.loads(out)
    assert list(report["settings"]) == ["best", "default", "fast", "crf", "none"]
    assert report["settings"]["fast"]["frames_per_second"] == 4
    assert report["expressions"] == ["a unicorn"]
    assert "hardly found" in report["notes"][0]
    assert report["machine"]["threads"].isdigit()
    assert measured[0][3] == 0.5


def test_what_was_not_found_is_told(cli, measured, clip):
    assert "note: 'a dog' was hardly found" in cli("bench", clip, "--expr", "a dog")[1]


def test_back_ends_are_compared(cli, measured, clip, monkeypatch):
    table = {
        "torch": Measured(100.0, 1.0),
        "onnx": Measured(80.0, 0.996),
        "onnx-int8": Measured(float("inf"), 0.0, "cannot quantise"),
    }
    monkeypatch.setattr(catalog, "installed", lambda: ["onnx"])
    monkeypatch.setattr(replacing, "hosts_of", lambda pair, masks: ["a model"])
    monkeypatch.setattr(comparing, "measure", lambda *_: {"the encoder": table})
    code, out, _ = cli("bench", clip)
    assert code == 0
    lines = [line.split() for line in out.splitlines()]
    assert ["the", "encoder", "torch", "onnx"] in lines
    assert ["ms", "a", "frame", "100", "80"] in lines
    assert ["masks'", "IoU", "with", "torch's", "1.000", "0.996"] in lines
    assert "note: cannot quantise" in out
    report = json.loads(cli("bench", clip, "--json")[1])
    assert report["backends"]["the encoder"]["onnx"] == {"milliseconds": 80.0, "iou": 0.996}
    assert report["backends"]["the encoder"]["onnx-int8"] == {"failure": "cannot quantise"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("missing.mp4",), "no such file"),
        (("--expr", " "), "empty"),
        (("--seconds", "-1"), "--seconds"),
        (("--device", "abacus"), "unknown device"),
    ],
)
def test_bad_input_is_one_line(cli, arguments, message):
    code, out, err = cli("bench", *arguments)
    assert (code, out) == (2, "")
    assert err.startswith("error: ")
    assert err.count("\n") == 1
    assert message in err


def test_without_the_shipped_clip_one_has_to_be_given(cli, monkeypatch):
    monkeypatch.setattr(bench, "SHIPPED", bench.SHIPPED.with_name("elsewhere.mp4"))
    code, _, err = cli("bench")
    assert code == 2
    assert "car-video bench clip.mp4" in err
