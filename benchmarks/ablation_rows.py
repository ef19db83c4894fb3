"""Rows of ``benchmarks.ablation``: what is changed in each, by group."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from car_video.config import ClassifierConfig
from car_video.config.segment import PROMPTS
from car_video.text.background import BACKGROUND_23
from car_video.text.templates import ORIGAMI

Row = Mapping[str, Any]
"""Dotted keys of SegmentConfig and their values."""


def _pooled(**changes: Any) -> Row:
    settings = {"templates": "plain", "pooled_weight": 1.0, **changes}
    return {"classifier": ClassifierConfig(**settings)}


def _prompted(*prompts: str, **changes: Any) -> Row:
    return {
        "classifier": ClassifierConfig(prompts=prompts, **{"templates": "plain", **changes})
    }


RECURRENCE: dict[str, Row] = {
    "recurrence off": {"recurrence.max_steps": 1},
    "compete in refer mode": {"recurrence.compete_in_refer": True},
    **{
        f"confidence {value}": {"recurrence.confidence_threshold": value}
        for value in (0.05, 0.1, 0.2, 0.5, 0.7)
    },
    "all in semantic mode": {"mode": "semantic"},
    "all in refer mode": {"mode": "refer"},
}

MAPS: dict[str, Row] = {
    "affinity off": {"proposal.affinity": False},
    **{f"affinity steps {n}": {"proposal.affinity_steps": n} for n in (1, 2, 8)},
    **{
        f"affinity temperature {value}": {"proposal.affinity_temperature": value}
        for value in (0.07, 0.1, 0.2)
    },
    "guided off": {"proposal.guided": False},
    "CAM": {"proposal.source": "cam"},
    "CAM, affinity off": {"proposal.source": "cam", "proposal.affinity": False},
    "CAM, boxes off": {"proposal.source": "cam", "proposal.box_threshold": 0.0},
    **{f"size {n}": {"proposal.size": n} for n in (384, 640, 768)},
    **{
        f"mask threshold {value}": {"proposal.mask_threshold": value}
        for value in (0.3, 0.4, 0.6)
    },
    "one threshold for all": {"proposal.threshold_rule": "fixed"},
    **{
        f"size {n}, one threshold of 0.4": {
            "proposal.size": n,
            "proposal.threshold_rule": "fixed",
            "proposal.mask_threshold": 0.4,
        }
        for n in (640, 768)
    },
}

TEXTS: dict[str, Row] = {
    "background words off": {"background": ()},
    "CaR's 23 background words": {"background": BACKGROUND_23},
    "drop named off": {"expression.drop_named": False},
    "context rivals off": {"expression.context_rivals": False},
    **{
        f"noun weight {value}": {"expression.noun_weight": value}
        for value in (0.0, 0.25, 0.75, 1.0)
    },
    **{
        f"colour weight {value}": {"expression.colour_weight": value}
        for value in (0.0, 0.25, 1.0)
    },
    "places off": {"expression.spatial": False},
    "origami template": {"proposal.template": ORIGAMI},
    "photo template": {"proposal.template": "a photo of a {}."},
}

POOLING: dict[str, Row] = {
    "pooled, CaR's 15 templates": _pooled(templates="car"),
    "pooled, ViLD's 14 templates": _pooled(templates="vild"),
    "pooled, origami template": _pooled(templates="origami"),
}

PICTURES: dict[str, Row] = {
    "no prompt": _prompted(),
    **{f"prompt {prompt}": _prompted(prompt) for prompt in PROMPTS},
    "prompts circle + blur": _prompted("circle", "blur"),
    "the same, CaR's 15 templates": _prompted("circle", "blur", templates="car"),
    "the same, and double softmax": _prompted(
        "circle", "blur", templates="car", scoring="double-softmax"
    ),
    "ensemble of circle + blur with pooled": _prompted("circle", "blur", pooled_weight=0.5),
    "ensemble of crop with pooled": _prompted("crop", pooled_weight=0.5),
}

REFINE: dict[str, Row] = {f"refine {name}": {"refine": name} for name in ("none", "crf", "sam")}

SAM: dict[str, Row] = {
    **{f"SAM points {n}": {"sam.points": n} for n in (1, 2, 4, 16)},
    **{f"SAM side {n}": {"sam.side": n} for n in (512, 768)},
    **{f"SAM distance {n}": {"sam.peak_distance": n} for n in (1, 4)},
    **{f"SAM floor {value}": {"sam.peak_floor": value} for value in (0.0, 0.5)},
}

CRF: dict[str, Row] = {
    **{f"CRF space {n}": {"crf.bilateral_sxy": float(n)} for n in (20, 40, 100)},
    **{f"CRF colour {n}": {"crf.bilateral_srgb": float(n)} for n in (2, 5, 8, 13)},
    **{f"CRF appearance {n}": {"crf.bilateral_weight": float(n)} for n in (2, 8, 16)},
    **{f"CRF smoothness {n}": {"crf.spatial_weight": float(n)} for n in (0, 10)},
    **{f"CRF iterations {n}": {"crf.iterations": n} for n in (2, 10)},
    **{f"CRF floor {value}": {"crf.probability_floor": value} for value in (0.01, 0.1)},
    **{f"CRF background {value}": {"crf.background_power": value} for value in (0.7, 1.5)},
    "CRF at full scale": {"crf.scale": 1.0},
}

GROUPS: dict[str, dict[str, Row]] = {
    "recurrence": RECURRENCE,
    "maps": MAPS,
    "texts": TEXTS,
    "pooling": POOLING,
    "pictures": PICTURES,
    "refine": REFINE,
    "crf": CRF,
    "sam": SAM,
}

DEFAULT = "default"
ROWS: dict[str, Row] = {
    DEFAULT: {},
    **{name: row for group in GROUPS.values() for name, row in group.items()},
}


def chosen(wanted: list[str]) -> dict[str, Row]:
    """Rows by their names or those of groups, the default always first.

    Raises:
        ValueError: neither a row nor a group.
    """
    names = [DEFAULT]
    for name in wanted:
        if name not in GROUPS and name not in ROWS:
            raise ValueError(f"no row or group '{name}'; groups: {', '.join(GROUPS)}")
        names += GROUPS.get(name, [name])
    return {name: ROWS[name] for name in dict.fromkeys(names)}
