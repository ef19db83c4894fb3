"""decord and torchcodec behind the same switch."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from car_video.errors import ConfigError, SourceError
from car_video.io.readers import RandomAccessReader, read_frames
from car_video.io.readers.files.decoders import DecoderName
from tests.io.readers.media import matrix, number_of, numbered, write_video

INSTALLED: list[object] = [
    pytest.param(name, marks=pytest.mark.skipif(find_spec(name) is None, reason=f"no {name}"))
    for name in ("decord", "torchcodec")
]


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return write_video(tmp_path / "a.mp4", [numbered(n) for n in range(20)], bf="3")


@pytest.mark.parametrize("decoder", INSTALLED)
def test_the_same_frames(clip: Path, decoder: DecoderName) -> None:
    with read_frames(clip) as reader:
        expected = list(reader)
    with read_frames(clip, decoder=decoder) as reader:
        found = list(reader)
    assert [(f.index, f.time) for f in found] == [(f.index, f.time) for f in expected]
    assert found[-1].duration == pytest.approx(expected[-1].duration)
    for one, other in zip(found, expected, strict=True):
        assert np.abs(one.image.astype(int) - other.image).max() <= 3
    with RandomAccessReader(clip, decoder=decoder) as files:
        assert [number_of(f.image) for f in files.get_batch([17, 3, 8])] == [17, 3, 8]


@pytest.mark.parametrize("decoder", INSTALLED)
def test_selection_and_size(clip: Path, decoder: DecoderName) -> None:
    with read_frames(clip, decoder=decoder, start=0.5, stride=5, size=32) as reader:
        frames = list(reader)
    assert [frame.index for frame in frames] == [5, 10, 15]
    assert frames[0].image.shape == (24, 32, 3)
    assert (reader.info.width, reader.info.height) == (64, 48)
    with pytest.raises(SourceError, match="no frame from 9 s on"):
        read_frames(clip, decoder=decoder, start=9)


@pytest.mark.parametrize("decoder", INSTALLED)
def test_turned_and_mirrored(tmp_path: Path, decoder: DecoderName) -> None:
    pictures = [numbered(n, 128, 96) for n in range(4)]
    turned = write_video(tmp_path / "t.mp4", pictures, rotation=matrix(0, 1, -1, 0))
    with read_frames(turned) as reader, read_frames(turned, decoder=decoder) as other:
        assert np.array_equal(next(reader).image, next(other).image)
    mirrored = write_video(tmp_path / "m.mp4", pictures, rotation=matrix(-1, 0, 0, 1))
    with pytest.raises(SourceError, match="use the decoder pyav"):
        read_frames(mirrored, decoder=decoder)


@pytest.mark.parametrize("name", ["decord", "torchcodec"])
def test_a_missing_library_is_named(
    clip: Path, name: DecoderName, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (name, f"{name}.decoders"):
        monkeypatch.setitem(sys.modules, module, None)
    for opens in (read_frames, RandomAccessReader):
        with pytest.raises(ConfigError, match=rf"pip install 'car-video\[{name}\]'"):
            opens(clip, decoder=name)


def test_other_sources_are_read_as_ever(tmp_path: Path) -> None:
    Image.fromarray(numbered(3)).save(tmp_path / "a.png")
    with read_frames(tmp_path, decoder="decord") as reader:
        assert number_of(next(reader).image) == 3


def test_an_unknown_decoder(clip: Path) -> None:
    with pytest.raises(ConfigError, match="choose from pyav, decord, torchcodec"):
        read_frames(clip, decoder="opencv")  # type: ignore[arg-type]
