"""Sentences as names of files, channels and labels that other tools can take."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from car_video.errors import OutputError

_LONGEST = 60
"""Bytes of a name of a file; folders on any disk take it, with a number and an ending."""


def file_names(expressions: Sequence[str]) -> list[str]:
    """A name for each expression, all different: its number from 1, then its letters.

    Letters and digits of any script stay; everything else, which some file system or shell
    might take for something else, becomes ``_``.

    Example:
        >>> file_names(["the dog", "CON", "a/b: c?"])
        ['1_the_dog', '2_CON', '3_a_b_c']
    """
    width = len(str(len(expressions)))
    return [f"{n:0{width}d}_{_letters(t)}".rstrip("_") for n, t in enumerate(expressions, 1)]


def _letters(text: str) -> str:
    plain = re.sub(r"\W+", "_", unicodedata.normalize("NFC", text)).strip("_")
    return plain.encode("utf-8", "ignore")[:_LONGEST].decode("utf-8", "ignore").strip("_")


def xml_names(expressions: Sequence[str]) -> list[str]:
    """The expressions, checked to be something that XML can hold.

    Raises:
        OutputError: one has a control character or half of a surrogate pair, which no XML can
            hold, escaped or not (XML 1.0, section 2.2).
    """
    for number, text in enumerate(expressions, 1):
        bad = next((c for c in text if not _is_xml(ord(c))), None)
        if bad is not None:
            raise OutputError(
                f"expression {number} has the character U+{ord(bad):04X}, which XML cannot "
                "hold; convert to another format, or change it in predictions.json"
            )
    return list(expressions)


def _is_xml(code: int) -> bool:
    return (
        code in (0x9, 0xA, 0xD)
        or 0x20 <= code <= 0xD7FF
        or 0xE000 <= code <= 0xFFFD
        or code >= 0x10000
    )
