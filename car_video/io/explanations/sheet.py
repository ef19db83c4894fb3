"""All stages of an explanation as one picture."""

from __future__ import annotations

from io import BytesIO
from itertools import chain
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from car_video.errors import OutputError
from car_video.explanation import Explanation
from car_video.io.explanations import sections
from car_video.io.explanations.layout import (
    FAINT,
    GAP,
    MARGIN,
    PAPER,
    SMALL,
    stacked,
    text_block,
)
from car_video.io.writers.atomic_files import write_whole

FORMATS = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".webp": "WEBP"}
"""What a file's name may end with."""
_QUALITY = 88


def draw_explanation(found: Explanation) -> NDArray[np.uint8]:
    """uint8 [H, 1600, 3]: the stages from top to bottom, as high as they need."""
    stages = (
        sections.title,
        sections.maps,
        sections.recurrence,
        sections.candidates,
        sections.words,
        sections.tracks,
        sections.answer,
    )
    blocks = list(chain.from_iterable(stage(found) for stage in stages))
    more = len(found.queries) - sections.MOST_QUERIES
    if more > 0:
        blocks.append(text_block(f"and {more} more queries", SMALL, FAINT))
    body = stacked(blocks, GAP)
    page = Image.new("RGB", (body.width + 2 * MARGIN, body.height + 2 * MARGIN), PAPER)
    page.paste(body, (MARGIN, MARGIN))
    return np.asarray(page)


def check_picture(path: Path) -> None:
    """Raises OutputError unless a picture can be written under this name."""
    if path.suffix.lower() not in FORMATS:
        raise OutputError(f"'{path}' names no picture; let it end with {', '.join(FORMATS)}")
    if path.is_dir():
        raise OutputError(f"'{path}' is a folder; name a file")
    if not path.absolute().parent.is_dir():
        raise OutputError(f"no folder '{path.absolute().parent}'")


def write_explanation(found: Explanation, path: str | Path) -> Path:
    """Write the picture, whole or not at all.

    Args:
        found: the explanation.
        path: ends with .png, .jpg or .webp.

    Raises:
        OutputError: another ending, or the disk does not take it.
    """
    path = Path(path)
    check_picture(path)
    buffer = BytesIO()
    picture = Image.fromarray(draw_explanation(found))
    picture.save(buffer, FORMATS[path.suffix.lower()], quality=_QUALITY)
    write_whole(path, buffer.getvalue())
    return path
