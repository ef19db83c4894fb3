"""How much the picture's border speaks against a mask: the fit of ``BORDER_WEIGHT``.

    python -m benchmarks.generalisation.choice --data ../shared/data --cache DIR --build
    python -m benchmarks.generalisation.border --data ../shared/data --cache DIR

A candidate counts as right if its IoU with the object is at least one half. Logistic regression
explains that by the logarithm of the candidate's agreement with the sentence's maps and by its
contact with the border; the weight is the ratio of the two coefficients, as the product adds
``-weight * contact`` to the logarithm of the agreement. Only sentences that name a thing take
part. The table has the IoU of the candidate that is chosen without the border, with the weight
fitted without the sequence's own group, and with the one of the product.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import minimize

from benchmarks.generalisation.candidates import queries_of, read_frames_of
from benchmarks.generalisation.folds import leave_one_group_out
from benchmarks.generalisation.sequences import load_sequences
from benchmarks.generalisation.statistics import mean_over_groups
from car_video.segment.cues.mask_cues import BORDER_WEIGHT, border_contact
from car_video.text.grounds import has_outline
from car_video.text.parsing.expression import parse_expression

LEAST_AGREEMENT = 0.02
"""Below this an agreement says no more than that the mask is wrong; as in docs/video.md."""
RIGHT_IOU = 0.5
"""From this IoU on a candidate is the object rather than something else, as in detection."""


@dataclass(frozen=True)
class Choice:
    """The M candidates of one sentence on one frame.

    Attributes:
        agreement: float64 [M], logarithm of the agreement with the maps.
        contact: float64 [M], in sides of the picture, 0 to 4.
        iou: float64 [M] with the object.
    """

    agreement: NDArray[np.float64]
    contact: NDArray[np.float64]
    iou: NDArray[np.float64]

    def taken(self, weight: float) -> float:
        """IoU of the candidate that is best with this weight of the border."""
        return float(self.iou[int((self.agreement - weight * self.contact).argmax())])


def choices_of(data: Path, cache: Path) -> dict[str, list[Choice]]:
    """Sentences that name a thing, by sequence; frames without their object do not count."""
    found: dict[str, list[Choice]] = {}
    for sequence in load_sequences(data):
        if not (cache / "candidates" / f"{sequence.name}.npz").is_file():
            continue
        found[sequence.name] = []
        queries = queries_of(sequence)
        things = [has_outline(parse_expression(query.text).noun_phrase) for query in queries]
        for frame in read_frames_of(cache, sequence.name):
            contact = border_contact(frame.masks.float() - 0.5).double().numpy()
            logs = frame.agreement.clamp_min(LEAST_AGREEMENT).log().double().numpy()
            iou = frame.iou.double().numpy()
            found[sequence.name] += [
                Choice(logs[place], contact, iou[:, query.target])
                for place, query in enumerate(queries)
                if things[place] and len(contact) and bool(frame.visible[query.target])
            ]
    return found


def fitted_weight(choices: Sequence[Choice]) -> float:
    """The weight by which contact with the border is to be subtracted from log agreement.

    Every choice counts the same, however many candidates it has.

    Args:
        choices: some of whose candidates are right, some wrong.
    """
    inputs = np.concatenate([np.stack([c.agreement, c.contact], -1) for c in choices])
    right = np.concatenate([c.iou for c in choices]) >= RIGHT_IOU
    share = np.concatenate([np.full(len(c.iou), 1 / len(c.iou)) for c in choices]) / len(
        choices
    )
    columns = np.column_stack([inputs, np.ones(len(inputs))])

    def loss(coefficients: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        odds = columns @ coefficients
        surprise = np.logaddexp(0, np.where(right, -odds, odds))
        error = 1 / (1 + np.exp(-odds)) - right
        return float(share @ surprise), columns.T @ (share * error)

    agreement, contact, _ = minimize(loss, np.array([1.0, 0.0, 0.0]), jac=True, method="BFGS").x
    return float(-contact / agreement)


def report(found: dict[str, list[Choice]], groups: dict[str, str]) -> str:
    """Markdown: the weights, and what is chosen with them."""
    rows: dict[str, dict[str, list[float]]] = {}
    weights = []
    for fold in leave_one_group_out(groups):
        weight = fitted_weight([one for name in fold.fitted_on for one in found[name]])
        weights.append(weight)
        for name in fold.scored_on:
            for title, own in (
                ("without the border", 0.0),
                ("weight fitted without the own group", weight),
                (f"weight of the product, {BORDER_WEIGHT}", BORDER_WEIGHT),
            ):
                rows.setdefault(title, {})[name] = [one.taken(own) for one in found[name]]
    every = fitted_weight([one for some in found.values() for one in some])
    lines = [
        f"Fitted on all: {every:.2f}; with a group left out: {min(weights):.2f} to "
        f"{max(weights):.2f}.",
        "",
        "| choice by agreement and border | IoU of the chosen candidate |",
        "|---|---|",
    ]
    lines += [f"| {title} | {mean_over_groups(values)} |" for title, values in rows.items()]
    return "\n".join(lines)


def main() -> None:
    """Print the table of a cache."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--cache", type=Path, default=Path("generalisation_cache"))
    options = parser.parse_args()
    try:
        with torch.inference_mode():
            found = choices_of(options.data, options.cache)
    except FileNotFoundError as error:
        parser.exit(2, f"error: {error}\n")
    found = {name: some for name, some in found.items() if some}
    groups = {s.name: s.group for s in load_sequences(options.data) if s.name in found}
    if len(set(groups.values())) < 2:
        parser.exit(2, f"error: '{options.cache}' has candidates of fewer than two groups\n")
    print(report(found, groups))


if __name__ == "__main__":
    main()
