"""A block for each stage of an explanation."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from car_video.explanation import Explanation, QueryStages
from car_video.io.explanations.bars import BarTable
from car_video.io.explanations.layout import (
    BAD,
    BODY,
    COLUMNS,
    FAINT,
    GAP,
    GOOD,
    HEADING,
    LARGE,
    SMALL,
    TILE,
    Tile,
    side_by_side,
    stacked,
    text_block,
    tile_row,
)
from car_video.io.explanations.tiles import heat, masked, plain, tile_size
from car_video.io.palette import overlay_colours
from car_video.io.writers.drawing import draw_masks

MOST_QUERIES = 6
"""Queries whose stages are drawn; of more the JSON has all."""
ODDS = 6.0
"""Log-odds of a whole bar."""
PART_NAMES = {
    "sentence": "the whole sentence",
    "noun phrase": "the noun phrase",
    "nouns": "the model's own nouns",
}


def title(found: Explanation) -> Iterator[Image.Image]:
    """What was asked for, and the answer."""
    prediction = found.prediction
    for text, score, present in zip(
        prediction.expressions, prediction.scores, prediction.present, strict=True
    ):
        verdict = "is here" if present else "is not here"
        line = f"“{text}” {verdict} ({score:.2f})"
        yield text_block(line, LARGE, GOOD if present else BAD)
    yield text_block(
        f"frame {found.frame.index}, {found.frame.time:.2f} s; model {found.model}", BODY, FAINT
    )


def maps(found: Explanation) -> Iterator[Image.Image]:
    """Frame, evidence, map, proposal and visual prompt of each query."""
    yield _heading(
        "Maps",
        "What each query lights up: dark is 0, light is 1. Evidence is cell by cell against "
        "the background words; the map spreads it over cells that look alike; the proposal is "
        "what lies above one half.",
    )
    image = found.frame.image
    size = _size(found)
    for number, stages in _drawn(found):
        tiles = [Tile(plain(image, size), "Frame", _read_as(stages))]
        tiles.append(Tile(heat(image, stages.evidence, size, smooth=False), "Evidence"))
        tiles.append(Tile(heat(image, stages.map, size), "Map"))
        by_itself = " (by itself: it was dropped)" if stages.dropped else ""
        tiles.append(
            Tile(
                masked(image, stages.proposal, size, _colour(found, number)),
                "Proposal",
                _score(stages) + by_itself,
            )
        )
        if stages.prompt is not None:
            rows, columns = stages.prompt.shape[:2]
            side = tile_size(rows, columns, (TILE, TILE))
            tiles.append(
                Tile(
                    plain(stages.prompt, side), "Visual prompt", "What the classifier is shown."
                )
            )
        yield _named(found, stages, tile_row(tiles))


def recurrence(found: Explanation) -> Iterator[Image.Image]:
    """Which queries stay, step by step."""
    if len(found.queries) == 1 or not found.steps:
        return
    dropped = sum(bool(stages.dropped) for stages in found.queries)
    said = f"{dropped} of {len(found.queries)} dropped" if dropped else "none is dropped"
    yield _heading(
        "Recurrence",
        "Each query's share of its own proposal among the queries left; below "
        f"{found.theta:.2f} it is dropped, and the others are proposed anew: {said}.",
    )
    columns = [f"step {n + 1}" for n in range(len(found.steps))]
    rows = [
        (stages.text, [step.get(number) for step in found.steps])
        for number, stages in _drawn(found)
    ]
    yield BarTable(columns, rows, 1.0, signed=False, least=found.theta).draw()


def candidates(found: Explanation) -> Iterator[Image.Image]:
    """Masks that the mask model offers, and what each part of the sentence says of them."""
    if not any(stages.candidates for stages in found.queries):
        return
    yield _heading(
        "Candidates",
        "Masks that the mask model answers at the strong places of the map, best first, with "
        "their agreement: the product of the numbers under it. Green: what the answer shows.",
    )
    size = _size(found)
    for number, stages in _drawn(found):
        if not stages.candidates:
            continue
        tiles = [
            Tile(
                masked(found.frame.image, one.mask, size, _colour(found, number)),
                f"{_letter(place)}  {one.agreement:.2f}",
                ", ".join(f"{name} {value:.2f}" for name, value in one.factors.items()),
                framed=place == stages.chosen,
            )
            for place, one in enumerate(stages.candidates)
        ]
        yield _named(found, stages, tile_row(tiles))


def words(found: Explanation) -> Iterator[Image.Image]:
    """Log-odds of each region by each part of the sentence."""
    yield _heading(
        "Words",
        "Log-odds against the background words that a region is what is named: 0 is undecided, "
        "+2 is 88 %. A single word's vote is what the sentence loses without it.",
    )
    for _, stages in _drawn(found):
        votes = {"region of the map": stages.votes}
        for place, one in enumerate(stages.candidates):
            votes[_letter(place)] = one.votes
        rows: list[tuple[str, list[float | None]]] = [
            (name, [vote.parts.get(part) for vote in votes.values()])
            for part, name in PART_NAMES.items()
            if part in stages.votes.parts
        ]
        for word in stages.votes.words:
            rows.append((f"“{word}”", [vote.words.get(word) for vote in votes.values()]))
        if rows:
            yield _named(found, stages, BarTable(list(votes), rows, ODDS).draw())
        if stages.votes.rivals:
            rivals = ", ".join(f"“{word}” {share:.0%}" for word, share in stages.votes.rivals)
            yield text_block(
                f"Of the background the region is most like: {rivals}", SMALL, FAINT
            )


def tracks(found: Explanation) -> Iterator[Image.Image]:
    """The tracks that the frame's mask is chosen among."""
    if not any(found.tracks):
        return
    yield _heading(
        "Tracks",
        "Masks that are followed from frame to frame, with their mean agreement with the "
        "sentence; the first is the answer.",
    )
    size = _size(found)
    for number, stages in _drawn(found):
        own = found.tracks[number]
        if own:
            tiles = [
                Tile(
                    masked(found.frame.image, track.mask, size, _colour(found, number)),
                    f"{track.agreement:.2f}",
                    f"for {track.age:.1f} s" if track.age else "new",
                    framed=place == 0,
                )
                for place, track in enumerate(own[:COLUMNS])
            ]
            yield _named(found, stages, tile_row(tiles))


