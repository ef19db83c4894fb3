from __future__ import annotations

import numpy as np
import pytest
from car_video.eval.metrics import SequenceScores, aggregate, official_csv, score_sequence

from .synthetic import label_maps, perturbed


def _scores(task, j, f, matches=None):
    j, f = np.array(j, float), np.array(f, float)
    matches = np.arange(1, len(j) + 1) if matches is None else np.array(matches)
    return SequenceScores(task=task, j=j, f=f, matches=matches, first_frame=0)


def test_objects_weigh_the_same():
    summary = aggregate(
        {
            "one": _scores("all-frames", [[1.0, 0.0]], [[0.0, 0.0]]),
            "two": _scores("all-frames", [[1, 1], [0, 0]], [[1, 1], [1, 0.8]]),
        }
    )
    assert summary.j.mean == pytest.approx(0.5)
    assert summary.f.mean == pytest.approx((0 + 1 + 0.9) / 3)
    assert summary.jf == pytest.approx((summary.j.mean + summary.f.mean) / 2)
    assert summary.j.recall == pytest.approx((0.5 + 1 + 0) / 3)
    assert summary.per_sequence["two"][2].f.mean == pytest.approx(0.9)


def test_json_form():
    summary = aggregate({"one": _scores("all-frames", [[1.0, 0.0]], [[0.25, 0.25]])})
    assert summary.as_json() == {
        "task": "all-frames",
        "J": 0.5,
        "F": 0.25,
        "J&F": 0.375,
        "per_sequence": {"one": {"1": {"J": 0.5, "F": 0.25}}},
    }


def test_official_files():
    summary = aggregate(
        {
            "cow": _scores("semi-supervised", [[1, 0.5, 0.5]], [[1, 1, 0]]),
            "dog": _scores("semi-supervised", [[0, 0, 0], [1, 1, 1]], [[1, 1, 1]] * 2),
        }
    )
    table, rows = official_csv(summary)
    assert table == (
        "J&F-Mean,J-Mean,J-Recall,J-Decay,F-Mean,F-Recall,F-Decay\n"
        "0.722,0.556,0.444,0.083,0.889,0.889,0.333\n"
    )
    assert (
        rows
        == "Sequence,J-Mean,F-Mean\ncow_1,0.667,0.667\ndog_1,0.000,1.000\ndog_2,1.000,1.000\n"
    )


def test_official_order_of_assigned_objects_is_that_of_proposals():
    scores = _scores("unsupervised", [[0.1], [0.2], [0.3]], [[0.0]] * 3, matches=[3, 1, 2])
    summary = aggregate({"s": scores})
    assert [name for name, *_ in summary.sequence_rows()] == ["s_1", "s_2", "s_3"]
    assert [j for _, j, _ in summary.sequence_rows()] == [0.2, 0.3, 0.1]
    assert summary.per_sequence["s"][1].j.mean == 0.1


def test_average_over_real_scores():
    truth = label_maps(0, 6, 40, 60, 2)
    truth[0, 0, :2] = 1, 2
    scores = {
        "a": score_sequence(truth, perturbed(truth, 1)),
        "b": score_sequence(truth, truth),
    }
    summary = aggregate(scores)
    objects = np.concatenate([scores["a"].j, scores["b"].j])
    assert summary.j.mean == pytest.approx(objects.mean())
    assert summary.global_row()["J-Mean"] == summary.j.mean


def test_what_cannot_be_averaged():
    with pytest.raises(ValueError, match="no sequence"):
        aggregate({})
    one, other = _scores("all-frames", [[1]], [[1]]), _scores("unsupervised", [[1]], [[1]])
    with pytest.raises(ValueError, match="different tasks"):
        aggregate({"a": one, "b": other})
