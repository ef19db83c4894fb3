"""Who may come in.

A server on the loopback interface is in reach of every page that the user's browser shows:
browsers let any page open a WebSocket to any address. So the ``Origin`` that browsers send has
to be this machine, and so has the ``Host``, which names another machine where a foreign name
was made to point here (DNS rebinding). Programs send no origin.
"""

from __future__ import annotations

import ipaddress
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from car_video.errors import ConfigError

SHORTEST_TOKEN = 8
"""Characters."""


def is_loopback(host: str) -> bool:
    """Whether a name or an address is this machine alone."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


@dataclass(frozen=True)
class Access:
    """The rule of one server.

    Attributes:
        host: name or address that it listens on.
        token: clients have to know it; None: whoever reaches a loopback address may come in.

    Raises:
        ConfigError: other machines can reach it and there is no token, or a short one.
    """

    host: str
    token: str | None = None

    def __post_init__(self) -> None:
        if self.token is not None and len(self.token) < SHORTEST_TOKEN:
            raise ConfigError(f"the token is too short: {SHORTEST_TOKEN} characters or more")
        if self.token is not None and not (self.token.isascii() and self.token.isprintable()):
            raise ConfigError("the token may only hold plain ASCII characters")
        if self.token is None and not is_loopback(self.host):
            raise ConfigError(
                f"--host {self.host} lets other machines in; set a token first, in the "
                "environment variable CAR_VIDEO_TOKEN"
            )

    def refusal(self, headers: Mapping[str, str], query: Mapping[str, str]) -> str | None:
        """Why a request may not come in; None: it may.

        Args:
            headers: of the request, names in lower case or in a mapping that does not care.
            query: of its address.
        """
        if self.token is not None:
            scheme, _, word = headers.get("authorization", "").partition(" ")
            given = word.strip() if scheme.lower() == "bearer" else query.get("token", "")
            if not secrets.compare_digest(given.encode(), self.token.encode()):
                return "the token is missing or wrong"
        origin = headers.get("origin")
        if is_loopback(self.host):
            if not is_loopback(urlsplit(f"//{headers.get('host', '')}").hostname or ""):
                return "this server answers to localhost only"
            if origin is not None and not is_loopback(urlsplit(origin).hostname or ""):
                return f"pages of {origin} may not use this server"
        return None
