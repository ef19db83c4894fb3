from __future__ import annotations

import json

import numpy as np
import pytest
from car_video.eval.metrics import SequenceScores, score_sequence

from car_video.errors import DataError
from tests.naive import metrics as naive

from .synthetic import label_maps, perturbed, with_void


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("void", [False, True])
def test_semi_supervised_equals_naive(seed, void):
    truth = label_maps(seed, 6, 24, 70, 3)
    truth[0, 0, 0] = 3  # the first frame shows the highest id
    prediction = perturbed(truth, seed + 50)
    if void:
        truth = with_void(truth, seed)
    scores = score_sequence(truth, prediction, "semi-supervised")
    j, f = naive.score_kept(truth[1:-1], prediction[1:-1], 3)
    np.testing.assert_allclose(scores.j, j, rtol=0, atol=1e-12)
    np.testing.assert_allclose(scores.f, f, rtol=0, atol=1e-12)
    assert scores.first_frame == 1
    assert scores.matches.tolist() == [1, 2, 3]


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("extra", [0, 2])
def test_unsupervised_equals_naive(seed, extra):
    truth = label_maps(seed, 4, 20, 68, 3)
    truth[0, 0, 0] = 3
    prediction = perturbed(truth, seed + 50, extra)
    prediction = np.where(prediction == 1, 3, np.where(prediction == 3, 1, prediction))
    prediction = prediction.astype(np.uint8)
    truth = with_void(truth, seed)
    scores = score_sequence(truth, prediction, "unsupervised")
    j, f = naive.score_assigned(truth, prediction, 3, int(prediction.max()))
    assert scores.j.mean() + scores.f.mean() == pytest.approx(j.mean() + f.mean(), abs=1e-12)
    assert scores.first_frame == 0


def test_unsupervised_undoes_a_permutation():
    truth = label_maps(3, 5, 40, 60, 3)
    renumber = np.array([0, 2, 3, 1], np.uint8)
    scores = score_sequence(truth, renumber[truth], "unsupervised", objects=3)
    assert (scores.j == 1).all()
    assert (scores.f == 1).all()
    shown = [n for n in (1, 2, 3) if (truth == n).any()]
    assert [scores.matches[n - 1] for n in shown] == [renumber[n] for n in shown]


def test_fewer_predictions_than_objects_score_empty_masks():
    truth = np.zeros((3, 16, 16), np.uint8)
    truth[:, 2:6, 2:6], truth[:, 9:14, 9:14] = 1, 2
    only_second = np.where(truth == 2, 1, 0).astype(np.uint8)
    scores = score_sequence(truth, only_second, "unsupervised")
    assert scores.j.mean(axis=1).tolist() == [0, 1]
    assert scores.matches.tolist() == [2, 1]
    kept = score_sequence(truth, only_second, "semi-supervised")
    assert kept.j.mean(axis=1).tolist() == [0, 0]


def test_absent_object_predicted_absent_is_right():
    truth = np.zeros((5, 16, 16), np.uint8)
    truth[0, 2:6, 2:6] = 1
    scores = score_sequence(truth, truth)
    assert scores.j.tolist() == [[1, 1, 1]]
    assert scores.f.tolist() == [[1, 1, 1]]
    false_alarm = truth.copy()
    false_alarm[2, 3:8, 3:8] = 1
    scores = score_sequence(truth, false_alarm)
    assert scores.j.tolist() == [[1, 0, 1]]
    assert scores.f.tolist() == [[1, 0, 1]]


def test_objects_come_from_the_first_frame_unless_given():
    truth = np.zeros((4, 8, 8), np.uint8)
    truth[:, 1:3, 1:3] = 1
    truth[1:, 5:7, 5:7] = 2
    assert len(score_sequence(truth, np.where(truth == 1, 1, 0).astype(np.uint8)).j) == 1
    assert len(score_sequence(truth, truth, objects=2).j) == 2


def test_all_frames_keeps_every_frame_and_identities():
    truth = label_maps(5, 4, 30, 40, 2)
    truth[0, 0, 0] = 2
    prediction = perturbed(truth, 9)
    every = score_sequence(truth, prediction, "all-frames")
    middle = score_sequence(truth, prediction, "semi-supervised")
    assert every.j.shape == (2, 4)
    np.testing.assert_array_equal(every.j[:, 1:-1], middle.j)
    np.testing.assert_array_equal(every.f[:, 1:-1], middle.f)


def test_scores_survive_json():
    truth = label_maps(1, 5, 30, 40, 2)
    truth[0, 0, 0] = 2
    scores = score_sequence(truth, perturbed(truth, 2))
    again = SequenceScores.from_json(json.loads(json.dumps(scores.as_json())))
    np.testing.assert_array_equal(again.j, scores.j)
    np.testing.assert_array_equal(again.f, scores.f)
    np.testing.assert_array_equal(again.matches, scores.matches)
    assert (again.task, again.first_frame) == (scores.task, scores.first_frame)


def _simple():
    truth = np.zeros((4, 10, 12), np.uint8)
    truth[:, 2:5, 2:5] = 1
    return truth


def test_sizes_must_agree():
    truth = _simple()
    with pytest.raises(DataError, match="12x10"):
        score_sequence(truth, truth[:, :, :-1])
    with pytest.raises(DataError, match="3 frames"):
        score_sequence(truth, truth[:-1])


def test_unknown_ids_are_refused():
    truth = _simple()
    prediction = truth.copy()
    prediction[2, 0, 0] = 2
    with pytest.raises(DataError, match="id 2"):
        score_sequence(truth, prediction)
    prediction[2, 0, 0] = 21
    with pytest.raises(DataError, match="id 21"):
        score_sequence(truth, prediction, "unsupervised")
    prediction[2, 0, 0] = 255
    with pytest.raises(DataError, match="white"):
        score_sequence(truth, prediction)
    prediction[2, 0, 0] = 20
    assert score_sequence(truth, prediction, "unsupervised").j.shape == (1, 4)


def test_bad_input_is_refused():
    truth = _simple()
    with pytest.raises(DataError, match="no object"):
        score_sequence(np.zeros_like(truth), truth)
    with pytest.raises(DataError, match="too few frames"):
        score_sequence(truth[:2], truth[:2])
    with pytest.raises(DataError, match="uint8"):
        score_sequence(truth.astype(np.int64), truth)
    with pytest.raises(ValueError, match="unknown task"):
        score_sequence(truth, truth, "supervised")


@pytest.mark.parametrize(
    "task", ["semi-supervised", pytest.param("unsupervised", marks=pytest.mark.slow)]
)
def test_full_size_equals_the_textbook_way(task):
    truth = label_maps(7, 3, 480, 854, 2)
    truth[0, 0, :2] = 1, 2
    prediction = perturbed(truth, 8)
    truth = with_void(truth, 9) if task == "unsupervised" else truth
    scores = score_sequence(truth, prediction, task)
    j, f = naive.score_sequence_by_dilation(truth, prediction, task)
    np.testing.assert_allclose(scores.j, j, rtol=0, atol=1e-12)
    np.testing.assert_allclose(scores.f, f, rtol=0, atol=1e-12)
