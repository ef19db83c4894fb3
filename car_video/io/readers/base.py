"""What every source of frames looks like from outside."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from fractions import Fraction
from types import TracebackType
from typing import Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

from car_video.errors import SourceError
from car_video.io.readers.selection import Chooser, Selection, Verdict
from car_video.types import Frame

Kind = Literal["file", "folder", "image", "camera", "stream"]

Reader = TypeVar("Reader", bound="FrameReader")

Loaded = tuple[NDArray[np.uint8], tuple[int, int]]
"""An upright RGB picture, uint8 [H, W, 3], and the (width, height) it has in its source."""


class UndecodableError(Exception):
    """One picture of a source cannot be decoded. Readers skip it and count it."""


class RefusedError(UndecodableError):
    """One picture is not damaged and cannot be read all the same; says why, to people."""


@dataclass(frozen=True, slots=True)
class SourceInfo:
    """What is known of a source once its first frame has been read.

    Attributes:
        source: what the user named, without passwords.
        width: of the first frame, upright, before any ``size`` bound, in pixels.
        height: likewise.
        fps: nominal frames per second; real times are in ``Frame.time``.
        frames: about how many frames the whole source has, None where that cannot be known.
        duration: seconds of the whole source, None where that cannot be known.
        has_audio: whether there is sound that an output could carry along.
        live: True for cameras and streams: frames may be dropped, the end is unknown.
        kind: file, folder, image, camera or stream.
        origin: time on the container's own clock, in seconds, at which ``Frame.time`` is 0: its
            sound carries times of that clock. None where the source has no such clock.
        sample_aspect_ratio: width of a pixel divided by its height, for the upright picture.
            ``Frame.image`` has the stored pixels; a player stretches them by this.
    """

    source: str
    width: int
    height: int
    fps: float
    frames: int | None
    duration: float | None
    has_audio: bool
    live: bool
    kind: Kind
    origin: float | None = None
    sample_aspect_ratio: Fraction = Fraction(1)


@dataclass(frozen=True, slots=True)
class Picture:
    """A frame that has been found but not yet turned into pixels.

    Attributes:
        index: number in the source, counted from 0.
        time: seconds from the start of the source.
        load: makes the pixels; raises :class:`UndecodableError`.
        name: as :attr:`car_video.types.Frame.name`.
        duration: as :attr:`car_video.types.Frame.duration`.
    """

    index: int
    time: float
    load: Callable[[], Loaded]
    name: str = ""
    duration: float | None = None


class FrameReader(ABC, Iterator[Frame]):
    """Iterates over the frames of a source, and closes it.

    The first wanted frame is read on construction, so that a bad source fails there and
    :attr:`info` is complete from the beginning. Use it as a context manager, or call
    :meth:`close`; reading to the end closes it too. Not for use from several threads.

    Attributes:
        info: what is known of the source.
        notices: one-liners for people, complete when the iteration has ended.
    """

    info: SourceInfo

    def __init__(self, selection: Selection) -> None:
        self.notices: list[str] = []
        self._selection = selection
        self._unloadable = 0
        self._frames = self._select()
        self._first: Frame | None = None

    @property
    def skipped(self) -> int:
        """Frames that could not be decoded so far."""
        return self._unloadable

    @property
    def dropped(self) -> int:
        """Frames of a live source that made way for newer ones so far."""
        return 0

    @property
    def expected(self) -> int | None:
        """About how many frames this reader delivers in all, None where unknown."""
        return self._selection.expected(self.info.frames, self.info.fps)

    @abstractmethod
    def _pictures(self) -> Iterator[Picture]:
        """All pictures of the source in order of presentation, wanted or not."""

    @abstractmethod
    def _describe(self, width: int, height: int) -> SourceInfo:
        """The source's description, given the upright size of its first frame."""

    @abstractmethod
    def _nothing(self) -> SourceError:
        """Why there is no wanted frame at all."""

    @abstractmethod
    def _release(self) -> None:
        """Let go of the source. Called at least once, perhaps more often."""

    def tell(self, say: Callable[[str], None]) -> None:
        """Have lost connections and tries to connect again reported, one line each.

        Args:
            say: may be called from another thread.
        """

    def close(self) -> None:
        """End the iteration and let go of the source. Safe to call twice."""
        self._frames.close()
        self._first = None
        self._release()

    def _begin(self) -> None:
        """Read the first wanted frame. Called at the end of every constructor."""
        try:
            self._first = next(self._frames, None)
            if self._first is None:
                raise self._nothing()
        except BaseException:
            self.close()
            raise

    def _select(self) -> Generator[Frame, None, None]:
        chooser = Chooser(self._selection)
        described = False
        for picture in self._pictures():
            verdict = chooser.judge(picture.index, picture.time)
            if verdict is Verdict.STOP:
                return
            if verdict is Verdict.PASS:
                continue
            try:
                image, (width, height) = picture.load()
            except UndecodableError:
                self._unloadable += 1
                continue
            if not described:
                self.info, described = self._describe(width, height), True
            last = chooser.took()
            yield Frame(picture.index, picture.time, image, picture.name, picture.duration)
            if last:
                return

    def __iter__(self: Reader) -> Reader:
        return self

    def __next__(self) -> Frame:
        if self._first is not None:
            frame, self._first = self._first, None
            return frame
        try:
            return next(self._frames)
        except StopIteration:
            self.close()
            raise

    def __enter__(self: Reader) -> Reader:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
