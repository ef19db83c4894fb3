from __future__ import annotations

import json
from fractions import Fraction

import numpy as np
import pytest

from car_video.errors import OutputError
from car_video.io.exports import export
from car_video.io.exports.export import export_with_remarks
from car_video.io.exports.exr import layer_names
from tests.io.exports.media import write_source
from tests.io.exports.runs import NAMES, make_run, masks_of, visible_masks

OpenEXR = pytest.importorskip("OpenEXR")
pytest.importorskip("mmh3")


@pytest.fixture
def files(run, tmp_path):
    folder = export(run, "exr", tmp_path / "exr", start_number=1001)
    return [folder / f"{1001 + index:05d}.exr" for index in range(4)]


def test_a_layer_per_object(files):
    for index, file in enumerate(files):
        channels = OpenEXR.File(str(file), separate_channels=True).channels()
        for query, layer in enumerate(layer_names(NAMES)):
            pixels = channels[f"{layer}.A"].pixels
            assert pixels.dtype == np.float16
            np.testing.assert_array_equal(pixels, masks_of(index)[query])
        np.testing.assert_array_equal(channels["A"].pixels, masks_of(index).any(0))


def test_cryptomatte_finds_what_is_seen_by_name(files):
    """Read as the specification says, from nothing but the file."""
    for index, file in enumerate(files):
        found = OpenEXR.File(str(file), separate_channels=True)
        header, channels = found.header(), found.channels()
        (key,) = {k.split("/")[1] for k in header if k.startswith("cryptomatte/")}
        facts = {k: header[f"cryptomatte/{key}/{k}"] for k in ("name", "hash", "conversion")}
        assert facts["hash"] == "MurmurHash3_32"
        assert facts["conversion"] == "uint32_to_float32"
        assert len(key) == 7
        manifest = json.loads(header[f"cryptomatte/{key}/manifest"])
        assert list(manifest) == list(NAMES)
        ids = channels[f"{facts['name']}00.R"].pixels.view(np.uint32)
        share = channels[f"{facts['name']}00.G"].pixels
        for query, name in enumerate(NAMES):
            picked = np.where(ids == int(manifest[name], 16), share, 0)
            np.testing.assert_array_equal(picked, visible_masks(index)[query])


def test_hashes_are_those_of_the_specification():
    from car_video.io.exports.exr import crypto_id

    # MurmurHash3_32 of "hello" is 0x248bfa47; its exponent is no special one and stays
    assert crypto_id("hello") == 0x248BFA47
    for number in range(500):
        value = np.array(crypto_id(str(number)), np.uint32).view(np.float32)
        assert np.isfinite(value)
        assert abs(value) >= np.finfo(np.float32).tiny


def test_rate_and_timecode(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rate = Fraction(30000, 1001)
    clip = write_source(tmp_path / "clip.mov", rate=rate, timecode="00:00:59;28")
    folder = make_run(
        tmp_path / "run", (1, 2, 3), fps=float(rate), source=clip.name, path=str(clip)
    )
    header = OpenEXR.File(str(export(folder, "exr") / "00002.exr")).header()
    code = header["timeCode"]
    assert (code.minutes, code.seconds, code.frame, code.dropFrame) == (1, 0, 2, True)
    assert header["framesPerSecond"] == rate


def test_layers_have_plain_names():
    assert layer_names(("the dog", "漢", "a.b")) == ["mask1_the_dog", "mask2_", "mask3_a_b"]


def test_a_reader_of_cryptomatte_finds_what_is_seen(files):
    cryptomatte = pytest.importorskip("cryptomatte_api")
    for index, file in enumerate(files):
        (found,) = cryptomatte.Cryptomatte.load(str(file))
        for query, name in enumerate(NAMES):
            truth = visible_masks(index)[query]
            if truth.any():
                np.testing.assert_array_equal(found.mask(name), truth)


def test_a_timecode_beyond_openexrs_frames_is_left_out(tmp_path):
    rate = Fraction(50)
    clip = write_source(tmp_path / "clip.mov", rate=rate, timecode="00:00:59:48")
    run = make_run(tmp_path / "r", source=str(clip), path=str(clip), fps=50.0)
    folder, remarks = export_with_remarks(run, "exr", tmp_path / "exr")
    assert len(remarks) == 1
    with OpenEXR.File(str(folder / "00000.exr")) as file:
        assert "timeCode" not in file.header()


def test_a_full_disk_is_one_line(run, tmp_path, monkeypatch):
    def full(self, name):
        raise RuntimeError(f'Failed to write pixel data to "{name}". No space left on device.')

    monkeypatch.setattr(OpenEXR.File, "write", full)
    with pytest.raises(OutputError, match="the disk is full"):
        export(run, "exr", tmp_path / "exr")
