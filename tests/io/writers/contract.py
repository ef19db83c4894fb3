"""What every writer must do, as functions that a newcomer's test can call as well."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from car_video.io.writers import OutputInfo, Target, Writer
from car_video.types import Frame, FramePrediction
from tests.io.writers.media import EXPRESSIONS, Done, frame, info, prediction, tree


@dataclass
class FakeRun:
    """As much of a run as a writer may know."""

    path: Path
    info: OutputInfo = field(default_factory=info)
    done: Done = field(default_factory=Done)

    def write_predictions(self) -> Path:
        file = self.path / "predictions.json"
        file.write_text("{}")
        return file


def check_writer(target: Target, path: Path, **changes: object) -> None:
    """Raises AssertionError where the writer of a target breaks the contract.

    Args:
        target: as it stands in the registry.
        path: an empty folder.
        changes: of the info that the runs have.
    """
    for check in (
        _results_are_whole_and_named,
        _frames_may_change,
        _an_abort_leaves_nothing_half_written,
        _without_frames_there_is_nothing,
    ):
        folder = path / check.__name__
        folder.mkdir()
        check(target, FakeRun(folder, info(**changes)))


def _opened(target: Target, run: FakeRun) -> Writer:
    writer = target.make(run)
    assert isinstance(writer, Writer)
    assert writer.notices == []
    writer.open(run.info)
    assert writer.paths() == []
    return writer


def _results_are_whole_and_named(target: Target, run: FakeRun) -> None:
    writer = _opened(target, run)
    for index in range(3):
        writer.write(frame(index), prediction(index))
    writer.close()
    assert writer.paths(), "there is a result"
    _only_declared(target, run, writer)
    writer.close()  # closing twice changes nothing
    _only_declared(target, run, writer)


def _frames_may_change(target: Target, run: FakeRun) -> None:
    """Sizes, also odd and tiny ones; a stride; times that stand still; new expressions."""
    writer = _opened(target, run)
    more = (*EXPRESSIONS, "a cup")
    pairs = [
        (frame(0), prediction(0)),
        (frame(5, 51, 77), prediction(5, 51, 77)),
        (frame(6, 1, 1), prediction(6, 1, 1)),
        (frame(7), prediction(7, expressions=more)),
    ]
    for item, found in pairs:
        writer.write(item, found)
    again = Frame(8, pairs[-1][0].time, pairs[-1][0].image)
    writer.write(again, _empty(8, more))
    writer.close(complete=False)
    _only_declared(target, run, writer)


def _an_abort_leaves_nothing_half_written(target: Target, run: FakeRun) -> None:
    writer = _opened(target, run)
    for index in range(3):
        writer.write(frame(index), prediction(index))
    writer.abort()
    writer.abort()
    kept = {run.path / name for name in tree(run.path)}
    assert not [file for file in kept if file.name.endswith(".part")]
    whole = [path for path in writer.paths() if path.exists()]
    assert all(any(path in (file, *file.parents) for path in whole) for file in kept)


def _without_frames_there_is_nothing(target: Target, run: FakeRun) -> None:
    _opened(target, run).close()
    _opened(target, run).abort()
    target.make(run).abort()  # before it was opened
    assert list(run.path.iterdir()) == []


def _only_declared(target: Target, run: FakeRun, writer: Writer) -> None:
    """What lies there is what ``paths`` says, under names that ``--overwrite`` knows."""
    names = {path.name for path in run.path.iterdir()}
    assert names == {path.name for path in writer.paths()}
    assert names <= {*target.files, *target.folders}


def _empty(index: int, expressions: tuple[str, ...]) -> FramePrediction:
    count = len(expressions)
    return FramePrediction(
        index,
        index / 25,
        expressions,
        np.zeros((count, 48, 64), bool),
        np.zeros(count, np.float32),
        np.zeros(count, bool),
    )
