"""Tasks that have no record yet, by one process or several."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context

import torch

from benchmarks.generalisation.images import run_picture
from benchmarks.generalisation.plan import Plan, Task, write_json
from benchmarks.generalisation.sharing import SharedFrames
from benchmarks.generalisation.video import run_sequence
from car_video import load_model
from car_video.models.sam.registry import load_mask_model


class Worker:
    """The models of one process; does a plan's tasks one by one."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self._shared: dict[tuple[str, str], SharedFrames] = {}
        self._sequences = {s.name: s for s in plan.sequences()} if "video" in plan.parts else {}
        self._benchmarks = {
            part: plan.benchmark(part) for part in plan.parts if part != "video"
        }
        self._items = {
            part: {item.key: item for item in benchmark.items()}
            for part, benchmark in self._benchmarks.items()
        }

    def do(self, task: Task) -> None:
        """Run one task and write its record."""
        config = self.plan.config(task.part)
        shared = self._models(config.model, config.segment.sam.model)
        if task.part == "video":
            sequence = self._sequences[task.key]
            record = run_sequence(sequence, task.kinds, shared, config).as_json()
        else:
            item = self._items[task.part][task.key]
            record = run_picture(self._benchmarks[task.part], item, shared, config)
        write_json(self.plan.record(task), record)

    def _models(self, model: str, sam: str) -> SharedFrames:
        if (model, sam) not in self._shared:
            loaded = load_model(model)
            mask_model = load_mask_model(sam, loaded.proposer.device)
            self._shared[model, sam] = SharedFrames(loaded, mask_model, sam)
        return self._shared[model, sam]


def work(plan: Plan, jobs: int) -> Iterator[tuple[Task, float]]:
    """Do what has no record yet; gives each task when it is done, with its wall seconds."""
    open_tasks = [task for task in plan.tasks() if not plan.record(task).is_file()]
    jobs = min(jobs, len(open_tasks))
    if jobs < 2:
        worker = Worker(plan) if open_tasks else None
        for task in open_tasks:
            assert worker is not None
            began = time.perf_counter()
            worker.do(task)
            yield task, time.perf_counter() - began
        return
    threads = max(1, torch.get_num_threads() // jobs)
    context = get_context("spawn")
    with ProcessPoolExecutor(jobs, context, _begin, (plan, threads)) as pool:
        longest_first = sorted(open_tasks, key=lambda task: -task.weight)
        running = [pool.submit(_do, task) for task in longest_first]
        try:
            for done in as_completed(running):
                yield done.result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


_worker: Worker | None = None


def _begin(plan: Plan, threads: int) -> None:
    global _worker
    os.environ["OMP_NUM_THREADS"] = str(threads)
    torch.set_num_threads(threads)
    _worker = Worker(plan)


def _do(task: Task) -> tuple[Task, float]:
    assert _worker is not None
    began = time.perf_counter()
    _worker.do(task)
    return task, time.perf_counter() - began
