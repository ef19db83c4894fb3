"""Recall of text to image retrieval."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor


def recalls(similarity: Tensor, ranks: Sequence[int] = (1, 5, 10)) -> dict[int, float]:
    """How often the right picture is among the best k.

    Args:
        similarity: [N, N]: text i against picture j; text i belongs to picture i.
        ranks: the k.

    Returns:
        k -> fraction. A picture with the same similarity as the right one counts as better.
    """
    place = (similarity >= similarity.diagonal()[:, None]).sum(1)
    return {k: float((place <= k).float().mean()) for k in ranks}
