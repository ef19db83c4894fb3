from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from car_video.errors import SourceError
from car_video.serve import pictures
from car_video.serve.pictures import decode_picture
from tests.serve.fakes import picture


@pytest.mark.parametrize("kind", pictures.FORMATS)
def test_pictures_are_read(kind):
    found = decode_picture(picture(100, kind=kind))
    assert found.shape == (6, 8, 3)
    assert found.dtype == np.uint8
    assert abs(found.astype(int) - 100).max() <= 2


def test_upright_and_on_white():
    out = io.BytesIO()
    image = Image.new("RGB", (8, 6))
    exif = image.getexif()
    exif[0x0112] = 6  # turned by a quarter
    image.save(out, "JPEG", exif=exif)
    assert decode_picture(out.getvalue()).shape == (8, 6, 3)
    out = io.BytesIO()
    Image.new("RGBA", (2, 2), (0, 0, 0, 0)).save(out, "PNG")
    assert decode_picture(out.getvalue()).min() == 255


def gif() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (4, 4)).save(out, "GIF")
    return out.getvalue()


@pytest.mark.parametrize("data", [b"", b"\0" * 50, picture(3)[:40], gif()])
def test_other_bytes_are_refused(data):
    with pytest.raises(SourceError, match="no whole JPEG, PNG or WebP"):
        decode_picture(data)


def test_too_large_when_unfolded(monkeypatch):
    monkeypatch.setattr(pictures, "MOST_PIXELS", 47)
    with pytest.raises(SourceError, match="8 x 6 pixels; 47 at most"):
        decode_picture(picture(3))
