"""Presets are strict: what is not understood is refused with one line that says why."""

from __future__ import annotations

import dataclasses
import math
import os
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from car_video.config import (
    ClassifierConfig,
    Config,
    SegmentConfig,
    from_mapping,
    load_preset,
    preset_names,
)
from car_video.errors import ConfigError

REFUSED = [
    ("colour: red", "unknown key 'colour'"),
    ("segment: {refin: sam}", "unknown key 'segment.refin'"),
    ("segment: {sam: {side: 512, sides: 4}}", "unknown key 'segment.sam.sides'"),
    ('"two\\nlines": 1', "unknown key"),
    ("7: seven", "unknown key '7'"),
    ("model: 7", "model must be a text"),
    ("model: null", "model must be a text"),
    ("segment: none", "segment must be a mapping"),
    ("segment: [1, 2]", "segment must be a mapping"),
    ("segment: {mode: both}", "segment.mode must be one of semantic, refer"),
    ("segment: {refine: null}", "segment.refine must be one of sam, crf, none"),
    ("segment: {background: grass}", "segment.background must be a list"),
    ("segment: {background: [grass, 3]}", "segment.background[1] must be a text"),
    ("segment: {presence_threshold: '0.5'}", "segment.presence_threshold must be a number"),
    ("segment: {presence_threshold: true}", "segment.presence_threshold must be a number"),
    ("segment: {presence_threshold: 1.01}", "presence_threshold must be from 0 to 1"),
    ("segment: {presence_threshold: .nan}", "presence_threshold must be a finite number"),
    ("segment: {crf: {bilateral_weight: .inf}}", "bilateral_weight must be a finite number"),
    ("segment: {expression: {context_rivals: 1}}", "context_rivals must be true or false"),
    ("segment: {proposal: {affinity_temperature: .inf}}", "must be a finite number"),
    ("segment: {proposal: {affinity_temperature: 1001}}", "must be above 0 and at most 1000"),
    ("segment: {proposal: {template: a cat}}", "proposal.template must be a text with {}"),
    ("segment: {proposal: {cam: {epsilon: 2}}}", "cam.epsilon must be from 0 to 1"),
    ("segment: {recurrence: {max_steps: 0}}", "max_steps must be from 1 to 1000"),
    ("segment: {classifier: {block: first}}", "block must be one of last, penultimate"),
    ("segment: {expression: {noun_weight: -0.1}}", "noun_weight must be from 0 to 1"),
    ("segment: {proposal: {size: 512.0}}", "segment.proposal.size must be a whole number"),
    ("video: {target_fps: .inf}", "video.target_fps must be a finite number"),
    ("video: {tracks: {settling: 0}}", "video.tracks.settling must be above 0"),
    (
        "video: {memory: {recent_seconds: [1, 0]}}",
        "video.memory.recent_seconds[1] must be above 0 and at most 3600",
    ),
    (
        "video: {memory: {recent_seconds: [1, 2, 3, 4, 5, 6, 7, 8]}}",
        "video.memory.recent_seconds must be at most 7 ages",
    ),
    ("video: {memory: {recent: [1, 4]}}", "is now 'video.memory.recent_seconds'"),
    ("video: {memory: {radius: 5}}", "is now 'video.memory.reach_sides'"),
    ("segment: {proposal: {size: true}}", "segment.proposal.size must be a whole number"),
    ("segment: {proposal: {size: 15}}", "proposal.size must be from 16 to 8192"),
    ("segment: {proposal: {size: 8193}}", "proposal.size must be from 16 to 8192"),
    ("segment: {proposal: {affinity_steps: -1}}", "affinity_steps must be from 0 to 64"),
    ("segment: {proposal: {affinity_temperature: 0}}", "affinity_temperature must be above 0"),
    (
        f"segment: {{proposal: {{affinity_temperature: 1{'0' * 400}}}}}",
        "affinity_temperature must be",
    ),
    ("segment: {recurrence: {max_steps: 0}}", "recurrence.max_steps must be from 1 to 1000"),
    ("segment: {recurrence: {confidence_threshold: 2}}", "confidence_threshold must be from 0"),
    ("segment: {sam: {side: 500}}", "sam.side must be a multiple of 16"),
    ("segment: {sam: {points: 0}}", "sam.points must be from 1 to 64"),
    ("segment: {sam: {peak_distance: 33}}", "sam.peak_distance must be from 1 to 32"),
    ("segment: {sam: {model: 3}}", "segment.sam.model must be a text"),
    ("segment: {sam: {rule: both}}", "segment.sam.rule must be one of peaks, automatic"),
    ("segment: {sam: {automatic: {iom: 2}}}", "sam.automatic.iom must be from 0 to 1"),
    ("segment: {sam: {automatic: {points_per_side: 0}}}", "points_per_side must be from 1"),
    ("segment: {crf: {scale: 0}}", "crf.scale must be above 0"),
    ("segment: {classifier: {pooled_weight: 3}}", "classifier.pooled_weight must be from 0"),
    ("segment: {classifier: {prompts: [sparkles]}}", "sparkles"),
    ("segment: {sam: {again: true}}", "'segment.sam.again' is now 'segment.sam.box_pass'"),
    ("segment: {recurrence: {strict: true}}", "is now part of 'segment.compat: reference'"),
    ("segment: {proposal: {input: own}}", "is now 'segment.proposal.resize'"),
    ("video: {keyframes: {gap: 3}}", "is now 'video.keyframes.min_interval' (in seconds"),
    ("[]", "must be a mapping"),
    ("false", "must be a mapping"),
    ("a sentence", "must be a mapping"),
    ("model: [", "not valid YAML"),
    ("model: !!python/name:os.system x", "not valid YAML"),
    ("model: lite\nmodel: lite", "stands twice"),
    ("segment: {refine: sam, refine: none}", "stands twice"),
    ("model: 2001-99-99", "not valid YAML"),
    (f"model: {'1' * 5000}", "not valid YAML"),
    ("[" * 1000, "not valid YAML"),
]


