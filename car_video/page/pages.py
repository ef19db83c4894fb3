"""``Pages``: what happens when a person does something, as replies for the browser."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Concatenate, ParamSpec

from car_video.corrections import Box
from car_video.errors import CarVideoError, SourceError
from car_video.io.readers.folders import IMAGE_SUFFIXES
from car_video.page.job import Job
from car_video.page.session import Session
from car_video.page.sessions import Sessions
from car_video.page.views import View, download_html, message_html, view_of
from car_video.page.words import sentence
from car_video.page.work import RunOptions

_LOG = logging.getLogger(__name__)
UNEXPECTED = "Something went wrong in the page itself; the terminal says what. Nothing is lost."


@dataclass(frozen=True)
class Reply:
    """One answer to the browser; an action may have several, one after the other.

    Attributes:
        view: what the page shows from now on.
        message: HTML of a line for people.
        download: HTML of a link to a file; empty keeps the page's.
        opened: there is another source, so that none need be asked for.
        typed: words that were taken out of the field for them.
    """

    view: View
    message: str = ""
    download: str = ""
    opened: bool = False
    typed: str = ""


Replies = Iterator[Reply]
Rest = ParamSpec("Rest")
Action = Callable[Concatenate["Pages", Session, Rest], Replies]


def _in_words(action: Action[Rest]) -> Action[Rest]:
    """Errors of an action become its last reply."""

    @wraps(action)
    def guarded(
        pages: Pages, session: Session, *given: Rest.args, **named: Rest.kwargs
    ) -> Replies:
        try:
            yield from action(pages, session, *given, **named)
        except CarVideoError as error:
            yield Reply(view_of(session), message_html(sentence(error), "error"))
        except Exception:
            _LOG.exception("the page")
            yield Reply(view_of(session), message_html(UNEXPECTED, "error"))

    return guarded


class Pages:
    """The actions of all open pages.

    Args:
        sessions: of the pages.
        example: the clip that comes with car-video; None where it is not there.
    """

    def __init__(self, sessions: Sessions, example: Path | None = None) -> None:
        self.sessions, self.example_clip = sessions, example

    @_in_words
    def open(self, session: Session, files: Sequence[str]) -> Replies:
        """Open what was uploaded."""
        yield Reply(view_of(session), message_html("Opening …", "working"))
        given = [self._uploaded(file) for file in files]
        try:
            session.open(given)
        finally:  # what was not taken
            for path in given:
                path.unlink(missing_ok=True)
        yield Reply(view_of(session), opened=True)
        yield from self._look(session)

    @_in_words
    def open_folder(self, session: Session, files: Sequence[str]) -> Replies:
        """Open the pictures of a folder; what else lies there is left alone."""
        pictures = [file for file in files if Path(file).suffix.lower() in IMAGE_SUFFIXES]
        for file in set(files) - set(pictures):
            self._uploaded(file).unlink(missing_ok=True)
        if not pictures:
            raise SourceError("There is no picture in that folder. Give a video by itself.")
        yield from self.open(session, pictures)

    def _uploaded(self, file: str) -> Path:
        """A file that a browser has sent; opening moves it, so it must be no other.

        Raises:
            SourceError: it lies elsewhere.
        """
        path = Path(file).resolve()
        if not path.is_relative_to(self.sessions.uploads.resolve()):
            raise SourceError("That file was not uploaded on this page.")
        return path

    @_in_words
    def example(self, session: Session) -> Replies:
        """Open the clip that comes with car-video."""
        assert self.example_clip is not None
        session.open_copy(self.example_clip)
        yield Reply(view_of(session), opened=True)
        yield from self._look(session)

    @_in_words
    def add(self, session: Session, text: str) -> Replies:
        """Look for one thing more."""
        session.add(text)
        yield Reply(view_of(session), message_html("Looking …", "working"), typed=text)
        yield from self._look(session)

    @_in_words
    def drop(self, session: Session, number: int, text: str) -> Replies:
        """Look for one thing less, unless it is gone already: a button was pressed twice."""
        if session.work.expressions[number : number + 1] == (text,):
            session.drop(number)
        yield from self._look(session)

    @_in_words
    def choose(self, session: Session, number: int) -> Replies:
        """Another expression is what clicks are about."""
        session.chosen = number
        yield from self._look(session)

    @_in_words
    def seek(self, session: Session, frame: int, number: int = -1) -> Replies:
        """Show another frame, and choose an expression where its row was clicked."""
        _go(session, frame)
        if number >= 0:
            session.chosen = number
        yield from self._look(session)

    @_in_words
    def point(
        self, session: Session, x: float, y: float, positive: bool, frame: int
    ) -> Replies:
        """A click on a frame, which is shown again if another one was asked for meanwhile."""
        _go(session, frame)
        yield Reply(view_of(session), message_html("One moment …", "working"))
        session.click(session.current, session.chosen, x, y, positive)
        yield from self._look(session)

    @_in_words
    def box(self, session: Session, box: Box, frame: int) -> Replies:
        """A box (x, y, width, height) on a frame, as :meth:`point`."""
        _go(session, frame)
        yield Reply(view_of(session), message_html("One moment …", "working"))
        session.box(session.current, session.chosen, box)
        yield from self._look(session)

    @_in_words
    def take(self, session: Session, place: int) -> Replies:
        """An alternative is the right one."""
        session.take(session.current, session.chosen, place)
        yield from self._look(session)

    @_in_words
    def absent(self, session: Session) -> Replies:
        """The target is not in this frame."""
        session.absent(session.current, session.chosen)
        yield from self._look(session)

    @_in_words
    def forget(self, session: Session) -> Replies:
        """Take back what was said of this frame."""
        session.as_found(session.current, session.chosen)
        yield from self._look(session)

    @_in_words
    def undo(self, session: Session) -> Replies:
        """Back to before the last step."""
        session.undo()
        yield from self._look(session)

    @_in_words
    def redo(self, session: Session) -> Replies:
        """Forward again."""
        session.redo()
        yield from self._look(session)

    @_in_words
    def weakest(self, session: Session) -> Replies:
        """Show the frame on which the chosen expression is least sure."""
        frame = session.weakest(session.chosen, session.current)
        if frame is None:
            yield Reply(view_of(session), message_html("Run the clip first."))
            return
        session.current = frame
        yield from self._look(session)

    @_in_words
    def run(
        self,
        session: Session,
        preset: str,
        start: float | None,
        end: float | None,
        stride: float | None,
        assume_present: bool = False,
    ) -> Replies:
        """Look for everything in the whole clip."""
        frames = start or None, end or None, int(stride or 1)
        options = RunOptions(preset, *frames, assume_present)
        yield from self._watch(session, session.run(options))

    @_in_words
    def carry(self, session: Session) -> Replies:
        """Carry corrections to the frames around them."""
        yield from self._watch(session, session.propagate(), follow=False)

    @_in_words
    def cancel(self, session: Session) -> Replies:
        """Stop what is under way."""
        session.cancel()
        yield Reply(view_of(session), message_html("Stopping after this frame …", "working"))

    @_in_words
    def download(self, session: Session, name: str, soft: bool) -> Replies:
        """Make a file of what was found."""
        yield Reply(view_of(session), message_html("Making the file …", "working"))
        yield self._offered(session, session.download(name, soft))

    @_in_words
    def save(self, session: Session) -> Replies:
        """Make a project of everything."""
        yield self._offered(session, session.save())

    def _offered(self, session: Session, file: Path) -> Reply:
        token = self.sessions.offer(session, file)
        link = download_html(token, file.name, file.stat().st_size)
        return Reply(view_of(session), message_html(f"{file.name} is ready."), link)

    def _watch(self, session: Session, job: Job, follow: bool = True) -> Replies:
        before = session.current
        yield Reply(view_of(session), message_html("Starting …", "working"))
        for progress in job.watch():
            if follow and progress.index is not None:
                session.current = progress.index
            yield Reply(view_of(session), message_html(progress.sentence(), "working"))
        if follow and not job.cancelled:
            session.current = before
        said = "Cancelled; what is done stays." if job.cancelled else job.message
        yield from self._look(session, said)

    def _look(self, session: Session, said: str = "") -> Replies:
        """The frame with its masks as soon as they are there, then with alternatives."""
        index, work = session.current, session.work
        if not work.expressions:
            hint = "Type what to look for, in English: the dog, the woman in red, …"
            yield Reply(view_of(session), message_html(said or hint))
            session.prepare(index)
            return
        if session.shown(index) is None:
            loaded = session.engine.loaded
            what = "Looking …" if loaded else "Loading the model, once; then it is quick …"
            yield Reply(view_of(session), message_html(what, "working"))
        prediction = session.look(index)
        if session.current != index or session.work is not work:
            return  # another answer is on its way
        yield Reply(view_of(session, prediction), message_html(said))
        if session.busy:
            return
        others = session.alternatives(index)
        if session.current == index and session.work is work and not session.busy:
            yield Reply(view_of(session, prediction, others), message_html(said))


def _go(session: Session, frame: int) -> None:
    """Show a frame, or the nearest that there is: a picture of another clip may still stand in
    the browser."""
    session.current = max(0, min(int(frame), len(session.opened()) - 1))
