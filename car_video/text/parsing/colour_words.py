"""Words that tell whether a colour word names a colour, and of what.

:mod:`car_video.text.parsing.colours` reads them.
"""

from __future__ import annotations

_STEMS = """man woman person guy girl boy lady kid child baby toddler infant teen teenager adult
male female player gentleman dude fellow bloke chap lad student teacher doctor nurse worker
officer policeman policewoman cop fireman firefighter soldier athlete runner dancer singer
musician guitarist drummer actor actress chef cook waiter waitress driver rider skater skier
surfer cyclist biker skateboarder snowboarder swimmer batter catcher umpire referee goalie
goalkeeper priest monk bride groom mother father mom mum dad son daughter brother sister uncle
aunt grandmother grandfather grandma grandpa husband wife friend human businessman
businesswoman salesman fisherman cowboy american african pedestrian passenger customer tourist
vendor farmer hiker windsurfer kitesurfer breakdancer bicyclist motorcyclist gymnast acrobat
juggler jogger pilot diver climber rower wrestler fencer golfer sailor parent someone somebody
schoolgirl schoolboy owner handler redhead brunette""".split()


def _plural(word: str) -> str:
    if word.endswith("man") and word != "human":
        return word.removesuffix("man") + "men"
    if word.endswith("y") and word[-2] not in "aeiou":
        return word.removesuffix("y") + "ies"
    irregular = {"child": "children", "wife": "wives"}
    return irregular.get(word, word + ("es" if word.endswith("ss") else "s"))


_OTHERS = "people family families anyone anybody everyone everybody he she they".split()
PEOPLE = frozenset([*_STEMS, *map(_plural, _STEMS), *_OTHERS])
ADJECTIVES = frozenset("baby male female adult family teen mother father kids".split())
"""People that may only describe what follows: "a brown baby elephant"."""

GARMENTS = frozenset(
    """shirt shirts tshirt t tee tank top hat cap jacket coat dress jeans pants trousers shorts
    suit tie uniform jersey hoodie sweater sweatshirt blouse vest skirt shoes boots helmet scarf
    gloves glasses sunglasses apron robe kimono bikini swimsuit outfit clothes socks beard
    hair""".split()
)
"""What is worn, or grows: "a black shirt man"."""

HAIR = frozenset("blond blonde blonds blondes brunette brunettes redhead redheads".split())
"""What names people by their hair, by itself as well: "the blonde in red"."""

COMPOUNDS = frozenset("haired headed hatted bearded shirted clad dressed featured".split())
"""What makes a part of the colour before it: "the red haired woman"."""

UNSEEN = frozenset(
    """eye eyes eyed skin skinned lip lips lipped nail nails tooth teeth eyebrow eyebrows
    blooded""".split()
)
"""What has a colour too small to see, or one that is not paint: "blue eyes"."""

WHOLE = frozenset("colored coloured painted tinted toned washed".split())
"""Second parts of compounds that say of the whole what "-haired" says of a part."""

NOUNS = frozenset(
    "light lighter dark cream tan olive orange lavender violet gold silver navy".split()
)
"""Colour words that are nouns where they end a phrase: "the traffic light", "an orange"."""

LIGHTS = frozenset(
    """bulb bulbs fixture fixtures pole poles post posts switch house source stand show box ring
    saber sabre rail signal signals tower sign sculpture beam""".split()
)
"""What makes a noun of "light" before it."""

LAMPS = frozenset("light lighter dark".split())
"""Those of :data:`NOUNS` that are hardly ever meant where they are said of "the"."""

TITLES = frozenset("mr mrs ms miss mister dr doctor professor sir lord president".split())
