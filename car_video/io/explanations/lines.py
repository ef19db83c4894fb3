"""An explanation as a few lines of plain text."""

from __future__ import annotations

from collections.abc import Iterator

from car_video.explanation import Explanation, QueryStages, Votes


def explanation_lines(found: Explanation) -> Iterator[str]:
    """What was decided, why, and what each part of the sentence says.

    Numbers of words are log-odds: 0 is undecided, +2 is 88 %, -2 is 12 %.
    """
    prediction = found.prediction
    yield f"frame {found.frame.index} ({found.frame.time:.2f} s), model {found.model}"
    for row, text in enumerate(prediction.expressions):
        verdict = "here" if prediction.present[row] else "not here"
        yield f"{text}: {verdict} ({prediction.scores[row]:.2f})"
        for reason in found.reasons[row]:
            yield f"  {reason}"
        for query in found.parts[row]:
            yield from (f"  {line}" for line in _query_lines(found.queries[query]))


def _query_lines(stages: QueryStages) -> Iterator[str]:
    phrases = dict.fromkeys((stages.sentence, stages.noun_phrase))
    read = "read as " + " and ".join(f"“{phrase}”" for phrase in phrases)
    for name, values in (
        ("places", stages.places),
        ("colours", stages.colours),
        ("only mentioned", stages.mentioned),
    ):
        if values:
            read += f"; {name}: {', '.join(values)}"
    yield read
    yield f"region of the map: {_votes(stages.votes)}"
    for place, one in enumerate(stages.candidates):
        product = " x ".join(f"{name} {value:.2f}" for name, value in one.factors.items())
        letter = chr(ord("A") + place)
        yield f"candidate {letter}: agreement {one.agreement:.2f} = {product}"
        yield f"             {_votes(one.votes)}"


def _votes(votes: Votes) -> str:
    said = [f"{name} {odds:+.1f}" for name, odds in votes.parts.items()]
    said += [f"“{word}” {vote:+.1f}" for word, vote in votes.words.items()]
    if votes.rivals:
        word, share = votes.rivals[0]
        said.append(f"most like “{word}” of the background ({share:.0%})")
    return ", ".join(said) or "nothing to compare with"
