"""Every shipped preset holds the values that it should, and files may extend presets."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from car_video.config import Config, load_preset, preset_names
from car_video.config.loading import _Yaml
from car_video.errors import ConfigError

FOLDER = Path(__file__).parents[2] / "configs"
WORDS = """ground land grass tree building wall sky lake water river sea railway railroad helmet
    cloud house mountain ocean road rock street valley bridge"""
CAR = {
    "segment.background": tuple(WORDS.split()),
    "segment.refine": "crf",
    "segment.crf.scale": 1.0,
    "segment.crf.iterations": 10,
    "segment.crf.spatial_kernel": "lattice",
    "segment.presence_threshold": 0.0,
    "segment.scores": "classifier",
    "segment.scale": "model",
    "segment.known_noun_weight": 0.0,
    "segment.expression.noun_weight": 0.0,
    "segment.expression.context_rivals": False,
    "segment.expression.spatial": False,
    "segment.expression.conjunctions": False,
    "segment.expression.kinds": False,
    "segment.expression.colour_weight": 0.0,
    "segment.proposal.source": "cam",
    "segment.proposal.affinity_steps": 2,
    "segment.proposal.threshold_rule": "fixed",
    "segment.classifier.pooled_weight": 0.0,
}


def car(
    model: str, size: int, eta: float, box: float, theta: float, prompts: str, **more: Any
) -> dict[str, Any]:
    """One line of CaR's table of constants."""
    return CAR | {
        "model": model,
        "segment.proposal.size": size,
        "segment.proposal.mask_threshold": eta,
        "segment.proposal.box_threshold": box,
        "segment.recurrence.confidence_threshold": theta,
        "segment.classifier.prompts": tuple(prompts.split()),
    } | {key.replace("__", "."): value for key, value in more.items()}  # fmt: skip


NAMES = {
    "segment__mode": "semantic",
    "segment__classifier__templates": "car",
    "segment__classifier__scoring": "double-softmax",
}
SENTENCES = {
    "segment__mode": "refer",
    "segment__recurrence__compete_in_refer": True,
    "segment__classifier__templates": "origami",
    "segment__classifier__scoring": "average",
}
VIDEO = SENTENCES | {"segment__recurrence__compete_in_refer": False, "video__mode": "per-frame"}
PAIR = "clip-b16-l14"
TABLE: dict[str, dict[str, Any]] = {
    "best": {"model": "lite"},
    "default": {
        "model": "lite",
        "video.keyframes.interval": 0.333,
        "video.keyframes.followed_interval": 0.667,
        "video.keyframes.calm_seconds": 0.08,
        "video.keyframes.newborn": 3,
        "video.memory.recent_seconds": (1.333, 2.667),
    },
    "clip": {
        "model": PAIR,
        "segment.background": tuple(WORDS.split()),
        "segment.proposal.template": "a clean origami {}.",
        "segment.proposal.affinity_steps": 2,
        "segment.proposal.mask_threshold": 0.5,
        "segment.proposal.box_threshold": 0.6,
        "segment.recurrence.confidence_threshold": 0.1,
        "segment.classifier.prompts": ("circle", "blur"),
        "segment.classifier.templates": "origami",
        "segment.classifier.scoring": "average",
    },
    "fast": {
        "model": "lite",
        "video.keyframes.interval": 0.667,
        "video.keyframes.followed_interval": 1.0,
        "video.keyframes.calm_seconds": 0.08,
        "video.keyframes.newborn": 3,
        "video.memory.recent_seconds": (1.333, 2.667),
    },
    "fc-clip": {"model": "fc-clip-convnext-l"},
    "label-space-lite": {
        "model": "lite",
        "segment.presence_threshold": 0.0,
        "segment.sam.rule": "regions",
        "segment.sam.side": 512,
        "segment.sam.automatic.points_per_side": 8,
        "segment.sam.automatic.quality": 0.7,
        "segment.sam.automatic.stability": 0.8,
        "video.mode": "per-frame",
    },
    "refcoco-lite": {"model": "lite", "segment.presence_threshold": 0.0},
    "voc": car(PAIR, 512, 0.4, 0.4, 0.6, "circle blur", **NAMES),
    "context": car(PAIR, 512, 0.6, 0.4, 0.25, "blur circle", **NAMES),
    "coco-object": car(PAIR, 640, 0.5, 0.5, 0.3, "blur gray", **NAMES),
    "ade": car(PAIR, 1024, 0.6, 0.7, 0.25, "gray blur", **NAMES),
    "refcoco": car("clip-b16", 640, 0.5, 0.5, 0.3, "circle", **SENTENCES),
    "refcoco+": car("clip-b16", 640, 0.2, 0.5, 0.1, "circle blur", **SENTENCES),
    "refcocog": car("clip-b16", 640, 0.5, 0.6, 0.1, "circle blur", **SENTENCES),
    "grefcoco": car(PAIR, 640, 0.5, 0.3, 0.0, "circle", **SENTENCES),
    "mevis": car(PAIR, 854, 0.5, 0.6, 0.1, "circle blur", **VIDEO),
    "ref-youtube-vos": car(PAIR, 854, 0.5, 0.6, 0.1, "circle blur", **VIDEO),
    "ref-davis": car(PAIR, 854, 0.5, 0.6, 0.1, "circle blur", **VIDEO)
    | {"segment.mode": "semantic"},
}


