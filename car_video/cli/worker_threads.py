"""Decoding and writing beside the computation: two bounded queues, each with a thread.

Decoders and encoders let go of Python's lock while they work, so frames are read ahead and
results written behind while the segmenter computes. Order is kept, memory is bounded, and an
error comes out where the work was asked for.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Generic, TypeVar

T = TypeVar("T")

DEPTH = 3  # frames that wait on either side
_PATIENCE = 0.1  # seconds between checks whether the next item is still wanted


class ReadAhead(Generic[T]):
    """Items of a source that a thread takes up to ``depth`` ahead.

    Within its ``with`` block the source belongs to the thread. Leaving the block stops it; the
    source is then at most ``depth`` items further than what was taken. An error of the source
    is raised in its turn.

    Args:
        items: the source; not one that is live, whose newest item counts.
        depth: how many items may wait.
    """

    def __init__(self, items: Iterable[T], depth: int = DEPTH) -> None:
        self._items = items
        self._queue: queue.Queue[tuple[T] | BaseException | None] = queue.Queue(depth)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work, name="read-ahead", daemon=True)

    def __enter__(self) -> Iterator[T]:
        self._thread.start()
        return self._taken()

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _taken(self) -> Iterator[T]:
        while True:
            item = self._queue.get()
            if item is None:
                return
            if isinstance(item, BaseException):
                raise item
            yield item[0]

    def _work(self) -> None:
        try:
            for item in self._items:
                if not self._offer((item,)):
                    return
        except BaseException as error:
            self._offer(error)
        else:
            self._offer(None)

    def _offer(self, item: tuple[T] | BaseException | None) -> bool:
        """Whether it was put into the queue before the block was left."""
        while not self._stop.is_set():
            try:
                self._queue.put(item, timeout=_PATIENCE)
            except queue.Full:
                continue
            return True
        return False


class WriteBehind:
    """Runs jobs in order in a thread, at most ``depth`` waiting.

    After a job has failed the ones that wait are dropped, and its error is raised by the next
    :meth:`submit` or :meth:`finish`, once. The thread ends with the ``with`` block.

    Args:
        depth: how many jobs may wait.
    """

    def __init__(self, depth: int = DEPTH) -> None:
        self._queue: queue.Queue[Callable[[], None] | None] = queue.Queue(depth)
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._work, name="write-behind", daemon=True)

    def __enter__(self) -> WriteBehind:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._queue.put(None)
        self._thread.join()

    def submit(self, job: Callable[[], None]) -> None:
        """Run a job after those before it; waits while too many do.

        Raises:
            Exception: what a job before it has raised; this one is not run then.
        """
        self._raise()
        self._queue.put(job)

    def finish(self) -> None:
        """Wait until all jobs are done.

        Raises:
            Exception: what one of them has raised.
        """
        self._queue.join()
        self._raise()

    def _raise(self) -> None:
        error, self._error = self._error, None
        if error is not None:
            raise error

    def _work(self) -> None:
        failed = False
        while (job := self._queue.get()) is not None:
            if not failed:
                try:
                    job()
                except BaseException as error:
                    self._error, failed = error, True
            self._queue.task_done()
