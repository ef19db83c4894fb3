"""``car-eval fetch``: where data are to be had, and whether they are whole."""

from __future__ import annotations

import hashlib

import pytest
from car_video.eval import fetching
from car_video.eval.benchmarks import REGISTRY

from . import builders, video_builders


@pytest.mark.parametrize("name", REGISTRY)
def test_every_benchmark_says_where_its_data_are(name):
    source = fetching.source_of(name)
    assert source.pages
    assert all(len(digest) == 64 for digest in source.sha256.values())


def test_fetch_says_where(car_eval):
    code, out, _ = car_eval("fetch", "revos")
    assert code == 0
    assert "github.com/cilinyan/ReVOS-api" in out
    assert "CC BY-NC-SA 4.0" in out


def test_counts_are_checked(car_eval, tmp_path):
    data = video_builders.mevis_v2(tmp_path / "m")
    code, out, err = car_eval("fetch", "mevis-v2", "--data", data)
    assert code == 2
    assert "items: found 10, published 907" in err
    assert "sequences" in out


def test_checksums_are_checked(tmp_path, monkeypatch):
    data = video_builders.revos(tmp_path / "r")
    found = fetching.check_data("revos", data)
    assert len(found.problems) == 3
    assert "sha256 of mask_dict.json" in found.problems[0]
    digest = hashlib.sha256((data / "mask_dict.json").read_bytes()).hexdigest()
    monkeypatch.setitem(fetching.source_of("revos").sha256, "mask_dict.json", digest)
    assert len(fetching.check_data("revos", data).problems) == 2
    (data / "mask_dict_foreground.json").unlink()
    assert "found missing" in fetching.check_data("revos", data).problems[0]


def test_a_layout_that_is_not_sound_is_told(car_eval, tmp_path):
    code, _, err = car_eval("fetch", "long-rvos", "--data", tmp_path)
    assert code == 2
    assert "no meta_expressions.json" in err


def test_data_without_published_counts_are_counted(car_eval, tmp_path):
    data = builders.grefer(tmp_path / "g")
    code, out, err = car_eval("fetch", "grefcoco", "--data", data)
    assert (code, err) == (0, "")
    assert "pictures" in out
    assert "unknown benchmark" in car_eval("fetch", "grefcoc")[2]
