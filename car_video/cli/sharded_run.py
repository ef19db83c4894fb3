"""One video on many workers: each takes scenes, and the run's journal takes what they find.

What follows is an ordinary run that finds all its frames done (``--resume``), so the files are
made by the code that makes them anywhere.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from car_video.cli.opening import open_reader
from car_video.cli.request import Plan, check_computer
from car_video.cluster import Cluster, run_on_cluster
from car_video.errors import SourceError

if TYPE_CHECKING:
    from car_video.cli.display import Display
    from car_video.io.writers import OutputFolder
    from car_video.video.scheduling.scenes import ScenePart
    from car_video.video.segmenter import VideoSegmenter

Load = Callable[[Plan], "tuple[VideoSegmenter, list[str]]"]
Entry = dict[str, Any]
"""A frame of ``predictions.json``."""


class SceneWorker:
    """Segments parts of the video of a run; the model is loaded with the first one.

    Args:
        plan: of the run.
        load: the segmenter of a plan, and remarks.
        folder: that names in the plan are relative to.

    Raises:
        SourceError: the folder is not there.
    """

    def __init__(self, plan: Plan, load: Load, folder: str) -> None:
        enter(folder)
        check_computer(plan)
        self._plan = plan
        self._segmenter, _ = load(plan)

    def __call__(self, part: ScenePart) -> list[Entry]:
        """Entries of all frames of a part, in order.

        Raises:
            SourceError: the source does not give the frames that it gave before.
        """
        from car_video.io.formats import as_frame_dict
        from car_video.video.stream import StreamSegmenter

        self._segmenter.reset()
        stream = StreamSegmenter(self._segmenter)
        request = replace(
            self._plan.request, start=part.start or None, max_frames=len(part.indices)
        )
        entries = []
        with open_reader(replace(self._plan, request=request)) as reader:
            for frame in reader:
                entries += [as_frame_dict(one, f.name) for f, one in stream.push(frame)]
            entries += [as_frame_dict(one, f.name) for f, one in stream.finish()]
        if tuple(entry["index"] for entry in entries) != part.indices:
            raise SourceError(
                f"{self._plan.request.source}: read from {part.start:g} s on, frames have "
                "other numbers; use --engine local"
            )
        return entries


@dataclass(frozen=True)
class Computed:
    """What workers have done.

    Attributes:
        frames: that were new.
        notices: remarks for the end, one line each.
    """

    frames: int
    notices: tuple[str, ...] = ()


def compute_scenes(plan: Plan, folder: OutputFolder, display: Display, load: Load) -> Computed:
    """Have the frames of a run that are not done computed on the cluster.

    Args:
        plan: of the run.
        folder: of the run; it takes each part as soon as it comes.
        display: shows what is going on.
        load: see :class:`SceneWorker`.

    Raises:
        CarVideoError: bad input, a disk that does not take the results, or every worker that
            had a part has died. What is done is kept.
        KeyboardInterrupt: likewise.
    """
    frames = 0
    lost: list[ScenePart] = []

    def note_lost(part: ScenePart) -> ScenePart:
        lost.append(part)
        return part

    make = partial(SceneWorker, plan, load, os.getcwd())
    cluster = Cluster(plan.request.workers, plan.request.device)
    try:
        with open_reader(plan) as reader, display.progress(reader.expected) as tick:
            parts = _to_do(plan, folder, reader)
            with closing(run_on_cluster(make, parts, cluster, note_lost)) as results:
                for _, result in results:
                    if isinstance(result, Exception):
                        raise result
                    new = folder.take_entries(result)
                    frames += new
                    for _ in range(new):
                        tick()
        folder.reread()
    except BaseException:
        folder.close(complete=False)
        raise
    return Computed(frames, told_lost(len(lost)))


def told_lost(count: int) -> tuple[str, ...]:
    """A remark on workers that have died, if any."""
    from car_video.io.readers.messages import counted

    return (f"{counted(count, 'worker')} lost; others did the work",) if count else ()


def enter(folder: str) -> None:
    """Work in a folder. Raises SourceError where this machine does not have it."""
    try:
        os.chdir(folder)
    except OSError as error:
        raise SourceError(
            f"a worker cannot enter {folder} ({error.strerror}): sources and results must be "
            "where all machines of the cluster see them"
        ) from None


def _to_do(plan: Plan, folder: OutputFolder, frames: Any) -> Iterator[ScenePart]:
    """Parts of which a frame is not done."""
    from car_video.video.scheduling.scenes import LEAST, scene_parts

    for part in scene_parts(frames, plan.config.video, LEAST):
        if not all(index in folder.done for index in part.indices):
            yield part
