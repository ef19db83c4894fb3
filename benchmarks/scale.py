"""A plan for much video on many workers, simulated: ``python -m benchmarks.scale``.

    python -m benchmarks.scale [--hours 10000] [--video 1.0] [--workers 500]
        [--speed 1.0] [--fps 24] [--scene 5] [--least 64] [--life 24] [--restart 60]

Videos have random lengths around ``--video`` hours, scenes around ``--scene`` seconds. A worker
segments ``--speed`` frames per second (``car-video bench``), lives ``--life`` hours on average
and is replaced after ``--restart`` seconds, in which the model is loaded. Prints how long it
takes when a task is a whole video, and when it is scenes of a video, ``--least`` frames; how
much work is done twice because a worker has died; and how long workers have no task at the end.
"""

from __future__ import annotations

import argparse
import heapq
import random
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

SAVED = 20.0  # seconds of work of a whole video that a dead worker has not saved, at most
HOUR = 3600.0


@dataclass(frozen=True)
class Plan:
    """What a simulation has given, in seconds.

    Attributes:
        wall: from begin to end.
        lost: of work that was done twice, all workers together.
        idle: of workers without a task, before the end.
    """

    wall: float
    lost: float
    idle: float


def simulate(
    tasks: Iterable[float],
    workers: int,
    life: float,
    restart: float,
    saved: float = float("inf"),
    seed: int = 0,
) -> Plan:
    """Workers take tasks in order; the task of a dead one is next.

    Args:
        tasks: seconds of work each.
        workers: how many.
        life: seconds that a worker lives, on average.
        restart: seconds until it is replaced.
        saved: seconds of work that a dead worker loses of its task at most.
    """
    rng = random.Random(seed)
    waiting, again = deque(tasks), deque[float]()
    free = [(0.0, number) for number in range(workers)]
    death = [rng.expovariate(1 / life) for _ in range(workers)]
    ends, lost = [0.0] * workers, 0.0
    while waiting or again:
        now, number = heapq.heappop(free)
        work = again.popleft() if again else waiting.popleft()
        if now + work <= death[number]:
            ends[number] = now + work
            heapq.heappush(free, (now + work, number))
            continue
        died = max(now, death[number])
        gone = min(died - now, saved)
        lost += gone
        again.append(work - (died - now - gone))
        heapq.heappush(free, (died + restart, number))
        death[number] = died + restart + rng.expovariate(1 / life)
    wall = max(ends)
    return Plan(wall, lost, sum(wall - end for end in ends))


def lengths(total: float, mean: float, rng: random.Random) -> list[float]:
    """Random parts of a whole; most are shorter than their mean, some much longer."""
    found, left = [], total
    while left > 0:
        found.append(min(left, rng.lognormvariate(0.0, 1.0) * mean / 1.6487))  # exp(1/2)
        left -= found[-1]
    return found


def parts(video: float, scene: float, least: float, rng: random.Random) -> list[float]:
    """Scenes of a video that stay together until there are enough of them."""
    found = [0.0]
    for length in lengths(video, scene, rng):
        if found[-1] >= least:
            found.append(0.0)
        found[-1] += length
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--hours", type=float, default=10_000.0, help="of video")
    parser.add_argument("--video", type=float, default=1.0, help="hours of a video, mean")
    parser.add_argument("--workers", type=int, default=500)
    parser.add_argument("--speed", type=float, default=1.0, help="frames/s of a worker")
    parser.add_argument("--fps", type=float, default=24.0)
    parser.add_argument("--scene", type=float, default=5.0, help="seconds of a scene, mean")
    parser.add_argument("--least", type=int, default=64, help="frames of a task, scenes.LEAST")
    parser.add_argument("--life", type=float, default=24.0, help="hours of a worker, mean")
    parser.add_argument("--restart", type=float, default=60.0, help="seconds")
    options = parser.parse_args()
    rng = random.Random(1)
    cost = options.fps / options.speed  # seconds of work per second of video
    videos = lengths(options.hours * HOUR, options.video * HOUR, rng)
    least = options.least / options.fps
    scenes = [p for video in videos for p in parts(video, options.scene, least, rng)]
    print(f"{len(videos)} videos, {options.hours * cost:.0f} hours of work")
    print("| a task is | tasks | longest, hours of work | hours in all | done twice | idle |")
    print("|---|---|---|---|---|---|")
    for name, durations, saved in (
        ("a video", videos, SAVED),
        ("scenes", scenes, float("inf")),
    ):
        work = [cost * duration for duration in durations]
        plan = simulate(work, options.workers, options.life * HOUR, options.restart, saved)
        held = options.workers * plan.wall
        print(
            f"| {name} | {len(work)} | {max(work) / HOUR:.2f} | {plan.wall / HOUR:.1f} "
            f"| {plan.lost / sum(work):.2%} | {plan.idle / held:.1%} |"
        )


if __name__ == "__main__":
    main()
