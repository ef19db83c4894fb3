"""Presets: YAML files to dataclasses, strictly."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, TypeVar

import yaml

from car_video.config.checks import Settings, field_types, key_of, nested_config
from car_video.config.schema import Config
from car_video.errors import ConfigError

T = TypeVar("T", bound=Settings)

BASE = "extends"
"""Key of a file that names the preset or file whose values it starts from."""

RENAMED = {
    "segment.proposal.input": "'segment.proposal.resize' (size: longest-side, own: original)",
    "segment.proposal.threshold": "'segment.proposal.threshold_rule' (own: per-map)",
    "segment.proposal.bare_first": "part of 'segment.compat: reference'",
    "segment.recurrence.min_steps": "part of 'segment.compat: reference'",
    "segment.recurrence.strict": "part of 'segment.compat: reference'",
    "segment.sam.again": "'segment.sam.box_pass'",
    "segment.sam.distance": "'segment.sam.peak_distance'",
    "segment.sam.floor": "'segment.sam.peak_floor'",
    "segment.sam.joined": "'segment.sam.plural_masks'",
    "segment.sam.automatic.least": "'segment.sam.automatic.min_coverage'",
    "segment.sam.automatic.overlap": "'segment.sam.automatic.box_overlap'",
    "video.tracks.decay": "'video.tracks.time_constant' (in seconds; 0.9: 0.395)",
    **{
        f"video.tracks.{name}": "fitted and no setting any more (docs/video.md#tracks)"
        for name in (
            "look_weight",
            "lost_likeness",
            "appearance_weight",
            "lost_appearance",
            "overlap_weight",
            "memory_weight",
        )
    },
    "video.memory.recent": "'video.memory.recent_seconds' (without the last frame; 1, 4, 8: "
    "0.167, 0.333)",
    "video.memory.radius": "'video.memory.reach_sides' (in sides of the picture; 5: 0.16)",
    "video.presence.smoothing": "'video.presence.time_constant' (in seconds; 0.3: 0.0346)",
    "video.keyframes.gap": "'video.keyframes.min_interval' (in seconds; 3: 0.125)",
    "video.keyframes.every": "'video.keyframes.interval' (in seconds; 1: 0, 8: 0.333)",
}
"""Keys of version 0.1 and what to write in their place."""


def from_mapping(cls: type[T], mapping: Mapping[str, Any]) -> T:
    """Build a (nested) configuration from plain data, strictly.

    Args:
        cls: a configuration, for instance :class:`~car_video.config.Config`.
        mapping: what a YAML file holds; missing keys keep their defaults.

    Raises:
        ConfigError: an unknown or renamed key, a value of the wrong type or out of range.
    """
    if not isinstance(mapping, Mapping):
        part = cls.part or "preset"
        raise ConfigError(f"{part} must be a mapping of keys, got {mapping!r}")
    hints = field_types(cls)
    values: dict[str, Any] = {}
    for key, value in mapping.items():
        path = key_of(cls, key)
        if path in RENAMED:
            raise ConfigError(f"{path!r} is now {RENAMED[path]}")
        if key not in hints:
            raise ConfigError(f"unknown key {path!r}; known here: {', '.join(hints)}")
        nested = nested_config(hints[key])
        optional = value is None and nested is not hints[key]
        values[key] = value if nested is None or optional else from_mapping(nested, value)
    return cls(**values)


MERGE = "tag:yaml.org,2002:merge"


class _Yaml(yaml.SafeLoader):
    """YAML in which a key that stands twice is an error, not the later one, and 1e-3 a number,
    as in YAML 1.2. A key takes the place of one that is merged in (``<<``)."""

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        """Replace ``<<`` by what it merges in; called once more where others merge this one."""
        keys: list[Any] = []
        for key_node, _ in node.value:
            if key_node.tag == MERGE:
                continue
            key = self.construct_object(key_node, deep=True)
            if key in keys:
                raise yaml.constructor.ConstructorError(
                    None, None, f"key {key!r} stands twice", node.start_mark
                )
            keys.append(key)
        super().flatten_mapping(node)
        last: list[tuple[Any, Any]] = []  # merged in first, so the last of a key is meant
        seen: list[Any] = []
        for pair in reversed(node.value):
            key = self.construct_object(pair[0], deep=True)
            if key not in seen:
                seen.append(key)
                last.append(pair)
        node.value = last[::-1]


_Yaml.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"[-+]?[0-9]+(\.[0-9]*)?[eE][-+]?[0-9]+$"),
    list("-+0123456789"),
)


def preset_names() -> list[str]:
    """Names of the presets that ship with the package, sorted.

    Files with a leading underscore are only there for others to extend, and not among them.
    """
    return sorted(name for name in _shipped() if not name.startswith("_"))


def load_preset(name_or_file: str | Path = "default") -> Config:
    """A shipped preset by name, or a YAML file by path.

    A file may start from another one: ``extends: refcocog`` names a shipped preset,
    ``extends: mine.yaml`` a file beside it. Mappings are merged key by key; everything else,
    lists too, takes the place of what was there.

    Raises:
        ConfigError: no such preset or file, not YAML, an unknown key, a bad value, or files
            that extend each other in a circle.
    """
    name = str(name_or_file)
    file = _find(name, Path())
    if file is None:
        known = ", ".join(preset_names())
        raise ConfigError(f"no preset or YAML file '{name}'; presets: {known}")
    return (_merged_shipped(name) if name in _shipped() else _merged(file, name, []))[1]


@cache
def _merged_shipped(name: str) -> tuple[Mapping[str, Any], Config]:
    """:func:`_merged` of a shipped preset. Most of them extend the same few files."""
    return _merged(_shipped()[name], name, [])


def _shipped() -> dict[str, Traversable]:
    """Files of the package by name, bases included."""
    folder = resources.files("car_video.configs")
    return {f.name[:-5]: f for f in folder.iterdir() if f.name.endswith(".yaml")}


def _find(name: str, folder: Path) -> Traversable | None:
    """A shipped preset, or a YAML file whose path is relative to ``folder``."""
    shipped = _shipped().get(name)
    if shipped is not None:
        return shipped
    path = folder / os.path.expanduser(name)  # as it is where there is no such user
    try:
        return path if path.suffix in (".yaml", ".yml") and path.is_file() else None
    except ValueError:  # a name that no file can have
        return None
    except OSError as error:
        raise ConfigError(f"preset '{name}' cannot be read: {error.strerror}") from None


def _merged(file: Traversable, name: str, chain: list[str]) -> tuple[Mapping[str, Any], Config]:
    """What a file and the files that it extends say together, each of them checked.

    Args:
        file: to read.
        name: of it, as it was asked for.
        chain: files that extend it, the first one first.

    Raises:
        ConfigError: see :func:`load_preset`.
    """
    identity = str(file.resolve() if isinstance(file, Path) else file)
    if identity in chain:
        names = " -> ".join(
            Path(one).name for one in [*chain[chain.index(identity) :], identity]
        )
        raise ConfigError(f"preset '{name}' extends itself: {names}")
    data = _read(file, name)
    if isinstance(data, Mapping) and BASE in data:
        own = {key: value for key, value in data.items() if key != BASE}
        base, folder = data[BASE], Path(identity).parent
        found = _find(base, folder) if isinstance(base, str) else None
        if found is None:
            known = ", ".join(preset_names())
            raise ConfigError(
                f"preset '{name}': {BASE} must name a preset or a YAML file beside it, got "
                f"{base!r}; presets: {known}"
            )
        if base in _shipped():
            values, _ = _merged_shipped(base)
        else:
            values, _ = _merged(found, base, [*chain, identity])
        data = _overlaid(values, own)
    try:
        return data, from_mapping(Config, data)
    except ConfigError as error:
        raise ConfigError(f"preset '{name}': {error}") from None


def _read(file: Traversable, name: str) -> Any:
    """What a YAML file holds; an empty one holds an empty mapping."""
    try:
        data = yaml.load(file.read_text("utf-8"), _Yaml)
    except OSError as error:
        raise ConfigError(f"preset '{name}' cannot be read: {error.strerror}") from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        # ValueError: not UTF-8, or a date or number that Python cannot hold.
        reason = " ".join(str(error).split())
        raise ConfigError(f"preset '{name}' is not valid YAML: {reason}") from None
    return {} if data is None else data


def _overlaid(base: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """``own`` over ``base``, mappings key by key."""
    merged = dict(base)
    for key, value in own.items():
        before = merged.get(key)
        if isinstance(before, Mapping) and isinstance(value, Mapping):
            value = _overlaid(before, value)
        merged[key] = value
    return merged
