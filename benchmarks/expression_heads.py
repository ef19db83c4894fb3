"""Whether the reader of expressions finds the noun that a real parser finds.

    python -m benchmarks.expression_heads --captions CAPTIONS.tsv [--skip 9000] [--count 9000]

The first noun of a caption with everything that hangs on it ("a small white dog wearing a red
sweater") is a referring expression. Its head noun, and the nouns that are only mentioned, are
compared with those of spaCy's dependency parser (pip install 'car-video[build]'). Where the two
differ spaCy is not always right ("a fire" of "a fire hydrant"): compare versions of the reader,
and read the list. The captions before ``--skip`` are those that rules were chosen on.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from car_video.errors import ConfigError
from car_video.text.parsing.expression import parse_expression
from car_video.text.parsing.nouns import head_noun
from tools.build_lite.parser import NOUNS, load_parser

LENGTHS = range(3, 15)
"""Words of an expression."""


@dataclass(frozen=True)
class Referred:
    """A noun with what hangs on it, as spaCy sees it.

    Attributes:
        text: the expression, in lower case.
        head: its head noun.
        nouns: all nouns in it.
    """

    text: str
    head: str
    nouns: frozenset[str]


def referred(captions: list[str], parser: Any) -> Iterator[Referred]:
    """The expressions that captions begin with."""
    for document in parser.pipe(captions, batch_size=256):
        chunks = [chunk for chunk in document.noun_chunks if chunk.root.pos_ in NOUNS]
        if not chunks:
            continue
        words = list(chunks[0].root.subtree)
        text = document[words[0].i : words[-1].i + 1].text.rstrip(" .")
        if len(text.split()) in LENGTHS:
            nouns = frozenset(word.text for word in words if word.pos_ in NOUNS)
            yield Referred(text, chunks[0].root.text, nouns)


def main() -> None:
    """Print how often the two agree, and where they do not."""
    arguments = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    arguments.add_argument(
        "--captions", type=Path, required=True, help="a caption a line, last column"
    )
    arguments.add_argument("--skip", type=int, default=9_000)
    arguments.add_argument("--count", type=int, default=9_000)
    arguments.add_argument("--show", type=int, default=20, help="differences to print")
    options = arguments.parse_args()
    try:
        lines = options.captions.read_text("utf-8").splitlines()
        parser = load_parser()
    except (OSError, ConfigError) as error:
        arguments.exit(2, f"error: {error}\n")
    captions = [line.split("\t")[-1].strip().lower() for line in lines]
    random.Random(1).shuffle(captions)
    found = list(referred(captions[options.skip : options.skip + options.count], parser))
    other, phrases, verbs = [], 0, 0
    for one in found:
        parsed = parse_expression(one.text)
        if head_noun(parsed.noun_phrase) != one.head:
            other.append(f"{one.text}: {parsed.noun_phrase} | spaCy: {one.head}")
        phrases += len(parsed.context)
        verbs += sum(context.split()[-1] not in one.nouns for context in parsed.context)
    print(
        f"{len(found)} expressions: another head noun in {len(other)} "
        f"({len(other) / len(found):.1%})"
    )
    print(f"{phrases} mentioned things: {verbs} do not end in a noun ({verbs / phrases:.1%})")
    print(*random.Random(2).sample(other, min(options.show, len(other))), sep="\n")


if __name__ == "__main__":
    main()
