"""How patient to be with a camera or stream."""

from __future__ import annotations

from dataclasses import dataclass

from car_video.errors import ConfigError


@dataclass(frozen=True, slots=True)
class StreamOptions:
    """How patient to be with a camera or stream.

    Attributes:
        silence: seconds without a frame after which a connection counts as lost.
        queue: how many of the newest frames wait for a slow reader; older ones are dropped.
        reconnects: tries to connect again before the end; a connection that has held for
            ``steady`` seconds gives them all back.
        backoff: seconds before the first try, doubled for each further one.
        steady: see ``reconnects``. Without it a server that sends the same short clip again
            and again would never end.
    """

    silence: float = 10.0
    queue: int = 4
    reconnects: int = 3
    backoff: float = 1.0
    steady: float = 60.0

    def __post_init__(self) -> None:
        if self.silence <= 0 or self.queue < 1 or self.reconnects < 0 or self.backoff < 0:
            raise ConfigError(
                "stream options: silence above 0, queue 1 or more, the others 0 or more"
            )

    def patience(self) -> float:
        """Seconds after which even the worst sequence of failures is over."""
        waits = self.backoff * (2**self.reconnects - 1)
        return waits + (self.reconnects + 1) * 2 * self.silence + 5
