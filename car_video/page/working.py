"""The long work of a session, frame by frame: a run, and corrections that are carried on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from car_video.errors import SourceError
from car_video.io.readers.messages import counted
from car_video.page.job import Job
from car_video.page.work import RunSettings, StoredFrame, StoredPredictions, Work
from car_video.types import Frame
from car_video.video.correction.clip import correct_clip

if TYPE_CHECKING:
    from car_video.page.clip import Clip
    from car_video.page.engine import Engine
    from car_video.segment.segmenter import ImageSegmenter
    from car_video.video.segmenter import VideoSegmenter


@dataclass(frozen=True)
class Paused:
    """A run that was cancelled and can go on.

    Attributes:
        segmenter: with its memory.
        work: of the run, as it was.
        place: of the next frame, among those of the run.
    """

    segmenter: VideoSegmenter
    work: Work
    place: int

    def goes_on(self, work: Work) -> bool:
        """Whether a version of the work is of the same run, at the same frame."""
        same = self.work.expressions == work.expressions and self.work.options == work.options
        return same and list(self.work.frames) == list(work.frames)


class Worker(Protocol):
    """What the work needs of a session; see :class:`~car_video.page.session.Session`."""

    engine: Engine
    paused: Paused | None

    @property
    def work(self) -> Work: ...
    @property
    def settings(self) -> RunSettings: ...
    def opened(self) -> Clip: ...
    def image_segmenter(self, work: Work) -> ImageSegmenter: ...
    def settle(self, work: Work) -> None: ...
    def put(self, work: Work) -> None: ...


def run_clip(session: Worker, job: Job, indices: list[int]) -> str:
    """Look for everything on these frames, then carry hand-made masks on.

    Args:
        session: its work has the frames that are there already.
        job: is told of every frame.
        indices: of all frames of the run.

    Returns:
        What to say at the end.
    """
    work, clip, engine = session.work, session.opened(), session.engine
    assert work.options is not None
    paused, session.paused = session.paused, None
    first = 0
    if paused is not None and paused.goes_on(work):
        segmenter, first = paused.segmenter, paused.place
    else:
        with engine.turns.turn():
            segmenter = engine.video_segmenter(
                work.expressions, work.options.settings, clip.single
            )
    skipped = 0
    job.begin("Looking", len(indices), first)
    for place, index in enumerate(indices[first:], first):
        session.paused = Paused(segmenter, work, place)
        job.check()
        try:
            frame = clip.frame(index)
        except SourceError:  # damaged; a reader in order skips it as well
            skipped += 1
            continue
        with engine.turns.turn():
            prediction = segmenter.step(frame)
            session.paused = Paused(segmenter, work, place + 1)
        work.frames[index] = StoredFrame.of(prediction, frame.name)
        job.tick(index)
    session.paused = None
    if not work.frames:
        raise SourceError(f"{clip.path.name}: no frame of it can be decoded.")
    work = replace(work, complete=True)
    session.settle(work)
    said = f"Done: {counted(len(work.frames), 'frame')}."
    if skipped:
        said += f" {counted(skipped, 'damaged frame')} left out."
    if work.pending:
        carried, changed = _carry(session, job, work)
        session.settle(carried)
        said += f" {_told(work, changed)}"
    return said


def propagate(session: Worker, job: Job) -> str:
    """Carry hand-made masks to the frames around them.

    Args:
        session: its work has the frames and what is hand-made.
        job: is told of every frame that is computed.

    Returns:
        What to say at the end.
    """
    work = session.work
    carried, changed = _carry(session, job, work)
    session.put(carried)
    return _told(work, changed)


def _carry(session: Worker, job: Job, work: Work) -> tuple[Work, set[int]]:
    """The work with what was pending carried on, and which frames have changed."""
    clip, engine = session.opened(), session.engine
    known = {key: made for key, made in work.pending.items() if key[0] in work.frames}
    corrections = tuple(known[key].correction for key in sorted(known))
    job.begin("Carrying on")

    def told(index: int) -> None:
        job.tick(index)
        engine.turns.give_way()

    def frame_at(index: int) -> Frame:
        job.check()
        return clip.frame(index)

    frames = dict(work.frames)
    with engine.turns.turn():
        image = session.image_segmenter(work)
        corrector = engine.corrector(image, session.settings, clip.single)
        predictions = StoredPredictions(work.frames, work.expressions)
        answers = correct_clip(
            corrector, frame_at, predictions, corrections, work.corrected, told
        )
        for prediction in answers:
            name = work.frames[prediction.index].name
            frames[prediction.index] = StoredFrame.of(prediction, name)
    changed = {index for index, stored in frames.items() if stored is not work.frames[index]}
    rest = {key: made for key, made in work.pending.items() if key not in known}
    steps = (*work.steps, corrections) if corrections else work.steps
    return replace(work, frames=frames, pending=rest, steps=steps), changed


def _told(work: Work, changed: set[int]) -> str:
    by_hand = {frame for frame, _ in work.pending}
    others = counted(len(changed - by_hand), "other frame")
    return f"{counted(len(by_hand), 'frame')} by hand; {others} changed with it."