def flat(config: Any, path: str = "") -> dict[str, Any]:
    """Every value of a configuration by its dotted key."""
    found: dict[str, Any] = {}
    for field in dataclasses.fields(config):
        value, key = getattr(config, field.name), f"{path}{field.name}"
        nested = dataclasses.is_dataclass(value)
        found |= flat(value, f"{key}.") if nested else {key: value}
    return found


def test_the_table_has_every_file() -> None:
    files = {file.stem for file in FOLDER.glob("*.yaml")}
    assert {name for name in files if not name.startswith("_")} == set(TABLE)
    assert preset_names() == sorted(TABLE)


@pytest.mark.parametrize("name", sorted(TABLE))
def test_every_key_of_every_preset(name: str) -> None:
    found, wanted = flat(load_preset(name)), flat(Config())
    if any(key.startswith("segment.classifier.") for key in TABLE[name]):
        del wanted["segment.classifier"]
        defaults = flat(load_preset("voc").segment.classifier, "segment.classifier.")
        wanted |= defaults
    del found["description"], wanted["description"]
    assert found == wanted | TABLE[name]


def test_descriptions_are_each_presets_own() -> None:
    texts = [load_preset(name).description for name in preset_names()]
    assert all(texts)
    assert len(set(texts)) == len(texts)


def write(folder: Path, **files: str) -> Path:
    """YAML files in a folder; the path of the first of them."""
    for name, text in files.items():
        (folder / f"{name}.yaml").write_text(text, "utf-8")
    return folder / f"{next(iter(files))}.yaml"


def test_a_file_extends_a_shipped_preset(tmp_path: Path) -> None:
    mine = write(tmp_path, mine="extends: voc\nsegment: {proposal: {size: 320}}")
    wanted = load_preset("voc")
    proposal = dataclasses.replace(wanted.segment.proposal, size=320)
    segment = dataclasses.replace(wanted.segment, proposal=proposal)
    assert load_preset(mine) == dataclasses.replace(wanted, segment=segment)


def test_a_file_extends_one_beside_it_wherever_python_was_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "inner").mkdir()
    (tmp_path / "elsewhere").mkdir()
    write(tmp_path, base="segment: {background: [sky, sea], sam: {side: 512, points: 4}}")
    mine = write(
        tmp_path / "inner",
        mine="extends: ../base.yaml\nsegment: {background: [wall], sam: {side: 256}}",
    )
    monkeypatch.chdir(tmp_path / "elsewhere")
    segment = load_preset(mine).segment
    assert segment.background == ("wall",)  # lists are replaced
    assert (segment.sam.side, segment.sam.points) == (256, 4)  # mappings are merged


