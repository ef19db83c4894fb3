"""Corrections of a run that is done: from a file, or files that the user has edited."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from car_video.errors import ConfigError

if TYPE_CHECKING:
    from car_video.cli.display import Display
    from car_video.cli.request import Plan
    from car_video.corrections import Correction
    from car_video.io.writers import OutputFolder
    from car_video.types import FramePrediction
    from car_video.video.segmenter import VideoSegmenter


def check_fit(plan: Plan) -> None:
    """See that the corrections of a plan fit its source, before a model is loaded.

    Raises:
        CorrectionError: a frame that the run does not have, or a place outside of it.
        ConfigError: the source cannot be read again.
        SourceError: it cannot be read.
    """
    if not plan.corrections:
        return
    from car_video.corrections import check_frame
    from car_video.io.readers import RandomAccessReader, Selection
    from car_video.io.readers.selection import indices_of
    from car_video.io.readers.sources import parse_source

    request = plan.request
    if parse_source(request.source).kind != "path":
        raise ConfigError("--corrections needs a file or folder, which can be read again")
    wanted = Selection(request.start, request.end, request.stride, request.max_frames)
    decoder: Any = request.decoder
    with RandomAccessReader(request.source, decoder=decoder) as reader:
        indices = indices_of(wanted, reader.times.tolist())
        for one in plan.corrections:
            check_frame(one, indices)
            frame = reader[one.frame]
            one.check_size(frame.height, frame.width)


def passes_of(plan: Plan) -> list[Plan]:
    """The plan in the steps that it takes.

    Corrections need a run that is done. Where there is none yet it is made first, without any
    output but its journal; then it is gone on with.
    """
    if not plan.corrections:
        return [plan]
    from car_video.io.writers.folder_choice import JOURNAL
    from car_video.io.writers.run_record import RECORD

    request = plan.request
    done = (plan.out / RECORD).exists() and not (plan.out / JOURNAL).exists()
    correct = replace(
        plan, request=replace(request, resume=True, overwrite=False, engine="local")
    )
    if request.resume and done:
        return [correct]
    return [replace(plan, corrections=(), targets=(), exports=()), correct]


def correct_run(
    plan: Plan, segmenter: VideoSegmenter, folder: OutputFolder, display: Display
) -> list[str]:
    """Correct the frames of a run that is done, before its outputs are made anew.

    Args:
        plan: with corrections, or none: then edited files count.
        segmenter: whose models are used; what it remembers stays as it is.
        folder: of the run; it takes all that changes, or nothing.
        display: says what goes on.

    Returns:
        Remarks for the end, one line each.

    Raises:
        CorrectionError: a correction that does not fit the run.
        SourceError: the source cannot be read.
        OutputError: the disk does not take it, or an edit does not fit its frame.
    """
    edits = _edits(plan, segmenter, folder)
    given = [*plan.corrections, *_as_corrections(edits, plan, folder)]
    if not given:
        return []
    from car_video.io.readers import RandomAccessReader
    from car_video.io.readers.messages import counted
    from car_video.video.correction.clip import correct_clip
    from car_video.video.correction.corrector import Corrector

    numbers = [(one.frame, one.number(folder.info.expressions)) for one in given]
    computed: set[int] = set()
    display.note(f"correcting {counted(len({one.frame for one in given}), 'frame')} ...")
    decoder: Any = plan.request.decoder
    with RandomAccessReader(plan.request.source, decoder=decoder) as reader:
        changed = folder.take_corrections(
            correct_clip(
                Corrector(segmenter.image, segmenter.video),
                reader.__getitem__,
                folder.done,
                given,
                folder.corrected,
                computed.add,
                Originals(folder, edits),
            ),
            numbers,
        )
    by_hand = {frame for frame, _ in numbers}
    others = counted(len(set(changed) - by_hand), "other frame")
    seen = counted(len(computed), "frame")
    said = []
    if edits:
        said.append(f"{counted(len({frame for frame, _ in edits}), 'frame')} edited by hand")
    if plan.corrections:
        said.append(counted(len(plan.corrections), "correction"))
    return [f"{' and '.join(said)} taken in; {others} changed, {seen} computed again"]


class Originals(Mapping[int, "FramePrediction"]):
    """What edited frames were before, read when asked for.

    Args:
        folder: of the run.
        edits: frame and expression of the edited masks.
    """

    def __init__(self, folder: OutputFolder, edits: Sequence[tuple[int, int]]) -> None:
        self._folder = folder
        self._frames = {frame for frame, _ in edits}

    def __getitem__(self, index: int) -> FramePrediction:
        if index not in self._frames:
            raise KeyError(index)
        return self._folder.before_edit(index)

    def __iter__(self) -> Iterator[int]:
        return iter(sorted(self._frames))

    def __len__(self) -> int:
        return len(self._frames)


def _edits(
    plan: Plan, segmenter: VideoSegmenter, folder: OutputFolder
) -> Sequence[tuple[int, int]]:
    """Frame and expression of the masks that the user has edited in a run that is done."""
    if not (plan.request.resume and folder.was_complete):
        return ()
    if segmenter.video.mode == "per-frame":
        return ()  # an edit holds for its frame alone, and the outputs take it over
    return folder.edited()


def _as_corrections(
    edits: Sequence[tuple[int, int]], plan: Plan, folder: OutputFolder
) -> list[Correction]:
    """Edited masks as corrections, but for those that the file of corrections speaks of."""
    from car_video.corrections import Correction

    spoken = {(one.frame, one.number(plan.expressions)) for one in plan.corrections}
    return [
        Correction(frame, number, mask=folder.done[frame].masks[number])
        for frame, number in edits
        if (frame, number) not in spoken
    ]
