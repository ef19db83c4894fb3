"""Remarks for the end of a run, one line each: what may not be understood as it is meant."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING

from car_video.cli.display import shorten

if TYPE_CHECKING:
    from car_video.cli.presence_times import Presence
    from car_video.config import SegmentConfig
    from car_video.models.pair import ModelPair

RATE_TOLERANCE = 0.95  # of the rate that was asked for

_ARTICLES = "a|an|the|another|one|two|three|some"
# Words that tie what follows a comma to the thing before: "a man with a hat, a bag".
_TIES = frozenset("with in on of and or that who whose which wearing holding carrying".split())
# Frequent words of other languages that are no English words.
_FOREIGN = {
    "German": """der das den dem des ein eine einen einem einer und ist auf mit vom zum zur im
        rote roter rotes blaue blauer weisse schwarze frau hund katze kind mensch auto links
        rechts""",
    "French": """le les un une du et est avec dans sur qui homme femme chien voiture rouge bleu
        blanc noir gauche droite enfant""",
    "Spanish": """el los las una unos unas y con que del hombre mujer perro gato coche rojo roja
        azul blanco negro izquierda derecha persona""",
    "Italian": """il lo gli un uno una con che della nel sul uomo donna cane gatto macchina
        rosso rossa bianco nero sinistra destra""",
    "Portuguese": """um uma os com homem mulher cachorro carro vermelho vermelha azul branco
        preto esquerda direita pessoa""",
    "Dutch": "het een en met van op vrouw hond kat rode blauwe witte zwarte jongen meisje",
    "Swedish": "en ett och med den det som mannen kvinnan hunden bilen katten",
}
_FOREIGN_WORDS = frozenset(word for words in _FOREIGN.values() for word in words.split())
_ENGLISH = frozenset(
    """a an the of in on with and or to at by from for is are man woman person people boy girl
    dog cat car red blue green white black yellow left right next front behind who that his her
    its wearing holding one two""".split()
)


def remarks_on(
    expressions: Sequence[str], model: str, pair: ModelPair, spatial: bool
) -> list[str]:
    """Everything that there is to say about the expressions of a run.

    Args:
        expressions: each once.
        model: its name.
        pair: the model itself.
        spatial: words of place choose among things.
    """
    remarks = [*too_long(expressions, model, pair), *not_english(expressions, model)]
    remarks += several_things(expressions)
    return remarks + without_a_thing(expressions) if spatial else remarks


def too_long(expressions: Sequence[str], model: str, pair: ModelPair) -> list[str]:
    """On each expression that is longer than the model reads."""
    return [
        f"'{shorten(text, 40)}' is longer than {model} reads; its end is ignored"
        for text in expressions
        if pair.proposer.truncates(text) or pair.classifier.truncates(text)
    ]


def not_english(expressions: Sequence[str], model: str) -> list[str]:
    """On each expression without a Latin letter, or with more foreign words than English ones.

    Decided by lists of frequent words: few sentences that are English are remarked on, and
    short ones in other languages may not be.
    """
    remarks = []
    for text in expressions:
        if not re.search("[A-Za-z]", text):
            remarks.append(
                f"'{shorten(text, 40)}' has no English word, and {model} reads English"
            )
        elif _is_foreign(text):
            remarks.append(
                f"'{shorten(text, 40)}' does not look like English, which is all that {model} "
                "reads; say it in English"
            )
    return remarks


def several_things(expressions: Sequence[str]) -> list[str]:
    """On each expression that lists things: it is one expression and gets one mask."""
    remarks = []
    for text in expressions:
        things = _listed(text)
        if things:
            each = " ".join(f'--expr "{thing}"' for thing in things[:3])
            remarks.append(
                f"'{shorten(text, 40)}' is one expression and gets one mask; for a mask of "
                f"each thing: {each}"
            )
    return remarks


def found_nowhere(presences: Sequence[Presence]) -> list[str]:
    """On the expressions that were called absent on all frames that were seen."""
    absent = [p.expression for p in presences if p.total and not p.frames]
    if not absent:
        return []
    more = f" and {len(absent) - 1} more" if len(absent) > 1 else ""
    name = shorten(absent[0], 40)
    return [f"nothing passed for '{name}'{more}; if it is there, add --assume-present"]


def without_a_thing(expressions: Sequence[str]) -> list[str]:
    """On each expression that says where, but not what."""
    from car_video.text.parsing.places import names_a_thing
    from car_video.text.parsing.requests import without_request

    return [
        f"'{shorten(text, 40)}' says where, not what; name the thing as well, "
        'like "second person from the left"'
        for text in expressions
        if not names_a_thing(without_request(text))
    ]


def without_calibration(model: str, segment: SegmentConfig) -> list[str]:
    """A line where a model without calibration is asked what is present."""
    from car_video.models.calibration import find_calibration

    asked = segment.scale == "measured" and segment.scores == "presence"
    if not asked or segment.calibration != "auto" or find_calibration(model).model:
        return []
    return [
        f"{model} has no calibration: numbers that were set with lite decide what is present; "
        f"'car-eval calibrate {model} --data DIR' fits its own (docs/models.md)"
    ]


def missed_rate(target: float, frames: int, seconds: float, lowest: bool) -> list[str]:
    """That ``--target-fps`` was not kept.

    Args:
        target: frames per second that were asked for.
        frames: computed.
        seconds: that they took, without waiting for the source.
        lowest: whether the lowest quality was reached.
    """
    if frames < 2 or seconds <= 0 or frames / seconds >= RATE_TOLERANCE * target:
        return []
    why = (
        "this computer is too slow for it even at the lowest quality; a smaller --size may help"
        if lowest
        else "the first frames are slow until the quality is low enough"
    )
    return [f"--target-fps {target:g} was not kept: {frames / seconds:.1f} frames/s; {why}"]


def _is_foreign(text: str) -> bool:
    words = re.findall(r"[^\W\d_]+", text.casefold())
    foreign = sum(word in _FOREIGN_WORDS for word in words)
    return foreign > sum(word in _ENGLISH for word in words)


def _listed(text: str) -> list[str]:
    """The things of "the dog, the person"; empty where commas do something else."""
    parts = [part.strip() for part in re.split(r"\s*[,;/]\s*(?:and\s+)?", text.strip(" ,;./"))]
    if len(parts) < 2:
        return []
    articled = all(re.match(rf"(?:{_ARTICLES})\s+\w", part, re.IGNORECASE) for part in parts)
    if articled and not any(_TIES & set(part.casefold().split()) for part in parts[:-1]):
        return parts
    bare = [re.sub(rf"^(?:{_ARTICLES})\s+", "", part.casefold()) for part in parts]
    return parts if _named_things().issuperset(bare) else []


@cache
def _named_things() -> frozenset[str]:
    """Names of things, in one or two words: the classes of COCO, and people."""
    from car_video.text.label_spaces import label_space

    names = ",".join(label_space("coco-object").names).casefold().split(",")
    return frozenset((*names, *"person man woman boy girl child lady guy bird chair".split()))
