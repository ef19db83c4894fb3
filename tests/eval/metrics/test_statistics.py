from __future__ import annotations

import numpy as np
import pytest
from car_video.eval.metrics import frame_statistics
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.naive import metrics as naive

scores = st.lists(st.floats(0, 1), min_size=1, max_size=400)


@settings(deadline=None, max_examples=100)
@given(scores)
def test_equals_naive(values):
    np.testing.assert_allclose(
        frame_statistics(values), naive.frame_statistics(values), atol=1e-12
    )


@settings(deadline=None, max_examples=50)
@given(scores)
def test_ranges_and_reversal(values):
    forward, backward = frame_statistics(values), frame_statistics(values[::-1])
    assert 0 <= forward.mean <= 1 + 1e-12
    assert -1 <= forward.decay <= 1
    assert forward.recall == backward.recall
    if (len(values) - 1) % 4 == 0:  # quarters mirror each other where they do not round
        assert forward.decay == pytest.approx(-backward.decay, abs=1e-12)


def test_recall_excludes_the_threshold():
    assert frame_statistics([0.5, 0.6, 0.4, 0.51]).recall == 0.5


def test_decay_of_a_long_sequence():
    values = np.concatenate([np.ones(600), np.zeros(600)])
    assert frame_statistics(values).decay == 1


def test_unknown_scores_are_left_out():
    nan = float("nan")
    assert frame_statistics([1.0, nan, nan, nan, 0.0]).mean == 0.5
    assert np.isnan(frame_statistics([nan]).mean)


def test_nothing_to_average():
    with pytest.raises(ValueError, match="at least one"):
        frame_statistics([])
