"""Where garments are, measured on made-up people with known clothes."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy.io import savemat

from car_video.segment.cues.colour_places import (
    BANDS,
    GROUPS,
    VIEWS,
    read_colour_places,
    shipped_colour_places,
)
from car_video.text.parsing.colours import TERMS
from car_video.text.parsing.garments import ZONES
from tools.fit_colours import __main__ as command
from tools.fit_colours import captions as captioned
from tools.fit_colours import fitting, lines, photos
from tools.fit_colours.fitting import banded, logistic, pairs, profiles, shares, told_apart
from tools.fit_colours.photos import LABELS, ROWS, people

NAMES = ["null", "hat", "hair", "scarf", "blouse", "skirt", "shoes"]
"""Of the labels of a made-up person, from head to foot, each an equal part."""
COLOURS = {"red": (220, 20, 20), "blue": (20, 40, 200), "white": (245, 245, 245)}


def write(folder: Path, number: int, colours: list[str]) -> None:
    """A photo of a person of 6 bars before a grey wall, 240 x 480."""
    worn = np.zeros((480, 240), np.uint8)
    photo = np.full((480, 240, 3), 128, np.uint8)
    photo[:8], photo[-8:] = 255, 0
    for bar, colour in enumerate(colours):
        rows = slice(60 + 60 * bar, 120 + 60 * bar)
        worn[rows, 80:160] = bar + 1
        photo[rows, 80:160] = COLOURS[colour]
    (folder / "annotations/pixel-level").mkdir(parents=True, exist_ok=True)
    (folder / "photos").mkdir(exist_ok=True)
    savemat(folder / f"annotations/pixel-level/{number:04d}.mat", {"groundtruth": worn})
    Image.fromarray(photo).save(folder / f"photos/{number:04d}.jpg", quality=95)


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    labels = np.empty((1, len(NAMES)), object)
    labels[0] = [np.array([name]) for name in NAMES]
    savemat(tmp_path / "label_list.mat", {"label_list": labels})
    rng = np.random.default_rng(0)
    for number in range(1, 13):
        write(tmp_path, number, rng.choice(list(COLOURS), 6).tolist())
    return tmp_path


def test_rows_garments_and_their_colours_are_counted(dataset: Path) -> None:
    write(dataset, 1, ["red", "blue", "white", "blue", "red", "white"])
    first = next(people(dataset))
    assert first.pixels.sum() == 360 * 80
    skirt = first.garments["skirt"]
    assert skirt.sum() == 60 * 80
    assert set(np.flatnonzero(skirt)) <= set(range(ROWS * 4 // 6 - 1, ROWS * 5 // 6 + 1))
    assert TERMS[int(first.names["skirt"].argmax())] == "red"
    assert first.names["skirt"].max() > 0.8  # JPEG softens the borders
    assert "coat" not in first.garments
    np.testing.assert_allclose(first.garments["clothes"].sum(), 5 * 60 * 80)  # all but the hair


def test_profiles_say_where_a_garment_is(dataset: Path) -> None:
    everyone = list(people(dataset))
    whole, cut = profiles(everyone, "whole"), profiles(everyone, "cut")
    hats = whole["hat"]
    assert hats[: BANDS // 6].min() > 0.95
    assert hats[BANDS // 6 + 2 :].max() == 0
    # Of people that are cut off a hat is a larger part, and lies lower in what is seen.
    assert cut["hat"].sum() > hats.sum()
    assert (profiles(everyone, "any")["hat"] == 1).all()


def test_bands_are_sums_of_rows() -> None:
    rows = np.arange(ROWS, dtype=float)
    np.testing.assert_allclose(banded(rows), rows.reshape(BANDS, -1).sum(1))
    half = banded(rows, 0.5)
    np.testing.assert_allclose(half, rows[: ROWS // 2].reshape(BANDS, -1).sum(1))


def test_wearers_are_told_apart_where_the_place_tells(dataset: Path) -> None:
    everyone = list(people(dataset))
    some = pairs(everyone, 300)
    for pair in some:
        assert pair.wearer.names[pair.zone][pair.term] >= fitting.NAMED
        shown = pair.other.names.get(pair.zone)
        assert shown is None or shown[pair.term] <= fitting.SPARED
    apart = {view: told_apart(shares(some, profiles(everyone, view), view)) for view in VIEWS}
    assert apart["whole"] > 0.97
    assert apart["whole"] > apart["any"] + 0.05


def test_the_logistic_finds_its_line() -> None:
    rng = np.random.default_rng(0)
    share = rng.random(40_000)
    wears = rng.random(40_000) < 1 / (1 + np.exp(-(6 * share - 2.5)))
    # As many of either: the offset then is that of odds of one.
    table = np.stack([share[wears][:15_000], share[~wears][:15_000]], 1)
    slope, offset = logistic(table)
    kept = np.log(wears.sum() / (~wears).sum())
    assert slope == pytest.approx(6, abs=0.2)
    assert offset == pytest.approx(-2.5 - kept, abs=0.2)


CAPTIONS = [
    ("a man in a red shirt.", "red"),
    ("A man in a blue shirt", "blue"),
    ("two men in red shirts", "red"),
    ("a red car on a road", "red"),
    ("a blue car", "blue"),
    ("a car", "white"),
    ("a white bus behind a red car", "white"),
]


@pytest.fixture
def photos_with_captions(tmp_path: Path) -> Path:
    """Photos of bars of one colour before grey, in a folder of their own."""
    folder = tmp_path / "coco"
    (folder / "images").mkdir(parents=True)
    rows = []
    for number, (text, colour) in enumerate(CAPTIONS):
        photo = np.full((120, 80, 3), 128, np.uint8)
        photo[:4], photo[-4:] = 255, 0
        photo[20:110, 20:50] = COLOURS[colour]
        Image.fromarray(photo).save(folder / f"images/{number}.jpg", quality=95)
        rows.append(f"images/{number}.jpg\t{text}\n")
    (folder / "captions.tsv").write_text("".join(rows))
    return folder


def keep(cache: Path, folder: Path, score: float = 1.0) -> None:
    """The masks of the bars, as if they had been found."""
    cache.mkdir(exist_ok=True)
    mask = np.zeros((120, 80), bool)
    mask[20:110, 20:50] = True
    for one in captioned.captions(folder, people=9, things=9):
        name = f"{Path(one.photo).stem}_{one.head}.npz"
        np.savez_compressed(cache / name, score=score, mask=mask)


def test_captions_of_one_coloured_thing_are_taken(photos_with_captions: Path) -> None:
    found = captioned.captions(photos_with_captions, people=9, things=9)
    numbers = [int(Path(caption.photo).stem) for caption in found]
    assert sorted(numbers[:2]) == [0, 1]
    assert sorted(numbers[2:]) == [3, 4, 6]
    assert {caption.head for caption in found} == {"man", "car", "bus"}
    assert len(captioned.captions(photos_with_captions, people=1, things=0)) == 1


def test_shares_of_what_is_named_and_of_others(
    photos_with_captions: Path, tmp_path: Path
) -> None:
    keep(tmp_path / "cache", photos_with_captions)
    some = captioned.captions(photos_with_captions, people=9, things=9)
    found = list(captioned.shown(photos_with_captions, some, tmp_path / "cache"))
    assert len(found) == len(some)
    known = shipped_colour_places()
    tables = lines.tables(found, known)
    assert len(tables["clothes"]) == 2  # each man beside the other
    assert len(tables["whole"]) == 2  # the cars; the bus has no other bus
    assert len(tables["part"]) == 0
    for group in ("clothes", "whole"):
        assert (tables[group][:, 0] > 0.8).all()
        assert (tables[group][:, 1] < 0.1).all()


def test_what_was_hardly_found_is_left_out(photos_with_captions: Path, tmp_path: Path) -> None:
    keep(tmp_path / "cache", photos_with_captions, score=0.5)
    some = captioned.captions(photos_with_captions, people=9, things=9)
    assert not list(captioned.shown(photos_with_captions, some, tmp_path / "cache"))


def test_the_command_writes_what_is_read(
    dataset: Path,
    photos_with_captions: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    rng = np.random.default_rng(0)
    rows = [
        np.column_stack([rng.uniform(0.3, 1, 40), rng.uniform(0, 0.7, 40), np.arange(40) // 2])
        for _ in GROUPS
    ]
    monkeypatch.setattr(command, "PAIRS", 60)
    monkeypatch.setattr(lines, "tables", lambda *_: dict(zip(GROUPS, rows, strict=True)))
    keep(tmp_path / "cache", photos_with_captions)
    out = tmp_path / "colours.json"
    arguments = [
        "--clothes", str(dataset), "--captions", str(photos_with_captions),
        "--cache", str(tmp_path / "cache"), "--out", str(out),
    ]  # fmt: skip
    monkeypatch.setattr(sys, "argv", ["fit", *arguments])
    command.main()
    printed = capsys.readouterr().out
    assert all(f"| {group} | 20 |" in printed for group in GROUPS)
    known = read_colour_places(out)
    assert bool((known.slope > 0).all())
    assert json.loads(out.read_text())["made"].startswith("tools/fit_colours, 12 people and 5")
    # What nobody wore is nowhere.
    assert float(known.profiles[VIEWS.index("whole"), ZONES.index("coat")].sum()) == 0


def test_no_pixel_of_a_person_is_left_out(dataset: Path) -> None:
    for one in people(dataset):
        garments = sum(one.garments[zone] for zone in LABELS if zone in one.garments)
        np.testing.assert_allclose(garments, one.pixels)
        assert photos.HEIGHT == 480
