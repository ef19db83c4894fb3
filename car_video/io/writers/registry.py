"""What ``--save`` may name: one line per target."""

from __future__ import annotations

from collections.abc import Container

from car_video.errors import OutputError
from car_video.io.export_catalog import FORMATS, SAVED
from car_video.io.writers import cutout, masks, overlay, predictions, sheet
from car_video.io.writers.base import Target

TARGETS: dict[str, Target] = {
    "json": predictions.TARGET,
    "masks": masks.TARGET,
    "sheet": sheet.TARGET,
    "overlay": overlay.TARGET,
    "cutout": cutout.TARGET,
}
"""Targets by name; closed in this order, the quickest first."""


def parse_targets(text: str) -> tuple[str, ...]:
    """``"overlay, json"`` as names of :data:`TARGETS`, each once.

    Raises:
        OutputError: an unknown name, or none at all.
    """
    return _checked(text, {})


def parse_save(text: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """``"overlay, coco"`` as names of :data:`TARGETS` and formats to export to at the end.

    Exports are made from ``predictions.json``, so with one of them ``json`` is saved, too.

    Raises:
        OutputError: an unknown name, or none at all.
    """
    names = _checked(text, SAVED)
    exports = tuple(name for name in names if name in SAVED)
    targets = [name for name in names if name not in SAVED]
    return tuple(dict.fromkeys([*targets, *(["json"] if exports else [])])), exports


def _checked(text: str, more: Container[str]) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(n for n in (p.strip().lower() for p in text.split(",")) if n))
    unknown = [name for name in names if name not in TARGETS and name not in more]
    known = ", ".join(sorted(TARGETS))
    if unknown:
        if unknown[0] in FORMATS and more:
            raise OutputError(
                f"{unknown[0]} is a folder, which --save does not make; when the run is done: "
                f"car-video convert OUT --to {unknown[0]}"
            )
        formats = (
            " (formats to convert to that are one file: car-video convert)" if more else ""
        )
        raise OutputError(f"cannot save '{unknown[0]}'; choose from {known}{formats}")
    if not names:
        raise OutputError(f"nothing to save; choose from {known}")
    return names
