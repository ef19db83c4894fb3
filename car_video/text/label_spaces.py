"""Class names of the semantic benchmarks, as the text queries that CaR uses for them.

The lists are data (``label_spaces.yaml`` beside this file; CaR, arXiv 2312.07661, and its
released configuration).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import yaml

from car_video.errors import ConfigError


@dataclass(frozen=True)
class LabelSpace:
    """The classes of a data set.

    Attributes:
        name: for instance ``"voc"``.
        names: query of each class; class number ``i + 1`` belongs to ``names[i]``, 0 is the
            background.
        stuff: positions in ``names`` of amorphous classes (sky, road ...), ascending; empty
            where the data set does not tell things and stuff apart.
    """

    name: str
    names: tuple[str, ...]
    stuff: tuple[int, ...] = ()

    @property
    def things(self) -> tuple[int, ...]:
        """Positions of all other classes, ascending."""
        return tuple(i for i in range(len(self.names)) if i not in set(self.stuff))


@cache
def _data() -> dict[str, dict[str, list[Any]]]:
    path = resources.files(__package__) / "label_spaces.yaml"
    data: dict[str, dict[str, list[Any]]] = yaml.safe_load(path.read_text("utf-8"))
    return data


@cache
def label_space(name: str) -> LabelSpace:
    """A label space by name: ``voc``, ``coco-object``, ``context`` or ``ade``.

    Raises:
        ConfigError: another name.

    Example:
        >>> label_space("voc").names[:2]
        ('aeroplane', 'bicycle')
    """
    if name not in _data():
        raise ConfigError(f"no label space '{name}'; there are: {', '.join(_data())}")
    entry = _data()[name]
    return LabelSpace(name, tuple(entry["names"]), tuple(entry["stuff"]))
