"""One run of ``car-video``: every check first, then reader to segmenter to outputs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, suppress
from functools import partial
from time import perf_counter
from typing import TYPE_CHECKING, Literal

from car_video.cli.correcting import correct_run
from car_video.cli.display import Display, Report
from car_video.cli.evidence_lines import evidence_lines
from car_video.cli.interrupts import Interrupts
from car_video.cli.live_editing import HELP, Lines, LiveEdits
from car_video.cli.opening import (
    enough_memory,
    first_use,
    load_segmenter,
    open_folder,
    open_reader,
    open_typed_lines,
    open_window,
)
from car_video.cli.presence_times import Presence, follow
from car_video.cli.request import Plan, check_computer, for_kind, standard_output
from car_video.cli.resume import ResumableStream
from car_video.cli.saved_exports import check_exports, with_exports
from car_video.cli.warnings import found_nowhere, missed_rate
from car_video.cli.worker_threads import ReadAhead, WriteBehind

if TYPE_CHECKING:
    from car_video.cli.preview_window import LiveWindow
    from car_video.errors import CarVideoError
    from car_video.io.readers import FrameReader
    from car_video.io.writers import OutputFolder
    from car_video.types import Frame, FramePrediction
    from car_video.video.scheduling.pace import Pace
    from car_video.video.segmenter import VideoSegmenter
    from car_video.video.state.tensors import State

Ending = Literal["complete", "stopped", "interrupted"]
KEPT = "what is done is kept, go on with --resume"
NOTHING = "nothing was done"


def execute(plan: Plan, display: Display, last: bool = True) -> Ending:
    """Do what was asked for, with one source.

    Args:
        plan: what was asked for.
        display: shows what is going on.
        last: no further step of the same request follows, see
            :func:`~car_video.cli.correcting.passes_of`.

    Returns:
        ``complete``; ``stopped`` when the window was closed; ``interrupted`` after Ctrl-C.
        Both of the latter are ``complete`` where the source is live and has no other end.

    Raises:
        CarVideoError: bad input, or a disk that does not take the results.
        KeyboardInterrupt: before there was anything to keep.
    """
    if plan.piped:
        display.results_to_stderr()
    with ExitStack() as stack:
        window = stack.enter_context(open_window(plan)) if plan.request.show else None
        reader = stack.enter_context(open_reader(plan))
        plan = for_kind(plan, reader.info.kind)
        check_exports(plan.exports, reader.info)
        lines = open_typed_lines(plan, watched=reader.info.live or window is not None)
        display.note(f"loading {plan.config.model}{first_use(plan)} ...")
        check_computer(plan)
        with enough_memory(plan):
            segmenter, notices = load_segmenter(plan)
        folder = None if plan.piped else open_folder(plan, reader)
        if folder is not None:
            with folder.kept_on_error(), enough_memory(plan):
                notices += correct_run(plan, segmenter, folder, display)
        began, computed = perf_counter(), None
        if folder is not None and plan.request.engine == "ray":
            from car_video.cli.sharded_run import compute_scenes

            try:
                computed = compute_scenes(plan, folder, display, load_segmenter)
            except KeyboardInterrupt:
                display.stopped(f"interrupted; {KEPT if plan.out.exists() else NOTHING}")
                return "interrupted"
        run = Run(plan, reader, segmenter, folder, window, lines, display)
        with enough_memory(plan):
            ending = run.until_end()
    report = run.report(notices)
    if computed is not None:
        report = report.with_computed(computed.frames, perf_counter() - began, computed.notices)
    problem: CarVideoError | None = None
    if plan.exports and run.frames:
        report, problem = with_exports(report, plan.exports, complete=ending == "complete")
    if last or ending != "complete":
        display.summary(report)
    if plan.piped and ending != "complete":
        display.stopped("ended")
    elif ending != "complete":
        display.stopped(f"{ending}; {KEPT if run.frames else NOTHING}")
    if problem is not None:
        raise problem
    return ending


class Run:
    """Reader to segmenter to outputs, until the end of either, or Ctrl-C.

    Attributes:
        frames: written to the outputs so far.
        computed: of them, by this run.
        seconds: that took.
    """

    def __init__(
        self,
        plan: Plan,
        reader: FrameReader,
        segmenter: VideoSegmenter,
        folder: OutputFolder | None,
        window: LiveWindow | None,
        lines: Lines | None,
        display: Display,
    ) -> None:
        from car_video.io.writers import Outputs
        from car_video.io.writers.pipe import PipeOutputs
        from car_video.video.stream import StreamSegmenter

        self.frames = self.computed = 0
        self.seconds = self._waited = 0.0
        self._plan, self._reader = plan, reader
        self._window, self._display = window, display
        self._edits: LiveEdits | None = None
        if lines is not None:
            self._edits = LiveEdits(plan.expressions, lines, segmenter, display.say)
            display.note(HELP)
        self._pace: Pace | None = getattr(segmenter, "pace", None)
        self._quit = False
        self._segmenting = StreamSegmenter(segmenter)
        self._stream = ResumableStream(
            self._segmenting,
            folder,
            partial(open_reader, plan),
            display.note,
            save=not reader.info.live,
        )
        self._presences = [Presence(text) for text in plan.expressions]
        self._outputs = (
            PipeOutputs(standard_output(), reader.info.sample_aspect_ratio)
            if folder is None
            else Outputs(folder, plan.targets)
        )

    def until_end(self) -> Ending:
        """Process all frames and finish the files.

        Raises:
            OutputError: the disk does not take them; what is whole stays.
        """
        ending: Ending
        with Interrupts() as interrupts, WriteBehind() as writer:
            try:
                ending = self._overlapped(interrupts, writer)
            except KeyboardInterrupt:
                ending = "interrupted"
            except BrokenPipeError:  # its reader has closed the pipe
                if not self._plan.piped:
                    raise
                ending = "stopped"
            except BaseException:
                with suppress(Exception):  # the first error is the one to tell
                    writer.finish()
                self._outputs.abort()
                raise
            try:
                with interrupts.held():
                    self._settle(writer)
                    if self._reader.info.live and self.frames:
                        ending = "complete"
                    if ending != "complete":
                        self._stream.save()
                    self._outputs.close(complete=ending == "complete")
            except KeyboardInterrupt:
                ending = ending if interrupts.finished else "interrupted"
        return ending

    def _overlapped(self, interrupts: Interrupts, writer: WriteBehind) -> Ending:
        """The loop, with frames read ahead of it and results written behind it."""
        with ExitStack() as stack:
            frames: Iterable[Frame] = self._reader
            # A live source keeps only its newest frame, and the network may hold a thread up.
            if self._reader.info.kind in ("file", "folder"):
                frames = stack.enter_context(ReadAhead(self._reader))
            ending = self._loop(frames, interrupts, writer)
            began = perf_counter()
            writer.finish()
            self.seconds += perf_counter() - began
        return ending

    def _settle(self, writer: WriteBehind) -> None:
        """See that what has been computed is written.

        Raises:
            OutputError: the disk does not take it.
        """
        try:
            writer.finish()
        except BrokenPipeError:
            if not self._plan.piped:
                raise
        except BaseException:
            self._outputs.abort()
            raise

    def _loop(
        self, frames: Iterable[Frame], interrupts: Interrupts, writer: WriteBehind
    ) -> Ending:
        done = self._outputs.done
        self._reader.tell(self._display.note)
        with self._display.progress(self._reader.expected) as tick:
            began = perf_counter()
            for frame, prediction in self._stream.predictions(self._edited(frames)):
                if self._plan.request.verbose:
                    for line in evidence_lines(prediction):
                        self._display.say(line)
                if self._edits is not None:
                    prediction = self._edits.expressions.widen(prediction)
                found, new = perf_counter(), frame.index not in done
                state = self._stream.state() if new else None
                with interrupts.held():
                    writer.submit(partial(self._write, frame, prediction, new, state))
                now = perf_counter()
                if new:
                    self.seconds += now - began
                began = now
                tick()
                if self._window is not None and not self._window.show(frame, prediction):
                    return "stopped"
                if self._pace is not None:
                    self._pace.outside(perf_counter() - found)
        return "stopped" if self._quit else "complete"

    def _write(
        self, frame: Frame, prediction: FramePrediction, new: bool, state: State | None
    ) -> None:
        """One answer into all outputs; no Ctrl-C gets here, beside the main thread."""
        if self._edits is not None:
            self._outputs.extend(prediction.expressions)
        self._outputs.write(frame, prediction)
        follow(self._presences, prediction)
        self.frames += 1
        if new:
            self.computed += 1
            self._stream.written(frame.index, state)

    def _edited(self, frames: Iterable[Frame]) -> Iterator[Frame]:
        """Frames of the source; before each, what the user has typed is done."""
        began = perf_counter()
        for frame in frames:
            self._waited += perf_counter() - began
            if self._edits is not None and not self._edits.apply():
                self._quit = True
                return
            yield frame
            began = perf_counter()

    def report(self, notices: list[str]) -> Report:
        """What to say at the end, remarks from before the run first."""
        from car_video.io.readers.messages import counted

        notices = [*notices, *self._stream.notices, *self._segmenting.notices]
        notices += self._reader.notices
        if not self._plan.config.segment.assume_present and not self._plan.corrections:
            notices += found_nowhere(self._presences)
        seconds = max(0.0, self.seconds - self._stream.replay_seconds)
        if self._pace is not None:
            lowest = self._pace.level == len(self._pace.ladder) - 1
            busy = max(0.0, seconds - self._waited)
            target = self._plan.config.video.target_fps or 0.0
            notices += missed_rate(target, self.computed, busy, lowest)
        if self._reader.skipped and not self._reader.notices:  # it did not come to its end
            notices.append(f"{self._reader.skipped} not decodable and skipped")
        if self._reader.dropped and not self._reader.notices:
            notices.append(f"{counted(self._reader.dropped, 'frame')} dropped to keep up")
        return Report(
            out=self._plan.out,
            frames=self.frames,
            computed=self.computed,
            seconds=seconds,
            presences=self._presences,
            paths=self._outputs.paths(),
            notices=[*notices, *self._outputs.notices()],
        )
