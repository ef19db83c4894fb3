"""Whether what a best track shows still looks like what it showed before.

Where a thing is painted out or a box is put over it, its track often goes on with what is at
its place, and language, which must name something, agrees. So what is at that place has to look
like what was there, as it looked at last or as it usually looks. Only the answer depends on it:
tracks go on as ever, so what comes back is followed as soon as it would be without a doubt.
What is elsewhere is not doubted: another of the kind may be meant as well.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from car_video.video.state.tensors import State, take
from car_video.video.tracking.colours import COLOURS, colour_shares
from car_video.video.tracking.frames import IntermediateFrame
from car_video.video.tracking.mask_tensors import appearance_of
from car_video.video.tracking.timing import decay
from car_video.video.tracking.tracks import Tracks

PLACES = 16  # rows and columns of cells in which a place is remembered
LOOKS = 2  # that are compared with: the last one, and the mean of those so far
USUAL_SECONDS = 6.5  # in which the weight of a past look in that mean falls to 1/e
SAME_OFFSET = 0.2  # log-odds that a mask shows what it showed ...
SAME_COSINE = 5.6  # ... per cosine of the appearances
SAME_COLOUR = -7.5  # ... per part with other colours
GLANCE_OFFSET = 3.7  # the same on frames of which no features are known ...
GLANCE_COLOUR = -11.9  # ... per part with other colours
OTHER = -3.0  # log-odds below which doubt begins; it ends at even odds


@dataclass(frozen=True)
class Look:
    """What the best tracks look like on a frame, of Q expressions.

    Attributes:
        colours: [Q, 64], see :mod:`~car_video.video.tracking.colours`.
        place: bool [Q, 256] which cells of the picture the masks touch.
        there: bool [Q] whether there is a track.
        appearance: [Q, D] unit length; None on a frame without features.
    """

    colours: Tensor
    place: Tensor
    there: Tensor
    appearance: Tensor | None = None


def look_of(
    logits: Tensor, there: Tensor, thumbnail: NDArray[np.uint8], features: Tensor | None = None
) -> Look:
    """Of masks [Q, a, b] on a frame with its thumbnail uint8 [., ., 3] and, if they are known,
    its features [D, h, w]; ``there``: bool [Q]."""
    masks = logits[:, None]
    cells = F.adaptive_avg_pool2d((masks > 0).float(), PLACES).flatten(1) > 0
    seen = None if features is None else appearance_of(masks, features)[:, 0]
    return Look(colour_shares(masks, thumbnail)[:, 0], cells, there, seen)


def glanced(before: Likeness, tracks: Tracks, frame: IntermediateFrame) -> Likeness:
    """What the best tracks have looked like up to a frame between keyframes.

    Args:
        before: up to the frame before; it stays as it is.
        tracks: of the frame.
        frame: the frame.
    """
    there = tracks.alive[:, 0]
    if frame.possible is not None:
        there = there & torch.from_numpy(frame.possible).to(there.device)
    now = replace(before)
    now.glance(look_of(tracks.logits[:, 0], there, frame.thumbnail))
    return now


@dataclass
class Likeness:
    """Looks of the best tracks so far, and whether the present one is doubted.

    Attributes:
        appearance: [Q, 2, D] of the last look that was not doubted, and of their mean.
        colours: [Q, 2, 64] of the same.
        newest: [Q, 64] colours of the last look, doubted or not.
        place: bool [Q, 256] cells of that one.
        known: bool [Q] whether there are such looks.
        against: [Q] log-odds, below 0 where the present look is doubted, else 0.
    """

    appearance: Tensor
    colours: Tensor
    newest: Tensor
    place: Tensor
    known: Tensor
    against: Tensor

    @classmethod
    def unknown(cls, queries: int, features: int, like: Tensor) -> Likeness:
        """Nothing was seen, by features of so many dimensions."""
        blank = torch.zeros(queries, dtype=torch.bool, device=like.device)
        return cls(
            like.new_zeros(queries, LOOKS, features),
            like.new_zeros(queries, LOOKS, COLOURS),
            like.new_zeros(queries, COLOURS),
            blank[:, None].repeat(1, PLACES**2),
            blank,
            like.new_zeros(queries),
        )

    def state_dict(self) -> State:
        """The attributes by name."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @classmethod
    def from_state(cls, state: State, queries: int, device: torch.device) -> Likeness:
        """Back from :meth:`state_dict`. Raises ConfigError."""
        return cls(
            take(state, "appearance", torch.float32, (queries, LOOKS, None)).to(device),
            take(state, "colours", torch.float32, (queries, LOOKS, COLOURS)).to(device),
            take(state, "newest", torch.float32, (queries, COLOURS)).to(device),
            take(state, "place", torch.bool, (queries, PLACES**2)).to(device),
            take(state, "known", torch.bool, (queries,)).to(device),
            take(state, "against", torch.float32, (queries,)).to(device),
        )

    @property
    def doubted(self) -> Tensor:
        """bool [Q]."""
        return self.against < 0

    def step(self, look: Look, proven: Tensor, seconds: float) -> None:
        """Compare the look of a frame with features with those before, and remember it unless
        it is doubted.

        Args:
            look: of the frame.
            proven: bool [Q]: tracks that may begin what is remembered.
            seconds: since the last such look.
        """
        assert look.appearance is not None
        cosine = (self.appearance * look.appearance[:, None]).sum(-1)
        odds = SAME_OFFSET + SAME_COSINE * cosine + SAME_COLOUR * self._change(look)
        learns = self._judge(look, odds.amax(1), self.doubted)
        first = look.there & proven & ~self.known
        learns = learns | first
        rates = cosine.new_tensor([1.0, 1 - decay(seconds, USUAL_SECONDS)])
        rate = torch.where(first[:, None], 1.0, rates)[..., None]  # [Q, 2, 1]
        newer = F.normalize(self.appearance.lerp(look.appearance[:, None], rate), dim=-1)
        self.appearance = torch.where(learns[:, None, None], newer, self.appearance)
        mixed = self.colours.lerp(look.colours[:, None], rate)
        self.colours = torch.where(learns[:, None, None], mixed, self.colours)
        self.known = self.known | first
        self._note(look)

    def glance(self, look: Look) -> None:
        """The same on a frame without features.

        A doubt ends where the colours are nearer to those from before than to those of what was
        doubted: of two dark things the colours tell nothing.
        """
        change = self._change(look).amin(1)
        away = (self.newest - look.colours).abs().sum(-1) / 2
        odds = GLANCE_OFFSET + GLANCE_COLOUR * change
        learns = self._judge(look, odds, self.doubted & (away > change))
        newer = torch.stack([look.colours, self.colours[:, 1]], 1)
        self.colours = torch.where(learns[:, None, None], newer, self.colours)
        self._note(look)

    def _change(self, look: Look) -> Tensor:
        """Part of the masks with other colours than in each look before: [Q, 2]."""
        return (self.colours - look.colours[:, None]).abs().sum(-1) / 2

    def _judge(self, look: Look, odds: Tensor, ends: Tensor) -> Tensor:
        """Begin and end doubts.

        Args:
            look: of the frame.
            odds: [Q] log-odds that it is of what was seen before.
            ends: bool [Q] which doubts may end.

        Returns:
            bool [Q]: which looks may be remembered.
        """
        seen = look.there & self.known
        near = (self.place & look.place).any(-1)
        stays = self.doubted & ((odds < 0) | ~ends)
        doubted = seen & near & (stays | (~self.doubted & (odds < OTHER)))
        odds = torch.where(ends | ~self.doubted, odds, self.against)
        self.against = torch.where(seen, odds.where(doubted, 0.0), self.against)
        return seen & ~doubted

    def _note(self, look: Look) -> None:
        """Keep where a look is and what colours it has."""
        there = look.there[:, None]
        self.newest = torch.where(there, look.colours, self.newest)
        self.place = torch.where(there, look.place, self.place)
