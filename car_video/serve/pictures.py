"""The bytes of a picture to RGB."""

from __future__ import annotations

import io
import warnings

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage

from car_video.errors import SourceError
from car_video.io.readers.images.stills import from_pillow
from car_video.io.readers.selection import Selection

FORMATS = ("JPEG", "PNG", "WEBP")
"""What cameras and browsers send. Fewer decoders than for files: the bytes may be anybody's."""

MOST_BYTES = 32 * 2**20
"""Of an encoded picture: that of a 50-megapixel camera."""

MOST_PIXELS = 8192 * 8192
"""Of a decoded one; a small file can unfold to any size."""


def decode_picture(data: bytes) -> NDArray[np.uint8]:
    """uint8 [H, W, 3]: a JPEG, PNG or WebP, upright, transparency on white.

    Raises:
        SourceError: none of these, damaged, or too large.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", PillowImage.DecompressionBombWarning)
            with PillowImage.open(io.BytesIO(data), formats=FORMATS) as image:
                width, height = image.size
                if width * height > MOST_PIXELS:
                    raise SourceError(
                        f"the picture has {width} x {height} pixels; {MOST_PIXELS:,} at most"
                    )
                pixels, _ = from_pillow(image, Selection())
    except (SourceError, MemoryError):
        raise
    except Exception as error:  # Pillow's plugins raise nearly anything on damaged files
        raise SourceError("the bytes are no whole JPEG, PNG or WebP picture") from error
    return pixels
