"""The code of a document, taken from its own text."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from pathlib import Path

_BLOCK = re.compile(r"```(\w+)\n(.*?)```", re.DOTALL)


@dataclass(frozen=True)
class Recipe:
    """A section of a document.

    Attributes:
        title: its heading.
        blocks: pairs of language and code, in order.
    """

    title: str
    blocks: tuple[tuple[str, str], ...]

    @property
    def lines(self) -> int:
        """Lines of code that are not blank."""
        return sum(bool(line.strip()) for _, code in self.blocks for line in code.splitlines())


def recipes_of(document: Path) -> list[Recipe]:
    """What stands above the first heading of the second level, and a recipe for each."""
    first, *sections = re.split(r"^## ", document.read_text("utf-8"), flags=re.MULTILINE)
    head = Recipe("", tuple(_BLOCK.findall(first)))
    return [head] + [
        Recipe(text.partition("\n")[0], tuple(_BLOCK.findall(text))) for text in sections
    ]


def commands_of(code: str) -> list[list[str]]:
    """Lines of a shell as words, without comments; a pipe or a redirection is a word."""
    lines = [shlex.split(line, comments=True) for line in code.splitlines()]
    return [line for line in lines if line]
