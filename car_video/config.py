"""Configuration as data: one dataclass per part, defaults in one place, YAML presets.

A preset is a YAML file that overrides some of the defaults below; unknown keys are errors, so
no key can be dead. Greek letters in the comments are those of CaR (arXiv 2312.07661).
"""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any, Literal, TypeVar

import yaml

from car_video.errors import ConfigError

T = TypeVar("T")


@dataclass(frozen=True)
class ProposalConfig:
    """How soft masks are proposed for each query (Grad-CAM and affinity; CaR section 3.2)."""

    size: int = 864  # longest side in pixels of the image that the proposer sees
    affinity: bool = True  # class-aware attention affinity (CLIP-ES) on or off
    box_threshold: float = 0.4  # lambda: the affinity works inside boxes above this CAM value
    mask_threshold: float = 0.5  # eta: a proposal is binary above this value

    def __post_init__(self) -> None:
        _require(16 <= self.size <= 8192, "proposal.size", "from 16 to 8192", self.size)
        for name in ("box_threshold", "mask_threshold"):
            value = getattr(self, name)
            _require(0.0 <= value <= 1.0, f"proposal.{name}", "from 0 to 1", value)


@dataclass(frozen=True)
class SegmentConfig:
    """The image algorithm, part by part."""

    mode: Literal["semantic", "refer"] = "semantic"  # expressions compete, or each alone
    proposal: ProposalConfig = field(default_factory=ProposalConfig)


@dataclass(frozen=True)
class Config:
    """Everything a preset may set."""

    description: str = ""
    model: str = "lite"
    segment: SegmentConfig = field(default_factory=SegmentConfig)


def _require(condition: bool, key: str, allowed: str, value: object) -> None:
    if not condition:
        raise ConfigError(f"{key} must be {allowed}, got {value!r}")


def from_mapping(cls: type[T], mapping: Mapping[str, Any], where: str = "") -> T:
    """Build a (nested) config dataclass from plain data, strictly.

    Args:
        cls: a dataclass whose fields are scalars, tuples, literals or dataclasses.
        mapping: what a YAML file holds; missing keys keep their defaults.
        where: dotted path so far, for messages.

    Raises:
        ConfigError: an unknown key, a value of the wrong type or out of range.
    """
    if not isinstance(mapping, Mapping):
        raise ConfigError(f"{where or 'preset'} must be a mapping of keys, got {mapping!r}")
    hints = typing.get_type_hints(cls)
    known = [f.name for f in dataclasses.fields(cls)]  # type: ignore[arg-type]
    values: dict[str, Any] = {}
    for key, value in mapping.items():
        path = f"{where}.{key}" if where else str(key)
        if key not in known:
            raise ConfigError(f"unknown key '{path}'; known here: {', '.join(known)}")
        values[key] = _convert(hints[key], value, path)
    return cls(**values)


def _convert(hint: Any, value: Any, path: str) -> Any:
    """``value`` as the type that ``hint`` names, or a ConfigError that says what was expected."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if dataclasses.is_dataclass(hint):
        return from_mapping(typing.cast(type, hint), value, path)
    if origin is Literal:
        _require(value in arguments, path, f"one of {', '.join(map(str, arguments))}", value)
        return value
    if origin in (typing.Union, types.UnionType):
        if value is None and type(None) in arguments:
            return None
        return _convert(next(a for a in arguments if a is not type(None)), value, path)
    if origin is tuple:
        _require(isinstance(value, (list, tuple)), path, "a list", value)
        return tuple(_convert(arguments[0], v, f"{path}[{i}]") for i, v in enumerate(value))
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    wrong_bool = isinstance(value, bool) and hint is not bool
    _require(isinstance(value, hint) and not wrong_bool, path, f"a {hint.__name__}", value)
    return value


def preset_names() -> list[str]:
    """Names of the presets that ship with the package, sorted."""
    folder = resources.files("car_video.configs")
    return sorted(f.name[:-5] for f in folder.iterdir() if f.name.endswith(".yaml"))


def load_preset(name_or_file: str | Path = "default") -> Config:
    """A shipped preset by name, or a YAML file by path.

    Raises:
        ConfigError: no such preset or file, not YAML, an unknown key, a bad value.
    """
    name = str(name_or_file)
    if name in preset_names():
        text = (resources.files("car_video.configs") / f"{name}.yaml").read_text("utf-8")
    elif Path(name).suffix in (".yaml", ".yml") and Path(name).is_file():
        text = Path(name).read_text("utf-8")
    else:
        known = ", ".join(preset_names())
        raise ConfigError(f"no preset or YAML file '{name}'; presets: {known}")
    try:
        data = yaml.safe_load(text)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"preset '{name}' is not valid YAML: {' '.join(str(error).split())}"
        ) from None
    try:
        return from_mapping(Config, data or {})
    except ConfigError as error:
        raise ConfigError(f"preset '{name}': {error}") from None
