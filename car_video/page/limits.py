"""What the page takes, and what it says of what it does not take."""

from __future__ import annotations

from dataclasses import dataclass

from car_video.errors import ConfigError, ExpressionError, SourceError


@dataclass(frozen=True)
class Limits:
    """How much one person may give to the page.

    Attributes:
        megabytes: of one upload, a picture, a clip or a project.
        minutes: of a clip.
        pictures: in one upload, taken as a video.
        expressions: at once.
    """

    megabytes: int = 2000
    minutes: float = 10.0
    pictures: int = 2000
    expressions: int = 12

    def __post_init__(self) -> None:
        for name in ("megabytes", "minutes", "pictures", "expressions"):
            if not getattr(self, name) > 0:
                raise ConfigError(f"the page's limit of {name} must be above 0")

    def check_bytes(self, size: int) -> None:
        """Raises SourceError for an upload of so many bytes."""
        if size > self.megabytes * 10**6:
            raise SourceError(
                f"This file has {size / 10**6:.0f} MB, and the page takes up to "
                f"{self.megabytes} MB. Cut it, or use the command line."
            )

    def check_length(self, seconds: float | None) -> None:
        """Raises SourceError for a clip of so many seconds; None: not known yet."""
        if seconds is not None and seconds > self.minutes * 60:
            raise SourceError(
                f"This clip lasts {duration(seconds)}, and the page takes up to "
                f"{duration(self.minutes * 60)}. Cut it, or use the command line, which takes "
                "any length: car-video CLIP --expr TEXT --start TIME --end TIME"
            )

    def check_pictures(self, count: int) -> None:
        """Raises SourceError for so many pictures."""
        if count > self.pictures:
            raise SourceError(
                f"These are {count} pictures, and the page takes up to {self.pictures}. Give "
                "fewer, or use the command line, which takes a folder."
            )

    def check_expressions(self, count: int) -> None:
        """Raises ExpressionError for so many expressions."""
        if count > self.expressions:
            raise ExpressionError(
                f"The page looks for up to {self.expressions} things at once; remove one first."
            )


def duration(seconds: float) -> str:
    """``45 s``, ``10 min``, ``3 h 5 min``."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes = round(whole / 60)
    if minutes < 60:
        return f"{minutes} min"
    hours, rest = divmod(minutes, 60)
    return f"{hours} h {rest} min" if rest else f"{hours} h"
