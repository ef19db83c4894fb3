"""``Explanation``: what each stage of the algorithm gave for one frame, as plain values.

:func:`car_video.explain` makes it, ``car_video.io.explanations`` draws and writes it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from car_video.types import Frame, FramePrediction


@dataclass(frozen=True, slots=True)
class Votes:
    """What speaks for one region being what a query names.

    Numbers are log-odds against the background words and against what the sentence only
    mentions: 0 is undecided, +2 is 88 %, -2 is 12 %.

    Attributes:
        parts: by part of the query: ``sentence``, ``noun phrase``, and ``nouns`` where the
            model's own classifier knows the noun.
        words: how much the log-odds of the sentence fall without each of its words. Empty where
            the sentence has one word only.
        rivals: the background words that the region is most like, with their shares of the
            background.
    """

    parts: dict[str, float]
    words: dict[str, float] = field(default_factory=dict)
    rivals: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class CandidateMask:
    """A mask that the mask model offered for a query.

    Attributes:
        mask: bool [H, W].
        agreement: in [0, 1]; the candidate with the highest one is chosen.
        factors: what the agreement is the product of, by name: ``map``, ``stable``, ``border``,
            and where the words ask for it ``colour``, ``place`` and ``kind``.
        votes: of the region.
    """

    mask: NDArray[np.bool_]
    agreement: float
    factors: dict[str, float]
    votes: Votes


@dataclass(frozen=True, slots=True, eq=False)
class QueryStages:
    """The stages of one query.

    Attributes:
        text: as the user gave it.
        sentence: what the model encodes of it: without its words of place.
        noun_phrase: what it names.
        places: its words of place, in words.
        colours: the colours that its target should have.
        mentioned: things that the sentence only mentions; they count against it.
        evidence: float32 [h, w] in [0, 1]: per cell, before the affinity spread it.
        map: float32 [h, w] in [0, 1]: the proposal that the last step ended with.
        proposal: bool, as the classifier sees it: the map above eta.
        prompt: uint8 [S, S, 3]: the picture with the visual prompt that the classifier was
            shown; None where it pools features instead.
        score: of language, in [0, 1]; 0 where the recurrence dropped the query.
        dropped: the step of the recurrence that dropped it, from 1; 0 for a survivor. The map
            of a dropped query is the one that it has without the others.
        votes: of the region under the map.
        candidates: best first, no two nearly the same; none without a mask model.
        chosen: number of the candidate that the answer shows, -1: none.
        together: log-odds of that region that the score comes from, all parts blended and
            calibrated; None where the classifier's prompted picture decides (CLIP).
        count_probability: how probable it is that there are as many things as the words count;
            None where they count nothing.
    """

    text: str
    sentence: str
    noun_phrase: str
    places: tuple[str, ...]
    colours: tuple[str, ...]
    mentioned: tuple[str, ...]
    evidence: NDArray[np.float32]
    map: NDArray[np.float32]
    proposal: NDArray[np.bool_]
    prompt: NDArray[np.uint8] | None
    score: float
    dropped: int
    votes: Votes
    candidates: tuple[CandidateMask, ...] = ()
    chosen: int = -1
    together: float | None = None
    count_probability: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class TrackView:
    """A track of an expression's query after the frame.

    Attributes:
        mask: bool [a, b] on the mask model's grid.
        agreement: in [0, 1], the running mean of the agreement with the text.
        age: seconds since it began.
    """

    mask: NDArray[np.bool_]
    agreement: float
    age: float


@dataclass(frozen=True, slots=True, eq=False)
class Explanation:
    """What each stage gave for one frame of a video, or for one picture.

    Attributes:
        frame: the frame.
        model: its name.
        prediction: what the segmenter answered.
        queries: the stages of the Q queries.
        parts: for each expression the numbers of its queries.
        steps: for each step of the recurrence the queries (numbers) with their scores.
        theta: a query below it is dropped (``recurrence.confidence_threshold``).
        threshold: an expression is present above it (``presence_threshold``), ...
        tracks: for each query its tracks, the one that is followed first; empty for a picture.
        language: whether the answer comes from a language frame; on the frames between
            keyframes tracks go on by themselves, and the stages are what language would say.
        reasons: for each expression why it is here, or why not; a sentence each.
        thresholds: ... or of each expression, where presence is assumed; otherwise empty.
    """

    frame: Frame
    model: str
    prediction: FramePrediction
    queries: tuple[QueryStages, ...]
    parts: tuple[tuple[int, ...], ...]
    steps: tuple[dict[int, float], ...]
    theta: float
    threshold: float
    tracks: tuple[tuple[TrackView, ...], ...] = ()
    language: bool = True
    reasons: tuple[tuple[str, ...], ...] = ()
    thresholds: tuple[float, ...] = ()

    def needed(self, row: int) -> float:
        """The score from which an expression (by its number) is present on this frame."""
        return self.thresholds[row] if self.thresholds else self.threshold
