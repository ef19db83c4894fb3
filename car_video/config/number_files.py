"""Files of fitted numbers: JSON objects that a tool has made and anybody may have damaged.

The reader of one kind of file says what it wants, number by number, and
:func:`read_number_file` makes one line of whatever is wrong with a file. All of them read small
files, so none reads a large one to find out that it is another one.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from car_video.errors import ConfigError

Made = TypeVar("Made")

MOST_BYTES = 1 << 20
"""Of a file: a calibration with a centre of 4096 numbers has a tenth of it."""
LARGEST = 1e6
"""Of a number of which nothing else is known; whatever is fitted is far below, and float32 can
hold its square."""
MOST_ODDS = 100.0
"""Of a number in log-odds: beyond it everything is as good as certain."""


def read_number_file(
    path: Path, what: str, form: int, read: Callable[[Mapping[str, Any]], Made], remedy: str
) -> Made:
    """What ``read`` makes of a file.

    Args:
        path: of the file.
        what: it is: "calibration file".
        form: the version that the file has to be of, in its key "form".
        read: takes the object of the file; it raises ValueError, TypeError or KeyError for what
            it cannot take.
        remedy: what to do about a damaged file.

    Raises:
        ConfigError: no such file, or damaged; one line.
    """
    try:
        data = read_object(path)
        if data.get("form") != form or isinstance(data["form"], bool):
            raise ValueError(f"its form is not {form}")
        return read(data)
    except FileNotFoundError:
        raise ConfigError(f"no {what} '{path}'") from None
    except KeyError as error:
        reason = f"{error} is missing"
    except (OSError, ValueError, TypeError) as error:
        reason = " ".join(str(error).split()) or type(error).__name__
    raise ConfigError(f"{what} '{path}' is damaged ({reason}); {remedy}")


def read_object(path: Path) -> dict[str, Any]:
    """The object that a small JSON file holds.

    Raises:
        OSError: it cannot be read.
        ValueError: it is no object in JSON, has numbers that JSON has not (NaN), or is large.
    """
    with path.open("rb") as file:
        content = file.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise ValueError(f"more than {MOST_BYTES} bytes")
    try:
        data = json.loads(content.decode("utf-8"), parse_constant=_refuse)
    except RecursionError:
        raise ValueError("too deep") from None
    if not isinstance(data, dict):
        raise ValueError("no JSON object")
    return data


def number(
    data: Mapping[str, Any], key: str, least: float = -LARGEST, most: float = LARGEST
) -> float:
    """A number of an object, from ``least`` to ``most``; raises ValueError or KeyError."""
    return _number(data[key], key, least, most)


def numbers(
    data: Mapping[str, Any],
    key: str,
    count: int | None = None,
    least: float = -LARGEST,
    most: float = LARGEST,
) -> list[float]:
    """A list of numbers, ``count`` of them unless that is None; raises as :func:`number`."""
    row = entries(data, key)
    if count is not None and len(row) != count:
        raise ValueError(f"{key} has {len(row)} numbers, not {count}")
    return [_number(value, key, least, most) for value in row]


def line(data: Mapping[str, Any]) -> tuple[float, float]:
    """Slope, above 0, and offset of log-odds; raises as :func:`number`."""
    slope, offset = (number(data, key, -MOST_ODDS, MOST_ODDS) for key in ("slope", "offset"))
    if slope <= 0:
        raise ValueError("slope is not above 0")
    return slope, offset


def whole(data: Mapping[str, Any], key: str) -> int:
    """A count, 0 or more; raises as :func:`number`."""
    value = data[key]
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 1 << 53:
        raise ValueError(f"{key} is no count")
    return value


def text(data: Mapping[str, Any], key: str) -> str:
    """A text that is not empty; raises as :func:`number`."""
    value = data[key]
    if not isinstance(value, str) or not value:
        raise ValueError(f"{key} is no text")
    return value


def entries(data: Mapping[str, Any], key: str) -> list[Any]:
    """A list of anything; raises as :func:`number`."""
    value = data[key]
    if not isinstance(value, list):
        raise ValueError(f"{key} is no list")
    return value


def part(data: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """An object in an object; raises as :func:`number`."""
    return as_object(data[key], key)


def as_object(value: Any, name: str) -> Mapping[str, Any]:
    """A value that has to be an object; raises ValueError if it is none."""
    if not isinstance(value, dict):
        raise ValueError(f"{name} is no object")
    return value


def _number(value: Any, name: str, least: float, most: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"{name} is no number")
    if not least <= value <= most:  # NaN and whatever is too large for a float as well
        raise ValueError(f"{name} is not from {least:g} to {most:g}")
    return float(value)


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no number")
