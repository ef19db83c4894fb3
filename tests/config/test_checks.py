"""Values given in Python are checked as those of YAML files are, in every configuration."""

from __future__ import annotations

import dataclasses
import typing
from typing import Any, Literal

import numpy as np
import pytest

from car_video.config import (
    AutomaticConfig,
    CamOptions,
    ClassifierConfig,
    Config,
    CrfConfig,
    ExpressionConfig,
    ProposalConfig,
    RecurrenceConfig,
    SamRefineConfig,
    SegmentConfig,
    VideoConfig,
)
from car_video.config.checks import Range, Settings, field_types
from car_video.errors import ConfigError


def all_settings(cls: type[Settings] = Settings) -> list[type[Settings]]:
    """Every configuration there is, so that a new one is tested as well."""
    return [found for child in cls.__subclasses__() for found in (child, *all_settings(child))]


FIELDS = [
    (cls, name, hint) for cls in all_settings() for name, hint in field_types(cls).items()
]
IDS = [f"{cls.part}.{name}" for cls, name, _ in FIELDS]


def bare(hint: Any) -> Any:
    """A type without its range and without None."""
    if typing.get_origin(hint) is typing.Annotated:
        return bare(typing.get_args(hint)[0])
    inner = [a for a in typing.get_args(hint) if a is not type(None)]
    optional = type(None) in typing.get_args(hint)
    return bare(inner[0]) if optional else hint


def refusal(cls: Any, name: str, value: Any) -> str:
    with pytest.raises(ConfigError) as caught:
        cls(**{name: value})
    message = str(caught.value)
    assert "\n" not in message
    assert len(message) < 300
    return message


def of_another_type(kind: Any) -> list[Any]:
    """Values that a field of that type refuses."""
    wrong: list[Any] = [object(), {}, np.zeros((40, 40)), b"bytes", {"a": 1}]
    if kind is not str and typing.get_origin(kind) is not Literal:
        wrong.append("text")
    if kind is not bool:
        wrong += [True, np.True_]
    if kind in (int, float):
        wrong += [float("nan"), float("inf"), np.float32("nan"), -(10**400), [1]]
    if kind is int:
        wrong += [1.0, np.float64(2.0)]
    if kind is bool:
        wrong += [0, 1, np.int64(1), "true"]
    if typing.get_origin(kind) is Literal:
        wrong += ["on-line", None, 3, ["online"]]
    return wrong


def test_no_field_takes_another_type() -> None:
    for cls, name, hint in FIELDS:
        key = f"{cls.part}.{name}".lstrip(".")
        for value in of_another_type(bare(hint)):
            assert refusal(cls, name, value).startswith(f"{key} must be ")


def test_numbers_of_numpy_and_whole_numbers_become_pythons() -> None:
    for cls, name, hint in FIELDS:
        kind, make = bare(hint), typing.cast(Any, cls)
        default = getattr(cls(), name)
        if kind is bool:
            assert getattr(make(**{name: np.bool_(default)}), name) is default, name
        elif kind is int:
            value = getattr(make(**{name: np.int64(default)}), name)
            assert (type(value), value) == (int, default), name
        elif kind is float and default is not None:
            value = getattr(make(**{name: np.float64(default)}), name)
            assert (type(value), value) == (float, default), name


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: VideoConfig(mode="on-line"), "video.mode must be one of per-frame, online"),
        (lambda: VideoConfig(target_fps=0), "video.target_fps must be above 0, got 0"),
        (lambda: VideoConfig(target_fps=9.0, mode="offline"), "none unless mode is online"),
        (lambda: SegmentConfig(refine="foo"), "segment.refine must be one of sam, crf"),
        (lambda: SegmentConfig(compat="foo"), "segment.compat must be one of none"),
        (lambda: SegmentConfig(background="sky"), "segment.background must be a list"),
        (lambda: SegmentConfig(background=("sky", " ")), "segment.background must be words"),
        (lambda: SegmentConfig(sam=CrfConfig()), "segment.sam must be a SamRefineConfig"),
        (lambda: SegmentConfig(sam={"side": 512}), "segment.sam must be a SamRefineConfig"),
        (lambda: SegmentConfig(sam=None), "segment.sam must be a SamRefineConfig"),
        (lambda: ProposalConfig(source="foo"), "segment.proposal.source must be one of auto"),
        (lambda: ProposalConfig(size=512.0), "segment.proposal.size must be a whole number"),
        (lambda: SamRefineConfig(rule="foo"), "segment.sam.rule must be one of peaks"),
        (lambda: SamRefineConfig(side=1000), "must be a multiple of 16 from 64 to 1024"),
        (lambda: AutomaticConfig(iom=1.5), "segment.sam.automatic.iom must be from 0 to 1"),
        (lambda: CamOptions(epsilon=-1), "segment.proposal.cam.epsilon must be from 0 to 1"),
        (lambda: CrfConfig(scale=0.0), "segment.crf.scale must be above 0 and at most 1"),
        (lambda: CrfConfig(probability_floor=1), "must be above 0 and below 1, got 1.0"),
        (lambda: ExpressionConfig(noun_weight=2), "noun_weight must be from 0 to 1, got 2.0"),
        (lambda: RecurrenceConfig(max_steps=0), "max_steps must be from 1 to 1000, got 0"),
        (lambda: ClassifierConfig(prompts=("sparkles",)), "sparkles"),
        (lambda: ClassifierConfig(prompts="blur"), "classifier.prompts must be a list"),
        (lambda: ClassifierConfig(batch=0), "segment.classifier.batch must be 1 or more"),
    ],
)  # fmt: skip
def test_values_are_checked_in_python_as_in_yaml(make: Any, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        make()


def test_lists_and_whole_numbers_are_taken_for_tuples_and_floats() -> None:
    config = SegmentConfig(background=["sky"], presence_threshold=1)  # type: ignore[arg-type]
    assert config == SegmentConfig(background=("sky",), presence_threshold=1.0)
    assert type(config.presence_threshold) is float
    assert hash(config) == hash(dataclasses.replace(config))


def test_a_changed_copy_is_checked_too() -> None:
    with pytest.raises(ConfigError, match="model must be a text"):
        dataclasses.replace(Config(), model=3)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("span", "text", "inside", "outside"),
    [
        (Range(1, 64), "from 1 to 64", (1, 64), (0, 65)),
        (Range(1), "1 or more", (1, 10**9), (0,)),
        (Range(0, above=True), "above 0", (1e-9,), (0, -1)),
        (Range(0, 1, below=True), "from 0 to below 1", (0, 0.99), (1, -0.1)),
        (Range(0, 1, above=True), "above 0 and at most 1", (1, 0.1), (0, 1.1)),
        (Range(64, 128, step=16), "a multiple of 16 from 64 to 128", (64, 80), (65, 48, 144)),
    ],
)
def test_ranges(span: Range, text: str, inside: Any, outside: Any) -> None:
    assert str(span) == text
    assert all(span.allows(value) for value in inside)
    assert not any(span.allows(value) for value in (*outside, float("nan")))
