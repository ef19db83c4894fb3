"""What the page says, in words."""

from __future__ import annotations

import re

SURE, FAIRLY = 0.9, 0.7
"""Scores from which a target is called surely, or fairly surely, there. The number is shown
beside the word; nothing is decided by it."""


def presence(present: bool, score: float, by_hand: bool = False) -> str:
    """Whether a target is in the frame, and how sure that is.

    Example:
        >>> presence(True, 0.97), presence(False, 0.2)
        ('here, sure (97 %)', 'not here')
    """
    if by_hand:
        return "here, by hand" if present else "not here, by hand"
    if not present:
        return "not here"
    sure = "sure" if score >= SURE else "fairly sure" if score >= FAIRLY else "unsure"
    return f"here, {sure} ({round(100 * score)} %)"


def sentence(error: object) -> str:
    """An error's one line as a sentence: a capital, a full stop.

    Example:
        >>> sentence("no frame 7; the last one is 5")
        'No frame 7; the last one is 5.'
    """
    text = " ".join(str(error).split())
    if not text:
        return ""
    if re.match(r"[a-z]+[ ,:]", text):  # a word, and no name of a file
        text = text[0].upper() + text[1:]
    return text if text.endswith((".", "!", "?", "…")) else f"{text}."


def size(count: int) -> str:
    """``12 KB``, ``3.4 MB`` of a number of bytes."""
    if count < 10**6:
        return f"{max(1, round(count / 1000))} KB"
    return f"{count / 10**6:.1f} MB" if count < 10**9 else f"{count / 10**9:.1f} GB"


def clock(seconds: float) -> str:
    """``0:04.2``."""
    minutes, rest = divmod(round(seconds * 10), 600)
    return f"{minutes}:{rest / 10:04.1f}"
