"""Typed lines that change expressions while a run is under way."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from car_video.cli import opening
from car_video.cli.live_editing import (
    MOST,
    Edit,
    ExpressionList,
    Lines,
    LiveEdits,
    parse_edit,
    typed_lines,
)
from car_video.errors import CarVideoError, ConfigError, ExpressionError
from car_video.io.formats import as_frame_dict, from_frame_dict
from car_video.types import FramePrediction
from tests.cli.fakes import ASKED, results


@pytest.mark.parametrize(
    ("line", "edit"),
    [
        ("+ a red cup", Edit("add", text="a red cup")),
        ("+a  red   cup\r", Edit("add", text="a red cup")),
        ("- a red cup", Edit("remove", text="a red cup")),
        (" -  2 ", Edit("remove", 2)),
        ("2 = the blue cup", Edit("replace", 2, "the blue cup")),
        ("0 = a cup", Edit("replace", 0, "a cup")),
        ("12=x = y", Edit("replace", 12, "x = y")),
        ("?", Edit("list")),
        ("q", Edit("quit")),
        ("quit", Edit("quit")),
        ("   ", Edit("nothing")),
    ],
)
def test_lines_that_are_understood(line: str, edit: Edit) -> None:
    assert parse_edit(line) == edit


@pytest.mark.parametrize(
    "line", ["a red cup", "++", "+", "-", " - ", "2 =", "= x", "two = x", "?x"]
)
def test_lines_that_are_not(line: str) -> None:
    if line == "++":  # odd, but a text
        assert parse_edit(line).text == "+"
        return
    with pytest.raises((ConfigError, ExpressionError)) as error:
        parse_edit(line)
    assert "\n" not in str(error.value)


def test_numbers_stay_with_their_texts() -> None:
    expressions = ExpressionList.of(["a dog", "the cat"])
    expressions = expressions.after(parse_edit("- 1")).after(parse_edit("+ a cup"))
    assert expressions.current == ("the cat", "a cup")
    assert expressions.listing() == ["  2  the cat", "  3  a cup"]
    expressions = expressions.after(parse_edit("+ A Dog"))
    assert expressions.current == ("a dog", "the cat", "a cup")
    expressions = expressions.after(parse_edit("2 = a spoon"))
    assert expressions.names == ("a dog", "the cat", "a cup", "a spoon")
    assert expressions.active == (True, False, True, True)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("+ A DOG", "already, as number 1"),
        ("2 = a dog", "already"),
        ("2 = the cat", "already"),
        ("- 3", "nothing called number 3"),
        ("- 0", "nothing called number 0"),
        ("0 = a cup", "nothing called number 0"),
        ("9 = x", "nothing called number 9"),
        ("- a bird", "nothing called 'a bird'"),
    ],
)
def test_what_cannot_be_done(line: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        ExpressionList.of(["a dog", "the cat"]).after(parse_edit(line))


def test_the_last_one_stays() -> None:
    with pytest.raises(ConfigError, match="last expression"):
        ExpressionList.of(["a dog"]).after(parse_edit("- 1"))
    assert ExpressionList.of(["a dog"]).after(parse_edit("1 = a cat")).current == ("a cat",)


def test_there_is_an_end_to_new_ones() -> None:
    expressions = ExpressionList.of([f"thing {n}" for n in range(MOST)])
    with pytest.raises(ConfigError, match=str(MOST)):
        expressions.after(parse_edit("+ one more"))


@settings(deadline=None, max_examples=60)
@given(st.lists(st.text(alphabet="+-=? 12abq", max_size=5), max_size=30))
def test_any_lines_leave_a_roster_that_works(lines: list[str]) -> None:
    expressions = ExpressionList.of(["a", "b"])
    for line in lines:
        before = expressions
        try:
            edit = parse_edit(line)
            if edit.kind in ("add", "remove", "replace"):
                expressions = expressions.after(edit)
        except CarVideoError:
            assert expressions == before
        assert expressions.names[: len(before.names)] == before.names
        assert len(expressions.current) >= 1
        assert len({name.casefold() for name in expressions.current}) == len(
            expressions.current
        )


def test_predictions_have_a_place_for_every_name() -> None:
    expressions = ExpressionList.of(["a dog", "the cat"]).after(parse_edit("1 = a cup"))
    masks = np.zeros((2, 4, 6), bool)
    masks[1, 2] = True  # the first one is absent, so its mask is empty
    scores = np.array([0.5, 0.75], np.float32)
    found = FramePrediction(3, 0.5, expressions.current, masks, scores, np.array([False, True]))
    wide = expressions.widen(found)
    assert wide.expressions == ("a dog", "the cat", "a cup")
    assert wide.present.tolist() == [False, False, True]
    assert wide.scores.tolist() == [0.0, 0.5, 0.75]
    np.testing.assert_array_equal(wide.masks[1:], masks)
    assert not wide.masks[0].any()
    entry = as_frame_dict(wide)
    assert [o["expression"] for o in entry["objects"]] == [1, 2]
    again = from_frame_dict(entry, wide.expressions)
    np.testing.assert_array_equal(again.masks, wide.masks)
    first = ExpressionList.of(["a dog"])
    own = FramePrediction(0, 0.0, ("a dog",), masks[:1], scores[:1], np.array([True]))
    assert first.widen(own) is own


def test_lines_from_a_descriptor() -> None:
    end, start = os.pipe()
    lines = Lines(end)
    assert lines.pending() == []
    os.write(start, "+ a c\u00fcp\n- 2\n+ with".encode())
    os.write(start, b"out an end")
    os.close(start)
    got, deadline = [], time.monotonic() + 30
    while len(got) < 3 and time.monotonic() < deadline:
        got += lines.pending()
        time.sleep(0.005)
    os.close(end)
    assert got == ["+ a c\u00fcp", "- 2", "+ without an end"]


class Typed:
    """Lines at frames: ``script[n]`` is what has come before the n-th."""

    def __init__(self, script: dict[int, list[str]]) -> None:
        self.script, self.asked = script, 0

    def pending(self) -> list[str]:
        self.asked += 1
        return self.script.get(self.asked - 1, [])


class Refusing:
    """A segmenter that cannot change."""

    def set_expressions(self, expressions: object) -> None:
        raise ExpressionError("no")


def test_what_fails_changes_nothing() -> None:
    said: list[str] = []
    edits = LiveEdits(["a dog"], Typed({0: ["+ a cup", "?"]}), Refusing(), said.append)
    assert edits.apply()
    assert edits.expressions == ExpressionList.of(["a dog"])
    assert said == ["no", "  1  a dog"]


@pytest.fixture
def typed(monkeypatch):
    def give(script):
        monkeypatch.setattr(opening, "typed_lines", lambda *_: Typed(script))

    return give


def test_a_run_whose_expressions_change(cli, clip, typed):
    typed({3: ["+ a cup"], 6: ["- a dog", "nonsense"], 9: ["2 = a dog"]})
    code, out, err = cli(clip, *ASKED, "--save", "overlay,masks,json,sheet,cutout")
    assert code == 0
    assert "'nonsense' is not understood" in err
    data = results(Path("clip_car"))
    assert data["expressions"] == ["a dog", "the cat", "a cup"]
    asked = [[o["expression"] for o in f["objects"]] for f in data["frames"]]
    assert asked == [[0, 1]] * 3 + [[0, 1, 2]] * 3 + [[1, 2]] * 3 + [[0, 2]] * 3
    lines = [line.split()[:2] for line in out.splitlines()[1:4]]
    assert lines == [["a", "dog"], ["the", "cat"], ["a", "cup"]]
    values = {int(v) for v in np.unique(np.asarray(Image.open("clip_car/masks/00007.png")))}
    assert values <= {0, 2, 3}
    assert cli(clip, *ASKED, "--resume")[0] == 2, "not the same expressions any more"
    typed({})
    assert cli(clip, *ASKED, "--expr", "a cup", "--resume")[0] == 0


def test_q_ends_the_run(cli, clip, typed):
    typed({5: ["q"]})
    code, _, err = cli(clip, *ASKED)
    assert (code, err) == (0, "stopped; what is done is kept, go on with --resume\n")
    assert len(results(Path("clip_car"))["frames"]) == 5


def test_offline_sees_frames_ahead(cli, clip):
    Path("late.yaml").write_text("video: {mode: offline}", encoding="utf-8")
    code, _, err = cli(clip, *ASKED, "--preset", "late.yaml", "--interactive")
    assert code == 2
    assert "--mode online" in err


def test_without_a_standard_input(monkeypatch):
    monkeypatch.setattr(sys, "stdin", None)
    assert typed_lines(False, True) is None
    with pytest.raises(ConfigError, match="standard input"):
        typed_lines(True, True)


@pytest.mark.parametrize("target", ["0", "-2", "nan", "inf"])
def test_impossible_targets(cli, clip, target):
    code, _, err = cli(clip, *ASKED, "--target-fps", target)
    assert code == 2
    assert "--target-fps must be above 0" in err
