"""One run of ``car-video``: every check first, then reader to segmenter to outputs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import lru_cache, partial
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Literal

from car_video.cli.display import Display, Report
from car_video.cli.interrupts import Interrupts
from car_video.cli.live_editing import HELP, Lines, LiveEdits, typed_lines
from car_video.cli.presence_times import Presence, follow
from car_video.cli.request import Plan, check_computer, for_kind, standard_output
from car_video.cli.resume import ResumableStream
from car_video.cli.warnings import missed_rate, remarks_on
from car_video.cli.worker_threads import ReadAhead, WriteBehind
from car_video.errors import ConfigError, ModelError

if TYPE_CHECKING:
    from car_video.cli.preview_window import LiveWindow
    from car_video.io.readers import FrameReader
    from car_video.io.writers import OutputFolder
    from car_video.models import ModelPair
    from car_video.models.sam.base import MaskModel
    from car_video.types import Frame, FramePrediction
    from car_video.video.scheduling.pace import Pace
    from car_video.video.segmenter import VideoSegmenter
    from car_video.video.state.tensors import State

Ending = Literal["complete", "stopped", "interrupted"]


def execute(plan: Plan, display: Display) -> Ending:
    """Do what was asked for, with one source.

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
        window = stack.enter_context(_open_window(plan)) if plan.request.show else None
        reader = stack.enter_context(_open_reader(plan))
        plan = for_kind(plan, reader.info.kind)
        lines = _typed_lines(plan, watched=reader.info.live or window is not None)
        display.note(f"loading {plan.config.model} ...")
        check_computer(plan)
        with _enough_memory(plan):
            segmenter, notices = load_segmenter(plan)
        folder = None if plan.piped else _open_folder(plan, reader)
        run = Run(plan, reader, segmenter, folder, window, lines, display)
        with _enough_memory(plan):
            ending = run.until_end()
    display.summary(run.report(notices))
    if plan.piped and ending != "complete":
        display.stopped("ended")
    elif ending != "complete":
        kept = "what is done is kept, go on with --resume" if run.frames else "nothing was done"
        display.stopped(f"{ending}; {kept}")
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
        self._stream = ResumableStream(
            StreamSegmenter(segmenter),
            folder,
            partial(_open_reader, plan),
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

        notices = [*notices, *self._stream.notices, *self._reader.notices]
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


def load_segmenter(plan: Plan) -> tuple[VideoSegmenter, list[str]]:
    """The model behind :class:`car_video.VideoSegmenter`, and remarks about the texts.

    Raises:
        ModelError: weights missing or damaged.
    """
    from car_video.video.segmenter import VideoSegmenter

    config = plan.config
    refines = config.segment.refine == "sam"
    mask_model = config.segment.sam.model if refines else None
    pair, masks = _load_models(config.model, plan.request.device, mask_model)
    segmenter = VideoSegmenter(
        pair, plan.expressions, config.segment, config.video, mask_model=masks
    )
    texts = tuple(dict.fromkeys(plan.expressions))
    spatial = segmenter.image.config.expression.spatial
    return segmenter, remarks_on(texts, config.model, pair, spatial)


@lru_cache(maxsize=1)
def _load_models(
    name: str, device: str, mask_model: str | None
) -> tuple[ModelPair, MaskModel | None]:
    """One load for all sources of a run."""
    from car_video.models import load_model
    from car_video.models.sam.registry import load_mask_model

    pair = load_model(name, device)
    return pair, None if mask_model is None else load_mask_model(mask_model, pair.device)


def model_is_loaded() -> bool:
    """Whether an earlier source of this run has loaded the model."""
    return _load_models.cache_info().currsize > 0


def _open_window(plan: Plan) -> LiveWindow:
    from car_video.cli.preview_window import LiveWindow
    from car_video.io.readers.messages import redact

    return LiveWindow(f"car-video {redact(plan.request.source)}")


def _typed_lines(plan: Plan, watched: bool) -> Lines | None:
    """Standard input, where expressions can be changed by what is typed there."""
    if plan.config.video.mode == "offline" or plan.batch:
        return None
    return typed_lines(plan.request.interactive, watched)


def _open_reader(plan: Plan) -> FrameReader:
    """The source with its first wanted frame read.

    Raises:
        SourceError: it cannot be read.
        ConfigError: it is live, so it can be neither resumed nor read ahead.
    """
    from car_video.io.readers import read_frames

    request = plan.request
    reader = read_frames(
        request.source,
        start=request.start,
        end=request.end,
        stride=request.stride,
        max_frames=request.max_frames,
        decoder=request.decoder,  # type: ignore[arg-type]  # checked
    )
    if reader.info.live and plan.batch:
        reader.close()
        raise ConfigError(f"{reader.info.source} is live and has no end; give it by itself")
    if reader.info.live and request.resume:
        reader.close()
        raise ConfigError(
            f"{reader.info.source} is live and cannot be resumed; use --overwrite or another "
            "--out"
        )
    if reader.info.live and plan.config.video.mode == "offline":
        reader.close()
        raise ConfigError(
            f"{reader.info.source} is live; offline needs later frames: use --mode online"
        )
    return reader


def _open_folder(plan: Plan, reader: FrameReader) -> OutputFolder:
    from car_video.io.readers.sources import parse_source
    from car_video.io.writers import OutputFolder, OutputInfo

    source = reader.info
    path = Path(parse_source(plan.request.source).value)
    info = OutputInfo(
        source=source.source,
        width=source.width,
        height=source.height,
        fps=source.fps,
        model=plan.config.model,
        expressions=plan.expressions,
        path=str(path) if source.kind in ("file", "folder", "image") else None,
        audio=str(path) if source.has_audio and source.kind == "file" else None,
        audio_origin=source.origin,
        duration=source.duration,
        end=plan.request.end,
        max_frames=plan.request.max_frames,
        pixel_aspect=source.sample_aspect_ratio,
        still=source.kind in ("folder", "image"),
        single=source.kind == "image",
    )
    return OutputFolder.open(plan.out, info, plan.request.existing, plan.options())


@contextmanager
def _enough_memory(plan: Plan) -> Iterator[None]:
    """Raises ModelError instead of the many ways in which memory runs out."""
    import torch

    try:
        yield
    except (MemoryError, torch.OutOfMemoryError):
        raise ModelError(
            f"out of memory (--model {plan.config.model}, --device {plan.request.device}); "
            "try a smaller --size, --refine none or --model lite"
        ) from None
