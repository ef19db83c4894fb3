"""What the object of each expression looks like, for when it comes back.

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

PROVEN = 5  # frames that a track lives before its look is believed
RATE = 0.05  # of the newest look in the memory
GAIN = 0.2  # of trust per frame with a proven track
FADING = 0.97  # of trust per frame without: half is gone after a second
MIDDLE = 0.5  # likeness below which it is rather not the object
PULL = 2.0  # in log agreement, for the whole range of likeness
ANOTHER = 0.3  # a track that looks less like the object does not change what is known
FORGOTTEN = 0.2  # trust under which another object may take its place


@dataclass
class Identity:
    """Looks of the objects that expressions have had.

    Attributes:
        look: [Q, D] unit length, or zero.
        trust: [Q] in [0, 1] how much it is worth.
    """

    look: Tensor
    trust: Tensor

    @classmethod
    def unknown(cls, queries: int, features: int, like: Tensor) -> Identity:
        """Nothing seen yet."""
        return cls(like.new_zeros(queries, features), like.new_zeros(queries))

    def state_dict(self) -> State:
        """The attributes by name."""
        return {"look": self.look, "trust": self.trust}

    @classmethod
    def from_state(cls, state: State, queries: int, device: torch.device) -> Identity:
        """Back from :meth:`state_dict`. Raises ConfigError."""
        return cls(
            take(state, "look", torch.float32, (queries, None)).to(device),
            take(state, "trust", torch.float32, (queries,)).to(device),
        )

    def pull(self, looks: Tensor) -> Tensor:
        """How much looks [Q, C, D] speak for being the object: [Q, C], 0 for unknown ones."""
        likeness = (looks @ self.look[..., None])[..., 0]
        return PULL * self.trust[:, None] * (likeness - MIDDLE).clamp_max(0)

    def update(self, look: Tensor, age: Tensor, alive: Tensor) -> None:
        """Take in the best tracks of a frame.

        Args:
            look: [Q, D].
            age: int64 [Q].
            alive: bool [Q] whether there is a track.
        """
        likeness = (self.look * look).sum(-1)
        proven = alive & (age >= PROVEN)
        proven &= (likeness > ANOTHER) | (self.trust < FORGOTTEN)
        known = self.trust >= FORGOTTEN
        rate = torch.where(known, RATE, 1.0)[:, None]
        newer = F.normalize(self.look.lerp(look, rate), dim=-1)
        self.look = torch.where(proven[:, None], newer, self.look)
        grown = (self.trust + GAIN).clamp_max(1)
        self.trust = torch.where(proven, grown, self.trust * FADING)
