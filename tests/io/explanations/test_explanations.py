"""Explanations drawn, told and as JSON. Values are made up: no model is asked."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image

from car_video.errors import OutputError
from car_video.explanation import (
    CandidateMask,
    Explanation,
    QueryStages,
    TrackView,
    Votes,
)
from car_video.io.explanations import (
    draw_explanation,
    explanation_lines,
    explanation_record,
    write_explanation,
)
from car_video.io.explanations.bars import BarTable
from car_video.io.explanations.layout import BODY, WIDTH, text_block, wrapped
from car_video.io.explanations.tiles import heat, masked, plain, tile_size
from car_video.io.rle import decode_rle
from car_video.io.writers.fonts import bundled_font
from car_video.types import Frame, FramePrediction

MASK = np.zeros((48, 64), bool)
MASK[10:30, 20:40] = True


def explanation(expressions: int = 2, text: str = "the dog", **query: object) -> Explanation:
    votes = Votes({"sentence": 2.0, "noun phrase": -1.0}, {"dog": 1.0}, (("sky", 0.5),))
    stages = QueryStages(
        text=text,
        sentence=text,
        noun_phrase="the dog",
        places=("leftmost of its kind",),
        colours=("red",),
        mentioned=("a park",),
        evidence=np.zeros((6, 8), np.float32),
        map=np.linspace(0, 1, 48, dtype=np.float32).reshape(6, 8),
        proposal=MASK,
        prompt=np.zeros((16, 16, 3), np.uint8),
        score=0.9,
        dropped=0,
        votes=votes,
        candidates=(CandidateMask(MASK, 0.5, {"map": 0.5, "stable": 1.0}, votes),),
        **query,
    )
    shape = (expressions, *MASK.shape)
    present = np.arange(expressions) == 0
    prediction = FramePrediction(
        3,
        0.12,
        (text,) * expressions,
        np.broadcast_to(MASK, shape) & present[:, None, None],
        np.where(present, 0.9, 0.1).astype(np.float32),
        present,
    )
    image = np.full((*MASK.shape, 3), 90, np.uint8)
    return Explanation(
        frame=Frame(3, 0.12, image),
        model="lite",
        prediction=prediction,
        queries=(stages,) * expressions,
        parts=tuple((n,) for n in range(expressions)),
        steps=(dict.fromkeys(range(expressions), 0.5),),
        theta=0.1,
        threshold=0.75,
        tracks=((TrackView(MASK[::2, ::2], 0.4, 0.5),),) * expressions,
        reasons=(("Because.",),) * expressions,
    )


def test_the_picture_is_as_wide_as_promised_and_grows_with_the_queries() -> None:
    one, many = (draw_explanation(explanation(count)) for count in (1, 40))
    assert one.shape[1] == many.shape[1] == WIDTH
    assert 2 * one.shape[0] < many.shape[0] < 25 * one.shape[0], "the first ones are drawn"


@pytest.mark.parametrize("text", ["狗在左边", "x" * 400, "the dog " * 30, "‮dog 🐕"])
def test_any_text_fits(text: str) -> None:
    drawn = draw_explanation(explanation(1, text))
    margin = drawn[:, -30:]
    assert (margin == 255).all(), "nothing runs over the margin"


def test_portraits_and_panoramas_fit() -> None:
    assert tile_size(1000, 10, (290, 290)) == (290, 3)
    assert tile_size(10, 1000, (290, 290)) == (3, 290)
    assert tile_size(1, 5000, (290, 290)) == (1, 290)


def test_tiles_show_what_they_are_given() -> None:
    image = np.full((48, 64, 3), 100, np.uint8)
    values = np.zeros((6, 8), np.float32)
    values[0, 0] = 1
    warm = heat(image, values, (48, 64), smooth=False)
    assert warm[:8, :8].mean() > 2 * warm[8:, 8:].mean()
    shown = masked(image, MASK, (24, 32), np.array([255, 0, 0], np.uint8))
    assert shown.shape == (24, 32, 3)
    assert (shown[10, 15] == (178, 50, 50)).all()
    assert (shown[0, 0] == 100).all()
    assert plain(image, (96, 128)).shape == (96, 128, 3)


def test_wrapped_text_has_every_letter_and_fits() -> None:
    font = bundled_font(BODY)
    text = "a word andaverylongwordthatislongerthanthelineitself and more"
    lines = wrapped(text, font, 120)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    assert max(font.getlength(line) for line in lines) <= 120
    assert wrapped("", font, 120) == []
    assert text_block("", BODY).height == 0


def test_bars_are_as_long_as_their_numbers() -> None:
    table = np.asarray(BarTable(["A"], [("big", [4.0]), ("small", [1.0])], 4.0).draw())
    green = (table == (26, 127, 55)).all(2)
    rows = [int(row.sum()) for row in green if row.any()]
    assert max(rows) >= 3.5 * min(rows)
    bad = np.asarray(BarTable(["A"], [("bad", [-4.0])], 4.0).draw())
    assert (bad == (180, 35, 24)).all(2).any()


def test_files_are_written_whole_in_the_named_form(tmp_path) -> None:
    for name, form in (("a.png", "PNG"), ("a.JPG", "JPEG"), ("a.webp", "WEBP")):
        path = write_explanation(explanation(1), tmp_path / name)
        with Image.open(path) as image:
            assert (image.format, image.width) == (form, WIDTH)
    with pytest.raises(OutputError, match=r"ends? with .png"):
        write_explanation(explanation(1), tmp_path / "a.gif")
    with pytest.raises(OutputError, match="no folder"):
        write_explanation(explanation(1), tmp_path / "no" / "a.png")
    (tmp_path / "d.png").mkdir()
    with pytest.raises(OutputError, match="is a folder"):
        write_explanation(explanation(1), tmp_path / "d.png")


def test_lines_say_it_in_words() -> None:
    lines = list(explanation_lines(explanation()))
    assert lines[0] == "frame 3 (0.12 s), model lite"
    assert "the dog: here (0.90)" in lines
    assert "the dog: not here (0.10)" in lines
    assert "  Because." in lines
    words = "places: leftmost of its kind; colours: red; only mentioned: a park"
    assert f"  read as “the dog”; {words}" in lines
    assert "  candidate A: agreement 0.50 = map 0.50 x stable 1.00" in lines


def test_the_record_is_strict_json_with_masks() -> None:
    record = json.loads(json.dumps(explanation_record(explanation()), allow_nan=False))
    first, second = record["expressions"]
    np.testing.assert_array_equal(decode_rle(first["mask"]), MASK)
    assert not decode_rle(second["mask"]).any()
    assert record["queries"][0]["candidates"][0]["factors"] == {"map": 0.5, "stable": 1.0}
    assert record["recurrence"] == [{"0": 0.5, "1": 0.5}]
    assert record["queries"][0]["chosen_candidate"] is None
