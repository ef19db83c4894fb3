"""What a run leaves on disk so that it can be continued: its settings and a record per item."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from car_video.errors import OutputError

from ..data.files import inside, write_json

Record = dict[str, Any]

_RESULTS = (
    "results.json",
    "timing.json",
    "report.html",
    "report.md",
    "submission.zip",
    "plots/scores.png",
    "plots/flicker.png",
    "plots/best-*.jpg",
    "plots/worst-*.jpg",
    "global_results-*.csv",
    "per-sequence_results-*.csv",
    "*/global_results-*.csv",
    "*/per-sequence_results-*.csv",
)
"""What an evaluation writes when it is concluded."""


@dataclass(frozen=True)
class RunStore:
    """The output folder of a run.

    ``run.json`` holds the settings, ``records/<key>.json`` the numbers of a finished item.
    A record is written last and whole, so an item with a record is done.
    """

    root: Path

    @property
    def predictions(self) -> Path:
        return self.root / "predictions"

    @property
    def holds_run(self) -> bool:
        """Whether a model has predicted here."""
        return (self.root / "run.json").is_file()

    @property
    def holds_results(self) -> bool:
        """Whether an evaluation was concluded here."""
        return any(self._results())

    def _results(self) -> Iterator[Path]:
        for pattern in _RESULTS:
            yield from (path for path in sorted(self.root.glob(pattern)) if path.is_file())

    def remove_results(self) -> None:
        """Take away the results of an earlier evaluation; they must not stay beside new ones.

        Raises:
            OutputError: the folder cannot be written.
        """
        try:
            for path in list(self._results()):
                path.unlink()
        except OSError as error:
            raise OutputError(
                f"cannot replace '{error.filename}': {error.strerror}; choose another --out"
            ) from None

    def check(self, settings: Mapping[str, Any], resume: bool, overwrite: bool) -> None:
        """See whether a run can begin or continue here; changes nothing.

        Args:
            settings: everything that changes the numbers; plain data.
            resume: continue an earlier run, which must have the same settings.
            overwrite: an earlier run may be replaced.

        Raises:
            OutputError: an earlier run without ``resume`` or ``overwrite``, other settings.
        """
        earlier = self._read(self.root / "run.json")
        if earlier is not None and not overwrite:
            if not resume:
                raise OutputError(
                    f"'{self.root}' holds an earlier run; continue it with --resume, start "
                    f"anew with --overwrite, or choose another --out"
                )
            changed = sorted(
                k for k in {*earlier, *settings} if earlier.get(k) != settings.get(k)
            )
            if changed:
                raise OutputError(
                    f"'{self.root}' was run with another {changed[0]}"
                    f"{_brief(earlier, changed[0])}; use the same settings or another --out"
                )

    def open(self, settings: Mapping[str, Any], resume: bool) -> None:
        """Write the settings. An earlier run is taken away, unless it is resumed.

        Raises:
            OutputError: a folder that cannot be written.
        """
        if resume and self.holds_run:
            return
        if self.holds_run:
            for folder in (self.root / "records", self.predictions):
                shutil.rmtree(folder, ignore_errors=True)
        self.remove_results()
        write_json(self.root / "run.json", dict(settings))

    def record(self, key: str) -> Record | None:
        """The record of a finished item, or None."""
        return self._read(self._path(key))

    def write(self, key: str, record: Record) -> None:
        """Mark an item as finished."""
        write_json(self._path(key), record, indent=None)

    def _path(self, key: str) -> Path:
        return inside(self.root / "records", f"{key}.json")

    @staticmethod
    def _read(path: Path) -> Record | None:
        try:
            value = json.loads(path.read_text("utf-8"))
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            raise OutputError(f"'{path}' is damaged ({error}); delete it and go on") from None
        return value if isinstance(value, dict) else None


def _brief(settings: Mapping[str, Any], name: str) -> str:
    """The value of a setting in brackets, where it is short."""
    value = settings.get(name)
    return f" ({value})" if isinstance(value, str | int | float) else ""
