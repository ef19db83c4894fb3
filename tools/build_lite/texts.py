"""All texts of the training as embeddings and index tables, in one file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import timm
from numpy.typing import NDArray

from tools.build_lite.photos import Captioned
from tools.build_lite.phrases import label_words, noun_phrases, word_lists, words_of
from tools.build_lite.recipe import Recipe
from tools.build_lite.sentences import Embed

WORD_TEMPLATES = ("{}", "a {}", "the {}", "a photo of a {}")
CLASS_TEMPLATES = ("{}", "a {}", "a photo of a {}", "the {} in the scene")


@dataclass(frozen=True)
class TextTables:
    """Embeddings (float16, unit length, E numbers each) and what they belong to.

    Attributes:
        captions: [captions, E]; caption_image: int64 [captions].
        phrases: [different phrases, E].
        phrase_of, phrase_image: int64 [occurrences]: which phrase, in which picture.
        words: str [V]; word_embeddings: [V, templates, E].
        has_word: bool [images, V]: a caption of the picture has the word.
        ignore_word: bool [images, V]: it has not, but has a word too close to call it absent.
        names: [names, E]: ImageNet classes under their synonyms and templates.
        name_class: int64 [names].
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

    def write(self, file: Path) -> None:
        """Write a npz file, no pickles in it."""
        with file.open("wb") as handle:
            np.savez(handle, **{f.name: getattr(self, f.name) for f in fields(self)})

    @classmethod
    def read(cls, file: Path) -> TextTables:
        """Inverse of :meth:`write`."""
        with np.load(file, allow_pickle=False) as data:
            return cls(**{f.name: data[f.name] for f in fields(cls)})


def word_labels(
    data: Captioned, words: Sequence[str], train: NDArray[np.int64], minimum: int
) -> tuple[list[str], NDArray[np.bool_]]:
    """Which picture has which word.

    Args:
        data: captions.
        words: candidates.
        train: training pictures.
        minimum: words that fewer training pictures have are dropped.

    Returns:
        The words that stay, and bool [images, words].
    """
    column = {word: i for i, word in enumerate(words)}
    table = np.zeros((len(data.paths), len(words)), np.bool_)
    for caption, image in zip(data.captions, data.image_of, strict=True):
        table[image, [column[word] for word in words_of(caption) if word in column]] = True
    stay = table[train].sum(0) >= minimum
    return [word for word, keep in zip(words, stay, strict=True) if keep], table[:, stay]


def close_words(
    words: Sequence[str], embeddings: NDArray[np.floating], cosine: float
) -> NDArray[np.bool_]:
    """bool [V, V]: words too near in meaning to be each other's negatives.

    Args:
        words: V words.
        embeddings: [V, templates, E], unit length; their mean stands for the word.
        cosine: closer than this is too near; words for people always are.
    """
    mean = embeddings.astype(np.float32).mean(1)
    mean /= np.linalg.norm(mean, axis=1, keepdims=True)
    person = np.array([word in word_lists().persons or word == "human" for word in words])
    return (mean @ mean.T > cosine) | (person[:, None] & person[None])


def class_names(per_class: int) -> tuple[list[str], NDArray[np.int64]]:
    """ImageNet class names from timm's table, in every template, with their classes."""
    info = timm.data.ImageNetInfo()
    texts, classes = [], []
    for index in range(1000):
        synonyms = [s.strip() for s in info.index_to_description(index).split(",")]
        for synonym in synonyms[:per_class]:
            texts += [template.format(synonym) for template in CLASS_TEMPLATES]
            classes += [index] * len(CLASS_TEMPLATES)
    return texts, np.array(classes, np.int64)


def make_tables(
    data: Captioned,
    train: NDArray[np.int64],
    recipe: Recipe,
    embed: Embed,
    say: Callable[[str], None],
) -> TextTables:
    """Embed every text that the training needs.

    Words become labels by their counts in training pictures alone.

    Args:
        data: captions.
        train: training pictures.
        recipe: thresholds.
        embed: sentence encoder.
        say: told what is being done.
    """
    trains = np.zeros(len(data.paths), np.bool_)
    trains[train] = True
    found = [
        (phrase, image)
        for caption, image in zip(data.captions, data.image_of.tolist(), strict=True)
        for phrase in noun_phrases(caption)
    ]
    candidates = label_words([p for p, i in found if trains[i]], recipe.word_minimum)
    words, has_word = word_labels(data, candidates, train, recipe.word_minimum)
    say(f"texts: {len(found)} phrases, {len(words)} words")
    flat = embed([template.format(word) for word in words for template in WORD_TEMPLATES])
    word_embeddings = flat.reshape(len(words), len(WORD_TEMPLATES), flat.shape[1])
    close = close_words(words, word_embeddings, recipe.word_closeness)
    near = (has_word.astype(np.float32) @ close.astype(np.float32)) > 0
    phrases = sorted({phrase for phrase, _ in found})
    number = {phrase: i for i, phrase in enumerate(phrases)}
    names, name_class = class_names(recipe.names_per_class)
    say(f"texts: embedding {len(phrases)} phrases, {len(names)} class names")
    phrase_embeddings, name_embeddings = embed(phrases), embed(names)
    say(f"texts: embedding {len(data.captions)} captions")
    return TextTables(
        captions=embed(data.captions).astype(np.float16),
        caption_image=data.image_of,
        phrases=phrase_embeddings.astype(np.float16),
        phrase_of=np.array([number[phrase] for phrase, _ in found], np.int64),
        phrase_image=np.array([image for _, image in found], np.int64),
        words=np.array(words),
        word_embeddings=word_embeddings.astype(np.float16),
        has_word=has_word,
        ignore_word=near & ~has_word,
        names=name_embeddings.astype(np.float16),
        name_class=name_class,
    )
