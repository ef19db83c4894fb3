"""Time and agreement of the DAVIS metrics: ours against a reference, on one core.

Run from the repository's root:

    python -m benchmarks.metrics
    python -m benchmarks.metrics --annotations DIR --predictions DIR --task unsupervised \
        --official DIR

Without folders: synthetic 480p sequences. Without ``--official`` the reference is the textbook
implementation of `tests/naive`. With it (a checkout of
davisvideochallenge/davis2017-evaluation, which needs opencv-python, scikit-image and tqdm) the
reference is the official code, reading included on both sides. Times are CPU seconds of this
process; the official code is kept to one thread, ours has no others.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from car_video.eval.data.images import read_labels
from car_video.eval.metrics import SequenceScores, aggregate, score_sequence

from tests.eval.metrics.synthetic import label_maps, perturbed
from tests.naive import metrics as naive

Maps = tuple[np.ndarray, np.ndarray]


class Row(NamedTuple):
    name: str
    objects: str
    frames: int
    read: float
    score: float
    reference: float
    worst: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--annotations", type=Path, help="folder of folders of PNG files")
    parser.add_argument("--predictions", type=Path, help="the same for predictions")
    parser.add_argument("--task", default="semi-supervised")
    parser.add_argument("--official", type=Path, help="checkout of davis2017-evaluation")
    parser.add_argument("--sequences", help="comma-separated names; default: all")
    options = parser.parse_args()
    if bool(options.annotations) != bool(options.predictions):
        parser.error("--annotations and --predictions go together")
    if options.official and not options.annotations:
        parser.error("--official needs --annotations and --predictions")

    reference = naive.score_sequence_by_dilation
    if options.official:
        reference = official(options.official)
    rows, scores = [], {}
    for name, load in sequences(options):
        row, scores[name] = measure(name, load, options, reference)
        rows.append(row)
        print(line(row), file=sys.stderr)
    report(rows, scores, "official code" if options.official else "textbook code")


def sequences(options: argparse.Namespace) -> Iterator[tuple[str, Callable[[], Maps]]]:
    """Names and loaders of (annotation, prediction)."""
    if not options.annotations:
        for seed, objects in enumerate((1, 2, 5)):
            truth = label_maps(seed, 12, 480, 854, objects)
            truth[0, 0, :objects] = np.arange(1, objects + 1)
            prediction = perturbed(truth, seed)
            yield f"synthetic-{objects}", lambda maps=(truth, prediction): maps
        return
    found = sorted(path.name for path in options.annotations.iterdir() if path.is_dir())
    for name in options.sequences.split(",") if options.sequences else found:
        folders = options.annotations / name, options.predictions / name
        yield name, lambda folders=folders: (read(folders[0]), read(folders[1]))


def read(folder: Path) -> np.ndarray:
    return np.stack([read_labels(path) for path in sorted(folder.glob("*.png"))])


def measure(
    name: str, load: Callable[[], Maps], options: argparse.Namespace, reference: Callable
) -> tuple[Row, SequenceScores]:
    start = time.process_time()
    truth, prediction = load()
    loaded = time.process_time()
    scores = score_sequence(truth, prediction, options.task)
    scored = time.process_time()
    if options.official:
        j, f = reference(options.annotations, options.predictions, name, options.task)
        order = np.argsort(scores.matches)
    else:
        j, f = reference(truth, prediction, options.task)
        order = np.arange(len(scores.matches))
    referred = time.process_time()
    worst = max(np.abs(scores.j[order] - j).max(), np.abs(scores.f[order] - f).max())
    objects = str(len(scores.j))
    if options.task == "unsupervised":
        objects = f"{prediction.max()}x{objects}"
    times = loaded - start, scored - loaded, referred - scored
    return Row(name, objects, len(truth), *times, float(worst)), scores


def official(checkout: Path) -> Callable[[Path, Path, str, str], tuple[np.ndarray, np.ndarray]]:
    """A function that runs the official evaluation on one sequence: J and F [N, T]."""
    sys.path.insert(0, str(checkout))
    import cv2
    from davis2017.evaluation import DAVISEvaluation  # type: ignore[import-not-found]

    cv2.setNumThreads(1)

    class Recording(DAVISEvaluation):  # type: ignore[misc]
        """Keeps the per-frame values, which the official code averages away."""

        per_frame: Any = None

        def _evaluate_semisupervised(self, *arguments: Any) -> Any:
            self.per_frame = DAVISEvaluation._evaluate_semisupervised(*arguments)
            return self.per_frame

        def _evaluate_unsupervised(self, *arguments: Any) -> Any:
            self.per_frame = DAVISEvaluation._evaluate_unsupervised(*arguments)
            return self.per_frame

    def run(annotations: Path, predictions: Path, name: str, task: str) -> Any:
        with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stderr(io.StringIO()):
            root = Path(folder)
            kind = "Annotations" if task == "semi-supervised" else "Annotations_unsupervised"
            for part in (kind, "ImageSets/2017", "JPEGImages/480p"):
                (root / part).mkdir(parents=True)
            (root / kind / "480p").symlink_to(annotations.resolve())
            (root / "ImageSets/2017/val.txt").write_text(name + "\n")
            evaluation = Recording(folder, task, "val", sequences=name, codalab=True)
            evaluation.evaluate(str(predictions))
            return evaluation.per_frame

    return run


def report(rows: list[Row], scores: dict[str, SequenceScores], reference: str) -> None:
    read, score, other = (sum(row[index] for row in rows) for index in (3, 4, 5))
    total = Row(
        "all", "", sum(row.frames for row in rows), read, score, other,
        max(row.worst for row in rows),
    )  # fmt: skip
    print(f"| sequence | objects | frames | read s | score s | {reference} s |", end="")
    print(" ratio | worst difference |")
    print("|---|---|---|---|---|---|---|---|")
    print("\n".join(line(row) for row in [*rows, total]))
    print()
    row = aggregate(scores).global_row()
    print(" ".join(f"{name}={value!r}" for name, value in row.items()))


def line(row: Row) -> str:
    """One table row; reading the PNG files counts on both sides, each with its own reader."""
    own, other = row.read + row.score, row.reference
    return (
        f"| {row.name} | {row.objects} | {row.frames} | {row.read:.2f} | {row.score:.2f} "
        f"| {other:.2f} | {other / own:.1f} | {row.worst:.1e} |"
    )


if __name__ == "__main__":
    main()
