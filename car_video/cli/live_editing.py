"""Expressions that change while a run is under way, by lines that the user types."""

from __future__ import annotations

import os
import queue
import re
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal, Protocol

import numpy as np

from car_video.errors import CarVideoError, ConfigError
from car_video.types import FramePrediction

HELP = "'+ a red cup' adds, '- 2' removes, '2 = the blue cup' replaces, '?' lists, 'q' ends"
MOST = 255  # values of a mask PNG, one per expression that ever was


@dataclass(frozen=True)
class Edit:
    """What a line asks for.

    Attributes:
        kind: what to do.
        number: of an expression, from 1, as ``?`` lists them; 0 where there is none.
        text: of an expression.
    """

    kind: Literal["nothing", "add", "remove", "replace", "list", "quit"]
    number: int | None = None
    text: str = ""


def parse_edit(line: str) -> Edit:
    """A typed line, understood.

    Raises:
        ConfigError: it is none of the known ones.
        ExpressionError: an expression that says nothing.
    """
    from car_video.text.parsing.wording import check_expressions

    line = " ".join(line.split())
    if not line:
        return Edit("nothing")
    if line in ("?", "q", "quit"):
        return Edit("list" if line == "?" else "quit")
    if line.startswith("+"):
        return Edit("add", text=check_expressions([line[1:]])[0])
    if line.startswith("-"):
        which = line[1:].strip()
        if not which:
            raise ConfigError("say which one goes, by its number or its text; ? lists them")
        return Edit("remove", int(which)) if which.isdecimal() else Edit("remove", text=which)
    exchanged = re.fullmatch(r"(\d+) ?=(.*)", line)
    if exchanged:
        return Edit("replace", int(exchanged[1]), check_expressions([exchanged[2]])[0])
    raise ConfigError(f"'{line}' is not understood: {HELP}")


@dataclass(frozen=True)
class ExpressionList:
    """All expressions of a run, those that are looked for and those that were.

    A number once given stays with its text, so that a colour or the value of a mask pixel
    means one thing in the whole run.

    Attributes:
        names: in the order in which they came.
        active: bool of the same length: which are looked for.
    """

    names: tuple[str, ...]
    active: tuple[bool, ...]

    @classmethod
    def of(cls, expressions: Sequence[str]) -> ExpressionList:
        """Those of the command line, all looked for."""
        return cls(tuple(expressions), (True,) * len(expressions))

    @property
    def current(self) -> tuple[str, ...]:
        """Those that are looked for."""
        return tuple(n for n, active in zip(self.names, self.active, strict=True) if active)

    def after(self, edit: Edit) -> ExpressionList:
        """The list with an edit done.

        Raises:
            ConfigError: no such expression, one that is there already, or none would be left.
        """
        changed = self
        if edit.kind in ("add", "replace"):
            changed = changed._with(edit.text)
        if edit.kind in ("remove", "replace"):
            changed = changed._without(edit)
        if not any(changed.active):
            raise ConfigError("the last expression stays; q ends the run")
        return changed

    def widen(self, prediction: FramePrediction) -> FramePrediction:
        """The prediction for all names, empty where one is not looked for.

        ``extras["active"]``, bool [Q], says which are.
        """
        from car_video.video.state.selection import matching

        if prediction.expressions == self.names:
            return prediction
        places = matching(self.names, prediction.expressions)
        count = len(self.names)
        masks = np.zeros((count, *prediction.masks.shape[1:]), bool)
        scores, active = np.zeros(count, np.float32), np.zeros(count, bool)
        present = np.zeros(count, bool)
        masks[places], scores[places] = prediction.masks, prediction.scores
        present[places], active[places] = prediction.present, True
        return replace(
            prediction,
            expressions=self.names,
            masks=masks,
            scores=scores,
            present=present,
            extras={**prediction.extras, "active": active},
        )

    def listing(self) -> list[str]:
        """One line per expression that is looked for, with its number."""
        return [f"  {n + 1}  {name}" for n, name in enumerate(self.names) if self.active[n]]

    def _without(self, edit: Edit) -> ExpressionList:
        keys = [name.casefold() for name in self.names]
        for place, key in enumerate(keys):
            by_number = edit.number is not None and place == edit.number - 1
            wanted = by_number or (edit.number is None and key == edit.text.casefold())
            if wanted and self.active[place]:
                return self._set(place, False)
        what = f"'{edit.text}'" if edit.number is None else f"number {edit.number}"
        raise ConfigError(f"nothing called {what} is looked for; ? lists what is")

    def _with(self, text: str) -> ExpressionList:
        for place, name in enumerate(self.names):
            if name.casefold() == text.casefold():
                if self.active[place]:
                    raise ConfigError(f"'{name}' is looked for already, as number {place + 1}")
                return self._set(place, True)
        if len(self.names) >= MOST:
            raise ConfigError(f"a run holds {MOST} expressions, removed ones count")
        return ExpressionList((*self.names, text), (*self.active, True))

    def _set(self, place: int, value: bool) -> ExpressionList:
        active = (*self.active[:place], value, *self.active[place + 1 :])
        return ExpressionList(self.names, active)


