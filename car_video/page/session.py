"""``Session``: an open page: a clip, what is looked for in it, what was made of it."""

from __future__ import annotations

import secrets
import shutil
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from car_video.corrections import Box, Correction
from car_video.errors import ConfigError, CorrectionError
from car_video.page.asking import FrameAnswers, shown_with
from car_video.page.clip import Clip, take_in
from car_video.page.command import commands
from car_video.page.downloads import download
from car_video.page.engine import Engine
from car_video.page.job import BusyError, Job
from car_video.page.limits import Limits
from car_video.page.outbox import Outbox
from car_video.page.project import is_project, load, save
from car_video.page.timeline import weakest_frame
from car_video.page.work import History, RunOptions, RunSettings, Work, still_chosen
from car_video.page.working import Paused, propagate, run_clip
from car_video.segment.segmenter import ImageSegmenter
from car_video.text.parsing.wording import check_expressions
from car_video.types import Alternative, Frame, FramePrediction


class Session:
    """What one open page holds. Methods may be called from several threads.

    Args:
        engine: the models, shared with other sessions.
        folder: of this session alone; made now, removed by :meth:`close`.
        limits: of what is taken.

    Attributes:
        folder: of this session.
        clip: what is worked on; None before :meth:`open`.
        job: what is under way, or was last.
        paused: a run that was cancelled and can go on.
        current: index of the frame that is shown.
        chosen: number of the expression that clicks are about.
        outbox: replies to its browser.
    """

    def __init__(self, engine: Engine, folder: Path, limits: Limits) -> None:
        self.folder, self.limits, self.engine = folder, limits, engine
        self.clip: Clip | None = None
        self.job: Job | None = None
        self.paused: Paused | None = None
        self.current, self.chosen, self.outbox = 0, 0, Outbox[Any]()
        folder.mkdir(parents=True, mode=0o700)
        self._lock = threading.RLock()
        self._history = History(Work())
        self._answers: dict[RunSettings, FrameAnswers] = {}
        self._opened = 0

    # --- source -------------------------------------------------------------------------

    def open(self, given: Sequence[Path]) -> Clip:
        """Take what was uploaded; files are moved into the session's folder.

        Args:
            given: a video, a picture, several pictures, or a project.

        Raises:
            SourceError: it cannot be read, or is more than the page takes; what was open stays.
            OutputError: a damaged project.
        """
        with self._lock:
            self._check_idle()
            self._opened += 1
            place = self.folder / f"source-{self._opened}"
            if len(given) == 1 and is_project(given[0]):
                clip, work = load(given[0], place, self.limits, list(self.engine.presets))
                given[0].unlink()
                self.begin(clip, work)
                return clip
            try:
                clip = Clip(take_in(given, place, self.limits), self.limits)
            except BaseException:
                shutil.rmtree(place, ignore_errors=True)
                raise
            self.begin(clip, Work(self.work.expressions))
            return clip

    def open_copy(self, path: Path) -> Clip:
        """Take a file that stays where it is, as the shipped example."""
        copy = self.folder / f"copy-{secrets.token_hex(8)}" / path.name
        copy.parent.mkdir()
        try:
            shutil.copyfile(path, copy)
            return self.open([copy])
        finally:
            shutil.rmtree(copy.parent, ignore_errors=True)

    def begin(self, clip: Clip, work: Work) -> None:
        """Work on another clip from now on; the one before is removed."""
        with self._lock:
            before, self.clip = self.clip, clip
            self._history = History(work)
            self._answers = {}
            self.job = self.paused = None
            self.current = self.chosen = 0
            if before is not None:
                before.close()
                own = before.path.relative_to(self.folder).parts[0]
                shutil.rmtree(self.folder / own, ignore_errors=True)

    def close(self) -> None:
        """Stop what is under way, and remove everything."""
        if self.job is not None:
            self.job.cancel()
            self.job.wait(60)
        with self._lock:
            if self.clip is not None:
                self.clip.close()
                self.clip = None
            shutil.rmtree(self.folder, ignore_errors=True)

    # --- what holds ---------------------------------------------------------------------

    @property
    def work(self) -> Work:
        """What has been made so far."""
        return self._history.now

    @property
    def busy(self) -> bool:
        """Whether a job is under way."""
        return self.job is not None and self.job.running

    @property
    def can_undo(self) -> bool:
        """Whether there is something to undo."""
        return self._history.can_undo and not self.busy

    @property
    def can_redo(self) -> bool:
        """Whether something was undone."""
        return self._history.can_redo and not self.busy

    @property
    def settings(self) -> RunSettings:
        """Those of the answers that there are, or would be now."""
        options = self.work.options
        return options.settings if options is not None else self.engine.first

    @property
    def model_name(self) -> str:
        """Of the model behind the answers."""
        return self.engine.presets[self.settings.preset].model

    @property
    def exclusive(self) -> bool:
        """Whether expressions compete for pixels."""
        return self.engine.presets[self.settings.preset].segment.mode == "semantic"

    def opened(self) -> Clip:
        """The clip. Raises ConfigError where there is none."""
        if self.clip is None:
            raise ConfigError("Open a video or a picture first.")
        return self.clip

    # --- expressions --------------------------------------------------------------------

    def add(self, text: str) -> None:
        """Look for one thing more.

        Raises:
            ExpressionError: no words, or too many expressions.
        """
        with self._lock:
            known = self.work.expressions
            (new,) = check_expressions([text])
            if new in known:
                raise ConfigError(f"'{new}' is looked for already.")
            self.limits.check_expressions(len(known) + 1)
            self._step(lambda: self._history.put(self.work.with_expressions((*known, new))))
            self.chosen = len(known)

    def drop(self, number: int) -> None:
        """Look for one thing less."""
        with self._lock:
            left = tuple(t for n, t in enumerate(self.work.expressions) if n != number)
            self._step(lambda: self._history.put(self.work.with_expressions(left)))

    def _step(self, step: Callable[[], None]) -> None:
        """Do something that may change the expressions; the chosen one stays chosen."""
        with self._lock:
            self._check_idle()
            known = self.work.expressions
            step()
            self.chosen = still_chosen(self.chosen, known, self.work.expressions)

    # --- one frame ----------------------------------------------------------------------

    def shown(self, index: int) -> FramePrediction | None:
        """The answer for a frame with what is hand-made, if no model has to be asked."""
        work = self.work
        before = self._before_hand(work, index)
        if before is None:
            return None
        return shown_with(before, work.made_on(index), self.exclusive)

    def look(self, index: int) -> FramePrediction | None:
        """The answer for a frame; None where nothing is looked for.

        Raises:
            SourceError: there is no such frame.
            ModelError: the models cannot be loaded.
        """
        work = self.work
        if not work.expressions:
            return None
        if (known := self.shown(index)) is not None:
            return known
        found = self._asked().prediction(work.expressions, self.frame(index))
        return shown_with(found, work.made_on(index), self.exclusive)

    def prepare(self, index: int) -> None:
        """Encode a frame that is shown, so that its first answer comes sooner."""
        if not self.busy:
            frame = self.frame(index)
            self._asked().prepare(self.work.expressions, frame, lambda: self.current == index)

    def frame(self, index: int) -> Frame:
        """A frame of the clip. Raises SourceError."""
        return self.opened().frame(index)

    def alternatives(self, index: int) -> tuple[tuple[Alternative, ...], ...]:
        """For each expression other things that it may mean on a frame, best first."""
        prediction = self.look(index)
        if prediction is None:
            return ()
        return self._asked().alternatives(self.work.expressions, self.frame(index), prediction)

    def click(self, index: int, query: int, x: float, y: float, positive: bool) -> None:
        """Say that a place of a frame is on the target, or beside it.

        Args:
            index: of the frame.
            query: number of the expression.
            x: pixels from the left.
            y: pixels from the top.
            positive: it is on the target.

        Raises:
            CorrectionError: nothing is found there, or it contradicts what was said before.
        """
        made = self.work.pending.get((index, query))
        points = () if made is None else made.points
        box = None if made is None else made.box
        self._say(Correction(index, query, points=[*points, (x, y, positive)], box=box))

    def box(self, index: int, query: int, box: Box) -> None:
        """Say that the target fills a box (x, y, width, height); clicks are forgotten."""
        self._say(Correction(index, query, box=box))

    def take(self, index: int, query: int, place: int) -> None:
        """Take an alternative: "no, the other one".

        Raises:
            CorrectionError: it is not there any more.
        """
        others = self.alternatives(index)
        if not (query < len(others) and place < len(others[query])):
            raise CorrectionError("That alternative is gone; look at the frame again.")
        self._say(Correction(index, query, mask=others[query][place].mask))

    def absent(self, index: int, query: int) -> None:
        """Say that the target is not in a frame."""
        self._say(Correction(index, query, absent=True))

    def as_found(self, index: int, query: int) -> None:
        """Forget what was said of a frame and has not been carried on."""
        with self._lock:
            self._check_idle()
            if (index, query) in self.work.pending:
                self._history.put(self.work.with_pending((index, query), None))

    def _say(self, said: Correction) -> None:
        with self._lock:
            self._check_idle()
            work = self.work
            frame = self.frame(said.frame)
            self.look(said.frame)
            before = self._before_hand(work, said.frame)
            number = said.number(work.expressions)
            if before is None:
                raise CorrectionError("Say first what to look for.")
            made = self._asked().hand_made(work.expressions, frame, said, before)
            self._history.put(work.with_pending((said.frame, number), made))

    def _before_hand(self, work: Work, index: int) -> FramePrediction | None:
        """The answer without what is hand-made and has not been carried on."""
        if index in work.frames:
            return work.frames[index].prediction(work.expressions)
        return self._asked().known(work.expressions, index)

    def _asked(self) -> FrameAnswers:
        if self.settings not in self._answers:
            self._answers[self.settings] = FrameAnswers(self.engine, self.settings)
        return self._answers[self.settings]

    # --- the whole clip -----------------------------------------------------------------

    def run(self, options: RunOptions) -> Job:
        """Look for everything in the clip; hand-made masks are carried on at the end.

        A run that was cancelled goes on where it stopped, if nothing has changed since.

        Raises:
            ConfigError: nothing to look for, no such frames, or something is under way.
        """
        with self._lock:
            self._check_idle()
            clip, work = self.opened(), self.work
            if not work.expressions:
                raise ConfigError("Say first what to look for.")
            indices = clip.indices(options.start, options.end, options.stride)
            new = Work(work.expressions, options, pending=work.all_pending(indices))
            if not (work.complete or work.steps):
                again = replace(new, frames=dict(work.frames))
                new = again if self.paused and self.paused.goes_on(again) else new
            self._history.put(new)
            return self._start(
                Job(lambda job: run_clip(self, job, indices), "Looking", len(indices))
            )

    def propagate(self) -> Job:
        """Carry hand-made masks to the frames around them.

        Raises:
            ConfigError: there is nothing to carry, or something is under way.
        """
        with self._lock:
            self._check_idle()
            if not self.work.frames:
                raise ConfigError("Run the clip first; then corrections reach other frames.")
            if not self.work.pending:
                raise ConfigError("Nothing is corrected that the other frames do not know yet.")
            return self._start(Job(lambda job: propagate(self, job), "Carrying on"))

    def cancel(self) -> None:
        """Stop what is under way; what is done stays."""
        if self.job is not None:
            self.job.cancel()

    def undo(self) -> None:
        """Back to before the last step."""
        self._step(lambda: self._history.undo())

    def redo(self) -> None:
        """Forward again."""
        self._step(lambda: self._history.redo())

    def weakest(self, query: int, after: int | None = None) -> int | None:
        """The frame on which an expression is least sure; the next one where that is shown."""
        return weakest_frame(self.work, query, after)

    def download(self, name: str, soft: bool = False) -> Path:
        """A file of what has been made; see :func:`car_video.page.downloads.download`."""
        self._check_idle()
        return download(self.folder, self.opened(), self.work, self.model_name, name, soft)

    def save(self) -> Path:
        """The whole work as a project, which :meth:`open` takes again. Raises OutputError."""
        self._check_idle()
        return save(self.folder, self.opened(), self.work, self.model_name)

    def commands(self) -> list[str]:
        """The lines for a shell that do the same."""
        return commands(self.work, self.engine, self.opened().path.name)

    def settle(self, work: Work) -> None:
        """Another version of the work as a part of the step that is under way."""
        with self._lock:
            self._history.settle(work)

    def put(self, work: Work) -> None:
        """Another version of the work, which can be undone."""
        with self._lock:
            self._history.put(work)

    def image_segmenter(self, work: Work) -> ImageSegmenter:
        """The image algorithm for a version of the work; to be called in a turn."""
        return self._asked().segmenter(work.expressions)

    def _start(self, job: Job) -> Job:
        self.job = job
        return job.start()

    def _check_idle(self) -> None:
        if self.busy:
            raise BusyError("Wait until it is done, or cancel it.")
