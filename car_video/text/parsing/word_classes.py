"""What kind of word a word is: closed classes by list, open ones by WordNet's counts."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import resources

import yaml

DETERMINERS = frozenset(
    "a an the this that these those some any each every its his her their my your our".split()
)
PREPOSITIONS = frozenset(
    """in on at by near beside behind under over above below through across along against around
    between among inside outside into onto from to toward towards off next past down up beyond
    beneath with without within of while as front for like than until upon amid atop underneath
    except opposite alongside about during after before because if via per out""".split()
)
RELATIVES = frozenset(
    "who whom whose which that where when is are was were has have being had be been".split()
)
HAVING = frozenset(
    "with wearing in dressed holding carrying of riding is are was were has have".split()
)
"""After these comes what a thing is, wears, has or rides. It belongs to the thing; what the
thing stands by does not."""
HAVING_VERBS = HAVING | frozenset("wears wear holds hold carries carry rides ride".split())
"""The same as verbs: "who wears a hat"."""
RELATIVES_OF_THINGS = frozenset("who whom whose which that".split())
"""They take up a noun that was named before."""
OTHER_CLAUSES = frozenset("while as when because if before after".split())
"""After these verbs may be said of another thing than the head."""
NOW_BEING = frozenset("is are was were".split())
"""After these comes what a thing is: "the bus is red"."""
SPATIAL = frozenset(
    """left right middle center centre top bottom leftmost rightmost first second third last
    closest nearest far farthest furthest front back side corner upper lower""".split()
)
NOT_BEING = frozenset(
    word.replace("'", mark)
    for word in "isn't aren't wasn't weren't hasn't haven't".split()
    for mark in ("'", "\u2019", "")
)
"""As "is" and "has", denied."""
NOT_DOING = frozenset(
    word.replace("'", mark)
    for word in "doesn't don't didn't can't won't".split()
    for mark in ("'", "\u2019", "")
)
PRONOUNS = frozenset(
    """it him them me us you he she they we itself himself herself themselves something other
    others another""".split()
)
"""They stand for a thing that was named, or for none: nothing that a mask could show."""
SUBJECTS = frozenset("he she they it".split())
"""Pronouns that are what an expression names where they begin it."""
STANDING_FOR = frozenset("one ones".split())
"""They stand for a noun, also after words that describe it: "the dark haired one"."""
SEVERAL = frozenset("people men women children they cattle".split())
"""Plurals without an s: a verb as it stands in a dictionary may follow."""
TELEGRAMS = frozenset(
    """man woman guy girl boy lady kid child person player gentleman dude batter catcher
    pitcher""".split()
)
"""They name the thing where they begin a phrase: "guy black socks"."""
NO_PLURALS = frozenset(
    """bus gas lens canvas christmas atlas swiss series species news mathematics gymnastics
    always perhaps pants jeans shorts trousers tights glasses sunglasses eyeglasses spectacles
    goggles scissors pliers tongs binoculars headphones leggings overalls clothes handlebars
    stairs headquarters rhinoceros mercedes gps james jones its hers yes""".split()
)
"""They end in s, but name one thing. What ends in ss, us or is does as well."""
OFTEN_VERBS = frozenset(
    "sleep play drink drive dance show wave rest cross climb kick roll lie graze hover".split()
)
"""Verbs that are nouns as often in WordNet's corpus, and rarely of things in the plural."""
INTENSIFIERS = frozenset("very pretty quite so more most too really almost half rather".split())
PARTICLES = frozenset("up down off over out in on away".split())
"""The second part of "a pick up truck", "a knocked over hydrant"."""
NO_GERUNDS = frozenset(
    """king ring wing string thing building ceiling painting sling swing wedding clothing
    morning evening duckling pudding railing awning icing spring something anything nothing
    everything earring viking herring sibling darling dumpling""".split()
)
"""They end in "ing" and come from no verb."""
NO_PARTICIPLES = frozenset(
    """hundred moped thoroughbred purebred infrared seabed riverbed sunbed flowerbed deathbed
    bobsled bloodshed woodshed reed steed tweed breed bicoloured naked wicked kindred""".split()
)
"""They end in "ed" and say nothing that was done to a thing."""
MOTIONS = frozenset(
    """go come move walk run jog march stride step head drive ride race fly swim dive roll slide
    glide float drift sail gallop trot jump leap hop climb crawl creep skate ski surf skateboard
    cycle cross pass travel turn swing approach leave chase follow""".split()
)
"""What takes a thing somewhere: the side after it is where it moves, not where it is."""
BEING = frozenset("is are was were being be been has have had".split())
"""After these a participle is what the thing before them does or suffers."""
IRREGULAR_PARTICIPLES = frozenset(
    """held worn driven ridden thrown taken made seen shown drawn caught worn sat built hung lit
    stuck torn broken frozen fallen hidden written eaten given bent cut set put parked sold led
    kept left tied known spread shut seated clad full""".split()
)