class Lines:
    """Lines that come in while something else is done, read in a thread.

    Args:
        source: file descriptor; read without Python's buffers, which a thread that waits
            would keep locked when the program ends.
    """

    def __init__(self, source: int) -> None:
        self._source = source
        self._lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        threading.Thread(target=self._read, daemon=True, name="car-video-lines").start()

    def pending(self) -> list[str]:
        """What has come in since the last call."""
        lines = []
        while not self._lines.empty():
            lines.append(self._lines.get())
        return lines

    def _read(self) -> None:
        rest = b""
        while True:
            try:
                some = os.read(self._source, 4096)
            except OSError:  # the terminal has gone: no line will come
                some = b""
            *whole, rest = (rest + some).split(b"\n")
            if not some and rest:
                whole.append(rest)
            for line in whole:
                self._lines.put(line.decode("utf-8", "replace"))
            if not some:
                return


class Editable(Protocol):
    """What edits need of a segmenter."""

    def set_expressions(self, expressions: Sequence[str]) -> None:
        """Look for other things from the next frame on."""
        ...


class LiveEdits:
    """Typed lines to a segmenter, between two frames.

    Args:
        expressions: of the command line.
        lines: what the user types.
        segmenter: takes the changed expressions.
        say: shows one line.

    Attributes:
        expressions: all so far, those that were removed as well.
    """

    def __init__(
        self,
        expressions: Sequence[str],
        lines: Lines,
        segmenter: Editable,
        say: Callable[[str], None],
    ) -> None:
        self.expressions = ExpressionList.of(expressions)
        self._lines, self._segmenter, self._say = lines, segmenter, say

    def apply(self) -> bool:
        """Do what has been asked for since the last frame; False: end the run.

        A line that cannot be done is answered with one that says why, and changes nothing.
        """
        for line in self._lines.pending():
            try:
                edit = parse_edit(line)
                if edit.kind == "quit":
                    return False
                if edit.kind in ("add", "remove", "replace"):
                    after = self.expressions.after(edit)
                    self._segmenter.set_expressions(after.current)
                    self.expressions = after
            except CarVideoError as error:
                self._say(str(error))
                continue
            if edit.kind != "nothing":
                for row in self.expressions.listing():
                    self._say(row)
        return True


def typed_lines(wanted: bool, likely: bool) -> Lines | None:
    """Standard input as lines to obey.

    Args:
        wanted: ``--interactive`` was given.
        likely: the run is one that is watched; then a terminal is enough.

    Raises:
        ConfigError: wanted, and there is no standard input.
    """
    try:
        terminal, source = sys.stdin.isatty(), sys.stdin.fileno()
    except (AttributeError, OSError, ValueError):  # there is none, or it is closed
        if wanted:
            raise ConfigError("--interactive needs a standard input to read from") from None
        return None
    return Lines(source) if wanted or (likely and terminal) else None
