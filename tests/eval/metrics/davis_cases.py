"""Synthetic sequences for which `golden_davis2017.json` holds the official evaluation's output.

The numbers were printed by github.com/davisvideochallenge/davis2017-evaluation at commit
ac7c43f (numpy 2.4, OpenCV 5.0, scikit-image 0.26) run on these label maps written as PNG files.
"""

from __future__ import annotations

import numpy as np

from .synthetic import label_maps, perturbed, with_void


def davis_cases() -> dict[str, tuple[str, np.ndarray, np.ndarray]]:
    """Name to task, annotation and prediction (label maps uint8 [T, H, W])."""
    cases = {}
    for seed, (frames, height, width, objects) in enumerate(
        [(12, 96, 170, 3), (9, 120, 129, 1), (23, 61, 64, 5), (7, 300, 400, 2), (5, 33, 90, 4)]
    ):
        truth = _start(label_maps(seed, frames, height, width, objects), objects)
        prediction = perturbed(truth, 100 + seed)
        cases[f"semi-{seed}"] = ("semi-supervised", truth, prediction)
        cases[f"semi-void-{seed}"] = ("semi-supervised", with_void(truth, seed), prediction)
        extra = perturbed(truth[:, ::-1], 200 + seed, extra=seed)[:, ::-1]
        renumber = np.roll(np.arange(1, objects + seed + 1), 1)
        renumber = np.concatenate([[0], renumber]).astype(np.uint8)
        assigned = renumber[extra]
        cases[f"unsup-{seed}"] = ("unsupervised", truth, assigned)
        cases[f"unsup-void-{seed}"] = ("unsupervised", with_void(truth, seed), assigned)
        fewer = np.where(prediction > max(objects - 2, 0), 0, prediction).astype(np.uint8)
        cases[f"semi-fewer-{seed}"] = ("semi-supervised", truth, fewer)
        cases[f"unsup-fewer-{seed}"] = ("unsupervised", truth, fewer)
    return cases


def _start(maps: np.ndarray, objects: int) -> np.ndarray:
    """Let the first frame show every object, as DAVIS does, be it one pixel in a corner."""
    for number in range(1, objects + 1):
        if not (maps[0] == number).any():
            maps[0, -1, -number] = number
    return maps
