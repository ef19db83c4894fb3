"""Every number of the recipe in one place, each with the stage whose result it changes."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from dataclasses import dataclass, field
from typing import Any

from car_video.errors import ConfigError

STAGES = ("fetch", "convert", "whiten", "features", "parse", "texts", "train", "export")


def _of(stage: str, default: Any) -> Any:
    return field(default=default, metadata={"stage": stage})


@dataclass(frozen=True)
class Recipe:
    """Hyper-parameters of the build; the defaults are those of the shipped weights.

    Attributes:
        images: use only the first so many pictures of each folder, 0 for all.
        input_size: side in pixels of the training pictures.
        seed: of the split, the sampling and the initial weights.
        held_out: pictures of each folder that nothing is fitted on.
        whitening_pictures: fit the neck on so many training pictures of the first folder.
        last_channels, middle_channels: of the neck, from stages 4 and 3.
        whitening_softness: added to the eigenvalues, in units of a channel's variance: weak
            directions, mostly noise, are not blown up to full size.
        captions: of each picture, at most.
        word_minimum: a word becomes a label if so many training pictures have it.
        phrase_minimum: phrases that occur less often in training captions are left out.
        word_closeness: words whose embeddings have a higher cosine do not count as negatives
            of each other.
        names_per_class: synonyms of an ImageNet class that are used for its prototype.
        widest_noun: nouns of more ImageNet classes are not distilled: they say too little.
        embed_dim, text_hidden, dropout: sizes of the heads, dropout in the text head.
        epochs, batch, learning_rate, warm_up, weight_decay: AdamW under one cosine cycle.
        first_scale, scale_limit: learned factor from cosine to logit, at first and at most.
        region_temperature: of the softmax over cells by which a text gathers its region.
        duplicate_cosine: two texts of a batch with a higher one are no negatives.
        weight_global, weight_dense, weight_phrase, weight_words, weight_classes,
            weight_cells: of the six losses (``train.py``).
        word_columns: weight of "which picture has this word" beside "which word has this
            picture".
        word_doubt: of the pictures of a batch that a word is not said of, this share, those
            that look most like having it, is not taken for lacking it.
        classes_per_step: sampled ImageNet classes for the prototypes.
        nouns_per_step, cells_per_step: sampled nouns that do not overlap, and cells to distil.
        words_per_step: sampled words, those that the pictures have among them.
        region_cells: sampled cells of each picture in which texts look for their region.
        prototype_ridge: of the regression from stage 4 to stage 3.
        prototype_stretch, prototype_noise: augmentation of class prototypes.
        embed_size, logit_scale: written to ``lite.json``: side in pixels of the square pictures
            that ``embed_image`` takes, and factor from cosine to logit.
        noun_separation: area under the ROC curve that a noun needs to keep its ImageNet
            classes, see ``noun_check.py``.
        noun_pictures: nouns that fewer training pictures have are not checked.
    """

    images: int = _of("features", 0)
    input_size: int = _of("whiten", 256)
    seed: int = _of("whiten", 0)
    held_out: int = _of("whiten", 1000)
    whitening_pictures: int = _of("whiten", 1500)
    last_channels: int = _of("whiten", 768)
    middle_channels: int = _of("whiten", 256)
    whitening_softness: float = _of("whiten", 0.1)
    captions: int = _of("parse", 2)
    word_minimum: int = _of("texts", 10)
    phrase_minimum: int = _of("texts", 2)
    word_closeness: float = _of("texts", 0.55)
    names_per_class: int = _of("texts", 3)
    widest_noun: int = _of("texts", 400)
    embed_dim: int = _of("train", 512)
    text_hidden: int = _of("train", 1024)
    dropout: float = _of("train", 0.1)
    epochs: int = _of("train", 8)
    batch: int = _of("train", 256)
    learning_rate: float = _of("train", 2e-3)
    warm_up: float = _of("train", 0.15)
    weight_decay: float = _of("train", 0.05)
    first_scale: float = _of("train", 1 / 0.07)
    scale_limit: float = _of("train", 60.0)
    region_temperature: float = _of("train", 0.07)
    duplicate_cosine: float = _of("train", 0.85)
    weight_global: float = _of("train", 1.0)
    weight_dense: float = _of("train", 0.5)
    weight_phrase: float = _of("train", 0.5)
    weight_words: float = _of("train", 1.0)
    weight_classes: float = _of("train", 0.5)
    weight_cells: float = _of("train", 0.5)
    word_columns: float = _of("train", 1.0)
    word_doubt: float = _of("train", 0.0)
    classes_per_step: int = _of("train", 300)
    nouns_per_step: int = _of("train", 300)
    words_per_step: int = _of("train", 500)
    region_cells: int = _of("train", 25)
    cells_per_step: int = _of("train", 1024)
    prototype_ridge: float = _of("train", 1e-3)
    prototype_stretch: float = _of("train", 0.3)
    prototype_noise: float = _of("train", 0.8)
    embed_size: int = _of("export", 256)
    logit_scale: float = _of("export", 30.0)
    noun_separation: float = _of("export", 0.7)
    noun_pictures: int = _of("export", 20)

    def changed(self, settings: list[str]) -> Recipe:
        """A copy with ``NAME=VALUE`` settings applied.

        Raises:
            ConfigError: no such name, or no number.
        """
        known = {f.name: type(getattr(self, f.name)) for f in dataclasses.fields(self)}
        values: dict[str, Any] = {}
        for setting in settings:
            name, _, text = setting.partition("=")
            if name not in known:
                raise ConfigError(f"no setting '{name}'; there are: {', '.join(known)}")
            try:
                values[name] = known[name](text)
            except ValueError:
                raise ConfigError(f"'{setting}': want {known[name].__name__}") from None
        return dataclasses.replace(self, **values)

    def fingerprint(self, stage: str) -> str:
        """Digest of all settings that the result of a stage depends on."""
        before = STAGES[: STAGES.index(stage) + 1]
        used = {
            f.name: getattr(self, f.name)
            for f in dataclasses.fields(self)
            if f.metadata["stage"] in before
        }
        text = json.dumps(used, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]
