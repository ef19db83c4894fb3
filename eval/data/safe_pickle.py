"""Pickles of plain data only: no class, no function, nothing to import."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any, NoReturn

from car_video.errors import DataError

from .files import need_file


class _PlainUnpickler(pickle.Unpickler):
    """Lists, dicts, strings and numbers; every global and persistent id is refused."""

    def find_class(self, module: str, name: str) -> NoReturn:
        raise pickle.UnpicklingError(f"it asks for {module}.{name}")

    def persistent_load(self, pid: Any) -> NoReturn:
        raise pickle.UnpicklingError("it holds a persistent id")


def load_plain_pickle(path: Path, what: str) -> Any:
    """Contents of a pickle that holds plain data (for instance ``refs(unc).p``).

    Python 2 byte strings are read as latin-1.

    Raises:
        DataError: missing, damaged, or a pickle that would run code.
    """
    with need_file(path, what).open("rb") as file:
        try:
            return _PlainUnpickler(file, encoding="latin-1").load()
        except pickle.UnpicklingError as error:
            reason = f"{error}, which plain data never does"
        except Exception as error:  # a damaged pickle fails in a hundred ways; all mean this
            reason = f"{type(error).__name__}: {error}"
    raise DataError(f"{what} '{path}' refused ({reason}); fetch the official file again")
