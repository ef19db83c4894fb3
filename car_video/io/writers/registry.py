"""What ``--save`` may name: one line per target."""

from __future__ import annotations

from car_video.errors import OutputError
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
    names = tuple(dict.fromkeys(n for n in (p.strip().lower() for p in text.split(",")) if n))
    unknown = [name for name in names if name not in TARGETS]
    known = ", ".join(sorted(TARGETS))
    if unknown:
        raise OutputError(f"cannot save '{unknown[0]}'; choose from {known}")
    if not names:
        raise OutputError(f"nothing to save; choose from {known}")
    return names
