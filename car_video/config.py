"""Configuration as data: one dataclass per part, defaults in one place, YAML presets.

A preset is a YAML file that overrides some of the defaults below; unknown keys are errors, so
no key can be dead. Greek letters in the comments are those of CaR (arXiv 2312.07661).
"""

from __future__ import annotations

import dataclasses
import re
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any, Literal, TypeVar

import yaml

from car_video.errors import ConfigError
from car_video.segment.automatic import AutomaticConfig
from car_video.segment.classifier import ClassifierConfig
from car_video.segment.crf_config import FAST_CRF, CrfConfig
from car_video.segment.gradcam import CamOptions
from car_video.segment.pamr import PamrConfig
from car_video.text.background import BACKGROUND
from car_video.video.config import VideoConfig

T = TypeVar("T")


@dataclass(frozen=True)
class ExpressionConfig:
    """How a sentence becomes a query (GL-CLIP and HybridGL: sentence and noun phrase apart)."""

    noun_weight: float = 0.5  # part of the noun phrase's embedding, the rest is the sentence
    context_rivals: bool = True  # things only mentioned ("... in a park") count against
    drop_named: bool = True  # a background word that an expression names does not oppose it
    # Mask candidates have to show the colours that the words give their target
    # (segment/colour.py): the exponent of how well they do; 0 switches it off.
    colour_weight: float = 0.5
    # Words of place ("left", "second from the right") are taken out of the text and choose
    # among what the rest of it finds (segment/spatial.py).
    spatial: bool = True
    # Equal texts share one query. first (the reference): they compete, and the first of
    # them gets what is found.
    duplicates: Literal["share", "first"] = "share"

    def __post_init__(self) -> None:
        _unit(self, "expression", "noun_weight", "colour_weight")
        _literals(self, "expression")


@dataclass(frozen=True)
class ProposalConfig:
    """How soft masks are proposed for each query (CaR section 3.2)."""

    size: int = 512  # longest side in pixels of the image that the proposer sees
    # own (the reference): at its own size, sides rounded up to whole cells of 16 pixels.
    input: Literal["size", "own"] = "size"
    template: str = "{}"  # around queries and background words
    bare_first: bool = False  # queries without the template in the first step (reference)
    # cells: softmax over texts at every cell of a dense map; cam: Grad-CAM of the pooled
    # score. auto: cells for the bundled model, cam for CLIP.
    source: Literal["auto", "cells", "cam"] = "auto"
    affinity: bool = True  # spread maps by the affinity of cells
    affinity_steps: int = 4
    affinity_temperature: float = 0.13
    box_threshold: float = 0.4  # lambda (cam only): affinity works inside boxes above this
    reference_border: bool = False  # boxes (cam only) never hold the last row and column
    cam: CamOptions = field(default_factory=CamOptions)  # the reference's arithmetic
    guided: bool = True  # enlarge maps along the picture's edges, else bilinear
    mask_threshold: float = 0.5  # eta: the classifier sees a proposal as binary above it
    # Where maps that no SAM prompt outlines end. fixed (CaR): at eta; own: where each map's
    # area depends least on the threshold, near eta and Otsu's (segment/thresholds.py): eta
    # has only half a say then.
    threshold: Literal["own", "fixed"] = "own"

    def __post_init__(self) -> None:
        _require(16 <= self.size <= 8192, "proposal.size", "from 16 to 8192", self.size)
        _unit(self, "proposal", "box_threshold", "mask_threshold")
        _literals(self, "proposal")
        steps, temperature = self.affinity_steps, self.affinity_temperature
        _require(0 <= steps <= 64, "proposal.affinity_steps", "from 0 to 64", steps)
        warm = 0 < temperature <= 1000  # neither infinite nor not a number
        _require(warm, "proposal.affinity_temperature", "above 0, at most 1000", temperature)
        _require("{}" in self.template, "proposal.template", "a text with {}", self.template)


@dataclass(frozen=True)
class RecurrenceConfig:
    """The loop of CaR: drop what the classifier rejects until nothing changes."""

    confidence_threshold: float = 0.1  # theta: a query below it is dropped
    max_steps: int = 10  # 1 switches the recurrence off
    min_steps: int = 1  # the reference always takes two, the second with other texts
    strict: bool = False  # a query stays above the threshold (reference), not at it
    # In refer mode expressions are scored against each other and dropped too (CaR's rule for
    # several sentences about one target); else every expression stays.
    compete_in_refer: bool = False

    def __post_init__(self) -> None:
        _unit(self, "recurrence", "confidence_threshold")
        _require(
            1 <= self.max_steps <= 1000, "recurrence.max_steps", "1 to 1000", self.max_steps
        )
        fits = 1 <= self.min_steps <= self.max_steps
        _require(fits, "recurrence.min_steps", "from 1 to max_steps", self.min_steps)


