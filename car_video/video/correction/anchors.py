"""From what a person says of a frame to the mask that it means there."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from car_video.corrections import Correction
from car_video.errors import CorrectionError
from car_video.models.numerics import in_standard_torch
from car_video.models.sam.base import MaskModel
from car_video.segment.encoding import MAX_WORKING_SIDE
from car_video.segment.mask_selection.overlaps import NESTED
from car_video.segment.resizing import enlarge, to_pixels
from car_video.video.correction.group import SMALLEST_PART
from car_video.video.correction.prompting import PromptedPicture
from car_video.video.tracking.mask_tensors import MAX_LOGIT

MOSTLY_THE_SAME = 0.5
"""IoU from which a mask with a part more is still the same mask, mostly: half."""
TRUST_IN_DISC = 0.4
"""Quality of a disc about a click, as a part of the best that the mask model guesses of its own
answers: below half, so that a part that is missing may be larger than the mask."""


@in_standard_torch
@torch.inference_mode()
def corrected_mask(
    sam: MaskModel | None,
    image: NDArray[np.uint8],
    correction: Correction,
    tracked: NDArray[np.bool_],
) -> NDArray[np.bool_]:
    """The mask of a correction, bool [H, W]; empty where the target is absent.

    A mask is kept to the pixel. Clicks and boxes go to the mask model, which sees this one
    frame as fine as it was trained to.

    Args:
        sam: the mask model; None where the run has none.
        image: uint8 [H, W, 3] of the frame.
        correction: of it.
        tracked: bool [H, W]: the mask so far, which clicks mend, see :func:`_clicked`.

    Raises:
        CorrectionError: outside the picture, clicks without a mask model, or the mask model
            finds nothing there.
    """
    height, width = image.shape[:2]
    correction.check_size(height, width)
    if correction.mask is not None:
        return correction.mask.copy()
    if correction.absent:
        return np.zeros((height, width), bool)
    where = f"correction of frame {correction.frame}"
    if sam is None:
        raise CorrectionError(
            f"{where}: points and boxes need a mask model; use --refine sam (segment.refine), "
            "or give a mask"
        )
    if not correction.positive and correction.box is None and not tracked.any():
        raise CorrectionError(
            f"{where}: there is no mask yet that negative points could mend; give a positive "
            "point or a box"
        )
    picture = PromptedPicture(sam, to_pixels(image, sam.device, MAX_WORKING_SIDE), width)
    if correction.box is not None:
        logits = _boxed(picture, correction, tracked)
    else:
        logits = _clicked(picture, correction, tracked)
    mask = enlarge(logits[None], (height, width))[0] > 0
    if not bool(mask.any()):
        raise CorrectionError(
            f"{where}: nothing is left there; give absent, a positive point, or a mask"
        )
    return np.asarray(mask.cpu().numpy())


def _boxed(
    picture: PromptedPicture, correction: Correction, tracked: NDArray[np.bool_]
) -> Tensor:
    """Logits [a, b] of what a box means.

    The mask model gives four answers to a box, and four more with the mask so far as context
    where most of that lies in the box: then it is of the target, at least in part. The answer
    is taken that obeys most clicks. Among those counts the model's guess of the quality, times
    how the answer fills the box, and beside it how much of the mask so far it holds. The guess
    alone takes what stands in front of the target, or a part of it (docs/corrections.md).
    """
    assert correction.box is not None
    points, box = correction.points, correction.box
    before = picture.logits_of(tracked) > 0
    inside = before & picture.within(box, before)
    known = bool(inside.sum() >= max(1, NESTED * int(before.sum())))
    answers = [picture.ask(points, box, several) for several in (False, True)]
    if known:
        answers += [picture.ask(points, box, several, tracked) for several in (False, True)]
    logits = torch.cat([one for one, _ in answers])
    score = torch.cat([one for _, one in answers]) * picture.filled(logits, box)
    if known:
        score = score + ((logits > 0) & inside).sum((1, 2)) / inside.sum()
    # That is two at most, and a click that is obeyed counts for more.
    return logits[(2 * picture.obeyed(logits, points) + score).argmax()]


def _clicked(
    picture: PromptedPicture, correction: Correction, tracked: NDArray[np.bool_]
) -> Tensor:
    """Logits [a, b] of what clicks mean.

    Positive clicks that are all beside the mask so far mean a part that is missing, if what the
    mask model finds there touches the mask, and else another thing. With a negative click on
    the mask they mean another thing. Other clicks mend the mask: the mask model gets it as
    context, and what it finds at negative clicks is taken away.

    A mask that is mended stays as it was but for what the clicks say: see :func:`_mended`.
    """
    points, before = correction.points, picture.logits_of(tracked)
    on_mask = [tracked[int(y), int(x)] for x, y in correction.positive]
    refused = any(tracked[int(y), int(x)] for x, y in correction.negative)
    candidates: list[tuple[Tensor, Tensor]] = []
    if not tracked.any() or (on_mask and not any(on_mask)):
        found, quality = picture.ask(points)
        best = int((picture.obeyed(found, points) + quality).argmax())
        with_part = torch.maximum(found, before)
        specks = (found > 0).sum((1, 2)) < SMALLEST_PART * (before > 0).sum()
        touching = [
            speck or picture.touch(one, before)
            for one, speck in zip(found, specks.tolist(), strict=True)
        ]
        small = (overlaps(with_part, before) >= MOSTLY_THE_SAME).tolist()
        missing = touching[best] or any(t and s for t, s in zip(touching, small, strict=True))
        if refused or not tracked.any() or not missing:
            return found[best]
        candidates.append((with_part[touching], quality[touching]))
    elif correction.negative:
        found, quality = picture.ask([(x, y, True) for x, y in correction.negative])
        rest = torch.minimum(before, -found)
        speck = (rest > 0).sum((1, 2)) < SMALLEST_PART * (before > 0).sum()
        candidates.append((rest.masked_fill(speck[:, None, None], -MAX_LOGIT), quality))
    candidates.append(picture.ask_with_context(points, tracked))
    logits = torch.cat([one for one, _ in candidates])
    quality = torch.cat([one for _, one in candidates])
    return _mended(picture, correction, before, logits, quality)


def _mended(
    picture: PromptedPicture,
    correction: Correction,
    before: Tensor,
    logits: Tensor,
    quality: Tensor,
) -> Tensor:
    """Logits [a, b] of the mended mask, out of several.

    The mask model's own guess of quality knows nothing of the mask so far, and differs by less
    than it is sure of between a part of a thing and the whole of it. Whoever clicks has left
    the rest of the mask as it is, and clicks into the middle of what is wrong. So of each
    candidate only those changes count that are connected with a click, and among those that
    obey most clicks the one is taken whose quality is highest, times its overlap with the mask
    so far, times how far in the middle of its change the click is (docs/corrections.md). One
    more is a disc about the click, so that a click never has to mean something unlikely.

    Args:
        picture: that was asked.
        correction: with clicks.
        before: [a, b] of the mask so far, not empty.
        logits: [M, a, b] of the candidates.
        quality: [M] of them, as the mask model guesses it.
    """
    logits = picture.changed_near(logits, before, correction.points)
    obeyed = picture.obeyed(logits, correction.points)
    empty = (logits <= 0).flatten(1).all(1)
    if bool((empty | (obeyed < obeyed.max())).all()):
        return logits[empty][0]  # all that obeys leaves nothing
    best = quality[~empty & (obeyed >= obeyed.max())].max()
    disc = picture.discs(before, correction.points)[None]
    logits = torch.cat([logits[~empty], disc])
    quality = torch.cat([quality[~empty], TRUST_IN_DISC * best[None]])
    middle = picture.centred(logits, before, correction.points)
    obeyed = picture.obeyed(logits, correction.points)
    return logits[(obeyed + quality * overlaps(logits, before) * middle).argmax()]


def overlaps(logits: Tensor, other: Tensor) -> Tensor:
    """IoU of masks, logits [M, a, b], with another one [a, b]: [M]; 0 where both are empty."""
    masks, known = logits > 0, other > 0
    shared = (masks & known).sum((1, 2))
    return shared / (masks | known).sum((1, 2)).clamp_min(1)
