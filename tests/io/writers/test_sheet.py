import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from car_video.io.writers import sheet as sheets
from car_video.io.writers.sheet import SheetWriter, evenly, timecode, timecodes
from tests.io.writers.media import frame, info, prediction


def make(tmp_path, monkeypatch, count, frames, height=48, width=64):
    """Runs a writer and gives back the times on its sheet and the most it held in memory."""
    seen = {}
    original = sheets.lay_out

    def spy(thumbnails, expressions, shares):
        seen.update(times=[t.time for t in thumbnails], shares=shares)
        return original(thumbnails, expressions, shares)

    monkeypatch.setattr(sheets, "lay_out", spy)
    writer = SheetWriter(tmp_path / "sheet.png", count)
    writer.open(info())
    held = 0
    for index in range(frames):
        writer.write(frame(index, height, width), prediction(index, height, width))
        held = max(held, len(writer._kept))
    writer.close()
    return writer, held, seen


@pytest.mark.parametrize("frames", [1, 2, 5, 16, 17, 33, 100, 257])
def test_frames_are_spread_evenly_in_bounded_memory(tmp_path, monkeypatch, frames):
    writer, held, seen = make(tmp_path, monkeypatch, 8, frames)
    assert writer.paths() == [tmp_path / "sheet.png"]
    assert held <= 16
    times = np.array(seen["times"]) * 25
    assert len(times) == min(frames, 8)
    assert times[0] == 0
    assert times[-1] >= frames - 1 - frames / 8  # reaches the end
    gaps = np.diff(times)
    assert len(times) < 3 or gaps.max() <= 2.5 * max(1, gaps.min())


def test_sheet_shows_pictures_masks_and_shares(tmp_path, monkeypatch):
    _, _, seen = make(tmp_path, monkeypatch, 4, 9, 120, 160)
    assert seen["shares"] == ["100%", "67%"]
    with Image.open(tmp_path / "sheet.png") as image:
        assert image.mode == "RGB"
        pixels = np.asarray(image)
    assert pixels.shape[0] > 120
    assert pixels.shape[1] >= 2 * 160
    assert len(np.unique(pixels.reshape(-1, 3), axis=0)) > 1000


@pytest.mark.parametrize("size", [(1, 1), (20, 300), (300, 20), (1080, 1920)])
def test_any_shape(tmp_path, monkeypatch, size):
    make(tmp_path, monkeypatch, 4, 3, *size)
    with Image.open(tmp_path / "sheet.png") as image:
        assert max(image.size) < 2500


def test_frames_of_several_sizes(tmp_path):
    writer = SheetWriter(tmp_path / "sheet.png")
    writer.open(info())
    for index, (height, width) in enumerate([(48, 64), (64, 48), (10, 10)]):
        writer.write(frame(index, height, width), prediction(index, height, width))
    writer.close()
    assert writer.paths()


def test_no_frames_no_sheet(tmp_path):
    writer = SheetWriter(tmp_path / "sheet.png")
    writer.open(info())
    writer.close()
    assert writer.paths() == []
    writer.write(frame(0), prediction(0))
    writer.abort()
    assert list(tmp_path.iterdir()) == []


@settings(deadline=None, max_examples=100)
@given(st.integers(1, 200), st.integers(1, 40))
def test_evenly(length, count):
    chosen = evenly(length, count)
    assert len(set(chosen)) == len(chosen) == min(length, count)
    assert chosen == sorted(chosen)
    assert 0 <= chosen[0] <= chosen[-1] < length


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0:00.0"), (62.54, "1:02.5"), (59.96, "1:00.0"), (3600, "1:00:00.0"), (-1, "0:00.0")],
)
def test_timecode(seconds, text):
    assert timecode(seconds) == text


@pytest.mark.parametrize(
    ("times", "texts"),
    [
        ([0.0, 0.5], ["0:00.0", "0:00.5"]),
        ([0.0, 0.04, 0.08, 0.12], ["0:00.00", "0:00.04", "0:00.08", "0:00.12"]),
        ([59.9994, 60.0], ["0:59.999", "1:00.000"]),
        ([0.0, 0.0], ["0:00.000000"] * 2),
        ([], []),
    ],
)
def test_no_two_pictures_have_one_time(times, texts):
    assert timecodes(times) == texts


@settings(deadline=None, max_examples=80)
@given(st.lists(st.integers(0, 10**10), unique=True, max_size=16))
def test_times_are_told_apart_to_the_microsecond(microseconds):
    times = [m / 1e6 for m in sorted(microseconds)]
    assert len({*timecodes(times)}) == len(times)
