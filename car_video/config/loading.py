"""Presets: YAML files to dataclasses, strictly."""

from __future__ import annotations

import dataclasses
import re
import types
import typing
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any, Literal, TypeVar

import yaml

from car_video.config.checks import require
from car_video.config.schema import Config
from car_video.errors import ConfigError

T = TypeVar("T")

RENAMED = {
    "segment.proposal.input": "'segment.proposal.resize' (size: longest-side, own: original)",
    "segment.proposal.threshold": "'segment.proposal.threshold_rule' (own: per-map)",
    "segment.sam.again": "'segment.sam.box_pass'",
    "segment.sam.distance": "'segment.sam.peak_distance'",
    "segment.sam.floor": "'segment.sam.peak_floor'",
    "segment.sam.joined": "'segment.sam.plural_masks'",
    "segment.sam.automatic.least": "'segment.sam.automatic.min_coverage'",
    "segment.sam.automatic.overlap": "'segment.sam.automatic.box_overlap'",
}
"""Keys of version 0.1 and what to write in their place."""


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
        if path in RENAMED:
            raise ConfigError(f"{path!r} is now {RENAMED[path]}")
        if key not in known:
            raise ConfigError(f"unknown key {path!r}; known here: {', '.join(known)}")
        values[key] = _convert(hints[key], value, path)
    return cls(**values)


def _convert(hint: Any, value: Any, path: str) -> Any:
    """``value`` as the type that ``hint`` names, or a ConfigError saying what was expected."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if dataclasses.is_dataclass(hint):
        return from_mapping(typing.cast(type, hint), value, path)
    if origin is Literal:
        require(value in arguments, path, f"one of {', '.join(map(str, arguments))}", value)
        return value
    if origin in (typing.Union, types.UnionType):
        if value is None and type(None) in arguments:
            return None
        return _convert(next(a for a in arguments if a is not type(None)), value, path)
    if origin is tuple:
        require(isinstance(value, (list, tuple)), path, "a list", value)
        return tuple(_convert(arguments[0], v, f"{path}[{i}]") for i, v in enumerate(value))
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        require(abs(value) < 2**63, path, "a number of at most 18 digits", value)
        return float(value)
    wrong_bool = isinstance(value, bool) and hint is not bool
    expected = _KINDS.get(hint, f"a {hint.__name__}")
    require(isinstance(value, hint) and not wrong_bool, path, expected, value)
    return value


_KINDS: dict[Any, str] = {
    int: "a whole number", float: "a number", str: "a text", bool: "true or false"
}  # fmt: skip


class _Yaml(yaml.SafeLoader):
    """YAML in which a key that stands twice is an error, not the later one, and 1e-3 a number,
    as in YAML 1.2."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        mapping = super().construct_mapping(node, deep)
        if len(mapping) < len(node.value):
            seen = [self.construct_object(key) for key, _ in node.value]
            twice = next(key for number, key in enumerate(seen) if key in seen[:number])
            raise yaml.constructor.ConstructorError(
                None, None, f"key {twice!r} stands twice", node.start_mark
            )
        return mapping


_Yaml.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"[-+]?[0-9]+(\.[0-9]*)?[eE][-+]?[0-9]+$"),
    list("-+0123456789"),
)


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
    try:
        if name in preset_names():
            text = (resources.files("car_video.configs") / f"{name}.yaml").read_text("utf-8")
        elif Path(name).suffix in (".yaml", ".yml") and Path(name).is_file():
            text = Path(name).read_text("utf-8")
        else:
            known = ", ".join(preset_names())
            raise ConfigError(f"no preset or YAML file '{name}'; presets: {known}")
        data = yaml.load(text, _Yaml)
    except OSError as error:
        raise ConfigError(f"preset '{name}' cannot be read: {error.strerror}") from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        # ValueError: not UTF-8, or a date or number that Python cannot hold.
        reason = " ".join(str(error).split())
        raise ConfigError(f"preset '{name}' is not valid YAML: {reason}") from None
    try:
        return from_mapping(Config, {} if data is None else data)
    except ConfigError as error:
        raise ConfigError(f"preset '{name}': {error}") from None
