"""What may be chosen for an export."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from car_video.errors import ConfigError
from car_video.io.export_catalog import Format
from car_video.io.mattes.edges import LARGEST, EdgeOptions

CHOICES: dict[str, tuple[Any, ...]] = {
    "shapes": ("masks", "polygons"),
    "channel": ("grey", "alpha"),
    "bits": (8, 16),
    "fill": ("source", "white"),
    "edges": ("hard", "soft"),
}
"""Options that are one of a few words or numbers; the first holds if nothing is said."""

_LARGEST_NUMBER = 99_999_999


@dataclass(frozen=True, slots=True)
class ExportOptions:
    """What may be chosen; None stands for the format's default.

    Attributes:
        start_number: number of the first frame; the others are counted on from it without
            gaps. By default frames have the numbers that they have in the source, from 0.
        split: one file per object instead of one for all together.
        shapes: ``masks`` or ``polygons``.
        channel: whether a matte is ``grey``, or the ``alpha`` of a white picture.
        bits: per channel, 8 or 16.
        fill: what lies under the alpha: the pictures of the ``source``, or ``white``.
        source: path of the source, where it is not found under its old name.
        edges: of mattes: ``hard``, or ``soft`` where the picture's colours say so.
        grow, shrink: pixels that the edges of mattes are moved by.
        feather: pixels over which they fade.
        invert: everything but the objects.
    """

    start_number: int | None = None
    split: bool | None = None
    shapes: str | None = None
    channel: str | None = None
    bits: int | None = None
    fill: str | None = None
    source: str | None = None
    edges: str | None = None
    grow: int | None = None
    shrink: int | None = None
    feather: int | None = None
    invert: bool | None = None

    def check(self, format: Format) -> None:
        """Raises ConfigError for a value that is out of range or means nothing there."""
        for field in fields(self):
            value = getattr(self, field.name)
            if value is None:
                continue
            option = "--" + field.name.replace("_", "-")
            if field.name not in format.options:
                raise ConfigError(f"{option} means nothing for {format.name}; leave it out")
            choices = CHOICES.get(field.name)
            if choices is not None and value not in choices:
                known = " or ".join(str(choice) for choice in choices)
                raise ConfigError(f"{option} must be {known}, not '{value}'")
        number = self.start_number
        if number is not None and not (
            isinstance(number, int) and 0 <= number <= _LARGEST_NUMBER
        ):
            raise ConfigError(f"--start-number must be from 0 to {_LARGEST_NUMBER}")

        for name in ("grow", "shrink", "feather"):
            pixels = getattr(self, name)
            if pixels is not None and not (isinstance(pixels, int) and 0 <= pixels <= LARGEST):
                raise ConfigError(f"--{name} must be from 0 to {LARGEST} pixels")
        if self.grow and self.shrink:
            raise ConfigError("--grow and --shrink move edges in two directions; give one")

    @property
    def edge_options(self) -> EdgeOptions:
        """What is done to the edges of mattes."""
        return EdgeOptions(
            grow=(self.grow or 0) - (self.shrink or 0),
            soft=self.edges == "soft",
            feather=self.feather or 0,
            invert=bool(self.invert),
        )

    def given(self) -> dict[str, Any]:
        """What differs from the defaults, by name."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: value for name, value in values.items() if value is not None}

    def choice(self, name: str) -> Any:
        """The value of an option of :data:`CHOICES`, its first choice where none is given."""
        value = getattr(self, name)
        return CHOICES[name][0] if value is None else value
