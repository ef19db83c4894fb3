"""Why an expression is here, or why not, in sentences."""

from __future__ import annotations

from collections.abc import Iterator

from car_video.explaining.wording import joined
from car_video.explanation import Explanation, QueryStages

AGAINST = 0.5
"""Log-odds below the negative of it speak against a region."""
CLOSE = 0.9
"""Factors whose quotient lies above it do not decide between two candidates."""
_FACTORS = {
    "map": "how well it covers the map",
    "stable": "how firm its border is",
    "border": "how little of it lies on the picture's border",
    "colour": "the colour",
    "place": "the place",
    "kind": "which of its kind the words mean",
}


def reasons_of(found: Explanation) -> tuple[tuple[str, ...], ...]:
    """For each expression why it is here, or why not, a sentence each.

    Args:
        found: all the rest of the explanation.
    """
    return tuple(
        tuple(_here(found, row) if present else _not_here(found, row))
        for row, present in enumerate(found.prediction.present.tolist())
    )


def _here(found: Explanation, row: int) -> Iterator[str]:
    score = float(found.prediction.scores[row])
    yield f"Its score is {score:.2f}; {found.needed(row):.2f} is needed to appear."
    if not found.language:
        yield (
            "This frame lies between keyframes: its track was carried on, and language was not "
            "asked. The stages show what language would say."
        )
    several = len(found.parts[row]) > 1
    for query in found.parts[row]:
        stages = found.queries[query]
        name = f"“{stages.text}”: " if several else ""
        if stages.dropped:
            yield name + _why_dropped(found, stages)
            continue
        for sentence in (*_by_track(found, query), *_by_candidates(stages)):
            yield name + sentence


def _by_track(found: Explanation, query: int) -> Iterator[str]:
    tracks = found.tracks[query] if found.tracks else ()
    if not tracks:
        return
    first, *rest = tracks
    since = f"has been followed for {first.age:.1f} s" if first.age else "begins here"
    text = (
        f"The mask is that of a track that {since}; its mean agreement with the sentence is "
        f"{first.agreement:.2f}"
    )
    if rest:
        rivals = joined([f"{one.agreement:.2f}" for one in rest])
        text += f"; rival tracks have {rivals}"
        if max(one.agreement for one in rest) > first.agreement:
            text += " (tracks are shared out among all expressions, and a young one waits)"
    yield text + "."


def _by_candidates(stages: QueryStages) -> Iterator[str]:
    candidates = stages.candidates
    if not candidates:
        return
    taken = stages.chosen
    if taken < 0:
        yield (
            "Its mask is none of the candidates that language finds on this frame by itself, "
            "or other expressions have a part of it."
        )
        return
    letter = chr(ord("A") + taken)
    if len(candidates) == 1:
        yield f"It is candidate {letter}, the only one."
        return
    other = candidates[1 if taken == 0 else 0]
    number = chr(ord("A") + (1 if taken == 0 else 0))
    own = candidates[taken]
    if taken == 0:
        yield (
            f"It is candidate {letter}: its agreement of {own.agreement:.2f} is the highest, "
            f"before {number} with {other.agreement:.2f}."
        )
    else:
        yield (
            f"It is candidate {letter} with an agreement of {own.agreement:.2f}, though "
            f"{number} has {other.agreement:.2f} on this frame: what was found before counts."
        )
    deciding = [
        f"{_FACTORS[name]} ({value:.2f} against {other.factors[name]:.2f})"
        for name, value in own.factors.items()
        if other.factors[name] < CLOSE * value
    ]
    if deciding:
        yield f"What speaks for {letter} against {number}: {joined(deciding)}."
    words = [
        f"“{word}” ({vote:+.1f} against {other.votes.words[word]:+.1f})"
        for word, vote in own.votes.words.items()
        if vote > max(0.0, other.votes.words[word]) + 0.5
    ]
    if words:
        yield f"Words that vote for {letter} rather than {number}: {joined(words)}."


def _not_here(found: Explanation, row: int) -> Iterator[str]:
    score = float(found.prediction.scores[row])
    parts = [found.queries[query] for query in found.parts[row]]
    if not parts:
        yield "An equal expression before it has its mask."
        return
    if score >= found.needed(row) and any(not stages.dropped for stages in parts):
        yield (
            f"Its score of {score:.2f} would be enough, but no pixel is left for its mask: "
            "other expressions have them."
        )
    for stages in parts:
        name = f"“{stages.text}”: " if len(parts) > 1 else ""
        if stages.dropped:
            yield name + _why_dropped(found, stages)
            continue
        yield name + _why_unsure(stages, found.needed(row))
        if stages.count_probability is not None and stages.count_probability < 0.5:
            yield name + (
                "There seem to be fewer things of its kind than the words count "
                f"(probability of enough: {stages.count_probability:.2f})."
            )
    if found.tracks and score < found.needed(row) <= max(stages.score for stages in parts):
        yield (
            f"In the video its score is {score:.2f}: the best track agrees too little with the "
            "sentence or does not look as it did, or the frames before had less."
        )


def _why_dropped(found: Explanation, stages: QueryStages) -> str:
    number = found.queries.index(stages)
    if not found.steps or number not in found.steps[stages.dropped - 1]:
        return f"The recurrence dropped it in step {stages.dropped}."
    step = found.steps[stages.dropped - 1]
    others = joined([f"“{found.queries[one].text}”" for one in step if one != number])
    return (
        f"The recurrence dropped it in step {stages.dropped}: for the region that it proposed "
        f"its share is {step[number]:.2f} beside {others}; {found.theta:.2f} is needed."
    )


def _why_unsure(stages: QueryStages, needed: float) -> str:
    if not stages.proposal.any():
        return "Nothing lights up for it: its map is empty."
    text = (
        f"Its best region is what is named with a probability of {stages.score:.2f}; "
        f"{needed:.2f} is needed."
    )
    if stages.votes.rivals:
        word, share = stages.votes.rivals[0]
        text += f" Of what opposes it the region is most like “{word}” ({share:.0%})."
    against = [
        f"{part} ({odds:+.1f})" for part, odds in stages.votes.parts.items() if odds < -AGAINST
    ]
    if against:
        text += f" Against it speak: {joined(against)}."
    return text
