"""Work in this process, or in several processes of this machine."""

from __future__ import annotations

import multiprocessing
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool

from ..benchmarks.base import Item
from .job import Job, Outcome

_job: Job | None = None


def run_local(job: Job, items: Sequence[Item], workers: int) -> Iterator[Outcome]:
    """Outcomes in order of completion, with ``workers`` processes (1: this one).

    When a process dies, every item that was under way is tried again alone, so that only the
    item that kills its process fails.
    """
    if workers <= 1:
        for item in items:
            yield job(item)
        return
    unfinished: list[Item] = []
    queue = list(items)
    while queue:
        queue = yield from _run_pool(job, queue, workers, unfinished)
    for item in unfinished:
        lost: list[Item] = []
        yield from _run_pool(job, [item], 1, lost)
        if lost:
            yield _died(item)


def _run_pool(
    job: Job, items: Sequence[Item], workers: int, unfinished: list[Item]
) -> Generator[Outcome, None, list[Item]]:
    """Work until done or until a process dies; adds to ``unfinished`` what was under way then.

    Returns:
        items not begun (the generator's return value).
    """
    queue = list(items)
    running: dict[Future[Outcome], Item] = {}
    pool = ProcessPoolExecutor(
        workers,
        mp_context=_context(),
        initializer=_initialise,
        initargs=(job,),
    )
    try:
        while queue or running:
            while queue and len(running) < workers:
                item = queue[0]
                running[pool.submit(_work, item)] = item
                queue.pop(0)
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                outcome = future.result()
                del running[future]
                yield outcome
    except BrokenProcessPool:
        unfinished.extend(running.values())
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
    return queue


def _context() -> multiprocessing.context.BaseContext:
    """Workers that inherit nothing from this process (which may hold a model on a GPU), but do
    not import torch anew each, where the system can do that."""
    if "forkserver" not in multiprocessing.get_all_start_methods():  # Windows
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["car_video"])
    return context


def _initialise(job: Job) -> None:
    global _job
    _job = job


def _work(item: Item) -> Outcome:
    assert _job is not None
    return _job(item)


def _died(item: Item) -> Outcome:
    return Outcome(
        item.key, None, "the worker process died (out of memory?); try fewer --workers"
    )
