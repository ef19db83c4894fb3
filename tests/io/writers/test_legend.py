import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from car_video.io.palette import overlay_colours
from car_video.io.writers.fonts import bundled_font, font_for, missing
from car_video.io.writers.legend import Legend, clean, ellipsise, legend_for, showable

EMOJI = "\U0001f436"


def drawn(expressions, width=480, height=270, scores=None, present=None, level=99):
    canvas = np.full((height, width, 3), level, np.uint8)
    count = len(expressions)
    Legend(tuple(expressions), width, height).draw(
        canvas,
        np.full(count, 0.5, np.float32) if scores is None else np.float32(scores),
        np.ones(count, bool) if present is None else np.array(present),
    )
    return canvas


def has(canvas, colour):
    return bool((canvas == colour).all(axis=2).any())


def test_swatch_shows_the_colour_only_while_present():
    first, second = overlay_colours(2)
    canvas = drawn(["a cat", "a dog"], present=[True, False])
    assert has(canvas, first)
    assert not has(canvas, second)


@pytest.mark.parametrize("level", [0, 128, 255])
def test_text_contrasts_with_its_panel_on_any_background(level):
    canvas = drawn(["a cat"], level=level)[:24, :120].astype(int).sum(axis=2)
    assert canvas.max() > 3 * 240  # white letters
    assert canvas[8:16].min() < 3 * 100  # on a panel that stays dark


def test_score_is_part_of_the_picture_and_the_layout_stays():
    low, high = (drawn(["a cat", "a dog"], scores=[s, 0.5]) for s in (0.12, 0.98))
    columns = np.flatnonzero((low != high).any(axis=(0, 2)))
    assert columns.size
    assert columns.max() < 200  # the second chip has not moved


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.text(max_size=40), min_size=1, max_size=6),
    st.integers(1, 200),
    st.integers(1, 200),
)
def test_any_text_on_any_size(texts, width, height):
    canvas = drawn(texts, width, height)
    assert canvas.shape == (height, width, 3)


@pytest.mark.parametrize(
    "text",
    ["", " \n\t", "x" * 10_000, "\ud800", "\x00", "👩‍👩‍👧", "الرجل بالأحمر", "穿红衣服的人"],
)
def test_odd_texts_are_drawn(text):
    assert has(drawn([text]), overlay_colours(1)[0])


def test_many_expressions_wrap_and_are_counted():
    canvas = drawn([f"expression {i}" for i in range(100)], 640, 360)
    rows = np.flatnonzero((canvas != 99).any(axis=(1, 2)))
    assert rows.max() > 100  # more than one row
    assert rows.max() < 0.45 * 360  # but most of the picture stays free
    legend = Legend(tuple(f"expression {i}" for i in range(100)), 640, 360)
    assert legend.bottom <= 0.45 * 360


def test_chips_do_not_overlap_and_stay_inside():
    texts = tuple("ab" * (1 + 3 * i % 17) for i in range(20))
    legend = Legend(texts, 640, 480)
    marks = np.zeros((480, 640), int)
    for x, y, width in legend._places:
        marks[y : y + legend._height, x : x + width] += 1
        assert x + width <= 640
    assert marks.max() == 1


def test_tiny_pictures_have_no_legend():
    assert (drawn(["a cat"], 40, 30) == 99).all()
    assert Legend(("a cat",), 40, 30).bottom == 0


def test_ellipsise_fits_and_keeps_the_beginning():
    font = bundled_font(16)
    text = "the man in the red shirt who stands on the left"
    cut = ellipsise(text, font, 150)
    assert cut.endswith("…")
    assert text.startswith(cut[:-1])
    assert font.getlength(cut) <= 150
    assert font.getlength(text[: len(cut) + 1] + "…") > 150 - 20  # no more than needed is cut
    assert ellipsise("short", font, 150) == "short"


def test_clean_makes_one_printable_line():
    assert clean("  a\n\tb\x00c\ud800  d ") == "a bc d"


def test_unknown_letters_fall_back_to_the_number():
    font = bundled_font(16)
    assert EMOJI in missing(font, frozenset(EMOJI + "ab"))
    assert showable(f"{EMOJI} the dog", font) == "the dog"
    assert showable(EMOJI * 5, font) == ""


def test_font_for_latin_text_is_the_same_everywhere():
    assert font_for("the man in red", 16).getname() == bundled_font(16).getname()


def test_font_for_never_knows_less_than_the_bundled_one():
    text = "Ω ж β 红 语"
    known = missing(font_for(text, 16), frozenset(text))
    assert known <= missing(bundled_font(16), frozenset(text))


def test_legends_are_kept():
    assert legend_for(("a",), 100, 80) is legend_for(("a",), 100, 80)


def test_who_is_not_looked_for_has_no_chip():
    three, two = Legend(("a", "b", "c"), 480, 270), Legend(("a", None, "c"), 480, 270)
    pictures = []
    for legend in (three, two):
        canvas = np.full((270, 480, 3), 99, np.uint8)
        legend.draw(canvas, np.array([0.9, 0.8, 0.7], np.float32), np.ones(3, bool))
        pictures.append(canvas)
    colours = overlay_colours(3)
    assert [has(pictures[0], colour) for colour in colours] == [True, True, True]
    assert [has(pictures[1], colour) for colour in colours] == [True, False, True]
