from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from car_video.errors import SourceError
from car_video.io.readers import RandomAccessReader, read_frames
from car_video.io.readers.folders import natural_key
from tests.io.readers.media import number_of, numbered


def save(folder: Path, name: str, number: int, **how: object) -> Path:
    path = folder / name
    Image.fromarray(numbered(number)).save(path, **how)
    return path


@given(st.lists(st.integers(0, 10**6), unique=True))
def test_numbers_in_names_sort_as_numbers(numbers: list[int]) -> None:
    names = [f"frame{number}.png" for number in numbers]
    assert sorted(names, key=natural_key) == [f"frame{n}.png" for n in sorted(numbers)]


def test_a_folder_is_read_in_natural_order(tmp_path: Path) -> None:
    for name, number in (
        ("im10.png", 10),
        ("im9.JPG", 9),
        ("im2.webp", 2),
        ("Im1.bmp", 1),
        ("im11.tiff", 11),
    ):
        save(tmp_path, name, number)
    (tmp_path / "notes.txt").write_text("no image")
    (tmp_path / "._im3.png").write_bytes(b"what macOS leaves behind")
    with read_frames(tmp_path, image_fps=5) as reader:
        frames = list(reader)
    assert [number_of(frame.image) for frame in frames] == [1, 2, 9, 10, 11]
    assert [frame.time for frame in frames] == pytest.approx([0, 0.2, 0.4, 0.6, 0.8])
    info = reader.info
    assert (info.kind, info.frames, info.fps, info.duration) == ("folder", 5, 5, 1.0)
    with read_frames(tmp_path, start=0.3, stride=2, size=32, image_fps=5) as reader:
        assert [(f.index, f.image.shape) for f in reader] == [
            (2, (24, 32, 3)),
            (4, (24, 32, 3)),
        ]


def test_images_that_cannot_be_read_are_skipped_and_counted(tmp_path: Path) -> None:
    for number in range(5):
        save(tmp_path, f"{number}.png", number)
    (tmp_path / "1.png").write_bytes((tmp_path / "1.png").read_bytes()[:60])
    (tmp_path / "3.png").write_text("text")
    with read_frames(tmp_path) as reader:
        assert [frame.index for frame in reader] == [0, 2, 4]
    assert reader.skipped == 2
    assert reader.notices == ["2 images skipped: not readable (1.png, 3.png)"]
    for number in (0, 2):
        (tmp_path / f"{number}.png").write_text("text")
    with read_frames(tmp_path) as reader:
        assert [frame.index for frame in reader] == [4]
    assert reader.notices == ["4 images skipped: not readable (0.png, 1.png, 2.png, ...)"]


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied(tmp_path: Path, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = {
        1: lambda image: image,
        2: lambda image: image[:, ::-1],
        3: lambda image: image[::-1, ::-1],
        4: lambda image: image[::-1],
        5: lambda image: image.swapaxes(0, 1),
        6: lambda image: np.rot90(image, 1),
        7: lambda image: image[::-1, ::-1].swapaxes(0, 1),
        8: lambda image: np.rot90(image, -1),
    }[orientation](numbered(77))
    path = tmp_path / "photo.jpg"
    Image.fromarray(np.ascontiguousarray(stored)).save(path, exif=exif, quality=95)
    with read_frames(path) as reader:
        (frame,) = reader
    assert frame.image.shape == (48, 64, 3)
    assert number_of(frame.image) == 77
    assert (reader.info.width, reader.info.height) == (64, 48)
    assert (reader.info.kind, reader.info.frames) == ("image", 1)


@pytest.mark.parametrize(
    ("array", "mode", "expected"),
    [
        (np.full((4, 4), 257 * 100, np.uint16), None, (100, 100, 100)),
        (np.full((4, 4), 65535, np.uint16), None, (255, 255, 255)),
        (np.full((4, 4), 65408, np.uint16), None, (255, 255, 255)),
        (np.full((4, 4), 90, np.uint8), None, (90, 90, 90)),
        (np.full((4, 4, 4), (10, 20, 30, 0), np.uint8), "RGBA", (255, 255, 255)),
        (np.full((4, 4, 4), (10, 20, 30, 255), np.uint8), "RGBA", (10, 20, 30)),
        (np.full((4, 4, 2), (10, 0), np.uint8), "LA", (255, 255, 255)),
        (np.full((4, 4), True), None, (255, 255, 255)),
    ],
    ids=["16-bit", "white", "nearly white", "grey", "clear", "opaque", "grey-clear", "bits"],
)
def test_every_kind_of_pixel_becomes_rgb(
    tmp_path: Path, array: np.ndarray, mode: str | None, expected: tuple[int, int, int]
) -> None:
    Image.fromarray(array).save(tmp_path / "x.png")
    with read_frames(tmp_path / "x.png") as reader:
        (frame,) = reader
    assert frame.image.shape == (4, 4, 3)
    assert (frame.image == expected).all()


def test_palette_with_transparency_and_cmyk(tmp_path: Path) -> None:
    palette = Image.fromarray(np.zeros((4, 4), np.uint8)).convert("P")
    palette.save(tmp_path / "p.png", transparency=0)
    Image.new("CMYK", (4, 4), (0, 255, 255, 0)).save(tmp_path / "c.jpg", quality=100)
    with read_frames(tmp_path / "p.png") as reader:
        assert (next(reader).image == 255).all()
    with read_frames(tmp_path / "c.jpg") as reader:
        red, green, blue = next(reader).image[0, 0].tolist()
    assert red > 200
    assert max(green, blue) < 60


@pytest.mark.parametrize("suffix", [".webp", ".png"])
def test_animated_images(tmp_path: Path, suffix: str) -> None:
    pictures = [Image.fromarray(numbered(number)) for number in range(4)]
    path = tmp_path / f"moving{suffix}"
    how = {"lossless": True} if suffix == ".webp" else {}
    pictures[0].save(
        path, save_all=True, append_images=pictures[1:], duration=[100, 300, 100, 100], **how
    )
    with read_frames(path) as reader:
        frames = list(reader)
    assert [number_of(frame.image) for frame in frames] == [0, 1, 2, 3]
    assert [frame.time for frame in frames] == pytest.approx([0, 0.1, 0.4, 0.5])
    assert (reader.info.frames, reader.info.kind) == (4, "file")
    with read_frames(path, start=0.4) as reader:
        assert [frame.index for frame in reader] == [2, 3]
    with pytest.raises(SourceError, match="no wanted frame"):
        read_frames(path, start=10)


def test_an_animation_cut_in_the_middle(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    noise = random.integers(0, 256, (6, 40, 40, 3), dtype=np.uint8)
    pictures = [Image.fromarray(image) for image in noise]
    path = tmp_path / "cut.png"
    pictures[0].save(path, save_all=True, append_images=pictures[1:], duration=100)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with read_frames(path) as reader:
        count = len(list(reader))
    assert 1 <= count < 6
    assert reader.skipped == 6 - count
    assert "ends early" in reader.notices[0]


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "BMP", "TIFF", "JPEG2000", "TGA"])
@pytest.mark.parametrize("name", ["picture", "picture.dat", "picture.mp4"])
def test_a_picture_under_another_name(tmp_path: Path, format: str, name: str) -> None:
    Image.fromarray(numbered(9)).save(tmp_path / name, format=format)
    with read_frames(tmp_path / name) as reader:
        (frame,) = reader
    assert reader.info.kind == "image"
    assert (number_of(frame.image), frame.name) == (9, name)
    with RandomAccessReader(tmp_path / name) as files:
        assert number_of(files[0].image) == 9


