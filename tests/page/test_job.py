"""Work beside the page, and taking turns."""

from __future__ import annotations

import threading
import time

import pytest

from car_video.page.job import Job, Progress
from car_video.page.turns import Turns


def test_a_job_says_how_far_it_is_and_what_came_of_it():
    def work(job: Job) -> str:
        job.begin("Looking", 3)
        for index in range(3):
            job.tick(index)
        return "all seen"

    job = Job(work, "Starting")
    job.start().wait(5)
    assert (job.message, job.running, job.cancelled) == ("all seen", False, False)
    assert list(job.watch()) == []


def test_a_cancelled_job_stops_before_the_next_frame():
    begun, seen = threading.Event(), []

    def work(job: Job) -> str:
        for index in range(1000):
            seen.append(index)
            begun.set()
            time.sleep(0.001)
            job.tick(index)
        return "never"

    job = Job(work, "Looking", 1000).start()
    assert begun.wait(5)
    job.cancel()
    job.wait(5)
    assert job.cancelled
    assert not job.message
    assert len(seen) < 1000


def test_what_goes_wrong_reaches_whoever_watches():
    def work(job: Job) -> str:
        raise RuntimeError("no disk")

    job = Job(work, "Looking").start()
    job.wait(5)
    with pytest.raises(RuntimeError, match="no disk"):
        list(job.watch())


def test_watching_shows_progress():
    go = threading.Event()

    def work(job: Job) -> str:
        job.tick(7)
        assert go.wait(5)
        return "done"

    seen = []
    for progress in Job(work, "Looking", 2).start().watch(every=0):
        seen.append(progress)
        if progress.index == 7:
            go.set()
    assert (seen[-1].done, seen[-1].total, seen[-1].index) == (1, 2, 7)


@pytest.mark.parametrize(
    ("progress", "text"),
    [
        (Progress("Looking"), "Looking …"),
        (Progress("Looking", total=9), "Looking … 0 of 9 frames"),
        (
            Progress("Looking", 3, 9, 2, 0.5),
            "Looking … 3 of 9 frames, 0.5 a second, about 10 s left",
        ),
        (Progress("Looking", 9, 9, 8, 0.5), "Looking … 9 of 9 frames"),
        (Progress("Carrying on", 4), "Carrying on … 4 frames"),
    ],
)
def test_progress_in_words(progress, text):
    assert progress.sentence() == text


def test_turns_go_in_the_order_in_which_they_were_asked_for():
    turns, order, threads = Turns(), [], []
    turns.acquire()
    for number in range(5):

        def work(number: int = number) -> None:
            with turns.turn():
                order.append(number)

        threads.append(threading.Thread(target=work))
        threads[-1].start()
        while len(turns._waiting) <= number:
            time.sleep(0.001)
    turns.give_way()
    assert order == [0, 1, 2, 3, 4]
    turns.release()
    for thread in threads:
        thread.join(5)
