"""What an expression's object looks like: believed when proven, trusted less while absent."""

from __future__ import annotations

import math

import pytest
import torch
import torch.nn.functional as F

from car_video.video.tracking.appearance import (
    DOUBT_SECONDS,
    MEMORY_SECONDS,
    PROVEN_SECONDS,
    REPLACE_TRUST,
    TRUST_SECONDS,
    ObjectAppearance,
)

MAN, DOG = F.normalize(torch.tensor([[1.0, 0.2, 0.0], [0.0, 0.1, 1.0]]), dim=-1)
PRESENT, ABSENT = torch.tensor([True]), torch.tensor([False])
OLD = torch.tensor([PROVEN_SECONDS])
STEP = 0.25


def learned() -> ObjectAppearance:
    known = ObjectAppearance.unknown(1, 3, MAN)
    for _ in range(10):
        known.update(MAN[None], OLD, PRESENT, STEP)
    return known


def test_an_unknown_object_may_look_like_anything() -> None:
    known = ObjectAppearance.unknown(1, 3, MAN)
    known.update(MAN[None], OLD / 2, PRESENT, STEP)  # too young to be believed
    assert not known.score(torch.stack([MAN, DOG])[None]).any()


def test_another_appearance_lowers_the_score() -> None:
    score = learned().score(torch.stack([MAN, DOG])[None])[0]
    assert float(score[0]) == 0
    assert float(score[1]) == pytest.approx(2 * (float(MAN @ DOG) - 0.5), abs=1e-5)


def test_another_object_changes_nothing_until_trust_has_gone() -> None:
    known = learned()
    known.update(DOG[None], OLD, PRESENT, STEP)
    torch.testing.assert_close(known.appearance[0], MAN)
    assert float(known.trust) == pytest.approx(math.exp(-STEP / DOUBT_SECONDS))
    while float(known.trust) >= REPLACE_TRUST:
        known.update(DOG[None], OLD, ABSENT, STEP)
    known.update(DOG[None], OLD, PRESENT, STEP)
    torch.testing.assert_close(known.appearance[0], DOG)


@pytest.mark.parametrize("steps", [1, 4, 60])
def test_seconds_count_and_not_frames(steps: int) -> None:
    """Half a second of the man, then two without him."""
    known = learned()
    for _ in range(steps):
        known.update(F.normalize(MAN + 0.3 * DOG, dim=-1)[None], OLD, PRESENT, 0.5 / steps)
    wanted = MAN + (1 - math.exp(-0.5 / MEMORY_SECONDS)) * (
        F.normalize(MAN + 0.3 * DOG, dim=-1) - MAN
    )
    torch.testing.assert_close(
        known.appearance[0], F.normalize(wanted, dim=-1), atol=1e-3, rtol=0
    )
    for _ in range(steps):
        known.update(MAN[None], OLD, ABSENT, 2 / steps)
    assert float(known.trust) == pytest.approx(math.exp(-2 / DOUBT_SECONDS))


def test_trust_grows_with_time() -> None:
    known = ObjectAppearance.unknown(1, 3, MAN)
    known.update(MAN[None], OLD, PRESENT, TRUST_SECONDS / 4)
    assert float(known.trust) == pytest.approx(0.25)
    known.update(MAN[None], OLD, PRESENT, 10.0)
    assert float(known.trust) == 1
