"""What motion beside the camera's tells of the thing that a sentence names.

    python -m benchmarks.own_motion --data ../shared/data [--sequences lucia train]

Takes frames of ``ref-video-dev`` that are a sixth of a second apart. A cell is of the target
where its annotation covers more than half of it, and is not where it covers less than a
twentieth. Both weigh the same, and so does every sequence. Prints for each sequence how often a
cell of the target moves more than another (AUC); then the three numbers of
``video/tracking/own_motion.py`` of all sequences, their range and log loss with each group left
out, and how often probabilities are right. 0.693 is the log loss of knowing nothing. What is
annotated in these sequences mostly acts: of things at rest they say nothing.
"""

from __future__ import annotations

import argparse
import itertools
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit
from scipy.stats import mannwhitneyu

from benchmarks.generalisation.folds import leave_one_group_out
from benchmarks.generalisation.sequences import RATE, VideoSequence, load_sequences
from car_video.video.thumbnail import shrink
from car_video.video.tracking.motion import QUICK, block_flow
from car_video.video.tracking.own_motion import BASELINE, beside_camera, log_odds, moves_more

GRID = (18, 32)  # cells of a proposal of a 16:9 picture at the default size
OF_TARGET, OF_OTHERS = 0.5, 0.05  # parts of a cell that are annotated: at least, at most
EDGES = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)  # of the printed table
STARTS = ([1.4, -1.0, 0.3], [1.4, -1.0, 1.0])
"""Slope, offset and logarithm of unknown that fits begin at; from one alone the fit without a
group of sequences ended where unknown has no end."""
Numbers = tuple[float, float, float]
"""Slope, offset and unknown, see ``video/tracking/own_motion.py``."""


@dataclass(frozen=True)
class Cells:
    """Cells of one sequence, or of several.

    Attributes:
        more: float64 [N] of :func:`~car_video.video.tracking.own_motion.moves_more`.
        usual: float64 [N], the median of each cell's picture, in pixels.
        of_target: bool [N].
        weight: float64 [N], half of one for the cells of each class of a sequence.
    """

    more: NDArray[np.float64]
    usual: NDArray[np.float64]
    of_target: NDArray[np.bool_]
    weight: NDArray[np.float64]

    @classmethod
    def of(
        cls,
        more: NDArray[np.float64],
        usual: NDArray[np.float64],
        annotated: NDArray[np.float64],
    ) -> Cells:
        """Cells of one sequence by how much of each is annotated, all [N]."""
        clear = (annotated > OF_TARGET) | (annotated < OF_OTHERS)
        own = annotated[clear] > OF_TARGET
        counts = np.where(own, own.sum(), (~own).sum())
        return cls(more[clear], usual[clear], own, 0.5 / counts)

    @classmethod
    def joined(cls, parts: list[Cells]) -> Cells:
        """Those of several sequences."""
        return cls(
            np.concatenate([part.more for part in parts]),
            np.concatenate([part.usual for part in parts]),
            np.concatenate([part.of_target for part in parts]),
            np.concatenate([part.weight for part in parts]) / len(parts),
        )

    def odds(self, numbers: Numbers) -> NDArray[np.float64]:
        """Log-odds [N] that each is of the target."""
        return np.asarray(log_odds(self.more, self.usual, *numbers), np.float64)

    def loss(self, numbers: Numbers) -> float:
        """Mean log loss, in nats."""
        sign = np.where(self.of_target, -1.0, 1.0)
        losses = np.logaddexp(0, sign * self.odds(numbers))
        return float((self.weight * losses).sum() / self.weight.sum())

    def auc(self) -> float:
        """How often a cell of the target moves more than another one."""
        own, others = self.more[self.of_target], self.more[~self.of_target]
        return float(mannwhitneyu(own, others).statistic / (len(own) * len(others)))


def cells_of(sequence: VideoSequence) -> Cells:
    """Cells of all frames of a sequence but the first."""
    more, usual, annotated = [], [], []
    before = None
    for number, frame in enumerate(sequence.frames()):
        now = shrink(frame.image)
        if before is not None:
            residual = beside_camera(block_flow(before, now, config=QUICK))
            more.append(_on_grid(moves_more(residual)))
            usual.append(np.full(len(more[-1]), float(np.median(residual))))
            annotated.append(_on_grid((sequence.masks[number] > 0).astype(np.float32)))
        before = now
    return Cells.of(*(np.concatenate(one) for one in (more, usual, annotated)))


def fit(cells: Cells) -> Numbers:
    """The slope, offset and unknown of lowest log loss."""

    def loss(values: NDArray[np.float64]) -> float:
        return cells.loss((values[0], values[1], float(np.exp(values[2]))))

    tries = [minimize(loss, start, method="Nelder-Mead") for start in STARTS]
    found = min(tries, key=lambda one: float(one.fun)).x
    return float(found[0]), float(found[1]), float(np.exp(found[2]))


def report(cells: dict[str, Cells], groups: dict[str, str]) -> list[str]:
    """The printed lines.

    Args:
        cells: by sequence.
        groups: of the sequences.
    """
    lines = [f"{name:16} AUC {one.auc():.2f}" for name, one in cells.items()]
    everything = Cells.joined(list(cells.values()))
    numbers = fit(everything)
    lines.append("all: slope {:.2f}, offset {:.2f}, unknown {:.2f}".format(*numbers))
    if len(set(groups.values())) > 1:
        fits, losses = [], []
        for fold in leave_one_group_out(groups):
            fits.append(fit(Cells.joined([cells[name] for name in fold.fitted_on])))
            own = Cells.joined([cells[name] for name in fold.scored_on])
            losses.append(own.loss(fits[-1]))
        low, high = np.min(fits, 0), np.max(fits, 0)
        lines.append(
            f"a group left out: slope {low[0]:.2f} to {high[0]:.2f}, offset {low[1]:.2f} to "
            f"{high[1]:.2f}, unknown {low[2]:.2f} to {high[2]:.2f}, log loss "
            f"{np.mean(losses):.3f}"
        )
    told = expit(everything.odds(numbers))
    for low, high in itertools.pairwise(EDGES):
        inside = (told >= low) & (told < high)
        if inside.any():
            weight = everything.weight[inside]
            part = float((weight * everything.of_target[inside]).sum() / weight.sum())
            mean = float((weight * told[inside]).sum() / weight.sum())
            lines.append(f"probability {mean:.2f}: {part:.2f} are of the target")
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description="What does motion tell of the target?")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--sequences", nargs="*", help="only these")
    options = parser.parse_args()
    sequences = [
        one
        for one in load_sequences(options.data, round(BASELINE * RATE))
        if not options.sequences or one.name in options.sequences
    ]
    cells = {one.name: cells_of(one) for one in sequences}
    print("\n".join(report(cells, {one.name: one.group for one in sequences})))


def _on_grid(picture: NDArray[np.float32]) -> NDArray[np.float64]:
    """Means over cells, float64 [cells], of float32 [H, W]."""
    means = F.adaptive_avg_pool2d(torch.from_numpy(picture)[None], GRID)
    return np.asarray(means.flatten().double().numpy())


if __name__ == "__main__":
    main()
