"""Where on a person words of clothing and hair are.

"White" and "black" are on both, the man in a white shirt and black trousers and the one in a
black shirt and white trousers; they are told apart by where.
"""

from __future__ import annotations

from typing import Literal, get_args

Zone = Literal[
    "upper", "coat", "dress", "skirt", "shorts", "trousers", "shoes", "hat", "hair", "scarf",
    "clothes",
]  # fmt: skip
"""A part of what people wear, or their hair; *clothes* is all that they wear."""
ZONES: tuple[Zone, ...] = get_args(Zone)
Place = Zone | Literal["whole", "part"]
"""Where a colour is: on a zone of a person, on all of a thing ("a red car"), or on some part of
it that nothing else is known of ("a man with a red bag", "a dog with a red collar")."""
PLACES: tuple[Place, ...] = (*ZONES, "whole", "part")

_WORDS: dict[Zone, str] = {
    "upper": """shirt tshirt t-shirt tee top blouse sweater sweatshirt jumper pullover cardigan
        hoodie hoody jersey vest polo jacket blazer tank singlet waistcoat fleece windbreaker
        anorak parka tunic camisole""",
    "coat": "coat overcoat raincoat cape cloak robe gown kimono",
    "dress": "dress sundress frock romper leotard",
    "skirt": "skirt miniskirt kilt",
    "shorts": "shorts trunks",
    "trousers": """pants trousers jeans slacks leggings tights stockings khakis sweatpants
        joggers chinos""",
    "shoes": "shoe boot sandal sneaker trainer heel slipper loafer footwear",
    "hat": "hat cap helmet beanie hood turban headscarf visor bonnet",
    "hair": "hair haired headed ponytail braid hairstyle",
    "scarf": "scarf shawl",
    "clothes": """clothes clothing outfit suit uniform costume overalls jumpsuit wetsuit
        tracksuit clad dressed""",
}
GARMENT_ZONES: dict[str, Zone] = {
    word: zone for zone, words in _WORDS.items() for word in words.split()
}


def zone_of(word: str) -> Zone | None:
    """The zone of a word, in lower case, singular or plural; None if it names no clothing."""
    singular = (word, word.removesuffix("s"), word.removesuffix("es"))
    known = (GARMENT_ZONES.get(one) for one in (*singular, word.replace("ves", "f")))
    return next((zone for zone in known if zone), None)
