"""Sentences that a query is put into before it is encoded; ``{}`` stands for the query."""

from __future__ import annotations

from car_video.errors import ConfigError

ORIGAMI = "a clean origami {}."
"""CLIP-ES's template; CaR's for proposals after the first step and for background words."""

VILD_14 = (
    "a photo of a {}.",
    "This is a photo of a {}",
    "There is a {} in the scene",
    "There is the {} in the scene",
    "a photo of a {} in the scene",
    "a photo of a small {}.",
    "a photo of a medium {}.",
    "a photo of a large {}.",
    "This is a photo of a small {}.",
    "This is a photo of a medium {}.",
    "This is a photo of a large {}.",
    "There is a small {} in the scene.",
    "There is a medium {} in the scene.",
    "There is a large {} in the scene.",
)
"""The templates of ViLD (Gu et al. 2022) as FC-CLIP uses them."""

CAR_15 = (ORIGAMI, *VILD_14)
"""CaR's semantic templates, the same for every data set (released configuration)."""

TEMPLATES: dict[str, tuple[str, ...]] = {
    "plain": ("{}",),
    "origami": (ORIGAMI,),
    "vild": VILD_14,
    "car": CAR_15,
}
"""The template sets by name."""


def template_set(name: str) -> tuple[str, ...]:
    """A template set by name, or a single template given whole.

    Raises:
        ConfigError: no such set, and no template because ``{}`` is missing.

    Example:
        >>> template_set("a photo of {}")
        ('a photo of {}',)
    """
    if name in TEMPLATES:
        return TEMPLATES[name]
    if "{}" in name:
        return (name,)
    known = ", ".join(TEMPLATES)
    raise ConfigError(f"no template set '{name}'; there are: {known}, or a text with {{}}")


def fill(template: str, query: str) -> str:
    """Put a query into a template. Braces in the query are left alone.

    Raises:
        ConfigError: the template has no ``{}``.
    """
    if "{}" not in template:
        raise ConfigError(f"the template '{template}' has no {{}} where the query belongs")
    return template.replace("{}", query)
