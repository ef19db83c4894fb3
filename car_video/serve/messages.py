"""What a client may say, and what it is told, as JSON (docs/serve.md)."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import Any

from car_video.errors import DataError
from car_video.io.formats import as_coco
from car_video.text.parsing.wording import check_expressions
from car_video.types import FramePrediction

KEYS = ("expressions", "keep", "frame", "stats")
MOST_EXPRESSIONS = 100


@dataclass(frozen=True)
class FrameLabel:
    """What a client says of the picture that it sends next.

    Attributes:
        id: comes back with the answer.
        time: seconds; None: when the picture arrives.
    """

    id: str | int | None = None
    time: float | None = None


@dataclass(frozen=True)
class ClientMessage:
    """One text message.

    Attributes:
        expressions: look for these from the next picture on.
        keep_all: every picture gets an answer, and the client waits; False: a newer picture
            takes the place of one that waits.
        frame: of the next picture.
        stats: send the figures of this connection.
    """

    expressions: tuple[str, ...] | None = None
    keep_all: bool | None = None
    frame: FrameLabel | None = None
    stats: bool = False


def parse_message(text: str) -> ClientMessage:
    """A text message, checked.

    Raises:
        DataError: no JSON object, unknown keys, values of another kind.
        ExpressionError: an expression that says nothing, or none.
    """
    try:
        given = json.loads(text)
    except (ValueError, RecursionError):
        raise DataError("the message is no JSON") from None
    if not isinstance(given, dict) or not given:
        raise DataError(f"want a JSON object with one of {', '.join(KEYS)}")
    unknown = sorted(set(given) - set(KEYS))
    if unknown:
        raise DataError(f"unknown key {unknown[0]!r}; known are {', '.join(KEYS)}")
    expressions = given.get("expressions")
    if expressions is not None:
        expressions = _expressions(expressions)
    keep = given.get("keep")
    if keep not in (None, "all", "newest"):
        raise DataError("keep is 'all' or 'newest'")
    frame = given.get("frame")
    stats = given.get("stats", False)
    if not isinstance(stats, bool):
        raise DataError("stats is true or false")
    return ClientMessage(
        expressions,
        None if keep is None else keep == "all",
        None if frame is None else _label(frame),
        stats,
    )


def _expressions(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise DataError("expressions is a list of texts")
    if len(value) > MOST_EXPRESSIONS:
        raise DataError(f"{len(value)} expressions; {MOST_EXPRESSIONS} at most")
    return check_expressions(value)


def _label(value: Any) -> FrameLabel:
    if not isinstance(value, dict) or set(value) - {"id", "time"}:
        raise DataError("frame is an object with id, time or both")
    name, time = value.get("id"), value.get("time")
    if isinstance(name, bool) or not isinstance(name, str | int | None):
        raise DataError("the id of a frame is a text or a whole number")
    number = isinstance(time, int | float) and not isinstance(time, bool)
    if time is not None and not (number and math.isfinite(time)):
        raise DataError("the time of a frame is a number of seconds")
    return FrameLabel(name, None if time is None else float(time))


def answer_message(
    prediction: FramePrediction, label: FrameLabel, seconds: float, dropped: int
) -> str:
    """The answer to one picture.

    Args:
        prediction: of the picture.
        label: of the picture; without an id its number is sent.
        seconds: from its arrival to now.
        dropped: pictures that newer ones have replaced since the last answer.
    """
    objects = [
        {**one, "expression": prediction.expressions[one["expression"]]}
        for one in as_coco(prediction)
    ]
    return json.dumps(
        {
            "type": "answer",
            "id": prediction.index if label.id is None else label.id,
            "time": round(prediction.time, 6),
            "size": list(prediction.masks.shape[1:]),
            "objects": objects,
            "latency": round(seconds, 4),
            "dropped": dropped,
        }
    )


def error_message(text: str, label: FrameLabel | None = None) -> str:
    """What was wrong with a message or a picture; the connection stays."""
    about = {} if label is None or label.id is None else {"id": label.id}
    return json.dumps({"type": "error", "message": text, **about})


def plain_message(kind: str, **values: Any) -> str:
    """Any other message."""
    return json.dumps({"type": kind, **values}, allow_nan=False)