def test_frames_have_the_names_of_their_files(tmp_path: Path) -> None:
    for number in (8, 9, 10):
        save(tmp_path, f"im{number}.png", number)
    with read_frames(tmp_path, stride=2) as reader:
        assert [(f.index, f.name) for f in reader] == [(0, "im8.png"), (2, "im10.png")]
    with RandomAccessReader(tmp_path) as files:
        assert files[1].name == "im9.png"


@pytest.mark.parametrize("scale", [1, 1.001, 255])
@pytest.mark.parametrize("odd", [0.0, np.inf, np.nan])
def test_grey_in_floats(tmp_path: Path, scale: float, odd: float) -> None:
    steps = np.linspace(0, 1, 48 * 64, dtype=np.float32).reshape(48, 64)
    stored = steps * np.float32(scale)
    stored[0, 0] = odd
    Image.fromarray(stored).save(tmp_path / "f.tiff")
    with read_frames(tmp_path / "f.tiff") as reader:
        (frame,) = reader
    grey = frame.image[..., 0] / 255.0
    assert np.abs(grey - steps).flatten()[1:].max() < 0.01
    assert grey[0, 0] == (odd == np.inf)


def test_a_tiff_of_several_pages(tmp_path: Path) -> None:
    pages = [Image.fromarray(numbered(number)) for number in (3, 4)]
    pages[0].save(tmp_path / "p.tiff", save_all=True, append_images=pages[1:])
    with read_frames(tmp_path / "p.tiff") as reader:
        assert [number_of(frame.image) for frame in reader] == [3]
    assert reader.notices == ["only the first picture of p.tiff is read; save the others apart"]


def test_a_tiff_with_a_damaged_second_page(tmp_path: Path) -> None:
    pages = [Image.fromarray(numbered(number)) for number in (3, 4)]
    pages[0].save(tmp_path / "p.tiff", save_all=True, append_images=pages[1:])
    data = (tmp_path / "p.tiff").read_bytes()
    (tmp_path / "p.tiff").write_bytes(data[: len(data) * 3 // 5])
    save(tmp_path, "q.png", 5)
    with read_frames(tmp_path) as reader:
        assert [number_of(frame.image) for frame in reader] == [3, 5]
