"""Several sources on a Ray cluster: one worker does all of a source."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial

from car_video.cli.display import Display, Report
from car_video.cli.request import Plan
from car_video.cli.run import Ending, execute
from car_video.cli.sharded_run import enter, told_lost
from car_video.cluster import Cluster, run_on_cluster
from car_video.errors import ModelError


@dataclass(frozen=True)
class Finished:
    """What became of a source.

    Attributes:
        ending: of its run.
        report: what there is to say of it.
    """

    ending: Ending
    report: Report | None


class _Silent(Display):
    """Keeps the summary, to be shown where the command was given."""

    def __init__(self) -> None:
        super().__init__(quiet=True)
        self.report: Report | None = None

    def summary(self, report: Report) -> None:
        self.report = report


class SourceWorker:
    """Does runs, one after the other; the model is loaded with the first one.

    Args:
        folder: that names in plans are relative to.

    Raises:
        SourceError: the folder is not there.
    """

    def __init__(self, folder: str) -> None:
        enter(folder)

    def __call__(self, plan: Plan) -> Finished:
        """Do a run. Raises CarVideoError."""
        display = _Silent()
        ending = execute(plan, display)
        return Finished(ending, display.report)


def execute_on_cluster(plans: Sequence[Plan], display: Display) -> tuple[int, list[str]]:
    """All runs of a batch, on as many workers as the cluster has.

    Returns:
        How many are done; sources of those that failed, in the order of the batch.

    Raises:
        ModelError: the model cannot be loaded, so that no run can be done.
    """
    request = plans[0].request
    local = [replace(plan, request=replace(plan.request, engine="local")) for plan in plans]
    done, lost, failed = 0, list[Plan](), set[str]()

    def go_on(plan: Plan) -> Plan:
        """A run whose worker has died goes on, where nothing of an older one is in its way."""
        lost.append(plan)
        resume = not plan.request.overwrite
        return replace(plan, request=replace(plan.request, resume=resume))

    make = partial(SourceWorker, os.getcwd())
    cluster = Cluster(request.workers, request.device)
    with closing(run_on_cluster(make, local, cluster, go_on)) as results:
        for number, (plan, result) in enumerate(results, 1):
            source = plan.request.source
            if isinstance(result, Finished):
                display.heading(f"{source} ({number} of {len(plans)})")
                done += 1
                if result.report is not None:
                    display.summary(result.report)
                continue
            if isinstance(result, ModelError) and not done:
                raise result  # it would fail for all
            failed.add(source)
            line = str(result)
            display.error(line if line.startswith(source) else f"{source}: {line}")
    for notice in told_lost(len(lost)):
        display.notice(notice)
    return done, [plan.request.source for plan in plans if plan.request.source in failed]
