from __future__ import annotations

import numpy as np
import pytest
from car_video.eval.metrics import generalized_scores, overlap, referring_scores
from hypothesis import given, settings
from hypothesis import strategies as st

from .strategies import mask_pairs

pairs = st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)), min_size=1, max_size=30)


@settings(deadline=None, max_examples=50)
@given(mask_pairs())
def test_overlap_counts_pixels(pair):
    intersection, union = overlap(*pair)
    assert intersection == (pair[0] & pair[1]).sum()
    assert union == (pair[0] | pair[1]).sum()


def test_overlap_leaves_out_void():
    truth, prediction, void = np.eye(3), np.ones((3, 3)), np.zeros((3, 3))
    void[0] = 1
    assert [int(value) for value in overlap(truth, prediction, void)] == [2, 6]


def test_by_hand():
    scores = referring_scores([10, 0, 9], [20, 10, 10])
    assert scores.miou == pytest.approx((0.5 + 0 + 0.9) / 3)
    assert scores.oiou == pytest.approx(19 / 40)
    expected = {0.5: 2 / 3, 0.6: 1 / 3, 0.7: 1 / 3, 0.8: 1 / 3, 0.9: 1 / 3}
    assert scores.precision == pytest.approx(expected)
    assert scores.samples == 3


def test_nothing_annotated_nothing_predicted_is_zero():
    assert referring_scores([0], [0]).miou == 0
    assert referring_scores([0], [0]).oiou == 0


@settings(deadline=None, max_examples=50)
@given(pairs)
def test_equals_loops(samples):
    intersections, unions = [i for i, _ in samples], [i + more for i, more in samples]
    scores = referring_scores(intersections, unions)
    values = [i / u if u else 0 for i, u in zip(intersections, unions, strict=True)]
    assert scores.miou == pytest.approx(sum(values) / len(values))
    assert scores.oiou == pytest.approx(sum(intersections) / max(sum(unions), 1))
    for threshold, share in scores.precision.items():
        assert share == sum(value >= threshold for value in values) / len(values)
    assert list(scores.precision.values()) == sorted(scores.precision.values(), reverse=True)


@pytest.mark.parametrize("samples", [([], []), ([1], [1, 2]), ([3], [2]), ([-1], [2])])
def test_counts_that_do_not_fit(samples):
    with pytest.raises(ValueError, match="intersection"):
        referring_scores(*samples)


def test_generalized_by_hand():
    scores = generalized_scores(
        intersections=[8, 6, 0, 0, 5],
        unions=[10, 10, 40, 7, 5],
        no_target=[False, False, True, True, False],
        predicted_none=[False, True, False, True, False],
    )
    # the second is denied: no intersection, its union stays; the fourth is right: no pixels
    assert scores.giou == pytest.approx((0.8 + 0 + 0 + 1 + 1) / 5)
    assert scores.ciou == pytest.approx((8 + 5) / (10 + 10 + 40 + 5))
    assert scores.n_acc == 0.5
    assert scores.t_acc == pytest.approx(2 / 3)
    assert scores.precision[0.8] == pytest.approx(2 / 3)
    assert scores.precision[0.9] == pytest.approx(1 / 3)
    assert (scores.samples, scores.without_target) == (5, 2)


@settings(deadline=None, max_examples=50)
@given(
    st.lists(
        st.tuples(st.integers(0, 9), st.integers(0, 9), st.booleans(), st.booleans()),
        min_size=1,
    )
)
def test_generalized_equals_loops(samples):
    samples = [(0 if absent else i, i + more, absent, no) for i, more, absent, no in samples]
    total, inter, union, right, hits, absents = 0.0, 0, 0, 0, 0, 0
    for i, u, absent, denied in samples:
        absents += absent
        if absent and denied:
            right, total = right + 1, total + 1
        elif absent:
            union += u
        else:
            i = 0 if denied else i
            total, inter, union = total + (i / u if u else 0), inter + i, union + u
            hits += not denied
    scores = generalized_scores(*zip(*samples, strict=True))
    assert scores.giou == pytest.approx(total / len(samples))
    assert scores.ciou == pytest.approx(inter / max(union, 1))
    if absents:
        assert scores.n_acc == right / absents
    else:
        assert np.isnan(scores.n_acc)
    if absents < len(samples):
        assert scores.t_acc == hits / (len(samples) - absents)
    else:
        assert np.isnan(scores.t_acc)


def test_generalized_checks_its_input():
    with pytest.raises(ValueError, match="without target"):
        generalized_scores([1], [2], [True], [False])
    with pytest.raises(ValueError, match="flags"):
        generalized_scores([1], [2], [True, False], [False])
