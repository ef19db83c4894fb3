"""Frames to predictions, also where an earlier part of the run has made some of them.

The state that the next frame depends on is kept in the run's folder, so that a run that was
stopped goes on as if it had not been.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from time import perf_counter
from typing import TYPE_CHECKING

from car_video.errors import ConfigError

if TYPE_CHECKING:
    from car_video.io.readers import FrameReader
    from car_video.io.writers import OutputFolder
    from car_video.types import Frame, FramePrediction
    from car_video.video.state.tensors import State
    from car_video.video.stream import StreamSegmenter

SAVE_EVERY = 20.0  # seconds of work that a killed run loses at most (offline: or a window)


class ResumableStream:
    """Predictions for all frames of a run, in order, each known or computed.

    Args:
        stream: the segmenter, in its first state.
        folder: of the run: what is done, and where the state is kept; None keeps nothing.
        reopen: opens the source again from the start, to give the segmenter frames that
            are done but not part of its state.
        note: called with a remark before that.
        save: whether there can be a resume.

    Attributes:
        notices: remarks for the end, one line each.
        replay_seconds: on giving frames to the segmenter again.
    """

    def __init__(
        self,
        stream: StreamSegmenter,
        folder: OutputFolder | None,
        reopen: Callable[[], FrameReader],
        note: Callable[[str], None],
        save: bool = True,
    ) -> None:
        self.notices: list[str] = []
        self.replay_seconds = 0.0
        self._stream, self._folder = stream, folder
        self._reopen, self._note = reopen, note
        self._save = save and stream.remembers and folder is not None
        self._newest: tuple[int, State] | None = None
        self._saved = perf_counter()

    def predictions(self, frames: Iterable[Frame]) -> Iterator[tuple[Frame, FramePrediction]]:
        """Frames with their predictions, as soon as they are there.

        Frames that are done keep their predictions; the segmenter gets them again only if a
        prediction that is still wanted depends on them.
        """
        done: Mapping[int, FramePrediction] = {} if self._folder is None else self._folder.done
        last, behind = -1, True
        for frame in frames:
            if frame.index in done and (behind or not self._stream.remembers):
                last = frame.index
                yield frame, done[last]
                continue
            if behind and last >= 0 and self._stream.remembers:
                self._catch_up(frame.index)
            behind = False
            for ready, prediction in self._stream.push(frame):
                if ready.index > last:
                    last = ready.index
                    yield ready, done.get(last, prediction)
        for ready, prediction in self._stream.finish():
            if ready.index > last:
                yield ready, done.get(ready.index, prediction)

    def state(self) -> State | None:
        """What the next frame depends on, now that a prediction has been taken; None where
        nothing is kept, or frames wait for their predictions."""
        return self._stream.state_dict() if self._save else None

    def written(self, index: int, state: State | None) -> None:
        """Note that a frame's prediction is in the outputs; saves the state now and then.

        Args:
            index: of the frame.
            state: as :meth:`state` was when the prediction was taken.

        Raises:
            OutputError: the disk does not take it.
        """
        if state is not None:
            self._newest = index, state
        if self._newest is not None and perf_counter() - self._saved >= SAVE_EVERY:
            self.save()

    def save(self) -> None:
        """Keep the newest whole state, as of a frame that is in the outputs.

        Raises:
            OutputError: the disk does not take it.
        """
        if self._newest is None or self._folder is None:
            return
        from car_video.video.state.tensors import to_bytes

        index, state = self._newest
        self._folder.save_state(to_bytes(state, index))
        self._newest, self._saved = None, perf_counter()

    def _catch_up(self, before: int) -> None:
        """Give the segmenter the frames that are done and not part of its state."""
        began = perf_counter()
        seen = self._restore(before)
        self._note(f"going on at frame {before}; reading those after {seen} again ...")
        with self._reopen() as reader:
            for frame in reader:
                if frame.index >= before:
                    break
                if frame.index > seen:
                    for _ in self._stream.push(frame):
                        pass  # it is in the outputs
                    self.written(frame.index, self.state())
        self.replay_seconds += perf_counter() - began

    def _restore(self, before: int) -> int:
        """Take over the stored state; the index of its frame, -1 where there is none."""
        from car_video.video.state.tensors import from_bytes

        data = None if self._folder is None else self._folder.load_state()
        if self._folder is None or data is None:
            return -1
        try:
            state, index = from_bytes(data)
            if index >= before or index not in self._folder.done:
                raise ConfigError("the stored state is of a frame that is not done")
            self._stream.load_state_dict(state)
        except ConfigError as error:
            self.notices.append(f"{error}; the frames that are done were computed again")
            return -1
        return index