def answer(found: Explanation) -> Iterator[Image.Image]:
    """The final masks, and why."""
    yield _heading("Answer", "")
    image = found.frame.image
    half = 2 * TILE + GAP
    size = tile_size(image.shape[0], image.shape[1], (half, half))
    drawn = Image.fromarray(plain(draw_masks(image, found.prediction), size))
    picture = Image.new("RGB", (half, size[0]), "#ffffff")
    picture.paste(drawn, (0, 0))
    lines = []
    width = 3 * TILE + GAP
    several = len(found.reasons) > 1
    for text, reasons in zip(found.prediction.expressions, found.reasons, strict=True):
        if several:
            lines.append(text_block(f"“{text}”", BODY, width=width, before=6))
        lines += [text_block(reason, SMALL, width=width, before=4) for reason in reasons]
    yield side_by_side(picture, stacked(lines))


def _drawn(found: Explanation) -> list[tuple[int, QueryStages]]:
    return list(enumerate(found.queries))[:MOST_QUERIES]


def _named(found: Explanation, stages: QueryStages, block: Image.Image) -> Image.Image:
    """The block under the name of its query, where there are several."""
    if len(found.queries) == 1:
        return block
    return stacked([text_block(f"“{stages.text}”", BODY), block], 4)


def _heading(text: str, words: str) -> Image.Image:
    head = text_block(text, HEADING, before=GAP)
    return stacked([head, text_block(words, SMALL, FAINT)], 2) if words else head


def _size(found: Explanation) -> tuple[int, int]:
    return tile_size(found.frame.height, found.frame.width, (TILE, TILE))


def _colour(found: Explanation, query: int) -> NDArray[np.uint8]:
    """That of the first expression which the query belongs to."""
    row = next((n for n, own in enumerate(found.parts) if query in own), 0)
    colour: NDArray[np.uint8] = overlay_colours(len(found.parts))[row]
    return colour


def _letter(place: int) -> str:
    return chr(ord("A") + place)


def _read_as(stages: QueryStages) -> str:
    phrases = dict.fromkeys((stages.sentence, stages.noun_phrase))
    said = ["read as " + " and ".join(f"“{phrase}”" for phrase in phrases)]
    said += [f"place: {place}" for place in stages.places]
    said += [f"colour: {colour}" for colour in stages.colours]
    said += [f"only mentioned: “{thing}”" for thing in stages.mentioned]
    return "; ".join(said)


def _score(stages: QueryStages) -> str:
    if stages.together is None:
        return f"probability {stages.score:.2f}"
    return f"log-odds {stages.together:+.1f}, probability {stages.score:.2f}"
