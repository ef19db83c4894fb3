"""Ours against the numbers of the official DAVIS 2017 evaluation, see davis_cases.py."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from car_video.eval.metrics import aggregate, score_sequence

from .davis_cases import davis_cases

GOLDEN = json.loads(Path(__file__).with_name("golden_davis2017.json").read_text())
CASES = davis_cases()


def test_every_case_has_golden_numbers():
    assert sorted(CASES) == sorted(GOLDEN)


@pytest.mark.parametrize("name", sorted(GOLDEN))
def test_same_numbers_as_the_official_code(name):
    task, truth, prediction = CASES[name]
    golden = GOLDEN[name]
    scores = score_sequence(truth, prediction, task)
    order = np.argsort(scores.matches)  # the official order of objects in either task
    for measure, statistics in (("J", scores.j_statistics()), ("F", scores.f_statistics())):
        ours = np.array([statistics[index] for index in order])
        official = np.array([golden[measure][letter] for letter in "MRD"]).T
        np.testing.assert_allclose(ours, official, rtol=0, atol=1e-9)
    row = list(aggregate({"seq": scores}).global_row().values())
    np.testing.assert_allclose(row, golden["global"], rtol=0, atol=1e-9)
