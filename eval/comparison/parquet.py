"""All numbers of several runs as one long table (extra ``parquet``)."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from pathlib import Path

from car_video.errors import ConfigError

from ..data.files import atomic
from .runs import Run, long_rows


def need_parquet() -> None:
    """See that pyarrow is there, before anything is done.

    Raises:
        ConfigError: it is not installed.
    """
    if importlib.util.find_spec("pyarrow") is None:
        raise ConfigError("parquet needs the extra: pip install 'car-video[parquet]'")


def write_parquet(runs: Sequence[Run], path: Path) -> None:
    """One row a number: run, benchmark, protocol, model, preset, sequence, unit, metric, value.

    Raises:
        ConfigError: pyarrow is not installed.
        OutputError: the file cannot be written.
    """
    need_parquet()
    import pyarrow
    from pyarrow import parquet

    table = pyarrow.Table.from_pylist(list(long_rows(runs)))
    with atomic(path) as part:
        parquet.write_table(table, part)
