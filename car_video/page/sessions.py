"""``Sessions``: who has the page open; nobody gets at what another one has made."""

from __future__ import annotations

import secrets
import shutil
import tempfile
import threading
from pathlib import Path

from car_video.page.engine import Engine
from car_video.page.limits import Limits
from car_video.page.session import Session


class Sessions:
    """A session for each open page, each in a folder that the others cannot name.

    Args:
        engine: shared by all.
        limits: of each.
        root: holds the folders; by default a new temporary folder.
    """

    def __init__(self, engine: Engine, limits: Limits, root: Path | None = None) -> None:
        self.engine, self.limits = engine, limits
        self.root = root or Path(tempfile.mkdtemp(prefix="car-video-"))
        self._lock = threading.Lock()
        self._open: dict[str, Session] = {}
        self._files: dict[str, tuple[Session, Path]] = {}

    @property
    def uploads(self) -> Path:
        """Where files from browsers arrive, before a session takes them."""
        return self.root / "uploads"

    def of(self, page: str) -> Session:
        """The session of an open page, made where there is none.

        Args:
            page: a secret of the page, that its browser has made.
        """
        with self._lock:
            if page not in self._open:
                folder = self.root / "sessions" / secrets.token_urlsafe(24)
                self._open[page] = Session(self.engine, folder, self.limits)
            return self._open[page]

    def known(self, page: str) -> Session | None:
        """The session of a page that is open; None where it was closed."""
        with self._lock:
            return self._open.get(page)

    @property
    def open_pages(self) -> list[str]:
        """Secrets of the pages that are open and have done something."""
        with self._lock:
            return list(self._open)

    def drop(self, page: str) -> None:
        """The page was closed: its work stops, and its files go."""
        with self._lock:
            session = self._open.pop(page, None)
            self._files = {t: file for t, file in self._files.items() if file[0] is not session}
        if session is not None:
            session.outbox.close()
            session.close()

    def offer(self, session: Session, file: Path) -> str:
        """A secret under which a file of a session can be fetched until the page is closed."""
        token = secrets.token_urlsafe(24)
        with self._lock:
            self._files[token] = session, file
        return token

    def file(self, token: str) -> Path | None:
        """The file of a secret; None where there is none."""
        with self._lock:
            found = self._files.get(token)
        return None if found is None or not found[1].is_file() else found[1]

    def close(self) -> None:
        """All pages are closed; nothing is left."""
        for page in self.open_pages:
            self.drop(page)
        shutil.rmtree(self.root, ignore_errors=True)
