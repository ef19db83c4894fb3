"""What is a video and what is a picture."""

from __future__ import annotations

import shutil
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, features

from car_video.errors import SourceError
from car_video.io.readers import RandomAccessReader, SourceInfo, read_frames
from car_video.types import Frame
from tests.io.readers.heic import write_heic
from tests.io.readers.media import number_of, numbered


def read(path: Path) -> tuple[SourceInfo, list[Frame], list[str]]:
    with read_frames(path) as reader:
        return reader.info, list(reader), reader.notices


@pytest.fixture(scope="module", autouse=True)
def heics(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a HEIC of one coded image and one of tiles."""
    folder = tmp_path_factory.mktemp("heics")
    write_heic(folder / "whole", numbered(5, 128, 128))
    write_heic(folder / "tiles", numbered(5, 384, 256), tile=128)
    return folder


def pictures(count: int = 3) -> list[Image.Image]:
    return [Image.fromarray(numbered(number)) for number in range(count)]


@pytest.mark.parametrize("name", ["DSC0001.JPG", "photo.mpo", "photo"])
def test_a_camera_jpeg_with_a_second_picture_is_one_picture(tmp_path: Path, name: str) -> None:
    first = Image.fromarray(numbered(7, 128, 96))
    small = first.resize((64, 48))
    first.save(tmp_path / name, format="MPO", save_all=True, append_images=[small])
    info, frames, notices = read(tmp_path / name)
    assert (info.kind, [number_of(f.image) for f in frames], notices) == ("image", [7], [])
    assert (info.width, info.height) == (128, 96)
    with RandomAccessReader(tmp_path / name) as files:
        assert len(files) == 1


@pytest.mark.parametrize("format", ["GIF", "PNG", "WEBP"])
def test_animations_are_videos_and_hold_their_last_picture(tmp_path: Path, format: str) -> None:
    first, *others = pictures()
    path = tmp_path / f"a.{format.lower()}"
    pauses = [100, 300, 3000]
    first.save(path, format=format, save_all=True, append_images=others, duration=pauses)
    info, frames, _ = read(path)
    assert info.kind == "file"
    assert [frame.duration for frame in frames] == pytest.approx([0.1, 0.3, 3.0])
    with RandomAccessReader(path) as files:
        found = [files[index].duration for index in range(3)]
        assert found == pytest.approx([0.1, 0.3, 3.0])


@pytest.mark.skipif(not features.check("avif"), reason="this Pillow has no AVIF")
def test_avif_may_be_either(tmp_path: Path) -> None:
    first, *others = pictures()
    first.save(tmp_path / "one.avif")
    first.save(tmp_path / "three.avif", save_all=True, append_images=others, duration=100)
    assert read(tmp_path / "one.avif")[0].kind == "image"
    info, frames, _ = read(tmp_path / "three.avif")
    assert (info.kind, len(frames)) == ("file", 3)


@pytest.mark.parametrize("name", ["one.gif", "one", "one.mp4"])
def test_a_gif_of_one_picture_is_a_picture(tmp_path: Path, name: str) -> None:
    Image.fromarray(numbered(6)).save(tmp_path / name, format="GIF")
    info, frames, _ = read(tmp_path / name)
    assert (info.kind, [number_of(f.image) for f in frames]) == ("image", [6])


@pytest.mark.parametrize("name", ["IMG_1.HEIC", "IMG_1", "IMG_1.mp4"])
def test_a_heic_of_one_coded_image_is_a_picture(tmp_path: Path, heics: Path, name: str) -> None:
    shutil.copy(heics / "whole", tmp_path / name)
    info, frames, _ = read(tmp_path / name)
    assert (info.kind, info.width, info.height) == ("image", 128, 128)
    assert [number_of(f.image) for f in frames] == [5]


@pytest.mark.parametrize("name", ["IMG_1.HEIC", "IMG_1", "IMG_1.mp4"])
def test_a_heic_of_tiles_is_whole_or_refused(tmp_path: Path, heics: Path, name: str) -> None:
    picture = numbered(5, 384, 256)
    shutil.copy(heics / "tiles", tmp_path / name)
    if find_spec("pillow_heif") is None:
        with pytest.raises(
            SourceError, match=r"tiles \(HEIC\); pip install 'car-video\[heic\]'"
        ):
            read_frames(tmp_path / name)
        return
    info, (frame,), notices = read(tmp_path / name)
    assert (info.kind, info.width, info.height, notices) == ("image", 384, 256, [])
    assert np.abs(frame.image.astype(int) - picture).mean() < 4


def test_a_folder_reads_heic_and_names_what_it_cannot_read(tmp_path: Path, heics: Path) -> None:
    Image.fromarray(numbered(1)).save(tmp_path / "1.png")
    shutil.copy(heics / "whole", tmp_path / "2.heic")
    for name in ("preview.gif", "clip.mp4", "raw.dng", "notes.txt"):
        (tmp_path / name).touch()
    _, frames, notices = read(tmp_path)
    assert [number_of(frame.image) for frame in frames] == [1, 5]
    assert len(notices) == 1
    assert "3 files of the folder left out" in notices[0]
    assert "clip.mp4, preview.gif, raw.dng" in notices[0]


def test_further_pictures_of_a_file_in_a_folder_are_named(tmp_path: Path) -> None:
    first, *others = pictures()
    first.save(tmp_path / "a.webp", save_all=True, append_images=others, duration=100)
    _, frames, notices = read(tmp_path)
    assert len(frames) == 1
    assert notices == ["only the first picture of a.webp is read; save the others apart"]


def test_a_huge_picture_is_too_large_and_not_damaged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, recwarn: pytest.WarningsRecorder
) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 64 * 48 // 2 - 1)
    Image.fromarray(numbered(1)).save(tmp_path / "a.png")
    with pytest.raises(SourceError, match="too large"):
        read_frames(tmp_path / "a.png")
    Image.fromarray(numbered(2, 48, 32)).save(tmp_path / "b.png")
    _, frames, notices = read(tmp_path)
    assert len(frames) == 1
    assert notices[0].startswith("1 image skipped: the picture is too large")
    assert not recwarn.list


@pytest.mark.parametrize("rate", [2000.0, 100_000.0, 0.01])
def test_any_rate_of_a_folder(tmp_path: Path, rate: float) -> None:
    for picture, name in zip(pictures(), "abc", strict=True):
        picture.save(tmp_path / f"{name}.png")
    with read_frames(tmp_path, image_fps=rate) as reader:
        assert [frame.time for frame in reader] == pytest.approx([0, 1 / rate, 2 / rate])
