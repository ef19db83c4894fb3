"""Formats in ``--save``: what a run has written, exported at its end."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING

from car_video.cli.display import Report
from car_video.errors import CarVideoError, ConfigError

if TYPE_CHECKING:
    from car_video.io.readers import SourceInfo


def check_exports(names: Sequence[str], source: SourceInfo) -> None:
    """Raises ConfigError for a format that shows pictures again which a live source has not."""
    from car_video.io.export_catalog import find_format

    for name in names:
        if source.live and "source" in find_format(name).options:
            raise ConfigError(
                f"{name} needs the pictures a second time, and {source.source} is live; after "
                f"the run use car-video convert OUT --to {name} --fill white"
            )


def with_exports(
    report: Report, names: Sequence[str], complete: bool
) -> tuple[Report, CarVideoError | None]:
    """Export a run that has been written.

    Args:
        report: of the run.
        names: of the formats.
        complete: it has come to its end; else nothing is exported, and the report says so.

    Returns:
        the report with what was exported, and what went wrong. All else is kept.
    """
    from car_video.io.exports.export import export_with_remarks

    if not complete:
        left_out = f"{', '.join(names)} will be made when the run is complete"
        return dataclasses.replace(report, notices=[*report.notices, left_out]), None
    paths, notices = list(report.paths), list(report.notices)
    problem = None
    for name in names:
        try:
            path, remarks = export_with_remarks(report.out, name, replace=True)
        except CarVideoError as error:
            problem = error
            continue
        paths.append(path)
        notices += remarks
    return dataclasses.replace(report, paths=paths, notices=notices), problem
