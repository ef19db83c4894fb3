import numpy as np
import pytest

from tests.hard_cases.measures import (
    HERE,
    HIDDEN,
    UNCLEAR,
    crossing,
    jaccard,
    owner_of,
    presence_accuracy,
    presence_labels,
    recovery_delays,
    touching,
)


def test_presence_labels_leave_out_what_people_would_argue_about():
    visibility = np.array([1.0, 0.3, 0.29, 0.02, 0.019, 0.0, 1.0])
    area = np.array([0.1, 0.001, 0.1, 0.1, 0.1, 0.0, 0.0009])
    want = [HERE, HERE, UNCLEAR, UNCLEAR, HIDDEN, HIDDEN, UNCLEAR]
    assert presence_labels(visibility, area).tolist() == want


def test_presence_accuracy_counts_clear_frames():
    labels = np.array([HERE, HIDDEN, UNCLEAR, HERE], np.int8)
    assert presence_accuracy(np.array([True, True, True, True]), labels) == pytest.approx(2 / 3)
    assert np.isnan(presence_accuracy(np.array([True]), np.array([UNCLEAR], np.int8)))


def test_jaccard():
    a, b = np.zeros((2, 4, 4), bool)
    assert jaccard(a, b) == 1
    a[0], b[0, :2], b[1, :2] = True, True, True
    assert jaccard(a, b) == pytest.approx(2 / 6)


def test_boxes_touch():
    a, b = np.zeros((2, 20, 20), bool)
    a[2:5, 2:5] = True
    assert touching(a, b)  # one is out of sight
    b[10:12, 4:9] = True
    assert not touching(a, b)  # columns meet, rows do not
    b[4, 4] = True
    assert touching(a, b)


def test_owner_needs_most_of_the_frames():
    assert owner_of(np.array([0.9, 0.9, 0.0]), np.array([0.0, 0.1, 0.8])) == "named"
    assert owner_of(np.array([0.9, 0.0, 0.0]), np.zeros(3)) == "neither"
    assert owner_of(np.array([0.05, 0.09]), np.zeros(2)) == "neither"
    assert owner_of(np.array([0.4, 0.4]), np.array([0.6, 0.7])) == "other"


@pytest.mark.parametrize("contact", [[0, 0, 0], [1, 0, 0], [0, 0, 1], [1, 1, 1]])
def test_no_crossing_without_a_clear_before_and_after(contact):
    ones = np.ones(3)
    assert crossing(np.array(contact, bool), ones, 0 * ones) is None


@pytest.mark.parametrize(
    ("labels", "found", "want"),
    [
        ([1, 1, 0, 0, 1, 1], [1, 1, 0, 0, 0, 1], [1]),
        ([0, 1, 1, 1], [0, 0, 0, 0], [3]),  # to the end
        ([0, 1, 1, 0, 1], [0, 0, 0, 0, 1], [2, 0]),  # hidden again before it was found
        ([0, -1, 1, 1], [0, 1, 1, 1], [0]),  # counted from the first clear frame
        ([1, -1, 1, 1], [0, 0, 0, 0], []),  # never hidden
        ([1, 1, 1], [0, 0, 1], []),
    ],
)
def test_recovery(labels, found, want):
    assert recovery_delays(np.array(labels, np.int8), np.array(found, bool)) == want
