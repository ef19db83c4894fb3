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
from car_video.segment.resizing import enlarge, to_pixels
from car_video.video.correction.group import SMALLEST_PART
from car_video.video.correction.prompting import PromptedPicture
from car_video.video.tracking.mask_tensors import MAX_LOGIT


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
        logits = _boxed(picture, correction)
    else:
        logits = _clicked(picture, correction, tracked)
    mask = enlarge(logits[None], (height, width))[0] > 0
    if not bool(mask.any()):
        raise CorrectionError(
            f"{where}: nothing is left there; give absent, a positive point, or a mask"
        )
    return np.asarray(mask.cpu().numpy())


def _boxed(picture: PromptedPicture, correction: Correction) -> Tensor:
    """Logits [a, b]: of the answers that obey most clicks the one that fills the box best."""
    assert correction.box is not None
    logits, _ = picture.ask(correction.points, correction.box)
    obeyed = picture.obeyed(logits, correction.points)
    return logits[(obeyed + picture.box_fit(logits, correction.box)).argmax()]


def _clicked(
    picture: PromptedPicture, correction: Correction, tracked: NDArray[np.bool_]
) -> Tensor:
    """Logits [a, b] of what clicks mean.

    Positive clicks that are all beside the mask so far mean a part that is missing, if what the
    mask model finds there touches the mask, and else another thing. With a negative click on
    the mask they mean another thing. Other clicks mend the mask: the mask model gets it as
    context, and what it finds at negative clicks is taken away.
    """
    on_mask = [tracked[int(y), int(x)] for x, y in correction.positive]
    refused = any(tracked[int(y), int(x)] for x, y in correction.negative)
    if not tracked.any() or (on_mask and not any(on_mask)):
        logits, quality = picture.ask(correction.points)
        found = logits[(picture.obeyed(logits, correction.points) + quality).argmax()]
        before = picture.logits_of(tracked)
        missing = bool(tracked.any()) and not refused and picture.touch(found, before)
        return torch.maximum(found, before) if missing else found
    candidates = [picture.ask_with_context(correction.points, tracked)]
    if correction.negative:
        away = [(x, y, True) for x, y in correction.negative]
        logits, quality = picture.ask(away)
        before = picture.logits_of(tracked)
        rest = torch.minimum(before, -logits)
        speck = (rest > 0).sum((1, 2)) < SMALLEST_PART * (before > 0).sum()
        rest = rest.masked_fill(speck[:, None, None], -MAX_LOGIT)
        candidates.append((rest, quality))
    logits = torch.cat([logits for logits, _ in candidates])
    quality = torch.cat([quality for _, quality in candidates])
    obeyed = picture.obeyed(logits, correction.points)
    empty = (logits <= 0).flatten(1).all(1)
    score = obeyed + quality
    if bool((~empty & (obeyed >= obeyed.max())).any()):
        score = score.masked_fill(empty, -1)  # no mask obeys negative clicks best of all
    return logits[score.argmax()]
