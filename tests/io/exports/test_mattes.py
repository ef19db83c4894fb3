from __future__ import annotations

from fractions import Fraction

import av
import numpy as np
import pytest
from PIL import Image

from car_video.errors import ConfigError, OutputError
from car_video.io.exports import export, prores
from car_video.io.exports.names import file_names
from car_video.io.mattes import EdgeFilter, EdgeOptions
from tests.io.exports.media import alphas, timecode_of, write_source
from tests.io.exports.runs import NAMES, make_run, masks_of
from tests.io.writers.media import frame

NTSC = Fraction(30000, 1001)


@pytest.fixture
def sourced(tmp_path, monkeypatch):
    """A run beside its source, of frames 1 to 3, at 29.97 frames/s with a timecode."""
    monkeypatch.chdir(tmp_path)
    clip = write_source(tmp_path / "clip.mov", rate=NTSC, timecode="01:00:59;28")
    return make_run(
        tmp_path / "clip_car",
        indices=(1, 2, 3),
        fps=float(NTSC),
        source=clip.name,
        path=str(clip),
    )


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("channel", ["grey", "alpha"])
def test_png_is_exact(run, tmp_path, bits, channel):
    folder = export(run, "matte-png", tmp_path / "m", bits=bits, channel=channel)
    assert sorted(p.name for p in folder.iterdir()) == [f"{n:05d}.png" for n in range(4)]
    for index in range(4):
        with av.open(str(folder / f"{index:05d}.png")) as container:
            picture = next(container.decode(video=0))
        form = {
            (8, "grey"): "gray",
            (16, "grey"): "gray16be",
            (8, "alpha"): "rgba",
            (16, "alpha"): "rgba64be",
        }[bits, channel]
        assert picture.format.name == form
        values = picture.to_ndarray()
        full = 2**bits - 1
        if channel == "alpha":
            assert (values[..., :3] == full).all()
            values = values[..., 3]
        np.testing.assert_array_equal(values, masks_of(index).any(0) * full)


def test_png_of_each_object_from_any_number(run, tmp_path):
    folder = export(run, "matte-png", tmp_path / "m", split=True, start_number=1001)
    for query, name in enumerate(file_names(NAMES)):
        for index in range(4):
            with Image.open(folder / name / f"{1001 + index:05d}.png") as image:
                found = np.asarray(image) > 0
            np.testing.assert_array_equal(found, masks_of(index)[query])


def test_prores_is_exact_in_alpha_rate_and_timecode(sourced):
    path = export(sourced, "prores")
    for index, alpha in zip((1, 2, 3), alphas(path), strict=True):
        np.testing.assert_array_equal(alpha, masks_of(index).any(0).astype(float))
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert stream.codec_context.name == "prores"
        assert stream.codec_context.profile == "4444"
        assert stream.average_rate == NTSC
        for index, picture in zip((1, 2, 3), container.decode(stream), strict=True):
            difference = picture.to_ndarray(format="rgb24").astype(int) - frame(index).image
            assert abs(difference).mean() < 4, "the colours are those of the source"
    assert timecode_of(path) == "01:00:59;29"


def test_webm_has_the_mask_where_alpha_is_above_half(sourced):
    path = export(sourced, "webm")
    for index, alpha in zip((1, 2, 3), alphas(path), strict=True):
        np.testing.assert_array_equal(alpha > 0.5, masks_of(index).any(0))


def test_one_video_per_object(sourced, tmp_path):
    folder = export(sourced, "prores", tmp_path / "videos", split=True, fill="white")
    assert sorted(p.stem for p in folder.iterdir()) == sorted(file_names(NAMES))
    for query, name in enumerate(file_names(NAMES)):
        for index, alpha in zip((1, 2, 3), alphas(folder / f"{name}.mov"), strict=True):
            np.testing.assert_array_equal(alpha, masks_of(index)[query].astype(float))
        assert timecode_of(folder / f"{name}.mov") == "01:00:59;29"


def test_odd_sizes_stay(tmp_path):
    folder = make_run(
        tmp_path / "run", (1,), sizes=({"height": 47, "width": 63},), width=63, height=47
    )
    (alpha,) = alphas(export(folder, "prores", fill="white"))
    np.testing.assert_array_equal(alpha, masks_of(1, 47, 63).any(0).astype(float))


def test_frames_have_the_names_of_annotations(sourced, tmp_path):
    folder = export(sourced, "frames", tmp_path / "pictures")
    assert sorted(p.name for p in folder.iterdir()) == ["00001.jpg", "00002.jpg", "00003.jpg"]
    with Image.open(folder / "00002.jpg") as image:
        assert abs(np.asarray(image).astype(int) - frame(2).image).mean() < 3


