"""What OpenMP is told, and that the user's word counts more."""

from __future__ import annotations

import os

import pytest

from car_video.cli.openmp import SPINS, VARIABLES, spin_briefly


def test_threads_wait_awake_for_a_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GOMP_SPINCOUNT", "later removed")  # so that it is put back
    monkeypatch.delenv("GOMP_SPINCOUNT")
    spin_briefly()
    assert os.environ["GOMP_SPINCOUNT"] == SPINS


@pytest.mark.parametrize("name", VARIABLES)
def test_what_the_user_has_set_stays(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    for other in VARIABLES:
        monkeypatch.delenv(other, raising=False)
    monkeypatch.setenv(name, "user")
    spin_briefly()
    assert {other: os.environ.get(other) for other in VARIABLES} == {
        **dict.fromkeys(VARIABLES),
        name: "user",
    }
