"""What values of a configuration may be, and the one-line errors where they are not."""

from __future__ import annotations

import typing
from typing import Any, Literal

from car_video.errors import ConfigError


def require(condition: bool, key: str, allowed: str, value: object) -> None:
    """Raises ConfigError with the key, what is allowed and the value, unless ``condition``."""
    if not condition:
        raise ConfigError(f"{key} must be {allowed}, got {value!r}")


def require_unit(config: object, part: str, *names: str) -> None:
    """The named fields lie in [0, 1]."""
    for name in names:
        value = getattr(config, name)
        require(0.0 <= value <= 1.0, f"{part}.{name}", "from 0 to 1", value)


def require_literals(config: Any, part: str) -> None:
    """Fields that have few values have one of them, whoever has made the configuration."""
    for name, hint in typing.get_type_hints(type(config)).items():
        if typing.get_origin(hint) is Literal:
            value, allowed = getattr(config, name), typing.get_args(hint)
            require(value in allowed, f"{part}.{name}", f"one of {', '.join(allowed)}", value)