def test_the_source_may_have_moved(sourced, tmp_path, monkeypatch):
    moved = tmp_path / "other place.mov"
    (tmp_path / "clip.mov").rename(moved)
    with pytest.raises(OutputError, match=r"the source 'clip\.mov' is not there; say where"):
        export(sourced, "prores")
    with pytest.raises(OutputError, match="no source 'nothing'"):
        export(sourced, "prores", source="nothing")
    assert export(sourced, "prores", source=str(moved)).exists()


def test_another_source_is_refused(sourced, tmp_path):
    write_source(tmp_path / "clip.mov", frames=5, rate=NTSC)
    with pytest.raises(OutputError, match="is not what the run was made from"):
        export(sourced, "webm")
    assert not (sourced / "matte.webm").exists()


def test_cameras_have_no_pictures_to_read_again(tmp_path):
    folder = make_run(tmp_path / "run", source="webcam:0")
    with pytest.raises(OutputError, match="the source 'webcam:0' is not there"):
        export(folder, "prores")
    assert export(folder, "prores", fill="white").exists()


def test_no_encoder_is_one_line(run, monkeypatch):
    monkeypatch.setattr(prores, "CODECS", (("prores_of_another_build", {}),))
    with pytest.raises(OutputError, match="PyAV has no encoder prores_of_another_build"):
        export(run, "prores", fill="white")
    assert not (run / "matte.mov").exists()
    assert not list(run.glob(".*part"))


def read_grey(path):
    with Image.open(path) as image:
        return np.asarray(image)


def test_edges_are_moved_and_turned_over(run, tmp_path):
    plain = export(run, "matte-png", tmp_path / "plain")
    grown = export(run, "matte-png", tmp_path / "grown", grow=2)
    shrunk = export(run, "matte-png", tmp_path / "shrunk", shrink=2)
    other = export(run, "matte-png", tmp_path / "other", invert=True)
    faded = export(run, "matte-png", tmp_path / "faded", feather=4, bits=16)
    for name in ("00001.png", "00002.png"):
        mask = read_grey(plain / name) > 0
        assert (read_grey(grown / name) > 0)[mask].all()
        assert (read_grey(grown / name) > 0).sum() > mask.sum()
        assert not (read_grey(shrunk / name) > 0)[~mask].any()
        np.testing.assert_array_equal(read_grey(other / name) > 0, ~mask)
        assert len(np.unique(read_grey(faded / name))) > 100


def test_soft_edges_are_those_of_the_pictures(sourced, tmp_path):
    folder = export(sourced, "matte-png", tmp_path / "soft", edges="soft")
    steps = EdgeFilter(EdgeOptions(soft=True))
    for index in (1, 2, 3):
        found = read_grey(folder / f"{index:05d}.png") / 255
        # The source is decoded from a lossy file.
        expected = steps.step(masks_of(index).any(0), frame(index).image)
        assert np.abs(found - expected).mean() < 0.05
        assert ((found > 0.02) & (found < 0.98)).any()
    video = export(sourced, "prores", tmp_path / "soft.mov", edges="soft")
    for index, alpha in zip((1, 2, 3), alphas(video), strict=True):
        np.testing.assert_allclose(
            alpha, read_grey(folder / f"{index:05d}.png") / 255, atol=0.01
        )


def test_what_edges_cannot_be(sourced, tmp_path):
    with pytest.raises(OutputError, match="leave out --fill white"):
        export(sourced, "webm", tmp_path / "a.webm", edges="soft", fill="white")
    with pytest.raises(ConfigError, match="in two directions"):
        export(sourced, "matte-png", tmp_path / "a", grow=1, shrink=1)
    with pytest.raises(ConfigError, match="--feather must be from 0 to 500"):
        export(sourced, "matte-png", tmp_path / "a", feather=501)
    with pytest.raises(ConfigError, match="--edges must be hard or soft"):
        export(sourced, "matte-png", tmp_path / "a", edges="blurred")
    with pytest.raises(ConfigError, match="--grow means nothing for coco"):
        export(sourced, "coco", tmp_path / "a.json", grow=1)
    other = make_run(tmp_path / "other", source="gone.mp4")
    with pytest.raises(OutputError, match="the source 'gone\\.mp4' is not there"):
        export(other, "matte-png", tmp_path / "a", edges="soft")
    assert not list(tmp_path.glob("a*"))


def test_alpha_is_exact_at_heights_that_threads_do_not_divide(tmp_path):
    sizes = [{"height": 97, "width": 131}] * 40
    run = make_run(
        tmp_path / "run", indices=range(40), sizes=sizes, names=NAMES[:1], height=97, width=131
    )
    for index, alpha in enumerate(
        alphas(export(run, "prores", tmp_path / "m.mov", fill="white"))
    ):
        assert np.array_equal(alpha, masks_of(index, 97, 131)[0])
