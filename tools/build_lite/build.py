"""The stages, one function each: read from the work folder, compute, write to it."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file
from torch import Tensor

from car_video.errors import DataError
from tools.build_lite import (
    export,
    features,
    keras_weights,
    noun_check,
    parser,
    sentences,
    sources,
    train,
)
from tools.build_lite.photos import Captioned, read_photos, split
from tools.build_lite.prototypes import whitened_classifier
from tools.build_lite.recipe import STAGES, Recipe
from tools.build_lite.sentence_store import SentenceStore
from tools.build_lite.texts import TextTables, make_tables
from tools.build_lite.whitening import Whitening, fit_whitening
from tools.build_lite.wordnet import class_nouns


@dataclass(frozen=True)
class Build:
    """Where the build reads and writes.

    Attributes:
        photos: folders of pictures with captions.
        work: everything between the stages; may be deleted afterwards.
        out: folder of the finished weights.
        recipe: all numbers.
        device: to compute on.
        say: told about progress.
        share: (k, n): this process is the k-th of n that make the features together.
    """

    photos: tuple[Path, ...]
    work: Path
    out: Path
    recipe: Recipe
    device: torch.device
    say: Callable[[str], None]
    share: tuple[int, int] = (0, 1)

    @cached_property
    def data(self) -> Captioned:
        """Pictures and captions."""
        return read_photos(self.photos, self.recipe.images, self.recipe.captions)

    @property
    def split(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Training and held-out pictures."""
        return split(self.data.counts, self.recipe.held_out, self.recipe.seed)

    def run(self, only: str | None = None) -> None:
        """Run the stages whose result is not there yet, or one stage in any case."""
        _ = self.split  # unusable data is said at once, not after the downloads
        self.work.mkdir(parents=True, exist_ok=True)
        for stage in STAGES:
            if only is not None and stage != only:
                if STAGES.index(stage) < STAGES.index(only):
                    self._need(stage, only)
                continue
            if only is None and self.is_done(stage):
                self.say(f"{stage}: done before")
                continue
            self.say(f"{stage}: begins")
            getattr(self, f"_{stage}")()
            self._mark(stage)

    def _need(self, earlier: str, stage: str) -> None:
        """Refuse a stage after an earlier one that was made with other settings, or not at all.
        Features may be missing in part: the stages after them use those that are there."""
        if earlier != "features" and not self.is_done(earlier):
            raise DataError(
                f"{self.work}: stage '{earlier}' is not done with these settings and photos; "
                f"'{stage}' would mix it with another training set: run --stage {earlier} first"
            )

    def is_done(self, stage: str) -> bool:
        """Whether the work folder holds the result of a stage, made with these settings."""
        if stage == "export":
            return False  # takes seconds, and the output folder may be another one
        return self._marks().get(stage) == self._key(stage)

    def _key(self, stage: str) -> str:
        key = self.recipe.fingerprint(stage)
        if STAGES.index(stage) >= STAGES.index("whiten"):
            key += f" {len(self.data.paths)} pictures"
        if STAGES.index(stage) >= STAGES.index("texts"):
            key += f", {self._known.sum()} with features"
        return key

    def _marks(self) -> dict[str, str]:
        file = self.work / "stages.json"
        return dict(json.loads(file.read_text("utf-8"))) if file.is_file() else {}

    def _mark(self, stage: str) -> None:
        later = STAGES[STAGES.index(stage) + 1 :]
        marks = {name: key for name, key in self._marks().items() if name not in later}
        partial = self.work / "stages.partial"
        partial.write_text(json.dumps(marks | {stage: self._key(stage)}, indent=1), "utf-8")
        os.replace(partial, self.work / "stages.json")

    @property
    def _known(self) -> NDArray[np.bool_]:
        """Which pictures have features: a training may use what is there so far."""
        return features.known(self.work / "cells", len(self.data.paths))

    def _source(self, name: str) -> Path:
        return self.work / "sources" / name

    def _fetch(self) -> None:
        for source in sources.SOURCES:
            self.say(f"fetch: {source.archive}")
            sources.fetch(source, self.work / "sources")

    def _convert(self) -> None:
        arrays = keras_weights.read_manifest(self._source("resnet50"))
        trunk, classifier = keras_weights.convert(arrays)
        self._write(trunk, "trunk.safetensors")
        self._write(classifier, "classifier.safetensors")

    def _whiten(self) -> None:
        recipe, train = self.recipe, self.split[0]
        own = train[train < self.data.counts[0]]
        some = own[:: max(1, len(own) // recipe.whitening_pictures)]
        cells = features.sample_cells(self._trunk, [self.data.paths[i] for i in some], self.say)
        channels = (recipe.last_channels, recipe.middle_channels)
        last, middle = (
            fit_whitening(part, count, recipe.whitening_softness)
            for part, count in zip(cells, channels, strict=True)
        )
        self._write(last.tensors("last") | middle.tensors("middle"), "necks.safetensors")

    def _features(self) -> None:
        last, middle = self._necks()
        done = features.extract(
            self._trunk,
            lambda deep, shallow: torch.cat([last(deep), middle(shallow)], -1),
            self.data.paths,
            self.work / "cells",
            self.say,
            self.share,
        )
        if not done:
            raise DataError("this share of the features is made; others are not yet")

    def _parse(self) -> None:
        parsed = parser.parse(
            self.data.captions,
            parser.load_parser(),
            lambda done: self.say(f"parse: {done} of {len(self.data.captions)} captions"),
        )
        parser.write_parsed(parsed, self.work / "parsed.json")

    def _texts(self) -> None:
        encoder = sentences.SentenceEncoder(self._source("minilm"), self.device)
        parsed = parser.read_parsed(self.work / "parsed.json")
        own = self.data.captions_of(self._known)
        tables = make_tables(
            self.data.with_captions(own),
            [parsed[i] for i in own],
            self.split[0][self._known[self.split[0]]],
            class_nouns(self._source("wordnet")),
            self.recipe,
            SentenceStore(encoder, self.work / "sentences"),
            self.say,
        )
        tables.write(self.work / "texts.npz")

    def _train(self) -> None:
        own, held_out = (some[self._known[some]] for some in self.split)
        self.say(f"train: {len(own)} of {len(self.split[0])} pictures have features")
        ends = np.cumsum(self.data.counts)
        frozen = train.freeze(
            features.read_cells(self.work / "cells", len(self.data.paths)),
            own,
            self._classifier(),
            self.recipe.prototype_ridge,
            self.device,
        )
        heads = train.train_heads(
            frozen,
            TextTables.read(self.work / "texts.npz"),
            own,
            np.split(held_out, np.searchsorted(held_out, ends[:-1])),
            self.recipe,
            self.say,
        )
        state = {name: value.cpu() for name, value in heads.state_dict().items()}
        self._write(state, "heads.safetensors")

    def _noun_table(self) -> dict[str, Any]:
        """The nouns that ship: those that the classifier can tell, as far as pictures say."""
        table = export.noun_table(class_nouns(self._source("wordnet")))
        dropped = noun_check.not_told(
            features.read_cells(self.work / "cells", len(self.data.paths)),
            self.split[0][self._known[self.split[0]]],
            self._classifier(),
            TextTables.read(self.work / "texts.npz"),
            table,
            self.recipe,
            self.say,
        )
        self.say(f"export: {len(dropped)} nouns left out: {', '.join(dropped)}")
        return noun_check.without(table, dropped)

    def _export(self) -> None:
        minilm = self._source("minilm")
        state = export.model_state(
            self._read("trunk.safetensors"),
            self._necks(),
            self._read("heads.safetensors"),
            sentences.bert_tensors(minilm),
            self._read("classifier.safetensors"),
        )
        sizes = export.write_weights(
            state,
            export.sam_file(self._source("mobile_sam") / "mobile_sam.pt"),
            export.lite_settings(self.recipe, sentences.bert_config(minilm)),
            self._noun_table(),
            minilm / "tokenizer.json",
            self.out,
            self.work,
        )
        for name, size in sizes.items():
            self.say(f"export: {self.out / name}, {size / 1e6:.1f} MB")

    @cached_property
    def _trunk(self) -> features.Trunk:
        state = self._read("trunk.safetensors")
        return features.Trunk.load(state, self.recipe.input_size, self.device)

    def _necks(self) -> tuple[Whitening, Whitening]:
        state = self._read("necks.safetensors")
        return Whitening.from_tensors(state, "last"), Whitening.from_tensors(state, "middle")

    def _classifier(self) -> tuple[Tensor, Tensor]:
        """Weight and bias of the ImageNet classifier on whitened cells."""
        state = self._read("classifier.safetensors")
        return whitened_classifier(state["weight"], state["bias"], self._necks()[0])

    def _read(self, name: str) -> dict[str, Tensor]:
        return load_file(str(self.work / name))

    def _write(self, state: dict[str, Tensor], name: str) -> None:
        partial = self.work / (name + ".partial")
        save_file({key: value.contiguous() for key, value in state.items()}, partial)
        os.replace(partial, self.work / name)