@dataclass(frozen=True)
class WordClasses:
    """Words that are rather something else than a noun (``word_classes.yaml``)."""

    adjectives: frozenset[str]
    verbs: frozenset[str]
    adverbs: frozenset[str]


@cache
def word_classes() -> WordClasses:
    """The lists that :mod:`tools.word_classes` has made, read once."""
    file = resources.files(__package__) / "word_classes.yaml"
    data = yaml.load(file.read_bytes(), getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    return WordClasses(
        frozenset(data["adjectives"].split()),
        frozenset(data["verbs"].split()),
        frozenset(data["adverbs"].split()),
    )


def is_adjective(word: str) -> bool:
    """Whether a word in lower case describes a thing rather than names it."""
    suffixed = len(word) > 5 and word.endswith(("ous", "less", "istic"))
    return word in word_classes().adjectives or word.isdecimal() or suffixed


def is_adverb(word: str) -> bool:
    """Whether a word in lower case says how or where something is done."""
    return word in word_classes().adverbs and word not in PREPOSITIONS | SPATIAL


def is_gerund(word: str) -> bool:
    """Whether a word is a verb in "ing"."""
    return len(word) > 4 and word.endswith("ing") and word not in NO_GERUNDS


def is_participle(word: str) -> bool:
    """Whether a word says what was done to a thing: "parked", "worn"."""
    if word in IRREGULAR_PARTICIPLES:
        return word not in SPATIAL
    return len(word) > 4 and word.endswith("ed") and word not in NO_PARTICIPLES


def describes(word: str) -> bool:
    """Whether a word may describe the noun after it."""
    return is_adjective(word) or is_participle(word) or is_gerund(word) or word in SPATIAL


def strengthens(word: str) -> bool:
    """Whether a word may stand before one that describes: "very", "brightly"."""
    adverb = len(word) > 4 and word.endswith("ly") and not is_adjective(word)
    return word in INTENSIFIERS or adverb


def is_finite_verb(word: str) -> bool:
    """Whether a word is a verb of the third person: "walks", "carries"."""
    return not _third_person(word).isdisjoint(word_classes().verbs | OFTEN_VERBS)


def is_verb(word: str) -> bool:
    """Whether a word in lower case is a verb as it stands in a dictionary: "hold"."""
    return word in word_classes().verbs | OFTEN_VERBS


def is_motion(word: str) -> bool:
    """Whether a word says that something moves along: "walks", "running", "riding"."""
    stems = _third_person(word)
    if is_gerund(word):
        stem = word.removesuffix("ing")
        stems |= {stem, stem + "e"} | ({stem[:-1]} if stem[-1] == stem[-2] else set())
    return not stems.isdisjoint(MOTIONS)


def _third_person(word: str) -> set[str]:
    """The verbs of which a word may be the third person; none where it cannot be one."""
    if not word.endswith("s") or word.endswith("ss"):
        return set()
    stems = {word[:-1], word[:-2] if word.endswith("es") else word[:-1]}
    if word.endswith("ies"):
        stems.add(word[:-3] + "y")
    return stems
