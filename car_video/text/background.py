"""Background words: queries that compete with the expressions and never get a mask."""

from __future__ import annotations

BACKGROUND_23 = (
    "ground",
    "land",
    "grass",
    "tree",
    "building",
    "wall",
    "sky",
    "lake",
    "water",
    "river",
    "sea",
    "railway",
    "railroad",
    "helmet",
    "cloud",
    "house",
    "mountain",
    "ocean",
    "road",
    "rock",
    "street",
    "valley",
    "bridge",
)
"""CaR's list in all its evaluations, CLIP-ES's for COCO (car.md 1.6)."""

BACKGROUND = (
    *BACKGROUND_23, "floor", "fence", "sand", "snow", "field", "sidewalk", "window", "bush",
    "crowd", "sign", "pole", "table", "ceiling", "door", "background",
)  # fmt: skip
"""The default: CaR's words and what else is behind things indoors and on streets."""

BACKGROUND_25 = (*BACKGROUND_23, "keyboard", "sign")
"""CLIP-ES's list for VOC."""


def without_named(background: tuple[str, ...], queries: tuple[str, ...]) -> tuple[str, ...]:
    """Background words that no query names, so that "the bridge" is not its own rival.

    Args:
        background: words.
        queries: expressions or class names, any case.

    Returns:
        the words that are not a word of any query (nor its plural with s), in order.
    """
    spoken = {
        word.strip(".,;:!?\"'()").casefold() for query in queries for word in query.split()
    }
    return tuple(
        word
        for word in background
        if word.casefold() not in spoken and f"{word.casefold()}s" not in spoken
    )
