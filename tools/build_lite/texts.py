"""All texts of the training as embeddings and index tables, in one file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import timm
from numpy.typing import NDArray

from tools.build_lite.labels import Kinds, word_labels
from tools.build_lite.parser import Parsed
from tools.build_lite.photos import Captioned
from tools.build_lite.recipe import Recipe
from tools.build_lite.sentences import Embed
from tools.build_lite.word_lists import word_lists
from tools.build_lite.wordnet import ClassNouns

WORD_TEMPLATES = ("{}", "a {}", "the {}", "a photo of a {}")
NOUN_TEMPLATES = ("{}", "a photo of a {}")


@dataclass(frozen=True)
class TextTables:
    """Embeddings (float16, unit length, E numbers each) and what they belong to.

    Attributes:
        captions: [captions, E]; caption_image: int64 [captions].
        phrases: [different phrases, E].
        phrase_of, phrase_image: int64 [occurrences]: which phrase, in which picture.
        words: str [V]; word_embeddings: [V, templates, E].
        has_word: bool [images, V]: the picture shows it, by a caption or a category.
        ignore_word: bool [images, V]: it has not, but it cannot be called absent.
        names: [names, E]: ImageNet classes under their synonyms and templates.
        name_class: int64 [names].
        nouns: str [L]: nouns that hold ImageNet classes; noun_embeddings: [L, templates, E].
        noun_classes: bool [L, classes].
    """

    captions: NDArray[np.float16]
    caption_image: NDArray[np.int64]
    phrases: NDArray[np.float16]
    phrase_of: NDArray[np.int64]
    phrase_image: NDArray[np.int64]
    words: NDArray[np.str_]
    word_embeddings: NDArray[np.float16]
    has_word: NDArray[np.bool_]
    ignore_word: NDArray[np.bool_]
    names: NDArray[np.float16]
    name_class: NDArray[np.int64]
    nouns: NDArray[np.str_]
    noun_embeddings: NDArray[np.float16]
    noun_classes: NDArray[np.bool_]

    def write(self, file: Path) -> None:
        """Write a npz file, no pickles in it."""
        with file.open("wb") as handle:
            np.savez(handle, **{f.name: getattr(self, f.name) for f in fields(self)})

    @classmethod
    def read(cls, file: Path) -> TextTables:
        """Inverse of :meth:`write`."""
        with np.load(file, allow_pickle=False) as data:
            return cls(**{f.name: data[f.name] for f in fields(cls)})


def close_words(embeddings: NDArray[np.floating], cosine: float) -> NDArray[np.bool_]:
    """bool [V, V]: words too near in meaning to be each other's negatives.

    Args:
        embeddings: [V, templates, E], unit length; their mean stands for the word.
        cosine: closer than this is too near.
    """
    mean = embeddings.astype(np.float32).mean(1)
    mean /= np.linalg.norm(mean, axis=1, keepdims=True)
    close: NDArray[np.bool_] = mean @ mean.T > cosine
    return close


def class_names(per_class: int) -> tuple[list[str], NDArray[np.int64]]:
    """ImageNet class names in every template, with their classes."""
    info = timm.data.ImageNetInfo()
    texts, classes = [], []
    for index in range(1000):
        synonyms = [s.strip().lower() for s in info.index_to_description(index).split(",")]
        for synonym in synonyms[:per_class]:
            texts += [template.format(synonym) for template in NOUN_TEMPLATES]
            classes += [index] * len(NOUN_TEMPLATES)
    return texts, np.array(classes, np.int64)


def in_templates(
    words: Sequence[str], templates: Sequence[str], embed: Embed
) -> NDArray[np.float16]:
    """[words, templates, E]: every word in every template."""
    flat = embed([template.format(word) for word in words for template in templates])
    return flat.reshape(len(words), len(templates), -1).astype(np.float16)


def make_tables(
    data: Captioned,
    parsed: Sequence[Parsed],
    train: NDArray[np.int64],
    classes: ClassNouns,
    recipe: Recipe,
    embed: Embed,
    say: Callable[[str], None],
) -> TextTables:
    """Embed every text that the training needs.

    Args:
        data: captions.
        parsed: the same, parsed.
        train: training pictures; only their phrases are used, and words that they have.
        classes: WordNet's nouns and ImageNet's classes.
        recipe: thresholds.
        embed: sentence encoder.
        say: told what is being done.
    """
    labels = word_labels(data, parsed, train, Kinds(classes.nouns), recipe.word_minimum)
    trains = np.zeros(len(data.paths), np.bool_)
    trains[train] = True
    found = [
        (phrase.text, image)
        for one, image in zip(parsed, data.image_of.tolist(), strict=True)
        for phrase in one.phrases
        if trains[image] and phrase.head not in word_lists().not_labels
    ]
    counts = Counter(phrase for phrase, _ in found)
    phrases = sorted(p for p, count in counts.items() if count >= recipe.phrase_minimum)
    number = {phrase: i for i, phrase in enumerate(phrases)}
    kept = [(phrase, image) for phrase, image in found if phrase in number]
    names, name_class = class_names(recipe.names_per_class)
    nouns = classes.closure(recipe.widest_noun)
    noun_classes = np.zeros((len(nouns), len(classes.class_synsets)), np.bool_)
    for row, own in enumerate(nouns.values()):
        noun_classes[row, list(own)] = True
    say(f"texts: {len(labels.words)} words, {len(nouns)} nouns of ImageNet classes")
    word_embeddings = in_templates(labels.words, WORD_TEMPLATES, embed)
    close = close_words(word_embeddings, recipe.word_closeness) | labels.related
    near = (labels.has.astype(np.float32) @ close.astype(np.float32)) > 0
    noun_embeddings = in_templates(list(nouns), NOUN_TEMPLATES, embed)
    name_embeddings = embed(names).astype(np.float16)
    say(f"texts: {len(data.captions)} captions")
    captions = embed(data.captions).astype(np.float16)
    say(f"texts: {len(phrases)} phrases")
    return TextTables(
        captions=captions,
        caption_image=data.image_of,
        phrases=embed(phrases).astype(np.float16),
        phrase_of=np.array([number[phrase] for phrase, _ in kept], np.int64),
        phrase_image=np.array([image for _, image in kept], np.int64),
        words=np.array(labels.words),
        word_embeddings=word_embeddings,
        has_word=labels.has,
        ignore_word=(near | labels.unknown) & ~labels.has,
        names=name_embeddings,
        name_class=name_class,
        nouns=np.array(list(nouns)),
        noun_embeddings=noun_embeddings,
        noun_classes=noun_classes,
    )
