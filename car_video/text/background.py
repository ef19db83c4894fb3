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
"""CaR's list in the configurations of all its evaluations; CLIP-ES's list for COCO."""

BACKGROUND = (
    *BACKGROUND_23, "floor", "fence", "sand", "snow", "field", "sidewalk", "window", "bush",
    "crowd", "sign", "pole", "table", "ceiling", "door", "background",
)  # fmt: skip
"""The default: CaR's words, and more of what is behind things indoors and on streets."""


def without_named(background: tuple[str, ...], queries: tuple[str, ...]) -> tuple[str, ...]:
    """Background words that no query names: "the bridge" must not compete with itself.

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
