"""What an expression's object looks like: believed when proven, trusted less while away."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from car_video.video.tracking.appearance import FADING, FORGOTTEN, PROVEN, Identity

MAN, DOG = F.normalize(torch.tensor([[1.0, 0.2, 0.0], [0.0, 0.1, 1.0]]), dim=-1)
HERE, AWAY = torch.tensor([True]), torch.tensor([False])
OLD = torch.tensor([PROVEN])


def learned() -> Identity:
    identity = Identity.unknown(1, 3, MAN)
    for _ in range(10):
        identity.update(MAN[None], OLD, HERE)
    return identity


def test_an_unknown_object_may_look_like_anything() -> None:
    identity = Identity.unknown(1, 3, MAN)
    identity.update(MAN[None], OLD - 1, HERE)  # too young to be believed
    assert not identity.pull(torch.stack([MAN, DOG])[None]).any()


def test_another_look_is_held_against_it() -> None:
    pull = learned().pull(torch.stack([MAN, DOG])[None])[0]
    assert float(pull[0]) == 0
    assert float(pull[1]) == pytest.approx(2 * (float(MAN @ DOG) - 0.5), abs=1e-5)


def test_another_object_changes_nothing_until_trust_has_gone() -> None:
    identity = learned()
    identity.update(DOG[None], OLD, HERE)
    torch.testing.assert_close(identity.look[0], MAN)
    assert float(identity.trust) == pytest.approx(FADING)
    while float(identity.trust) >= FORGOTTEN:
        identity.update(DOG[None], OLD, AWAY)
    identity.update(DOG[None], OLD, HERE)
    torch.testing.assert_close(identity.look[0], DOG)
