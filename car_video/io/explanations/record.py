"""An explanation as plain values for JSON; masks are COCO's run-length codes."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pycocotools import mask as coco

from car_video.explanation import CandidateMask, Explanation, QueryStages, Votes


def explanation_record(found: Explanation) -> dict[str, Any]:
    """Everything but the pictures: texts, numbers, masks of candidates and of the answer.

    Returns:
        Values of ``json``; numbers that are none are None.
    """
    prediction = found.prediction
    rows = range(len(prediction.expressions))
    return {
        "frame": found.frame.index,
        "time": round(found.frame.time, 6),
        "model": found.model,
        "language_frame": found.language,
        "presence_threshold": found.threshold,
        "recurrence_threshold": found.theta,
        "expressions": [
            {
                "expression": prediction.expressions[row],
                "present": bool(prediction.present[row]),
                "score": _number(prediction.scores[row]),
                "needed": _number(found.needed(row)),
                "mask": _code(prediction.masks[row]),
                "reasons": list(found.reasons[row]),
                "queries": list(found.parts[row]),
            }
            for row in rows
        ],
        "recurrence": [
            {str(query): _number(score) for query, score in step.items()}
            for step in found.steps
        ],
        "queries": [_query(stages) for stages in found.queries],
        "tracks": [
            [{"agreement": _number(one.agreement), "seconds": _number(one.age)} for one in own]
            for own in found.tracks
        ],
    }


def _query(stages: QueryStages) -> dict[str, Any]:
    return {
        "text": stages.text,
        "sentence": stages.sentence,
        "noun_phrase": stages.noun_phrase,
        "places": list(stages.places),
        "colours": list(stages.colours),
        "only_mentioned": list(stages.mentioned),
        "score": _number(stages.score),
        "dropped_in_step": stages.dropped or None,
        "log_odds": _number(stages.together),
        "enough_things": _number(stages.count_probability),
        "votes": _votes(stages.votes),
        "chosen_candidate": None if stages.chosen < 0 else stages.chosen,
        "candidates": [_candidate(one) for one in stages.candidates],
    }


def _candidate(one: CandidateMask) -> dict[str, Any]:
    return {
        "agreement": _number(one.agreement),
        "factors": {name: _number(value) for name, value in one.factors.items()},
        "votes": _votes(one.votes),
        "mask": _code(one.mask),
    }


def _votes(votes: Votes) -> dict[str, Any]:
    return {
        "parts": {name: _number(odds) for name, odds in votes.parts.items()},
        "words": {word: _number(vote) for word, vote in votes.words.items()},
        "rivals": {word: _number(share) for word, share in votes.rivals},
    }


def _code(mask: NDArray[np.bool_]) -> dict[str, Any]:
    """COCO's run-length code of a mask bool [H, W]."""
    code = coco.encode(np.asfortranarray(mask, np.uint8))
    return {"size": list(code["size"]), "counts": code["counts"].decode()}


def _number(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else round(float(value), 4)
