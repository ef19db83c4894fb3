"""The table that a change of the choice of objects is judged by.

    python -m benchmarks.generalisation --data ../shared/data --out OUT           # hours
    python -m benchmarks.generalisation --data ../shared/data --out OUT --thin    # daily
    python -m benchmarks.generalisation --compare BEFORE AFTER

``--thin``: every 8th frame (``--step 4``: every 4th), one kind of sentence per sequence (each
kind for a quarter of them; absent sentences all), every 4th picture of coco-dev and voc-dev. It
can be compared with a run of all kinds and the same step: what both have answered is paired.
Records stay in ``--out`` and are not made again, so a run that was stopped goes on. Thinned
frames keep their times; every 8th is 1/3 s from the next, which is the keyframe interval of
``fast``, so language sees all of them.

Numbers that a script fits on these sets leave out the group that they are scored on
(:mod:`benchmarks.generalisation.folds`).
"""

from __future__ import annotations

import argparse
from pathlib import Path

from benchmarks.generalisation import image_table
from benchmarks.generalisation.comparison import compare, read_records, read_sequences
from benchmarks.generalisation.plan import SETS, Plan
from benchmarks.generalisation.sequences import KINDS
from benchmarks.generalisation.table import report
from benchmarks.generalisation.work import work
from car_video.errors import CarVideoError

THIN_STEP = 8
THIN_PICTURES = 4


def main() -> None:
    """Run what is not done yet, print the tables; or compare two runs."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--out", type=Path, default=Path("generalisation_car"))
    parser.add_argument("--sets", nargs="+", choices=SETS, default=["video"])
    parser.add_argument("--preset", default="default", help="of videos")
    parser.add_argument(
        "--set", nargs="+", default=(), metavar="KEY=VALUE", help="segment.sam.points=4"
    )
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=list(KINDS))
    parser.add_argument("--thin", action="store_true", help="the daily form, see above")
    parser.add_argument("--step", type=int, help="every so many frames")
    parser.add_argument("--every", type=int, help="every so many pictures of coco and voc")
    parser.add_argument("--sequences", nargs="*", default=(), help="only these")
    parser.add_argument("--jobs", type=int, default=2, help="processes (default: 2)")
    parser.add_argument("--compare", nargs=2, type=Path, metavar=("BEFORE", "AFTER"))
    options = parser.parse_args()
    try:
        if options.compare:
            print(compare(*options.compare))
        else:
            run(plan_of(options), options.jobs)
    except (CarVideoError, FileNotFoundError) as error:
        parser.exit(2, f"error: {error}\n")


def plan_of(options: argparse.Namespace) -> Plan:
    """What the command line asks for."""
    thin = options.thin
    return Plan(
        options.data,
        options.out,
        tuple(options.sets),
        options.preset,
        tuple(options.set),
        options.step or (THIN_STEP if thin else 1),
        tuple(options.kinds),
        thin,
        options.every or (THIN_PICTURES if thin else 1),
        tuple(options.sequences),
    )


def run(plan: Plan, jobs: int) -> None:
    """Do the open tasks, then print the tables of all records of the plan."""
    tasks = plan.tasks()
    plan.keep_settings()
    for number, (task, seconds) in enumerate(work(plan, jobs), 1):
        print(f"{number}: {task.part} {task.key}, {seconds:.0f} s", flush=True)
    for part in plan.parts:
        names = {plan.record(task).stem for task in tasks if task.part == part}
        print()
        if part == "video":
            sequences = read_sequences(plan.out)
            print(report([sequences[name] for name in sorted(names)], plan.kinds))
        else:
            records = read_records(plan.out / part)
            print(image_table.report(part, {name: records[name] for name in sorted(names)}))


if __name__ == "__main__":
    main()
