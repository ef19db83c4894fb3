"""The presets of the benchmarks: all there, all valid, with CaR's constants."""

from __future__ import annotations

import pytest
from car_video.eval.benchmarks import REGISTRY

from car_video.config import load_preset
from car_video.text.background import BACKGROUND_23

# eta, theta, lambda, visual prompts: CaR's released configuration
CONSTANTS = {
    "voc": (0.4, 0.6, 0.4, {"circle", "blur"}),
    "coco-object": (0.5, 0.3, 0.5, {"blur", "gray"}),
    "context": (0.6, 0.25, 0.4, {"blur", "circle"}),
    "ade": (0.6, 0.25, 0.7, {"gray", "blur"}),
    "refcoco": (0.5, 0.3, 0.5, {"circle"}),
    "refcoco+": (0.2, 0.1, 0.5, {"circle", "blur"}),
    "refcocog": (0.5, 0.1, 0.6, {"circle", "blur"}),
    "grefcoco": (0.5, 0.0, 0.3, {"circle"}),
}
SEMANTIC = ("voc", "coco-object", "context", "ade")


@pytest.mark.parametrize("name", CONSTANTS)
def test_constants_of_the_paper(name):
    config = load_preset(name)
    segment = config.segment
    found = (
        segment.proposal.mask_threshold,
        segment.recurrence.confidence_threshold,
        segment.proposal.box_threshold,
        set(segment.classifier.prompts),
    )
    assert found == CONSTANTS[name]
    assert segment.background == BACKGROUND_23
    assert segment.mode == ("semantic" if name in SEMANTIC else "refer")
    assert segment.classifier.templates == ("car" if name in SEMANTIC else "origami")
    assert segment.crf.iterations == 10
    assert segment.crf.bilateral_sxy == 67.0
    assert config.model == ("clip-b16" if name.startswith("refcoco") else "clip-b16-l14")


VOCABULARY = {name for name, entry in REGISTRY.items() if entry.preset == "fc-clip"}
"""Benchmarks of whole vocabularies, which need a mask generator that no bundled model is."""


WITHOUT_SENTENCES = {name for name, entry in REGISTRY.items() if not entry.modes}
LATER = {
    "mevis-v2", "long-rvos", "reason-vos", "revos", "ref-sav", "a2d-sentences",
    "jhmdb-sentences",
}  # fmt: skip
"""Benchmarks that CaR says nothing of; its constants for sentences on video are ``mevis``'."""


@pytest.mark.parametrize("name", sorted(set(REGISTRY) - VOCABULARY - WITHOUT_SENTENCES - LATER))
def test_every_benchmark_has_a_preset_with_the_constants_of_car(name):
    assert load_preset(name).description.endswith(".")


@pytest.mark.parametrize("name", REGISTRY)
def test_without_a_preset_the_bundled_model_runs_where_it_can(name):
    model = load_preset(REGISTRY[name].preset).model
    assert model == ("fc-clip-convnext-l" if name in VOCABULARY else "lite")


def test_benchmarks_of_whole_vocabularies():
    panoptic = {"ade-panoptic", "coco-panoptic", "cityscapes", "mapillary"}
    assert panoptic | {"ade-847", "pc-59", "pc-459", "pas-20", "pas-21"} == VOCABULARY


def test_no_sentence_of_refcoco_is_rejected():
    """Its protocol promises a target; gRefCOCO's does not."""
    assert load_preset(REGISTRY["refcoco"].preset).segment.presence_threshold == 0
    assert load_preset(REGISTRY["grefcoco"].preset).segment.presence_threshold > 0
