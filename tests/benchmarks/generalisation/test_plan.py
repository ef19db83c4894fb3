"""What a run consists of, and that records of different settings never mix."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from benchmarks.generalisation.plan import Plan, with_overrides, write_json
from benchmarks.generalisation.sequences import KINDS
from car_video import load_preset
from car_video.errors import ConfigError
from tests.benchmarks.generalisation.data import write_set


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    return Plan(write_set(tmp_path / "data"), tmp_path / "out", ("video",))


def test_overrides_are_values_of_yaml_at_dotted_keys() -> None:
    config = with_overrides(
        load_preset("fast"),
        ["segment.sam.points=4", "segment.refine=crf", "segment.background=[road, sky]"],
    )
    assert config.segment.sam.points == 4
    assert config.segment.refine == "crf"
    assert config.segment.background == ("road", "sky")
    assert config.video == load_preset("fast").video


@pytest.mark.parametrize(
    ("pair", "words"),
    [
        ("segment.sam.points", "KEY=VALUE"),
        ("segment.sam.pionts=4", "pionts"),
        ("segment.sam.points=many", "segment.sam.points"),
        ("segment.refine.steps=4", "'segment.refine' holds no keys"),
    ],
)
def test_a_wrong_override_is_one_line(pair: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        with_overrides(load_preset("fast"), [pair])


def test_every_preset_survives_the_way_through_plain_data() -> None:
    for name in ("default", "fast", "refcoco-lite", "label-space-lite"):
        assert with_overrides(load_preset(name), []) == load_preset(name)


def test_a_thinned_run_gives_each_sequence_one_kind_in_turn(plan: Plan) -> None:
    tasks = dataclasses.replace(plan, rotate=True).tasks()
    assert {task.key: task.kinds for task in tasks} == {"blue": KINDS[:1], "red": KINDS[1:2]}


def test_a_choice_of_sequences_does_not_change_their_kinds(plan: Plan) -> None:
    (task,) = dataclasses.replace(plan, rotate=True, only=("red",)).tasks()
    assert task.kinds == KINDS[1:2]


def test_an_unknown_sequence_is_named(plan: Plan) -> None:
    with pytest.raises(ConfigError, match="no sequence 'green'"):
        dataclasses.replace(plan, only=("green",)).tasks()


@pytest.mark.parametrize("change", [{"step": 2}, {"preset": "best"}, {"rotate": True}])
def test_records_of_other_settings_are_refused(plan: Plan, change: dict[str, object]) -> None:
    plan.keep_settings()
    plan.keep_settings()
    with pytest.raises(ConfigError, match="other settings"):
        dataclasses.replace(plan, **change).keep_settings()  # type: ignore[arg-type]


def test_records_without_settings_are_refused(plan: Plan) -> None:
    write_json(plan.record(plan.tasks()[0]), {})
    with pytest.raises(ConfigError, match="give another --out"):
        plan.keep_settings()