@dataclass(frozen=True)
class SamRefineConfig:
    """SAM candidates prompted at the map's peaks and chosen by agreement with the map."""

    # mobile (bundled), a larger one that is fetched on first use (models/mask_names.py), or a
    # folder with one of transformers.
    model: str = "mobile"
    # Longest side in pixels that the encoder sees, a multiple of 16; mobile only, the others
    # see pictures at the size that they were trained at.
    side: int = 1024
    # peaks: ask SAM at the peaks of each map. automatic (CaR): ask it everywhere, and make up
    # each mask that the CRF gives of parts; in videos no tracks are followed then.
    rule: Literal["peaks", "automatic"] = "peaks"
    automatic: AutomaticConfig = field(default_factory=AutomaticConfig)
    points: int = 8  # peaks per query, three masks each
    distance: int = 2  # least distance between peaks in cells of the map
    floor: float = 0.3  # peaks below this part of the maximum are left out
    # Ask once more with the box of the chosen mask; the best of the four answers stays. Single
    # pictures only: tracks are prompted with their boxes anyway.
    again: bool = True
    # Of expressions that name several things ("the dogs") so many masks may join the best one
    # where that agrees better; 0 switches it off.
    joined: int = 3

    def __post_init__(self) -> None:
        fits = 64 <= self.side <= 1024 and self.side % 16 == 0
        _require(fits, "sam.side", "a multiple of 16 from 64 to 1024", self.side)
        _literals(self, "sam")
        _require(1 <= self.points <= 64, "sam.points", "from 1 to 64", self.points)
        _require(0 <= self.joined <= 64, "sam.joined", "from 0 to 64", self.joined)
        _require(1 <= self.distance <= 32, "sam.distance", "from 1 to 32", self.distance)
        _unit(self, "sam", "floor")


Refine = Literal["sam", "crf", "pamr", "none"]

POOLED = ClassifierConfig(templates="plain", pooled_weight=1.0)
"""Masks pooled from features that the frame has paid for, texts as they are: for ``lite``
better than prompted pictures and free (benchmarks/ablation.md)."""

PROMPTED = ClassifierConfig()
"""Prompted pictures and CaR's templates: for CLIP, whose cells were never trained to match
texts. Which of the two a model gets by default: :func:`car_video.segment.compat.settle`."""


@dataclass(frozen=True)
class SegmentConfig:
    """The image algorithm, part by part."""

    # reference: everything as CaR's released code has it (segment/compat.py, docs/compat.md)
    compat: Literal["none", "reference"] = "none"
    mode: Literal["semantic", "refer"] = "semantic"  # expressions compete, or each alone
    background: tuple[str, ...] = BACKGROUND  # words that compete but get no mask
    refine: Refine = "sam"
    presence_threshold: float = 0.75  # an expression is present above this score
    # What a score is: presence against background words, or the share among the queries
    # that the recurrence decides by (the reference's score vector).
    scores: Literal["presence", "classifier"] = "presence"
    expression: ExpressionConfig = field(default_factory=ExpressionConfig)
    proposal: ProposalConfig = field(default_factory=ProposalConfig)
    recurrence: RecurrenceConfig = field(default_factory=RecurrenceConfig)
    classifier: ClassifierConfig | None = None  # none: what suits the model, see below
    sam: SamRefineConfig = field(default_factory=SamRefineConfig)
    crf: CrfConfig = FAST_CRF
    pamr: PamrConfig = field(default_factory=PamrConfig)

    def __post_init__(self) -> None:
        _unit(self, "segment", "presence_threshold")
        _literals(self, "segment")
        blank = not all(word.strip() for word in self.background)
        _require(not blank, "segment.background", "words, none of them empty", self.background)


@dataclass(frozen=True)
class Config:
    """Everything a preset may set."""

    description: str = ""
    model: str = "lite"
    segment: SegmentConfig = field(default_factory=SegmentConfig)
    video: VideoConfig = field(default_factory=VideoConfig)


def _literals(config: Any, part: str) -> None:
    """Fields that have few values have one of them, whoever has made the configuration."""
    for name, hint in typing.get_type_hints(type(config)).items():
        if typing.get_origin(hint) is Literal:
            _convert(hint, getattr(config, name), f"{part}.{name}")


