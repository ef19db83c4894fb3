"""Folds by group: nothing is scored with what was fitted on its like."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.generalisation.folds import (
    cross_fitted,
    leave_one_group_out,
    sequence_groups,
)
from tests.paths import SHARED

GROUPS = st.dictionaries(st.text(max_size=3), st.sampled_from("abcd"), min_size=1)


@given(GROUPS)
def test_each_name_is_scored_once_and_never_with_its_group(groups: dict[str, str]) -> None:
    if len(set(groups.values())) < 2:
        with pytest.raises(ValueError, match="two groups"):
            list(leave_one_group_out(groups))
        return
    folds = list(leave_one_group_out(groups))
    assert sorted(n for fold in folds for n in fold.scored_on) == sorted(groups)
    for fold in folds:
        assert {groups[name] for name in fold.scored_on} == {fold.group}
        assert fold.group not in {groups[name] for name in fold.fitted_on}
        assert len(fold.fitted_on) + len(fold.scored_on) == len(groups)


def test_scores_come_from_what_was_fitted_on_the_others() -> None:
    groups = {"ducks 1": "duck", "ducks 2": "duck", "bus": "bus"}
    values = {"ducks 1": 1.0, "ducks 2": 3.0, "bus": 10.0}

    def mean(names: tuple[str, ...]) -> float:
        return sum(values[name] for name in names) / len(names)

    scores = cross_fitted(groups, mean, lambda fitted, name: values[name] - fitted)
    assert scores == {"ducks 1": -9.0, "ducks 2": -7.0, "bus": 8.0}


@pytest.mark.skipif(not (SHARED / "ref-video-dev").is_dir(), reason="no development data")
def test_groups_of_the_development_set() -> None:
    groups = sequence_groups(SHARED)
    assert len(groups) == 31
    assert groups["mallard-fly"] == groups["mallard-water"]
    assert len(list(leave_one_group_out(groups))) == len(set(groups.values()))