def test_null_takes_the_place_of_a_mapping(tmp_path: Path) -> None:
    mine = write(tmp_path, mine="extends: voc\nsegment: {classifier: null}")
    assert load_preset(mine).segment.classifier is None


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"a": "extends: a.yaml"}, "'a.yaml' extends itself: a.yaml -> a.yaml"),
        (
            {"a": "extends: b.yaml", "b": "extends: c.yaml", "c": "extends: b.yaml"},
            "extends itself: b.yaml -> c.yaml -> b.yaml",
        ),
        (
            {"a": "extends: nope"},
            "extends must name a preset or a YAML file beside it, got 'nope'",
        ),
        ({"a": "extends: nope.yaml"}, "got 'nope.yaml'; presets: ade"),
        ({"a": "extends: [voc]"}, "got ['voc']"),
        ({"a": "extends: null"}, "got None"),
        ({"a": "extends: b.yaml", "b": "model: 3"}, "preset 'b.yaml': model must be a text"),
        ({"a": "extends: b.yaml", "b": "- 3"}, "preset 'b.yaml': preset must be a mapping"),
        ({"a": "extends: b.yaml", "b": "a: ["}, "preset 'b.yaml' is not valid YAML"),
        ({"a": "extends: voc\nsegment: 3"}, "segment must be a mapping"),
        ({"a": "extends: voc\nsegment: {refin: sam}"}, "unknown key 'segment.refin'"),
        ({"a": "segment: {extends: voc}"}, "unknown key 'segment.extends'"),
    ],
)
def test_bases_that_cannot_be(tmp_path: Path, files: dict[str, str], words: str) -> None:
    with pytest.raises(ConfigError) as refusal:
        load_preset(write(tmp_path, **files))
    message = str(refusal.value)
    assert words in message
    assert message.startswith("preset '")
    assert "\n" not in message


def test_configuration_imports_no_torch() -> None:
    code = (
        "import sys, car_video.config as c; c.load_preset('voc'); c.preset_names();"
        "heavy = {'torch', 'numpy', 'transformers', 'timm', 'open_clip', 'av'};"
        "sys.exit(', '.join(sorted(heavy & set(sys.modules))) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_a_name_that_only_looks_like_a_home_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match=r"no preset or YAML file '~nosuch\.yaml'"):
        load_preset("~nosuch.yaml")
    Path("~x.yaml").write_text("model: clip-b16", encoding="utf-8")
    assert load_preset("~x.yaml").model == "clip-b16"


def test_a_key_takes_the_place_of_one_that_is_merged_in(tmp_path: Path) -> None:
    file = tmp_path / "merged.yaml"
    file.write_text("segment: {sam: {<<: {side: 128, box_pass: false}, side: 256}}")
    sam = load_preset(file).segment.sam
    assert (sam.side, sam.box_pass) == (256, False)
    file.write_text(
        "segment:\n"
        "  presence_threshold: 0.25\n"
        "  sam: &first {<<: &second {side: 128}, side: 256}\n"
        "  refine: none\n"
        "video: {mode: offline}\n"
    )
    assert load_preset(file).segment.sam.side == 256
    file.write_text("segment: {sam: {<<: {side: 128, side: 64}}}")
    with pytest.raises(ConfigError, match="key 'side' stands twice"):
        load_preset(file)
    file.write_text("segment: {sam: {<<: {side: 128}, side: 64, side: 64}}")
    with pytest.raises(ConfigError, match="key 'side' stands twice"):
        load_preset(file)


def test_mappings_that_are_merged_in_may_say_the_same_and_may_be_merged_twice() -> None:
    text = """
        d: {<<: [&a {x: 1, y: 1}, &b {x: 2, z: 2}], y: 3}
        e: &e {<<: *a, x: 5}
        f: {<<: *e, y: 6}
        g: {<<: *e}
    """
    assert yaml.load(text, _Yaml) == {
        "d": {"x": 1, "y": 3, "z": 2},
        "e": {"x": 5, "y": 1},
        "f": {"x": 5, "y": 6},
        "g": {"x": 5, "y": 1},
    }
