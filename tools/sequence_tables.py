"""Tables of development sequences: recorded once with the models, kept, and fitted on.

What :mod:`tools.fit_tracking` and :mod:`tools.fit_likeness` have in common. A table is kept in
a file ``NAME.npz`` of the cache, with the group of its sequence.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.generalisation.sequences import VideoSequence
from car_video import Config, load_model
from car_video.models.sam.registry import load_mask_model

Table = NDArray[np.float32]
TableOf = Callable[[VideoSequence, Config, Any, Any], Table]
"""Of a sequence, with a configuration, a model and a mask model."""


def new_parser(description: str | None) -> argparse.ArgumentParser:
    """The options that say where sequences and tables are, and what is recorded."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument(
        "--part", type=_part, default="0/1", metavar="K/N", help="of the sequences"
    )
    parser.add_argument("--record", action="store_true")
    return parser


def record_all(
    sequences: Iterable[VideoSequence],
    options: argparse.Namespace,
    config: Config,
    name: str,
    table_of: TableOf,
) -> None:
    """Keep the tables of all sequences that are not kept yet.

    Args:
        sequences: all of them; every process has to give the same.
        options: of :func:`new_parser`; of N parts of the sequences number K is recorded.
        config: whose models record.
        name: of the tables in their files.
        table_of: makes one.
    """
    model = load_model(config.model)
    sam = load_mask_model(config.segment.sam.model, model.device)
    options.cache.mkdir(parents=True, exist_ok=True)
    number, count = options.part
    for sequence in list(sequences)[number::count]:
        file = options.cache / f"{sequence.name}.npz"
        if not file.is_file():
            table: Any = {name: table_of(sequence, config, model, sam)}
            np.savez(file, group=sequence.group, **table)
            print(sequence.name, len(table[name]), flush=True)


def kept_tables(cache: Path, name: str) -> dict[str, tuple[str, Table]]:
    """Group and table of every sequence that is kept, by its name, in order."""
    kept = {}
    for file in sorted(cache.glob("*.npz")):
        with np.load(file) as found:
            kept[file.stem] = (str(found["group"]), found[name])
    return kept


def _part(text: str) -> tuple[int, int]:
    number, _, count = text.partition("/")
    part = int(number), int(count)
    if not 0 <= part[0] < part[1]:
        raise argparse.ArgumentTypeError("want K/N with K from 0 to N - 1")
    return part
