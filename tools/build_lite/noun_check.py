"""Which nouns the ImageNet classifier cannot tell, by captions of training pictures.

WordNet says that a traffic light is a light and a trench coat a coat; most lights and coats in
pictures are others, and of those the classifier says "no". A noun whose pictures it ranks no
better than pictures without it is better left to the text head.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.stats import rankdata
from torch import Tensor

from car_video.models.lite.noun_classes import TEMPERATURE
from tools.build_lite.recipe import Recipe
from tools.build_lite.texts import TextTables

BATCH = 100
"""Pictures at a time: 4,900 cells of 1,000 classes, 20 MB."""
DEVIATIONS = 2.0
"""A noun is left out if its measured value and so many standard deviations are too little."""


def best_cells(
    cells: Tensor,
    classifier: tuple[Tensor, Tensor],
    groups: Sequence[Sequence[int]],
    say: Callable[[str], None],
) -> NDArray[np.float32]:
    """Probability of each group of classes in the cell of a picture that fits it best.

    Args:
        cells: float16 [N, n, C], whitened.
        classifier: weight [c, classes] and bias [classes] on the first c channels.
        groups: G lists of class numbers.
        say: told about progress.

    Returns:
        [N, G] in [0, 1].
    """
    weight, bias = classifier
    member = torch.zeros(weight.shape[1], len(groups))
    for column, group in enumerate(groups):
        member[list(group), column] = 1
    found = []
    for start in range(0, len(cells), BATCH):
        if start % 10_000 == 0:
            say(f"nouns: {start} of {len(cells)} pictures")
        some = cells[start : start + BATCH, :, : len(weight)].float()
        found.append((((some @ weight + bias) / TEMPERATURE).softmax(-1) @ member).amax(1))
    return np.asarray(torch.cat(found).numpy(), np.float32)


def separation(present: NDArray[Any], absent: NDArray[Any]) -> tuple[float, float]:
    """Area under the ROC curve and its standard deviation (DeLong et al., Biometrics 1988).

    Args:
        present: [P] evidence in pictures that have a noun, two at least.
        absent: [A] in pictures that lack it, two at least.

    Returns:
        0.5 is chance.
    """
    ranks = rankdata(np.concatenate([present, absent]))
    above = (ranks[: len(present)] - rankdata(present)) / len(absent)
    below = 1 - (ranks[len(present) :] - rankdata(absent)) / len(present)
    variance = above.var(ddof=1) / len(present) + below.var(ddof=1) / len(absent)
    return float(above.mean()), float(np.sqrt(variance))


def worse(
    evidence: NDArray[np.float32],
    has: NDArray[np.bool_],
    lacks: NDArray[np.bool_],
    least: float,
    pictures: int,
) -> NDArray[np.bool_]:
    """Which nouns the evidence surely separates worse than it should.

    Args:
        evidence: [N, G].
        has: [N, G] pictures that have a noun.
        lacks: [N, G] pictures that have neither it nor anything like it.
        least: area under the ROC curve that a noun needs.
        pictures: a noun that fewer pictures have, or lack, is not called worse.

    Returns:
        bool [G].
    """
    found = np.zeros(evidence.shape[1], np.bool_)
    for column in range(len(found)):
        own, others = has[:, column], lacks[:, column]
        if min(own.sum(), others.sum()) >= pictures:
            mean, deviation = separation(evidence[own, column], evidence[others, column])
            found[column] = mean + DEVIATIONS * deviation < least
    return found


def not_told(
    cells: Tensor,
    train: NDArray[np.int64],
    classifier: tuple[Tensor, Tensor],
    tables: TextTables,
    table: Mapping[str, Any],
    recipe: Recipe,
    say: Callable[[str], None],
) -> list[str]:
    """The nouns of a table that the classifier cannot tell.

    Args:
        cells: float16 [N, n, C], whitened.
        train: training pictures; only they are looked at.
        classifier: see :func:`best_cells`.
        tables: which words the pictures have.
        table: of :func:`tools.build_lite.export.noun_table`.
        recipe: what is asked of a noun.
        say: told about progress.
    """
    at = [i for i, word in enumerate(tables.words.tolist()) if word in table["nouns"]]
    nouns = tables.words[at].tolist()
    groups = [table["sets"][table["nouns"][noun]] for noun in nouns]
    evidence = best_cells(cells, classifier, groups, say)[train]
    has, ignore = (flags[np.ix_(train, at)] for flags in (tables.has_word, tables.ignore_word))
    dropped = worse(evidence, has, ~has & ~ignore, recipe.noun_separation, recipe.noun_pictures)
    return sorted(noun for noun, out in zip(nouns, dropped.tolist(), strict=True) if out)


def without(table: Mapping[str, Any], dropped: Sequence[str]) -> dict[str, Any]:
    """A table of :func:`tools.build_lite.export.noun_table` without some nouns.

    Args:
        table: ``sets`` and ``nouns``.
        dropped: nouns.
    """
    kept = {noun: number for noun, number in table["nouns"].items() if noun not in dropped}
    used = sorted(set(kept.values()))
    number = {old: new for new, old in enumerate(used)}
    return {
        "sets": [table["sets"][old] for old in used],
        "nouns": {noun: number[old] for noun, old in kept.items()},
    }
