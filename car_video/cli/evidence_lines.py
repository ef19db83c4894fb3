"""What ``--verbose`` says of a frame: why its expressions were found or not."""

from __future__ import annotations

import math
from collections.abc import Iterator

from car_video.types import FramePrediction


def evidence_lines(prediction: FramePrediction) -> Iterator[str]:
    """One line per expression of a frame that language has seen; none of other frames.

    Numbers are log-odds: 0 is undecided, +2 is 88 %, -2 is 12 %.
    """
    evidence = prediction.extras.get("evidence")
    if evidence is None:
        return
    rows = zip(
        prediction.expressions,
        *(evidence[name].tolist() for name in ("words", "noun", "together")),
        prediction.scores.tolist(),
        prediction.present.tolist(),
        strict=True,
    )
    for text, words, noun, together, score, present in rows:
        known = "unknown" if math.isnan(noun) else f"{noun:+.1f}"
        said = "dropped" if math.isnan(together) else f"words {words:+.1f}, noun {known}"
        if not math.isnan(together):
            said += f", together {together:+.1f}"
        verdict = "here" if present else "not here"
        yield (
            f"frame {prediction.index} ({prediction.time:.2f} s), {text}: {said}; "
            f"{verdict} ({score:.2f})"
        )
