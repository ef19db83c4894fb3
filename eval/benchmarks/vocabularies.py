"""The classes of a benchmark: shipped, or named by the user's label file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from car_video.errors import DataError
from car_video.text.label_spaces import label_space
from car_video.text.vocabulary import (
    Label,
    Vocabulary,
    load_vocabulary,
    shipped_vocabulary,
)

from .base import Options

_SHIPPED = {
    "ade-panoptic": "ade",
    "coco-panoptic": "coco",
    "cityscapes": "cityscapes",
    "mapillary": "mapillary",
}
_SPACES = {"pc-59": "context", "pas-20": "voc", "pas-21": "voc"}
_COUNTS = {"ade-847": 847, "pc-459": 459}


def vocabulary_of(name: str, options: Options) -> Vocabulary:
    """The classes of a benchmark in the data set's order.

    Names and synonyms are those of ``--labels`` where it is given; numbers and things are the
    data set's.

    Raises:
        DataError: the file has another number of classes, or the benchmark has no names of its
            own and no file was given.
    """
    own = _own(name)
    if not options.labels:
        if own is None:
            raise DataError(
                f"{name} needs --labels FILE: the label file of its {_COUNTS[name]} classes "
                "(docs/benchmarks.md)"
            )
        return own
    given = load_vocabulary(options.labels)
    wanted = _COUNTS[name] if own is None else len(own.labels)
    if len(given.labels) == wanted + 1 and name == "pas-20":  # the file of 21 has it first
        given = replace(given, labels=given.labels[1:])
    if len(given.labels) != wanted:
        raise DataError(
            f"'{options.labels}' has {len(given.labels)} classes, {name} has {wanted}; give "
            "them in the data set's order"
        )
    if own is None:
        labels = tuple(Label(g.synonyms, i) for i, g in enumerate(given.labels))
    else:
        labels = tuple(
            replace(o, synonyms=g.synonyms)
            for o, g in zip(own.labels, given.labels, strict=True)
        )
    return Vocabulary(given.name, labels)


def labels_file(options: Options) -> Path | None:
    """The label file of the user, if one was given."""
    return Path(options.labels) if options.labels else None


def _own(name: str) -> Vocabulary | None:
    if name in _SHIPPED:
        return shipped_vocabulary(_SHIPPED[name])
    if name not in _SPACES:
        return None
    space = label_space(_SPACES[name])
    names = [tuple(n.strip() for n in text.split(",")) for text in space.names]
    if name == "pas-21":  # VOC's background is what COCO calls stuff
        stuff = [la.name for la in shipped_vocabulary("coco").labels if not la.thing]
        names.insert(0, ("background", *stuff))
    return Vocabulary(name, tuple(Label(n, i) for i, n in enumerate(names)))
