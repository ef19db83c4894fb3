"""Predictions to and from the forms that other tools speak: COCO RLE, palette PNG, supervision.

Pure functions; files are the business of the writers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pycocotools import mask as coco

from car_video.errors import DataError
from car_video.io.palette import davis_palette
from car_video.io.rle import decode_rle
from car_video.types import FramePrediction

_PLACES = np.array([1 << 16, 1 << 8, 1], np.uint32)  # of red, green and blue in one number


def as_coco(prediction: FramePrediction) -> list[dict[str, Any]]:
    """One COCO-like dictionary per expression, present or not, ready for JSON.

    Returns:
        Q dictionaries: ``expression`` (index), ``present``, ``score`` (6 decimals), ``bbox``
        [x, y, w, h] and ``area`` in pixels, ``segmentation`` (compressed RLE: ``size`` [h, w]
        and ``counts`` as a string). An empty mask has a box of zeros. Fewer than Q where
        ``extras["active"]``, bool [Q], says that some of them were not looked for.
    """
    asked = prediction.extras.get("active", [True] * len(prediction.expressions))
    stack = np.asfortranarray(prediction.masks.transpose(1, 2, 0), np.uint8)
    codes = coco.encode(stack)  # column-major, [H, W, Q]
    boxes, areas = coco.toBbox(codes), coco.area(codes)
    return [
        {
            "expression": query,
            "present": bool(prediction.present[query]),
            "score": round(float(prediction.scores[query]), 6),
            "bbox": [int(v) for v in boxes[query]],
            "area": int(areas[query]),
            "segmentation": {
                "size": [int(v) for v in code["size"]],
                "counts": code["counts"].decode("ascii"),
            },
        }
        for query, code in enumerate(codes)
        if asked[query]
    ]


def from_coco(
    objects: Sequence[Mapping[str, Any]],
    expressions: Sequence[str],
    index: int = 0,
    time: float = 0.0,
    size: tuple[int, int] | None = None,
) -> FramePrediction:
    """The inverse of :func:`as_coco`; reads any tool's objects in that form.

    Args:
        objects: need ``expression`` and ``segmentation`` (RLE, compressed or not);
            ``present`` defaults to a mask that is not empty, ``score`` to 1 where present.
            The mask of an object that is not present does not count.
            Expressions without an object are not present.
        expressions: Q sentences.
        index: number of the frame.
        time: seconds.
        size: (height, width), needed only where there is no object to take it from.

    Raises:
        DataError: an unknown expression, masks of several sizes, a damaged RLE, no size, a
            ``present`` that is no truth value, a score that is not in [0, 1].
    """
    try:
        items = [
            (o["expression"], decode_rle(o["segmentation"]), o.get("present"), o.get("score"))
            for o in objects
        ]
    except (KeyError, TypeError, AttributeError) as error:
        raise DataError(
            f"frame {index}: not an object of predictions.json: {error!r}"
        ) from None
    sizes = {mask.shape for _, mask, _, _ in items} | ({size} if size is not None else set())
    if len(sizes) != 1:
        found = ", ".join(f"{s[0]}x{s[1]}" for s in sorted(sizes)) or "none"
        raise DataError(f"frame {index}: objects must share one mask size, found {found}")
    masks = np.zeros((len(expressions), *sizes.pop()), bool)
    scores = np.zeros(len(expressions), np.float32)
    present = np.zeros(len(expressions), bool)
    for query, mask, here, score in items:
        if not _is_number(query, int) or not 0 <= query < len(expressions):
            raise DataError(f"frame {index}: no expression {query!r} among {len(expressions)}")
        where = f"frame {index}, expression {query}"
        if not isinstance(here, bool | np.bool_ | None):
            raise DataError(f"{where}: 'present' must be true or false, not {here!r}")
        if score is not None and not (_is_number(score, Real) and 0 <= score <= 1):
            raise DataError(f"{where}: 'score' must be a number from 0 to 1, not {score!r}")
        here = bool(mask.any() if here is None else here)
        masks[query] |= mask & here
        present[query] |= here
        scores[query] = float(present[query]) if score is None else score
    return FramePrediction(index, time, tuple(expressions), masks, scores, present)


def _is_number(value: object, kind: type) -> bool:
    return isinstance(value, kind) and not isinstance(value, bool)


def as_frame_dict(prediction: FramePrediction, name: str = "") -> dict[str, Any]:
    """One entry of ``frames`` in ``predictions.json``.

    Args:
        prediction: of the frame.
        name: of the frame's file, where it is one.

    Raises:
        ValueError: as in :func:`written_time`.
    """
    file = name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return {
        "index": int(prediction.index),
        "time": round(written_time(prediction), 6),
        **({"file": file} if file else {}),
        "objects": as_coco(prediction),
    }


def written_time(prediction: FramePrediction) -> float:
    """The time of a prediction in seconds.

    Raises:
        ValueError: it has none, or one that is not finite. The segmenters answer such frames,
            but neither JSON nor a video can hold them.
    """
    time = prediction.time
    if not (_is_number(time, Real) and np.isfinite(time)):
        raise ValueError(
            f"frame {prediction.index} has no time to be written ({time!r}); give its Frame "
            "one in seconds"
        )
    return float(time)


def from_frame_dict(
    entry: Mapping[str, Any], expressions: Sequence[str], all_looked_for: bool = False
) -> FramePrediction:
    """The inverse of :func:`as_frame_dict`.

    Args:
        entry: of ``frames``.
        expressions: Q sentences.
        all_looked_for: every expression must have its object; else those without one count as
            not looked for.

    Raises:
        DataError: an entry without objects, index or time, two objects of one expression or
            one that is missing, or as in :func:`from_coco`.
    """
    index: Any = entry.get("index")
    time: Any = entry.get("time")
    objects = entry.get("objects")
    if not _is_number(index, int) or not isinstance(objects, list):
        raise DataError(f"frame {index!r}: want a whole number as index, and a list of objects")
    if not (_is_number(time, Real) and np.isfinite(time)):
        raise DataError(f"frame {index}: 'time' must be a number of seconds, not {time!r}")
    found = from_coco(objects, expressions, index, time)
    counts = np.bincount([o["expression"] for o in objects], minlength=len(expressions))
    for query in np.flatnonzero(counts > 1):
        raise DataError(f"frame {index}: expression {query} has {counts[query]} objects")
    for query in np.flatnonzero(counts == 0) if all_looked_for else ():
        raise DataError(f"frame {index}: expression {query} has no object")
    asked = counts > 0
    return found if asked.all() else replace(found, extras={"active": asked})


def as_palette_image(prediction: FramePrediction) -> Image.Image:
    """A Pillow image of mode P in DAVIS colours; pixel = 1 + index of the expression.

    Raises:
        ValueError: more than 255 expressions.
    """
    image = Image.fromarray(prediction.label_map())
    image.putpalette(davis_palette().tobytes())
    return image


def from_palette_image(
    image: Image.Image, expressions: Sequence[str], index: int = 0, time: float = 0.0
) -> FramePrediction:
    """Masks from a mask image; scores are 1 where a mask is not empty, else 0.

    Raises:
        DataError: as in :func:`palette_labels`.
    """
    try:
        labels = palette_labels(image, len(expressions))
    except DataError as error:
        raise DataError(f"frame {index}: {error}") from None
    values = np.arange(1, len(expressions) + 1)
    masks = labels[None] == values[:, None, None]
    present = masks.any(axis=(1, 2))
    return FramePrediction(
        index, time, tuple(expressions), masks, present.astype(np.float32), present
    )


def palette_labels(image: Image.Image, expressions: int) -> NDArray[np.uint8]:
    """uint8 [H, W] of a mask image: 0 background, 1 + index of the expression elsewhere.

    The values of a grey image count as they are. Palette and colour images go by their colours,
    as painting programs number palettes anew: each pixel must have the DAVIS colour of one of
    these expressions, or black. 255 and its colour, the ignored border of PASCAL VOC, are
    background unless there are 255 expressions. An image of only black and white is the mask
    of the one expression that there is. Pixels with alpha 0 are background.

    Args:
        image: modes 1, L, LA, P, PA, RGB or RGBA.
        expressions: how many there are.

    Raises:
        DataError: another mode, a value or colour that no expression has, black and white with
            several expressions.
    """
    grey = image.mode in ("1", "L", "LA")
    if not grey and image.mode not in ("P", "PA", "RGB", "RGBA"):
        raise DataError(f"want a palette, grey or colour mask image, got {image.mode}")
    if image.mode in ("1", "L") and "transparency" not in image.info:
        pixels = np.asarray(image.convert("L")).astype(np.uint32)
    else:
        channels = np.asarray(image.convert("LA" if grey else "RGBA"))
        pixels = np.where(
            channels[..., -1] == 0, 0, channels[..., :-1] @ _PLACES[-channels.shape[-1] + 1 :]
        )
    white = pixels == (255 if grey else _PLACES.sum() * 255)
    if white.any() and not pixels[~white].any() and not (grey and expressions >= 255):
        if expressions != 1:
            raise DataError(
                f"the mask image is black and white, which does not tell the {expressions} "
                "expressions apart; paint with their colours"
            )
        return white.astype(np.uint8)
    labels = pixels if grey else _ids_of_colours(pixels)
    if expressions < 255:
        labels = np.where(labels == 255, 0, labels)
    if labels.max(initial=0) > expressions:
        if not grey:
            raise DataError("the mask image has colours that are none of its expressions'")
        raise DataError(f"mask value {labels.max()} but only {expressions} expressions")
    return labels.astype(np.uint8)


def _ids_of_colours(pixels: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """uint32 [H, W]: entries of the DAVIS palette, 256 for colours that it does not have."""
    colours = davis_palette() @ _PLACES
    order = np.argsort(colours)
    found = order[np.searchsorted(colours, pixels, sorter=order).clip(0, 255)]
    return np.where(colours[found] == pixels, found, 256).astype(np.uint32)


def as_detections(prediction: FramePrediction) -> dict[str, Any]:
    """The fields of ``supervision.Detections``, without needing that package.

    Returns:
        ``xyxy`` float32 [N, 4], ``mask`` bool [N, H, W], ``confidence`` float32 [N],
        ``class_id`` int64 [N] (index of the expression), ``tracker_id`` int64 [N] (its number
        from 1) and ``data`` with ``class_name`` [N]; N counts the expressions that are present
        with a mask.
    """
    boxes = prediction.boxes()
    chosen = np.flatnonzero(prediction.present & (boxes[:, 2] > 0))
    corners = boxes[chosen].astype(np.float32)
    corners[:, 2:] += corners[:, :2]
    return {
        "xyxy": corners,
        "mask": prediction.masks[chosen],
        "confidence": prediction.scores[chosen].astype(np.float32),
        "class_id": chosen,
        "tracker_id": chosen + 1,
        "data": {"class_name": np.array([prediction.expressions[q] for q in chosen], str)},
    }


def as_supervision(prediction: FramePrediction) -> Any:
    """A ``supervision.Detections`` of the expressions that are present.

    Raises:
        ImportError: the package ``supervision`` is not installed.
    """
    from supervision import Detections

    return Detections(**as_detections(prediction))


def from_supervision(
    detections: Any,
    expressions: Sequence[str],
    size: tuple[int, int],
    index: int = 0,
    time: float = 0.0,
) -> FramePrediction:
    """Masks of a ``supervision.Detections`` (or anything with its fields).

    Several detections of one class are united; their best confidence counts.

    Args:
        detections: ``mask`` [N, H, W], ``class_id`` [N] (index of the expression), and
            ``confidence`` [N] or None (then 1).
        expressions: Q sentences.
        size: (height, width).
        index: number of the frame.
        time: seconds.

    Raises:
        DataError: detections without masks or class ids, an unknown class.
    """
    masks = np.zeros((len(expressions), *size), bool)
    scores = np.zeros(len(expressions), np.float32)
    present = np.zeros(len(expressions), bool)
    count = len(detections.xyxy)
    if count and (detections.mask is None or detections.class_id is None):
        raise DataError(f"frame {index}: detections need masks and class ids")
    for item in range(count):
        query = int(detections.class_id[item])
        if not 0 <= query < len(expressions):
            raise DataError(f"frame {index}: no expression {query} among {len(expressions)}")
        confidence = 1.0 if detections.confidence is None else detections.confidence[item]
        masks[query] |= np.asarray(detections.mask[item], bool)
        scores[query] = max(scores[query], float(confidence))
        present[query] = True
    return FramePrediction(index, time, tuple(expressions), masks, scores, present)
