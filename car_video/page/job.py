"""``Job``: work of one session beside the page, which can be watched and cancelled."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from car_video.errors import CarVideoError


class BusyError(CarVideoError):
    """Something is under way that has to come to its end first."""


class CancelledError(Exception):
    """The work was called off."""


@dataclass(frozen=True)
class Progress:
    """How far a job is.

    Attributes:
        what: it does, for people: ``looking``.
        done: frames.
        total: frames, None where that is not known.
        index: of the newest frame; None before the first one.
        rate: frames per second; 0 where that is not known yet.
    """

    what: str
    done: int = 0
    total: int | None = None
    index: int | None = None
    rate: float = 0.0

    def sentence(self) -> str:
        """Progress in words."""
        if self.total is None:
            return f"{self.what} … {self.done} frames" if self.done else f"{self.what} …"
        text = f"{self.what} … {self.done} of {self.total} frames"
        if self.rate > 0 and self.done < self.total:
            left = (self.total - self.done) / self.rate
            text += f", {self.rate:.1f} a second, about {_about(left)} left"
        return text


class Job:
    """Runs a function in a thread of its own.

    Args:
        work: gets the job; calls :meth:`tick` for every frame, and returns what is to be said
            at the end.
        what: it does, for people.
        total: frames, None where that is not known.

    Attributes:
        message: what is to be said at the end; empty before.
        error: what has gone wrong.
        cancelled: it was called off, and has stopped.
    """

    def __init__(self, work: Callable[[Job], str], what: str, total: int | None = None) -> None:
        self.message = ""
        self.error: BaseException | None = None
        self.cancelled = False
        self._work = work
        self._progress = Progress(what, total=total)
        self._before = 0
        self._began = time.monotonic()
        self._changed = threading.Condition()
        self._stop = threading.Event()
        self._over = False
        self._thread = threading.Thread(target=self._run, name=f"car-video {what}", daemon=True)

    def start(self) -> Job:
        """Begin."""
        self._thread.start()
        return self

    @property
    def running(self) -> bool:
        """Whether it has not come to its end."""
        return not self._over

    def cancel(self) -> None:
        """Have it stop before the next frame."""
        self._stop.set()

    def wait(self, seconds: float | None = None) -> None:
        """Wait for the end, for so long at most."""
        self._thread.join(seconds)

    def check(self) -> None:
        """Raises CancelledError where the job was called off; called by the work."""
        if self._stop.is_set():
            raise CancelledError

    def begin(self, what: str, total: int | None = None, done: int = 0) -> None:
        """The next part of the work, with so many frames done before; called by the work."""
        self.check()
        self._began, self._before = time.monotonic(), done
        self._show(Progress(what, done, total))

    def tick(self, index: int) -> None:
        """One frame more is done; called by the work.

        Raises:
            CancelledError: the job was called off.
        """
        now, seconds = self._progress, time.monotonic() - self._began
        done = now.done + 1
        rate = (done - self._before) / seconds if seconds > 0 else 0.0
        self._show(Progress(now.what, done, now.total, index, rate))
        self.check()

    def watch(self, every: float = 0.4) -> Iterator[Progress]:
        """Progress as it comes, so many seconds apart at least; ends with the job.

        Raises:
            CarVideoError: what has gone wrong, where a person can do something about it.
        """
        seen: Progress | None = None
        while not self._over:
            with self._changed:
                while not self._over and self._progress is seen:
                    self._changed.wait()
                seen = self._progress
            if not self._over:
                yield seen
                time.sleep(every)
        if self.error is not None:
            raise self.error

    def _show(self, progress: Progress) -> None:
        with self._changed:
            self._progress = progress
            self._changed.notify_all()

    def _run(self) -> None:
        try:
            self.message = self._work(self)
        except CancelledError:
            self.cancelled = True
        except BaseException as error:  # raised again by whoever watches
            self.error = error
        finally:
            with self._changed:
                self._over = True
                self._changed.notify_all()


def _about(seconds: float) -> str:
    """``5 s``, ``40 s``, ``3 min``."""
    if seconds < 10:
        return f"{max(1, round(seconds))} s"
    if seconds < 90:
        return f"{round(seconds / 10) * 10} s"
    return f"{round(seconds / 60)} min"