def _unit(config: object, part: str, *names: str) -> None:
    for name in names:
        value = getattr(config, name)
        _require(0.0 <= value <= 1.0, f"{part}.{name}", "from 0 to 1", value)


def _require(condition: bool, key: str, allowed: str, value: object) -> None:
    if not condition:
        raise ConfigError(f"{key} must be {allowed}, got {value!r}")


def from_mapping(cls: type[T], mapping: Mapping[str, Any], where: str = "") -> T:
    """Build a (nested) config dataclass from plain data, strictly.

    Args:
        cls: a dataclass whose fields are scalars, tuples, literals or dataclasses.
        mapping: what a YAML file holds; missing keys keep their defaults.
        where: dotted path so far, for messages.

    Raises:
        ConfigError: an unknown key, a value of the wrong type or out of range.
    """
    if not isinstance(mapping, Mapping):
        raise ConfigError(f"{where or 'preset'} must be a mapping of keys, got {mapping!r}")
    hints = typing.get_type_hints(cls)
    known = [f.name for f in dataclasses.fields(cls)]  # type: ignore[arg-type]
    values: dict[str, Any] = {}
    for key, value in mapping.items():
        path = f"{where}.{key}" if where else str(key)
        if key not in known:
            raise ConfigError(f"unknown key {path!r}; known here: {', '.join(known)}")
        values[key] = _convert(hints[key], value, path)
    return cls(**values)


def _convert(hint: Any, value: Any, path: str) -> Any:
    """``value`` as the type that ``hint`` names, or a ConfigError saying what was expected."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if dataclasses.is_dataclass(hint):
        return from_mapping(typing.cast(type, hint), value, path)
    if origin is Literal:
        _require(value in arguments, path, f"one of {', '.join(map(str, arguments))}", value)
        return value
    if origin in (typing.Union, types.UnionType):
        if value is None and type(None) in arguments:
            return None
        return _convert(next(a for a in arguments if a is not type(None)), value, path)
    if origin is tuple:
        _require(isinstance(value, (list, tuple)), path, "a list", value)
        return tuple(_convert(arguments[0], v, f"{path}[{i}]") for i, v in enumerate(value))
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        _require(abs(value) < 2**63, path, "a number of at most 18 digits", value)
        return float(value)
    wrong_bool = isinstance(value, bool) and hint is not bool
    expected = _KINDS.get(hint, f"a {hint.__name__}")
    _require(isinstance(value, hint) and not wrong_bool, path, expected, value)
    return value


_KINDS: dict[Any, str] = {
    int: "a whole number", float: "a number", str: "a text", bool: "true or false"
}  # fmt: skip


class _Yaml(yaml.SafeLoader):
    """YAML in which a key that stands twice is an error, not the later one, and 1e-3 a number,
    as in YAML 1.2."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        mapping = super().construct_mapping(node, deep)
        if len(mapping) < len(node.value):
            seen = [self.construct_object(key) for key, _ in node.value]
            twice = next(key for number, key in enumerate(seen) if key in seen[:number])
            raise yaml.constructor.ConstructorError(
                None, None, f"key {twice!r} stands twice", node.start_mark
            )
        return mapping


_Yaml.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"[-+]?[0-9]+(\.[0-9]*)?[eE][-+]?[0-9]+$"),
    list("-+0123456789"),
)


def preset_names() -> list[str]:
    """Names of the presets that ship with the package, sorted."""
    folder = resources.files("car_video.configs")
    return sorted(f.name[:-5] for f in folder.iterdir() if f.name.endswith(".yaml"))


def load_preset(name_or_file: str | Path = "default") -> Config:
    """A shipped preset by name, or a YAML file by path.

    Raises:
        ConfigError: no such preset or file, not YAML, an unknown key, a bad value.
    """
    name = str(name_or_file)
    try:
        if name in preset_names():
            text = (resources.files("car_video.configs") / f"{name}.yaml").read_text("utf-8")
        elif Path(name).suffix in (".yaml", ".yml") and Path(name).is_file():
            text = Path(name).read_text("utf-8")
        else:
            known = ", ".join(preset_names())
            raise ConfigError(f"no preset or YAML file '{name}'; presets: {known}")
        data = yaml.load(text, _Yaml)
    except OSError as error:
        raise ConfigError(f"preset '{name}' cannot be read: {error.strerror}") from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        # ValueError: not UTF-8, or a date or number that Python cannot hold.
        reason = " ".join(str(error).split())
        raise ConfigError(f"preset '{name}' is not valid YAML: {reason}") from None
    try:
        return from_mapping(Config, {} if data is None else data)
    except ConfigError as error:
        raise ConfigError(f"preset '{name}': {error}") from None
