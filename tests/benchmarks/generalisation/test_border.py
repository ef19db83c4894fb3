"""The weight of the border that is fitted is the one that made the data."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.generalisation.border import Choice, fitted_weight, report


def choices(weight: float, seed: int, count: int = 60) -> list[Choice]:
    """Candidates that are right by a logistic law with this weight of the border."""
    random = np.random.default_rng(seed)
    made = []
    for _ in range(count):
        agreement, contact = random.normal(-2, 1, 40), random.uniform(0, 2, 40)
        odds = 2 * (agreement + 2 - weight * contact)
        right = random.random(40) < 1 / (1 + np.exp(-odds))
        made.append(Choice(agreement, contact, np.where(right, 0.8, 0.1)))
    return made


@pytest.mark.parametrize("weight", [0.0, 1.0, 2.5])
def test_the_weight_of_the_data_is_found(weight: float) -> None:
    assert fitted_weight(choices(weight, 0)) == pytest.approx(weight, abs=0.15)


def test_the_border_decides_between_equal_agreements() -> None:
    one = Choice(np.array([-1.0, -1.1]), np.array([1.0, 0.0]), np.array([0.2, 0.9]))
    assert one.taken(0.0) == 0.2
    assert one.taken(1.0) == 0.9


def test_the_table_scores_each_group_with_a_weight_of_the_others() -> None:
    # Groups a and b say that the border does not count, c that it counts much: with c left
    # out the fitted weight is near 0, and c's choice is that without the border.
    found = {"a": choices(0.0, 1), "b": choices(0.0, 2), "c": choices(2.0, 3)}
    table = report(found, {name: name for name in found})
    assert "| without the border |" in table
    low, high = (float(x) for x in table.split("left out: ")[1].split(".\n")[0].split(" to "))
    assert low == pytest.approx(0.0, abs=0.1)
    assert high > 0.4
