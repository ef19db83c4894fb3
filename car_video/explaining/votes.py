"""What sentence, noun phrase and single words say of regions of a picture.

A word's vote is how much the log-odds of the sentence fall when it is left out.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from car_video.explaining.wording import mentioned_in
from car_video.explanation import Votes
from car_video.segment.classification.region_odds import text_odds
from car_video.segment.encoding import EncodedImage
from car_video.segment.evidence import KnownNouns
from car_video.segment.segmenter import ImageSegmenter
from car_video.text.parsing.expression import content_words, words_of

MOST_WORDS = 8
"""Words that get a vote; each is one more text for the model to encode."""
MOST_RIVALS = 3
"""Background words that are named."""


def votes_on(
    image: ImageSegmenter, encoded: EncodedImage, query: int, regions: Tensor
) -> list[Votes]:
    """Votes on regions by the words of one query.

    Args:
        image: with its queries.
        encoded: the picture.
        query: number of the query.
        regions: bool [K, h, w], on the cells or at working size.

    Returns:
        K votes.
    """
    if not len(regions):
        return []
    queries = image.queries
    sentence, noun_phrase = queries.encoded_texts[query], queries.noun_phrases[query]
    mentioned = mentioned_in(sentence, queries.texts[query])
    rivals = [*queries.background, *(m for m in mentioned if m not in queries.background)]
    parts = without_each_word(sentence)
    texts = [sentence, noun_phrase, " ".join(words_of(sentence)), *parts.values()]
    nouns = _by_noun_classifier(image, encoded, noun_phrase, regions)
    if not rivals:  # nothing to compare with
        return [Votes({})] * len(regions)
    embeddings = image.mask_classifier.embed(encoded.pixels[0], regions, encoded.pooling)
    odds, shares = text_odds(image.mask_classifier, embeddings, texts, rivals)
    votes = []
    for row in range(len(regions)):
        whole, phrase, plain, *rest = odds[row].tolist()
        by_part = {"sentence": whole, "noun phrase": phrase}
        if nouns is not None:
            by_part["nouns"] = nouns[row]
        by_word = {word: plain - less for word, less in zip(parts, rest, strict=True)}
        best = shares[row].topk(min(MOST_RIVALS, len(rivals)))
        named = zip(best.indices.tolist(), best.values.tolist(), strict=True)
        votes.append(Votes(by_part, by_word, tuple((rivals[n], share) for n, share in named)))
    return votes


def without_each_word(sentence: str) -> dict[str, str]:
    """The sentence without each of its content words, by word; none where it has one only.

    Example:
        >>> without_each_word("the man in red")
        {'man': 'the in red', 'red': 'the man in'}
    """
    words = content_words(sentence)
    if len(words) < 2:
        return {}
    spoken = words_of(sentence)
    return {word: " ".join(w for w in spoken if w != word) for word in words[:MOST_WORDS]}


def _by_noun_classifier(
    image: ImageSegmenter, encoded: EncodedImage, noun_phrase: str, regions: Tensor
) -> list[float] | None:
    """Log-odds by the model's own classifier; None where it does not know the noun."""
    if image.config.known_noun_weight == 0:
        return None
    known = KnownNouns.of(image.proposer.nouns, [noun_phrase], 1.0)
    if known is None:
        return None
    cells = F.adaptive_avg_pool2d(regions[None].float(), encoded.features.grid)[0]
    own = torch.zeros(len(regions), dtype=torch.int64)
    found: list[float] = known.of_regions(encoded.features, cells, own).tolist()
    return found
