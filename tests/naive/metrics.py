"""Slow, obvious versions of `eval.metrics`: pixel by pixel, sets of coordinates, loops."""

from __future__ import annotations

import itertools
import math

import numpy as np
from scipy import ndimage
from scipy.optimize import linear_sum_assignment


def pixels(mask):
    """Coordinates (y, x) of the set pixels."""
    return {(int(y), int(x)) for y, x in np.argwhere(mask)}


def region_similarity(truth, prediction):
    a, b = pixels(truth), pixels(prediction)
    return len(a & b) / len(a | b) if a | b else 1.0


def boundary(mask):
    """Pixels that differ from a neighbour to the right, below or below right."""
    height, width = mask.shape
    found = set()
    for y, x in itertools.product(range(height), range(width)):
        neighbours = [(y, x + 1), (y + 1, x), (y + 1, x + 1)]
        inside = [(v, u) for v, u in neighbours if v < height and u < width]
        if any(bool(mask[v, u]) != bool(mask[y, x]) for v, u in inside):
            found.add((y, x))
    return found


def matched(points, others, radius):
    """How many points have one of the others within the radius."""
    return sum(
        any((y - v) ** 2 + (x - u) ** 2 <= radius**2 for v, u in others) for y, x in points
    )


def contour_accuracy(truth, prediction, tolerance=0.008):
    radius = math.ceil(tolerance * math.hypot(*truth.shape)) if tolerance < 1 else tolerance
    a, b = boundary(truth), boundary(prediction)
    if not a and not b:
        return 1.0
    if not a or not b:
        return 0.0
    precision = matched(b, a, radius) / len(b)
    recall = matched(a, b, radius) / len(a)
    if precision + recall == 0:
        return 0.0
    return 2 * precision * recall / (precision + recall)


def frame_statistics(values):
    """Mean, recall and decay, by the definition of the quarters with shared borders."""
    values = list(values)
    last = len(values) - 1
    first_end = math.floor(last / 4 + 0.5)  # rounds halves up, as the official bins do
    last_start = math.floor(3 * last / 4 + 0.5)
    head, tail = values[: first_end + 1], values[last_start:]
    return (
        sum(values) / len(values),
        sum(value > 0.5 for value in values) / len(values),
        sum(head) / len(head) - sum(tail) / len(tail),
    )


def score_kept(truth, prediction, objects):
    """J and F [objects][frames] with identities kept; 255 is background."""
    j, f = np.zeros((objects, len(truth))), np.zeros((objects, len(truth)))
    for n, t in itertools.product(range(objects), range(len(truth))):
        a, b = truth[t] == n + 1, prediction[t] == n + 1
        j[n, t], f[n, t] = region_similarity(a, b), contour_accuracy(a, b)
    return j, f


def score_assigned(truth, prediction, objects, proposals):
    """J and F under the assignment with the highest total J&F, found by trying all of them."""
    proposals = max(proposals, objects)
    j, f = (
        np.zeros((proposals, objects, len(truth))),
        np.zeros((proposals, objects, len(truth))),
    )
    for p, n, t in itertools.product(range(proposals), range(objects), range(len(truth))):
        seen = truth[t] != 255
        a, b = (truth[t] == n + 1) & seen, (prediction[t] == p + 1) & seen
        j[p, n, t], f[p, n, t] = region_similarity(a, b), contour_accuracy(a, b)
    best = max(
        itertools.permutations(range(proposals), objects),
        key=lambda chosen: sum(j[p, n].mean() + f[p, n].mean() for n, p in enumerate(chosen)),
    )
    return j[list(best), range(objects)], f[list(best), range(objects)]


def confusion_iou(truths, predictions, classes, ignore=255, background="count"):
    """Mean over annotated classes of IoU, class by class over all images."""
    values = []
    for c in range(classes):
        if c == 0 and background != "count":
            continue
        intersection = union = annotated = 0
        for truth, prediction in zip(truths, predictions, strict=True):
            for t, p in zip(truth.ravel(), prediction.ravel(), strict=True):
                if t == ignore or (background != "count" and t == 0):
                    continue
                if background == "drop" and p == 0:
                    continue
                intersection += bool(t == c and p == c)
                union += bool(t == c or p == c)
                annotated += bool(t == c)
        if annotated:
            values.append(intersection / union)
    return sum(values) / len(values) if values else float("nan")


def translation_flicker(before, now, reach):
    """1 - IoU under the best shift, trying all shifts of the coordinates."""
    a, b = pixels(before), pixels(now)
    if not a or not b:
        return float(bool(a) != bool(b))
    shifts = itertools.product(range(-reach, reach + 1), repeat=2)
    most = max(len({(y + dy, x + dx) for y, x in a} & b) for dy, dx in shifts)
    return 1 - most / (len(a) + len(b) - most)


def contour_accuracy_by_dilation(truth, prediction, tolerance=0.008):
    """F with boundaries as images and a disk dilation of each: the textbook way."""
    radius = math.ceil(tolerance * math.hypot(*truth.shape)) if tolerance < 1 else tolerance
    offsets = np.arange(-radius, radius + 1)
    disk = offsets[:, None] ** 2 + offsets[None, :] ** 2 <= radius**2
    a, b = (boundary_image(np.asarray(mask, bool)) for mask in (truth, prediction))
    if not a.any() and not b.any():
        return 1.0
    if not a.any() or not b.any():
        return 0.0
    precision = (b & ndimage.binary_dilation(a, disk)).sum() / b.sum()
    recall = (a & ndimage.binary_dilation(b, disk)).sum() / a.sum()
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def boundary_image(mask):
    """bool [H, W]: :func:`boundary` by comparing the image with its shifted selves."""
    beyond = np.pad(mask, ((0, 1), (0, 1)), mode="edge")
    right, below, diagonal = beyond[:-1, 1:], beyond[1:, :-1], beyond[1:, 1:]
    return (mask != right) | (mask != below) | (mask != diagonal)


def score_sequence_by_dilation(truth, prediction, task):
    """J and F [objects, frames] of `davis.score_sequence`, object after object, full images."""
    objects = int(truth[0][truth[0] != 255].max())
    if task == "semi-supervised":
        truth, prediction = truth[1:-1], prediction[1:-1]
        pairs = [(n, n) for n in range(objects)]
        proposals = objects
    else:
        prediction = np.where(truth == 255, 0, prediction)
        proposals = max(objects, int(prediction.max()))
        pairs = list(itertools.product(range(proposals), range(objects)))
    j = np.zeros((proposals, objects, len(truth)))
    f = np.zeros_like(j)
    for (p, n), t in itertools.product(pairs, range(len(truth))):
        a, b = truth[t] == n + 1, prediction[t] == p + 1
        union = (a | b).sum()
        j[p, n, t] = (a & b).sum() / union if union else 1.0
        f[p, n, t] = contour_accuracy_by_dilation(a, b)
    if task == "semi-supervised":
        return j[range(objects), range(objects)], f[range(objects), range(objects)]
    chosen, assigned = linear_sum_assignment(-(j.mean(axis=2) + f.mean(axis=2)))
    order = np.argsort(assigned)
    return j[chosen[order], assigned[order]], f[chosen[order], assigned[order]]
