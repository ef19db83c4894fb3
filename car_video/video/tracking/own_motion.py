"""What moves by itself, beside what the camera moves: evidence for things that are named.

People name what acts. A cell that moves other than the background belongs to the thing that a
sentence means more often than one that moves with it. The camera's motion is an affine fit of
the flow by least trimmed squares (Rousseeuw, JASA 1984).
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray

from car_video.errors import ConfigError
from car_video.video.state.tensors import State, as_array, take
from car_video.video.tracking.frames import LanguageFrame
from car_video.video.tracking.motion import QUICK, Flow, block_flow

BASELINE = 1 / 6
"""Seconds between the two pictures that motion is seen in: slow motion is more than half a
pixel of a thumbnail, and fast motion still in the reach of the flow."""
ROUNDING = 0.5  # pixels of a thumbnail: the flow is in whole ones
SLOPE = 2.9
OFFSET = -2.7
"""With the slope, log-odds that a cell belongs to what a sentence names, by the logarithm of
how far it moves beside the camera in medians of the picture, if the motion of that is known.
``benchmarks/own_motion.py`` fits both, and the next."""
UNKNOWN = 2.5
"""Pixels of a thumbnail: where the median is so far from the camera's motion, the log-odds are
down to 1/e, because it was not found."""
SAMPLING = 4  # pixels of a thumbnail from one to the next that the camera is fitted to
REFITS = 5  # of the camera: what pixels move is then within 0.01 of its end in the mean
EMPTY = 1e-6  # a map that is zero everywhere stays so
TOLERANCE = 1e-3  # seconds, so that times of whole frames are compared as such


class RecentThumbnails:
    """Thumbnails of the last moments, at most six, whatever the frame rate.

    Attributes:
        kept: seconds before the newest frame, and uint8 [h, w, 3]; oldest first.
    """

    def __init__(self) -> None:
        self.kept: list[tuple[float, NDArray[np.uint8]]] = []

    def step(self, thumbnail: NDArray[np.uint8], seconds: float) -> NDArray[np.uint8] | None:
        """Take the thumbnail of the next frame.

        Args:
            thumbnail: uint8 [h, w, 3].
            seconds: since the last frame.

        Returns:
            That of the frame a :data:`BASELINE` ago, or up to twice as long; None where there
            is none, or none of this size.
        """
        kept = [(age + seconds, past) for age, past in self.kept]
        kept = [one for one in kept if one[1].shape == thumbnail.shape]
        enough = BASELINE - TOLERANCE
        while len(kept) > 1 and kept[1][0] >= enough:
            kept = kept[1:]
        there = bool(kept) and enough <= kept[0][0] <= 2 * BASELINE + TOLERANCE
        before = kept[0][1] if there else None
        if not kept or kept[-1][0] >= BASELINE / 4 - TOLERANCE:
            kept = [*kept, (0.0, thumbnail)]
        self.kept = kept
        return before

    def state_dict(self) -> State:
        """``ages`` and ``thumbnails``."""
        ages = torch.tensor([age for age, _ in self.kept], dtype=torch.float64)
        pictures = [torch.from_numpy(picture) for _, picture in self.kept]
        empty = torch.zeros(0, 1, 1, 3, dtype=torch.uint8)
        return {"ages": ages, "thumbnails": torch.stack(pictures) if pictures else empty}

    def load_state_dict(self, state: State) -> None:
        """Go on from there. Raises ConfigError where it does not fit."""
        ages = take(state, "ages", torch.float64, (None,)).tolist()
        pictures = take(state, "thumbnails", torch.uint8, (len(ages), None, None, 3))
        if not all(math.isfinite(age) and age >= 0 for age in ages):
            raise ConfigError("the state has thumbnails of no age; it is damaged")
        self.kept = list(zip(ages, as_array(pictures), strict=True))


def beside_camera(flow: Flow) -> NDArray[np.float32]:
    """How far each pixel moves other than the camera moves it, float32 [H, W] in pixels.

    Args:
        flow: float32 [2, H, W].
    """
    height, width = flow.shape[1:]
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    plane = np.stack([np.ones_like(rows), rows / height, columns / width], -1)
    known = plane[::SAMPLING, ::SAMPLING].reshape(-1, 3)
    wanted = np.moveaxis(flow, 0, -1)[::SAMPLING, ::SAMPLING].reshape(-1, 2)
    camera = np.zeros((3, 2), np.float32)
    camera[0] = np.median(wanted, 0)
    for _ in range(REFITS):
        away = np.square(wanted - known @ camera).sum(1)
        nearest = np.argpartition(away, len(away) // 2)[: len(away) // 2 + 1]
        camera = np.linalg.lstsq(known[nearest], wanted[nearest], rcond=None)[0]
    away = np.moveaxis(flow, 0, -1) - plane @ camera
    return np.asarray(np.hypot(away[..., 0], away[..., 1]), np.float32)


def moves_more(residual: NDArray[np.float32]) -> NDArray[np.float32]:
    """Logarithm of how far pixels move in medians of the picture, 0 for those that move less.

    To move less than most tells nothing: where the camera follows a thing, the thing stands.

    Args:
        residual: float32 [H, W], of :func:`beside_camera`.

    Returns:
        float32 [H, W], at least 0.
    """
    usual = np.median(residual)
    return np.asarray(
        np.log((np.maximum(residual, usual) + ROUNDING) / (usual + ROUNDING)), np.float32
    )


def log_odds(
    more: NDArray[np.float32], usual: float, slope: float, offset: float, unknown: float
) -> NDArray[np.float32]:
    """Log-odds that what moves so belongs to what is named, were half of it to.

    Args:
        more: float32 of any shape, of :func:`moves_more`.
        usual: median of the picture's residual, in pixels.
        slope: see :data:`SLOPE`.
        offset: see :data:`OFFSET`.
        unknown: see :data:`UNKNOWN`.
    """
    return np.asarray((slope * more + offset) * np.exp(-usual / unknown), np.float32)


def probability_of_target(
    before: NDArray[np.uint8], now: NDArray[np.uint8]
) -> NDArray[np.float32]:
    """How probable it is by its motion alone that a pixel belongs to what is named.

    Args:
        before: uint8 [h, w, 3], a thumbnail from :data:`BASELINE` ago.
        now: of the frame, of the same size.

    Returns:
        float32 [h, w] in (0, 1), were half the pixels to belong to it.
    """
    residual = beside_camera(block_flow(before, now, config=QUICK))
    usual = float(np.median(residual))
    odds = np.exp(log_odds(moves_more(residual), usual, SLOPE, OFFSET, UNKNOWN))
    return np.asarray(odds / (1 + odds), np.float32)


def with_motion(
    frame: LanguageFrame, before: NDArray[np.uint8] | None, weight: float
) -> LanguageFrame:
    """A language frame whose proposals of things ask for what moves by itself.

    Motion says which of the places that language has found is meant, not whether it is there:
    the evidence of a query is as much as before in the mean over its proposal, but for cells
    that would pass 1.

    Args:
        frame: with proposals.
        before: a thumbnail from :data:`BASELINE` ago; None: nothing is known of motion.
        weight: power of the probabilities, in [0, 1]; 0: the frame as it is.
    """
    if before is None or weight == 0 or frame.maps is None or not len(frame.maps):
        return frame
    assert frame.evidence is not None
    moving = None if frame.cues is None else frame.cues.moving
    if moving is None:
        return frame
    found = torch.from_numpy(probability_of_target(before, frame.thumbnail))
    grid = (int(frame.maps.shape[-2]), int(frame.maps.shape[-1]))
    # Pooled where it was made: a device gets the cells alone, and the same on all of them.
    factor = F.adaptive_avg_pool2d(found[None], grid).to(frame.maps) ** weight
    factor = torch.where(moving[:, None, None], factor, 1.0)
    share = frame.maps * frame.evidence
    mean = (share * factor).sum((1, 2)) / share.sum((1, 2)).clamp_min(EMPTY)
    evidence = frame.evidence * factor / mean.clamp_min(EMPTY)[:, None, None]
    maps = frame.maps * factor
    maps = maps / maps.amax((1, 2), keepdim=True).clamp_min(EMPTY)
    return replace(frame, maps=maps, evidence=evidence.clamp_max(1.0))
