"""What an expression's object looks like: believed when proven, trusted less while absent."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from car_video.video.tracking.appearance import (
    PROVEN_AGE,
    REPLACE_TRUST,
    TRUST_DECAY,
    ObjectAppearance,
)

MAN, DOG = F.normalize(torch.tensor([[1.0, 0.2, 0.0], [0.0, 0.1, 1.0]]), dim=-1)
PRESENT, ABSENT = torch.tensor([True]), torch.tensor([False])
OLD = torch.tensor([PROVEN_AGE])


def learned() -> ObjectAppearance:
    known = ObjectAppearance.unknown(1, 3, MAN)
    for _ in range(10):
        known.update(MAN[None], OLD, PRESENT)
    return known


def test_an_unknown_object_may_look_like_anything() -> None:
    known = ObjectAppearance.unknown(1, 3, MAN)
    known.update(MAN[None], OLD - 1, PRESENT)  # too young to be believed
    assert not known.score(torch.stack([MAN, DOG])[None]).any()


def test_another_appearance_lowers_the_score() -> None:
    score = learned().score(torch.stack([MAN, DOG])[None])[0]
    assert float(score[0]) == 0
    assert float(score[1]) == pytest.approx(2 * (float(MAN @ DOG) - 0.5), abs=1e-5)


def test_another_object_changes_nothing_until_trust_has_gone() -> None:
    known = learned()
    known.update(DOG[None], OLD, PRESENT)
    torch.testing.assert_close(known.appearance[0], MAN)
    assert float(known.trust) == pytest.approx(TRUST_DECAY)
    while float(known.trust) >= REPLACE_TRUST:
        known.update(DOG[None], OLD, ABSENT)
    known.update(DOG[None], OLD, PRESENT)
    torch.testing.assert_close(known.appearance[0], DOG)