@pytest.mark.parametrize(("text", "reason"), REFUSED, ids=[r[1] for r in REFUSED])
def test_what_is_not_understood_is_refused(tmp_path, text, reason):
    file = tmp_path / "mine.yaml"
    file.write_text(text, "utf-8")
    with pytest.raises(ConfigError) as refusal:
        load_preset(file)
    message = str(refusal.value)
    assert reason in message
    assert message.startswith(f"preset '{file}'")
    assert "\n" not in message


@pytest.mark.parametrize("content", [b"\xff\xfe\x00\x01" * 50, bytes(range(256)), b"a: \x00"])
def test_binary_files(tmp_path, content):
    file = tmp_path / "mine.yaml"
    file.write_bytes(content)
    with pytest.raises(ConfigError, match="is not valid YAML"):
        load_preset(str(file))


@pytest.mark.skipif(os.name != "posix", reason="names may be longer elsewhere")
def test_a_name_that_no_file_can_have():
    with pytest.raises(ConfigError, match="cannot be read"):
        load_preset("x" * 5000 + ".yaml")


@pytest.mark.parametrize("name", ["nope", "", "../default", "default.yaml", "no\0thing.yaml"])
def test_presets_that_are_not_there(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match=r"no preset or YAML file .*default"):
        load_preset(name)


def test_a_folder_is_no_preset(tmp_path):
    folder = tmp_path / "folder.yaml"
    folder.mkdir()
    with pytest.raises(ConfigError, match="no preset"):
        load_preset(folder)


def plain(config: object) -> dict[str, Any]:
    """A config as the plain data that YAML holds."""
    data = dataclasses.asdict(config)  # type: ignore[call-overload]

    def lists(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: lists(inner) for key, inner in value.items()}
        return list(value) if isinstance(value, tuple) else value

    return lists(data)


@pytest.mark.parametrize("name", preset_names())
def test_shipped_presets_load_and_survive_the_round_trip(tmp_path, name):
    config = load_preset(name)
    assert config.description
    file = tmp_path / "again.yml"
    file.write_text(yaml.safe_dump(plain(config)), "utf-8")
    assert load_preset(file) == config


def test_the_default_preset_is_the_defaults():
    assert "default" in preset_names()
    assert load_preset().segment == SegmentConfig()
    assert load_preset().model == Config().model


@pytest.mark.parametrize("text", ["", "# nothing but a remark\n", "---\n", "null"])
def test_an_empty_file_is_the_defaults(tmp_path, text):
    file = tmp_path / "empty.yaml"
    file.write_text(text)
    assert load_preset(file) == Config()


def test_missing_keys_keep_their_defaults():
    config = from_mapping(
        Config, {"segment": {"sam": {"side": 512}, "presence_threshold": 1, "background": []}}
    )
    assert config.segment.sam == dataclasses.replace(SegmentConfig().sam, side=512)
    assert config.segment.crf == SegmentConfig().crf
    assert isinstance(config.segment.presence_threshold, float)
    assert config.segment.background == ()


def leaves(data: dict[str, Any], path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    found = []
    for key, value in data.items():
        here = (*path, key)
        found += leaves(value, here) if isinstance(value, dict) else [here]
    return found


LEAVES = leaves(plain(Config()))


@settings(max_examples=150, deadline=None)
@given(
    path=st.sampled_from(LEAVES),
    value=st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(),
        st.text(max_size=5),
        st.lists(st.one_of(st.integers(), st.text(max_size=3)), max_size=2),
        st.dictionaries(st.text(max_size=3), st.integers(), max_size=2),
    ),
)
def test_any_value_is_taken_as_its_type_or_refused_in_one_line(path, value):
    data: Any = value
    for key in reversed(path):
        data = {key: data}
    refusal, config = None, None
    try:
        config = from_mapping(Config, data)
    except ConfigError as error:
        refusal = str(error)
    if refusal is not None:
        assert "\n" not in refusal
        assert path[-1] in refusal or "template" in refusal
        return
    taken: Any = config
    for key in path:
        taken = getattr(taken, key)
    if isinstance(value, float) and math.isnan(value):
        pytest.fail(f"{path} took nan")
    if value == {}:  # a part that may be left open, with its own defaults
        assert taken == ClassifierConfig()
        return
    assert taken == (tuple(value) if isinstance(value, list) else value)
    assert isinstance(value, bool) == isinstance(taken, bool)


@pytest.mark.parametrize("text", ["1e-3", "1E-3", "1.e-3", "+1e-3", "0.001", "1.0e-3"])
def test_numbers_with_an_exponent(text, tmp_path):
    file = tmp_path / "mine.yaml"
    file.write_text(f"segment: {{recurrence: {{confidence_threshold: {text}}}}}", "utf-8")
    assert load_preset(file).segment.recurrence.confidence_threshold == pytest.approx(0.001)
