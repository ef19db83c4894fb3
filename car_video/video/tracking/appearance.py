"""What the object of each expression looks like, so that it is recognised when it comes back.

The mean feature under a mask tells objects apart much better than words do. On the hard cases
of ``tests/hard_cases`` the cosine of an object with itself 10 to 45 frames later is 0.85 (the
median; 0.45 at 5 %), with its look-alike 0.25 (0.53 at 95 %), with other places -0.12.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from car_video.video.state.tensors import State, take
from car_video.video.tracking.timing import decay

# The rates of ``fast`` (a twentieth, a fifth, 3 % a language frame, three of them a second) as
# times. With those of every frame at 24 a second five hard cases came out the same to 0.001.
PROVEN_SECONDS = 0.2  # that a track lives before its appearance is believed
MEMORY_SECONDS = 6.5  # in which the weight of a past look in the memory falls to 1/e
TRUST_SECONDS = 1.7  # with a proven track until it is trusted wholly
DOUBT_SECONDS = 11.0  # without one until the trust has fallen to 1/e
NEUTRAL_COSINE = 0.5  # below it, it is rather not the object
SCORE_WEIGHT = 2.0  # in log agreement, for the whole range of cosines
LEARN_COSINE = 0.3  # a track whose appearance is less similar does not change what is known
REPLACE_TRUST = 0.2  # trust under which another object may take its place


@dataclass
class ObjectAppearance:
    """Appearances of the objects that expressions have had.

    Attributes:
        appearance: [Q, D] unit length, or zero.
        trust: [Q] in [0, 1] how much it is worth.
    """

    appearance: Tensor
    trust: Tensor

    @classmethod
    def unknown(cls, queries: int, features: int, like: Tensor) -> ObjectAppearance:
        """No object yet."""
        return cls(like.new_zeros(queries, features), like.new_zeros(queries))

    def state_dict(self) -> State:
        """The attributes by name."""
        return {"appearance": self.appearance, "trust": self.trust}

    @classmethod
    def from_state(cls, state: State, queries: int, device: torch.device) -> ObjectAppearance:
        """Back from :meth:`state_dict`. Raises ConfigError."""
        return cls(
            take(state, "appearance", torch.float32, (queries, None)).to(device),
            take(state, "trust", torch.float32, (queries,)).to(device),
        )

    def score(self, appearances: Tensor) -> Tensor:
        """How much appearances [Q, C, D] speak against being the object: [Q, C], at most 0, and
        0 where no object is known."""
        cosine = (appearances @ self.appearance[..., None])[..., 0]
        return SCORE_WEIGHT * self.trust[:, None] * (cosine - NEUTRAL_COSINE).clamp_max(0)

    def update(self, appearance: Tensor, age: Tensor, alive: Tensor, seconds: float) -> None:
        """Learn from the best tracks of a frame.

        Args:
            appearance: [Q, D].
            age: [Q] in seconds.
            alive: bool [Q] whether there is a track.
            seconds: since the last frame that taught something.
        """
        cosine = (self.appearance * appearance).sum(-1)
        proven = alive & (age >= PROVEN_SECONDS)
        proven &= (cosine > LEARN_COSINE) | (self.trust < REPLACE_TRUST)
        known = self.trust >= REPLACE_TRUST
        rate = torch.where(known, 1 - decay(seconds, MEMORY_SECONDS), 1.0)[:, None]
        newer = F.normalize(self.appearance.lerp(appearance, rate), dim=-1)
        self.appearance = torch.where(proven[:, None], newer, self.appearance)
        grown = (self.trust + seconds / TRUST_SECONDS).clamp_max(1)
        left = self.trust * decay(seconds, DOUBT_SECONDS)
        self.trust = torch.where(proven, grown, left)
