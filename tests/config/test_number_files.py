"""Files of fitted numbers: what ships is read, whatever else is one line."""

from __future__ import annotations

import copy
import json
import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from car_video.config.calibration import Calibration, read_calibration
from car_video.config.number_files import MOST_BYTES, read_object
from car_video.errors import ConfigError
from car_video.models.bundled import weights_folder
from car_video.segment.cues.colour_places import ColourPlaces, read_colour_places
from car_video.video.tracking.association import Association, read_association

READERS: dict[str, Callable[[Path], object]] = {
    "lite_calibration.json": lambda path: read_calibration(path, "lite"),
    "lite_tracking.json": read_association,
    "colours.json": read_colour_places,
}
Place = tuple[str | int, ...]
BAD: dict[str, Any] = {
    "nan": math.nan, "infinite": math.inf, "minus infinite": -math.inf, "huge": 10**400,
    "large": 1e9, "small": -1e9, "text": "1.0", "true": True, "null": None, "list": [1.0],
    "object": {"a": 1}, "nothing": [],
}  # fmt: skip
FITTED: list[tuple[str, Place]] = [
    ("lite_calibration.json", ("form",)),
    ("lite_calibration.json", ("slope",)),
    ("lite_calibration.json", ("offset",)),
    ("lite_calibration.json", ("log_loss",)),
    ("lite_calibration.json", ("curve", 3, "right")),
    ("lite_calibration.json", ("curve", 3)),
    ("lite_tracking.json", ("form",)),
    ("lite_tracking.json", ("association", "offset")),
    ("lite_tracking.json", ("association", "expected")),
    ("colours.json", ("form",)),
    ("colours.json", ("lines", "clothes", "slope")),
    ("colours.json", ("lines", "whole", "offset")),
    ("colours.json", ("profiles", "cut", "hair", 5)),
    ("colours.json", ("profiles", "whole", "upper")),
    ("colours.json", ("lines",)),
]
SLOW = settings(
    deadline=None,
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


def shipped(file: str) -> Any:
    return json.loads((weights_folder() / file).read_text("utf-8"))


def places(data: Any, at: Place = ()) -> Iterator[Place]:
    """Where values are in JSON data, the whole apart."""
    pairs = data.items() if isinstance(data, dict) else enumerate(data)
    for key, value in pairs:
        yield (*at, key)
        if isinstance(value, dict | list):
            yield from places(value, (*at, key))


def replaced(data: Any, at: Place, value: object) -> Any:
    made = copy.deepcopy(data)
    holder = made
    for key in at[:-1]:
        holder = holder[key]
    holder[at[-1]] = value
    return made


def sensible(found: object) -> bool:
    """Whether what was read can be reckoned with."""
    if isinstance(found, ColourPlaces):
        profiles, slope, offset = found.profiles, found.slope, found.offset
        like = shipped_shapes()
        assert (profiles.shape, slope.shape, offset.shape) == like
        known = torch.cat([profiles.flatten(), slope, offset]).isfinite().all()
        return bool(known and (slope > 0).all() and profiles.min() >= 0 and profiles.max() <= 1)
    if isinstance(found, Association):
        return all(math.isfinite(value) for value in vars(found).values())
    assert isinstance(found, Calibration)
    assert found.log_loss is not None
    return math.isfinite(found.offset + found.log_loss) and 0 < found.slope <= 100


def shipped_shapes() -> tuple[torch.Size, torch.Size, torch.Size]:
    known = read_colour_places(weights_folder() / "colours.json")
    return known.profiles.shape, known.slope.shape, known.offset.shape


def refused(file: str, path: Path) -> bool:
    """Whether a file is refused in one line; it is sensible otherwise."""
    try:
        found = READERS[file](path)
    except ConfigError as error:
        told = str(error)
    else:
        assert sensible(found)
        return False
    assert len(told.splitlines()) == 1
    assert str(path) in told
    return True


@pytest.mark.parametrize("file", READERS)
def test_what_ships_is_read(file: str) -> None:
    assert not refused(file, weights_folder() / file)


@pytest.mark.parametrize("bad", BAD)
@pytest.mark.parametrize(("file", "at"), FITTED)
def test_a_number_that_is_none_is_refused(
    tmp_path: Path, file: str, at: Place, bad: str
) -> None:
    path = tmp_path / file
    path.write_text(json.dumps(replaced(shipped(file), at, BAD[bad])))
    assert refused(file, path)


@pytest.mark.parametrize("file", READERS)
@given(st.data())
@SLOW
def test_any_change_of_a_value(tmp_path: Path, file: str, data: st.DataObject) -> None:
    whole = shipped(file)
    at = data.draw(st.sampled_from(list(places(whole))))
    value = data.draw(
        st.one_of(
            st.sampled_from(list(BAD.values())),
            st.floats(),
            st.integers(),
            st.text(),
            st.lists(st.floats(), max_size=20),
        )
    )
    path = tmp_path / file
    path.write_text(json.dumps(replaced(whole, at, value)))
    refused(file, path)


@pytest.mark.parametrize("file", READERS)
@given(st.data())
@SLOW
def test_any_damage_of_bytes(tmp_path: Path, file: str, data: st.DataObject) -> None:
    content = (weights_folder() / file).read_bytes()
    start = data.draw(st.integers(0, len(content)))
    end = data.draw(st.integers(start, len(content)))
    path = tmp_path / file
    path.write_bytes(content[:start] + data.draw(st.binary(max_size=8)) + content[end:])
    refused(file, path)


@pytest.mark.parametrize("file", READERS)
@pytest.mark.parametrize(
    "content",
    [b"", b"[]", b"null", b"1", b"{", b"\x00", b"\xff\xfe", b"[" * 100_000,
     b'{"form": 1, "a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
     b'{"form": 1}', b'{"form": true}', b'{"form": NaN}', b'{"form": ' + b"1" * 5000 + b"}"],
    ids=range(13),
)  # fmt: skip
def test_no_such_file_at_all(tmp_path: Path, file: str, content: bytes) -> None:
    path = tmp_path / file
    path.write_bytes(content)
    assert refused(file, path)


@pytest.mark.parametrize("file", READERS)
def test_a_large_file_is_another_one(tmp_path: Path, file: str) -> None:
    path = tmp_path / file
    content = json.dumps(shipped(file)).encode()
    path.write_bytes(content + b" " * (MOST_BYTES - len(content)))
    assert not refused(file, path)
    path.write_bytes(path.read_bytes() + b" ")
    assert refused(file, path)
    with pytest.raises(ValueError, match="more than"):
        read_object(path)


@pytest.mark.parametrize("file", READERS)
def test_no_file(tmp_path: Path, file: str) -> None:
    assert refused(file, tmp_path / file)
    assert refused(file, tmp_path), "a folder"
