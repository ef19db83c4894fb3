"""A font for any text: Pillow's bundled one, or a system font that knows more letters."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

from PIL import ImageFont
from PIL.ImageFont import FreeTypeFont

# Common fonts with wide coverage on Linux, macOS and Windows, tried in this order.
_SYSTEM_FONTS = (
    "DejaVuSans.ttf",
    "NotoSans-Regular.ttf",
    "NotoSansCJK-Regular.ttc",
    "wqy-microhei.ttc",
    "DroidSansFallbackFull.ttf",
    "Arial Unicode.ttf",
    "PingFang.ttc",
    "Hiragino Sans GB.ttc",
    "segoeui.ttf",
    "msyh.ttc",
    "malgun.ttf",
    "NotoEmoji-Regular.ttf",
    "seguiemj.ttf",
)
_UNASSIGNED = "\U0010ffff"  # no font has it, so its picture is the font's "missing" box


def font_for(text: str, size: int) -> FreeTypeFont:
    """The font that shows most of the text's characters; the bundled one on a tie.

    Args:
        text: any string; a character that no font knows is drawn as an empty box.
        size: height of the letters in pixels.
    """
    wanted = frozenset(text)
    bundled = bundled_font(size)
    best, lacking = bundled, missing(bundled, wanted)
    if lacking:
        for name in _SYSTEM_FONTS:
            font = _system_font(name, size)
            if font is None:
                continue
            lacks = missing(font, wanted)
            if len(lacks) < len(lacking):
                best, lacking = font, lacks
            if not lacking:
                break
    return best


@lru_cache(maxsize=16)
def bundled_font(size: int) -> FreeTypeFont:
    """Pillow's own font (Aileron, Latin letters), the same on every machine."""
    font = ImageFont.load_default(size)
    if not isinstance(font, FreeTypeFont):
        raise RuntimeError("Pillow was built without FreeType; install Pillow from a wheel")
    return font


@lru_cache(maxsize=256)
def missing(font: FreeTypeFont, characters: frozenset[str]) -> frozenset[str]:
    """The characters that the font would show as its "missing" box."""
    box = _picture(font, _UNASSIGNED)
    visible = (c for c in characters if unicodedata.category(c)[0] in "LNPS")
    return frozenset(c for c in visible if _picture(font, c) == box)


@lru_cache(maxsize=64)
def _system_font(name: str, size: int) -> FreeTypeFont | None:
    try:
        return ImageFont.truetype(name, size)
    except OSError:  # not installed here
        return None


@lru_cache(maxsize=4096)
def _picture(font: FreeTypeFont, character: str) -> tuple[tuple[int, int], bytes]:
    mask = font.getmask(character)
    return mask.size, bytes(mask)
