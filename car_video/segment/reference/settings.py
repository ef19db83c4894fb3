"""The settings that are really used: the reference's choices, and the model's own defaults.

``compat: reference`` stands for the values in :data:`REFERENCE`, each of which is an option of
its own (docs/compat.md says what each does to the masks), for a first step with other texts
(:mod:`~car_video.segment.reference.first_step`) and for a threshold that scores have to be
above. What a preset sets beside it and that is not listed there stays: prompts, templates,
background words, refinement.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, TypeVar

import numpy as np

from car_video.config import POOLED, PROMPTED, SegmentConfig
from car_video.errors import ConfigError
from car_video.models.base import VisionLanguageModel
from car_video.text.templates import ORIGAMI

T = TypeVar("T")

REFERENCE: Mapping[str, Any] = {
    "scores": "classifier",
    "presence_threshold": 0.0,
    "expression.noun_weight": 0.0,
    "expression.context_rivals": False,
    "expression.drop_named": False,
    "expression.colour_weight": 0.0,
    "expression.spatial": False,
    "expression.conjunctions": False,
    "expression.kinds": False,
    "expression.duplicates": "first",
    "proposal.source": "cam",
    "proposal.resize": "original",
    "proposal.template": ORIGAMI,
    "proposal.affinity": True,
    "proposal.affinity_steps": 2,
    "proposal.reference_border": True,
    "proposal.guided": False,
    "proposal.threshold_rule": "fixed",
    "proposal.cam.epsilon": 1e-15,
    "proposal.cam.keep_probability": True,
    "proposal.cam.foreground_fallback": True,
    "recurrence.compete_in_refer": True,
    "classifier.scoring": "double-softmax",
    "classifier.view": "center-crop",
    "classifier.compat": True,
    "classifier.block": "penultimate",
    "classifier.pooled_weight": 0.0,
    "scale": "model",
    "known_noun_weight": 0.0,
    "crf.iterations": 10,
    "crf.spatial_kernel": "lattice",
    "crf.image": "uint8_wrap",
    "crf.centred": False,
    "crf.scale": 1.0,
    "crf.max_pixels": 2**62,
}
"""CaR's released code (google-research/clip_as_rnn, 2025) in terms of our configuration."""


def resolve_config(config: SegmentConfig, proposer: VisionLanguageModel) -> SegmentConfig:
    """A configuration with nothing left open.

    Args:
        config: as a preset or a caller gave it.
        proposer: f; where its dense map is the network's own pooling (``lite``) masks are
            pooled by default, else classified from prompted pictures.

    Returns:
        the same with a classifier, with no threshold of the recurrence where presence is
        assumed, and with :data:`REFERENCE` in force if it asks for it.

    Raises:
        ConfigError: not a SegmentConfig; or no score can be above the threshold theta.
    """
    if not isinstance(config, SegmentConfig):
        kind = type(config).__name__
        raise ConfigError(f"want a SegmentConfig (a Config has one as .segment), got {kind}")
    if config.compat == "reference":
        prompted = config.classifier or PROMPTED
        recurrence = dataclasses.replace(
            config.recurrence,
            max_steps=max(2, config.recurrence.max_steps),  # the first has other texts
            confidence_threshold=just_above(config.recurrence.confidence_threshold),
        )
        config = dataclasses.replace(config, classifier=prompted, recurrence=recurrence)
        return with_values(config, REFERENCE)
    if config.assume_present and config.scores == "presence":
        # What is there stays, whatever rivals have. Where the classifier's share among the
        # queries is the score, as in CaR's presets, its threshold is the only judge.
        kept = dataclasses.replace(config.recurrence, confidence_threshold=0.0)
        config = dataclasses.replace(config, recurrence=kept)
    if config.classifier is None:
        suited = POOLED if proposer.dense_matches_text else PROMPTED
        config = dataclasses.replace(config, classifier=suited)
    return config


def just_above(threshold: float) -> float:
    """The lowest score that is above a threshold; scores are float32.

    Raises:
        ConfigError: there is none in [0, 1].
    """
    above = float(np.nextafter(np.float32(threshold), np.float32(np.inf)))
    if above > 1:
        raise ConfigError(
            "segment.recurrence.confidence_threshold must be below 1 with compat: reference, "
            "where a score has to be above it"
        )
    return above


def with_values(config: T, values: Mapping[str, Any]) -> T:
    """A (nested) dataclass with some fields replaced, named by dotted paths."""
    inner: dict[str, dict[str, Any]] = {}
    changes: dict[str, Any] = {}
    for path, value in values.items():
        head, _, rest = path.partition(".")
        if rest:
            inner.setdefault(head, {})[rest] = value
        else:
            changes[head] = value
    for head, some in inner.items():
        changes[head] = with_values(getattr(config, head), some)
    return dataclasses.replace(config, **changes)  # type: ignore[type-var]
