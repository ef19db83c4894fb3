"""Class maps from label spaces: one pass, or things and stuff."""

from __future__ import annotations

import numpy as np
from car_video.eval.benchmarks import passes
from car_video.eval.segmenters import Clock

from car_video.config import Config, load_preset
from car_video.text.label_spaces import LabelSpace, label_space
from car_video.types import FramePrediction


class Recorder:
    """Answers each expression with a fixed mask and remembers how it was asked."""

    def __init__(self, masks: dict[str, np.ndarray]) -> None:
        self.masks, self.calls = masks, []
        self.clock, self.config = Clock(), Config()

    def image(self, image, expressions, config=None):
        self.calls.append((tuple(expressions), config))
        masks = np.stack([self.masks[text] for text in expressions])
        scores = np.linspace(0.9, 0.5, len(expressions)).astype(np.float32)
        return FramePrediction(
            0, 0.0, tuple(expressions), masks, scores, masks.any(axis=(1, 2))
        )


def half(side: str) -> np.ndarray:
    mask = np.zeros((4, 6), bool)
    mask[:, :3] = side in ("left", "all")
    mask[:, 3:] = side in ("right", "all")
    return mask


def test_one_pass_without_stuff():
    space = LabelSpace("x", ("dog", "cat"))
    recorder = Recorder({"dog": half("left"), "cat": half("all")})
    labels = passes.predict(np.zeros((4, 6, 3), np.uint8), space, recorder)
    np.testing.assert_array_equal(labels[0], [1, 1, 1, 2, 2, 2])  # the higher score on top
    assert [texts for texts, _ in recorder.calls] == [("dog", "cat")]
    assert recorder.calls[0][1].mode == "semantic"


def test_things_lie_on_stuff():
    space = LabelSpace("x", ("dog", "sky", "cat", "road"), stuff=(1, 3))
    recorder = Recorder(
        {"dog": half("left"), "cat": half("none"), "sky": half("all"), "road": half("none")}
    )
    labels = passes.predict(np.zeros((4, 6, 3), np.uint8), space, recorder)
    np.testing.assert_array_equal(labels[0], [1, 1, 1, 2, 2, 2])
    (things, first), (stuff, second) = recorder.calls
    assert (things, stuff) == (("dog", "cat"), ("sky", "road"))
    assert first.background == Config().segment.background
    assert second.background == ("dog", "cat")


def test_stuff_has_its_own_visual_prompts():
    space = label_space("context")
    recorder = Recorder({name: half("none") for name in space.names})
    recorder.config = load_preset("context")
    passes.predict(np.zeros((4, 6, 3), np.uint8), space, recorder)
    assert recorder.calls[0][1].classifier == recorder.config.segment.classifier
    assert recorder.calls[1][1].classifier.prompts == ("blur", "gray")
    assert len(recorder.calls[1][1].background) == 38
