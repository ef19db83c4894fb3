"""Values are checked when a configuration is made, from YAML or in Python, all here.

The type of a field says what it takes: ``int``, ``float``, ``str``, ``bool``, a ``Literal``, a
tuple, another configuration, or a number with a :class:`Range`.
"""

from __future__ import annotations

import dataclasses
import math
import types
import typing
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

from car_video.errors import ConfigError


@dataclass(frozen=True)
class Range:
    """Which numbers a field takes: ``Annotated[int, Range(1, 64)]``.

    Attributes:
        least, most: the ends; infinite ones are no limit.
        above, below: the ends themselves are excluded.
        step: a multiple of it.
    """

    least: float = -math.inf
    most: float = math.inf
    above: bool = False
    below: bool = False
    step: int = 1

    def allows(self, value: float) -> bool:
        """Whether a number is in the range."""
        low = value > self.least if self.above else value >= self.least
        high = value < self.most if self.below else value <= self.most
        return low and high and (self.step == 1 or value % self.step == 0)

    def __str__(self) -> str:
        low = f"above {self.least:g}" if self.above else f"from {self.least:g}"
        high = f"below {self.most:g}" if self.below else f"{self.most:g}"
        if math.isinf(self.most):
            text = low if self.above else f"{self.least:g} or more"
        elif self.above:
            text = f"{low} and {high if self.below else f'at most {high}'}"
        else:
            text = f"{low} to {high}"
        return text if self.step == 1 else f"a multiple of {self.step} {text}"


Unit = Annotated[float, Range(0, 1)]
"""A number from 0 to 1."""


class Settings:
    """Base of every configuration: a frozen dataclass whose values are checked when it is made.

    ``class SamRefineConfig(Settings, part="segment.sam")`` names the path of its keys, for
    messages. Whole numbers become floats where floats are meant, lists become tuples, and
    numpy's numbers Python's.

    Raises:
        ConfigError: a value of another type, not finite or out of range; one line with the key.
    """

    part: ClassVar[str]

    def __init_subclass__(cls, part: str) -> None:
        cls.part = part

    def __post_init__(self) -> None:
        for name, hint in field_types(type(self)).items():
            value = checked(hint, getattr(self, name), key_of(type(self), name))
            object.__setattr__(self, name, value)
        self.check()

    def check(self) -> None:
        """Rules that a single field's type does not say; called when all types are right."""

    def require(self, condition: bool, name: str, allowed: str) -> None:
        """As the function :func:`require`, for the named field."""
        require(condition, key_of(type(self), name), allowed, getattr(self, name))


def require(condition: bool, key: str, allowed: str, value: object) -> None:
    """Raises ConfigError with the key, what is allowed and the value, unless ``condition``."""
    if not condition:
        raise ConfigError(f"{key} must be {allowed}, got {_shown(value)}")


_field_types: dict[type, dict[str, Any]] = {}


def field_types(cls: Any) -> dict[str, Any]:
    """Type of every field of a configuration, ranges included; found out once."""
    if cls not in _field_types:
        hints = typing.get_type_hints(cls, include_extras=True)
        _field_types[cls] = {f.name: hints[f.name] for f in dataclasses.fields(cls)}
    return _field_types[cls]


def key_of(cls: type, name: object) -> str:
    """Dotted path of a field or of what stands in its place."""
    part = getattr(cls, "part", "")
    return f"{part}.{name}" if part else str(name)


def nested_config(hint: Any) -> type[Settings] | None:
    """The configuration that a field holds (or may hold), None for other fields."""
    for candidate in (hint, *typing.get_args(hint)):
        if isinstance(candidate, type) and issubclass(candidate, Settings):
            return candidate
    return None


def checked(hint: Any, value: Any, key: str) -> Any:
    """``value`` as the type that a field has.

    Args:
        hint: the type, with ranges.
        value: anything.
        key: dotted path for the message.

    Raises:
        ConfigError: it is not of that type.
    """
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if getattr(value, "shape", None) == () and hasattr(value, "item"):
        value = value.item()  # a number of numpy
    if origin is Annotated:
        value = checked(arguments[0], value, key)
        for rule in arguments[1:]:
            if not rule.allows(value):
                require(False, key, str(rule), value)
        return value
    if origin is Literal:
        known = isinstance(value, str) and value in arguments
        require(known, key, f"one of {', '.join(arguments)}", value)
        return str(value)
    if origin in (typing.Union, types.UnionType):
        inner = next(a for a in arguments if a is not type(None))
        return None if value is None else checked(inner, value, key)
    if origin is tuple:
        require(isinstance(value, (list, tuple)), key, "a list", value)
        return tuple(checked(arguments[0], one, f"{key}[{i}]") for i, one in enumerate(value))
    if hint is float and type(value) is int:
        require(abs(value) < 2**63, key, "a number of at most 18 digits", value)
        value = float(value)
    wrong_bool = isinstance(value, bool) and hint is not bool
    expected = _KINDS.get(hint, f"a {hint.__name__}")
    require(isinstance(value, hint) and not wrong_bool, key, expected, value)
    require(hint is not float or math.isfinite(value), key, "a finite number", value)
    return str(value) if hint is str else value


_KINDS: dict[Any, str] = {
    int: "a whole number", float: "a number", str: "a text", bool: "true or false"
}  # fmt: skip


def _shown(value: object) -> str:
    """A value in one line of at most 80 characters."""
    try:
        text = " ".join(repr(value).split())
    except ValueError:  # Python refuses to print integers of thousands of digits
        return "a number of thousands of digits"
    return text if len(text) <= 80 else f"{text[:77]}..."
