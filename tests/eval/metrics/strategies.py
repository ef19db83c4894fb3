"""Hypothesis strategies: small masks that are often empty, full, blobs or noise."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

sizes = st.tuples(st.integers(1, 14), st.integers(1, 80))


@st.composite
def masks(draw, size=None, count=None):
    """bool [H, W], or [count, H, W]."""
    height, width = size or draw(sizes)
    if count is not None:
        return np.stack([draw(masks((height, width))) for _ in range(count)])
    kind = draw(st.sampled_from(["noise", "box", "empty", "full"]))
    if kind == "noise":
        return draw(arrays(np.bool_, (height, width)))
    mask = np.full((height, width), kind == "full")
    if kind == "box":
        top, left = draw(st.integers(0, height - 1)), draw(st.integers(0, width - 1))
        bottom, right = draw(st.integers(top, height)), draw(st.integers(left, width))
        mask[top:bottom, left:right] = True
    return mask


@st.composite
def mask_pairs(draw):
    """Two masks of one size."""
    size = draw(sizes)
    return draw(masks(size)), draw(masks(size))
