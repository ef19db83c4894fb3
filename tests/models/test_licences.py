"""The table of licences has every shipped file, and says what NOTICE says."""

from __future__ import annotations

from importlib import resources

from car_video.models.licences import shipped_parts
from tests.paths import ROOT

NOTICE = (ROOT / "NOTICE").read_text("utf-8")
IN_NOTICE = {
    "Apache-2.0": "Apache License 2.0",
    "MIT": "MIT license",
    "WordNet": "WordNet 3.0 Copyright",
}


def test_every_shipped_file_is_in_it() -> None:
    shipped = {
        file.name
        for file in resources.files("car_video.weights").iterdir()
        if file.name.endswith((".safetensors", ".json"))
    }
    assert {file for part in shipped_parts() for file in part.files} == shipped


def test_notice_names_the_same_files_licences_and_data() -> None:
    for part in shipped_parts():
        for file in part.files:
            assert file in NOTICE
        assert IN_NOTICE[part.licence] in NOTICE
        for data in part.data:
            assert data.name in NOTICE, f"NOTICE does not say that {part.what} saw {data.name}"


def test_what_notice_calls_research_is_no_free_data_here() -> None:
    terms = {data.name: data.terms for part in shipped_parts() for data in part.data}
    assert "NON-COMMERCIAL RESEARCH" in NOTICE
    assert terms["Flickr8k"].startswith("non-commercial research")
    assert "research" in terms["ImageNet-1k"]
