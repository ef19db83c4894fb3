"""Prediction goes through the public API and nothing else."""

from __future__ import annotations

import copy
import dataclasses
import gc
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from car_video.eval import model_segmenters as segmenters

from car_video import check_model
from car_video.config import Config
from car_video.errors import ConfigError
from car_video.types import Frame, FramePrediction

from . import builders

PICTURE = np.zeros((4, 6, 3), np.uint8)
MODEL = SimpleNamespace(device=torch.device("cpu"))


class Api:
    """Stands in for the package; remembers every call."""

    def __init__(self) -> None:
        self.calls: list[tuple] = []
        self.sam: SimpleNamespace | None = None

    check_model = staticmethod(check_model)

    def load_model(self, name, device):
        self.calls.append(("load", name, device))
        return MODEL

    def ImageSegmenter(self, model, expressions, config, sam=None):
        self.calls.append(("segmenter", tuple(expressions), config.mode))
        state = SimpleNamespace(expressions=expressions)

        def set_expressions(texts):
            self.calls.append(("set", tuple(texts)))
            state.expressions = texts

        def segment(image):
            self.calls.append(("segment", tuple(state.expressions)))
            count = len(state.expressions)
            masks = np.zeros((count, *image.shape[:2]), bool)
            scores = np.zeros(count, np.float32)
            texts = tuple(state.expressions)
            return FramePrediction(0, 0.0, texts, masks, scores, np.zeros(count, bool))

        def encode(image):
            self.calls.append(("encode",))
            return image

        return SimpleNamespace(
            segment=segment,
            encode=encode,
            segment_encoded=segment,
            set_expressions=set_expressions,
            sam=sam or self.sam,
        )

    def segment_stream(self, model, frames, expressions, config, video):
        self.calls.append(("stream", tuple(expressions), config.mode, video.mode))
        for frame in frames:
            masks = np.zeros((len(expressions), *frame.image.shape[:2]), bool)
            scores = np.zeros(len(expressions), np.float32)
            here = np.zeros(len(expressions), bool)
            yield (
                frame,
                FramePrediction(
                    frame.index, frame.time, tuple(expressions), masks, scores, here
                ),
            )

    def follow_masks(self, model, frames, masks, config, video):
        self.calls.append(("follow", tuple(masks), config.refine, video.mode))
        for frame in frames:
            yield frame, np.full(frame.image.shape[:2], 7, np.uint8)


@pytest.fixture
def api(monkeypatch):
    api = Api()
    monkeypatch.setattr(segmenters, "_api", lambda: api)
    return api


def made(mode="per-frame"):
    return segmenters.make_spec("lite", Config(), mode, "cpu").build()


def test_one_segmenter_per_configuration_and_new_expressions_only(api):
    model = made()
    refer = dataclasses.replace(Config().segment, mode="refer")
    for texts, config in ((["a"], None), (["a"], None), (["b"], None), (["b", "c"], refer)):
        model.image(PICTURE, texts, config)
    assert api.calls == [
        ("load", "lite", "cpu"),
        ("segmenter", ("a",), "semantic"),
        ("encode",),
        ("segment", ("a",)),
        ("segment", ("a",)),
        ("set", ("b",)),
        ("segment", ("b",)),
        ("segmenter", ("b", "c"), "refer"),
        ("segment", ("b", "c")),
    ]
    assert model.clock.segmentations == 4
    assert model.clock.seconds > 0


def test_another_picture_or_other_settings_are_encoded_anew(api):
    model = made()
    large = dataclasses.replace(
        Config().segment, proposal=dataclasses.replace(Config().segment.proposal, size=640)
    )
    other = PICTURE.copy()
    for image, config in (
        (PICTURE, None), (PICTURE, large), (PICTURE, None), (other, None), (PICTURE, None),
    ):  # fmt: skip
        model.image(image, ["a"], config)
    assert [call[0] for call in api.calls].count("encode") == 4
    assert model.clock.segmentations == 5


def test_the_mask_model_encodes_a_picture_once_for_all_configurations(api):
    seen = []

    def encode(pixels, side):
        seen.append(side)
        return pixels, side

    api.sam = SimpleNamespace(encode=encode, predict="predict")
    model = made()
    refer = dataclasses.replace(Config().segment, mode="refer")
    model.image(PICTURE, ["a"])
    model.image(PICTURE, ["a"], refer)
    (_, first), (_, second) = model._kept.values()
    assert first.sam is second.sam
    assert first.sam.predict == "predict"
    pixels, others = PICTURE.copy(), PICTURE.copy()
    for picture, side in ((pixels, 1024), (pixels, 1024), (pixels, 512), (others, 512)):
        embedded, at = first.sam.encode(picture, side)
        assert embedded is picture
        assert at == side
    assert seen == [1024, 512, 512]


@pytest.mark.parametrize("mode", ["per-frame", "online", "offline"])
def test_video_keeps_number_and_time_and_passes_the_mode_on(api, mode):
    model = made(mode)
    frames = [Frame(7, 1.5, PICTURE), Frame(9, 2.0, PICTURE)]
    refer = dataclasses.replace(Config().segment, mode="refer")
    found = list(model.video(iter(frames), ["a"], refer))
    assert [(p.index, p.time) for p in found] == [(7, 1.5), (9, 2.0)]
    assert api.calls == [
        ("load", "lite", "cpu"),
        ("segmenter", ("a",), "refer"),  # it holds the mask model for all sequences
        ("stream", ("a",), "refer", mode),
    ]
    list(model.video(iter(frames), ["b"], refer))
    assert api.calls[3:] == [("stream", ("b",), "refer", mode)]
    assert model.clock.segmentations == 4
    assert model.clock.seconds > 0


def test_the_clock_does_not_run_while_frames_are_read(api, monkeypatch):
    now = [0.0]
    monkeypatch.setattr(segmenters.time, "perf_counter", lambda: now[0])

    def slow():
        for index in range(3):
            now[0] += 100.0
            yield Frame(index, 0.0, PICTURE)

    model = made()
    for _ in model.video(slow(), ["a"]):
        now[0] += 10.0  # nor while the answer is used
    assert model.clock.segmentations == 3
    assert model.clock.seconds == 0


def test_streams_of_several_expressions_do_not_disturb_each_other(api):
    """One-by-one runs go in lockstep; each keeps its words."""
    model = made()
    runs = [model.video([Frame(i, 0.0, PICTURE) for i in (0, 1)], [t]) for t in "ab"]
    for first, second in zip(*runs, strict=True):
        assert (first.expressions, second.expressions) == (("a",), ("b",))
    assert model.clock.segmentations == 4


def test_an_unknown_mode(api):
    with pytest.raises(ConfigError, match="per-frame"):
        made("backwards")
    assert api.calls == []


@pytest.fixture
def shared_lite(monkeypatch, lite_default):
    """``lite`` is not loaded anew for this test."""
    monkeypatch.setattr("car_video.load_model", lambda name, device="auto": lite_default)
    return lite_default


@pytest.mark.parametrize("refine", [pytest.param("none", marks=pytest.mark.slow), "sam"])
def test_a_kept_picture_gives_the_same_masks_bit_for_bit(refine, shared_lite):
    """The bundled model on many sentences of one picture, against a new segmenter each."""
    from car_video import ImageSegmenter
    from car_video.config import ProposalConfig, SamRefineConfig, SegmentConfig

    config = SegmentConfig(
        refine=refine,
        presence_threshold=0.0,
        proposal=ProposalConfig(size=192),
        sam=SamRefineConfig(side=256),
    )
    refer = dataclasses.replace(config, mode="refer")
    image = np.kron(builders.scene(40, 64, 2, 2)[0], np.ones((3, 3, 1), np.uint8))
    model = segmenters.make_spec("lite", Config(segment=config), "per-frame", "cpu").build()
    for texts, chosen in (
        (["a red square"], config), (["a green square"], config),
        (["a red square", "a green square"], refer), (["a red square"], config),
    ):  # fmt: skip
        kept = model.image(image, texts, chosen)
        fresh = ImageSegmenter(shared_lite, texts, chosen).segment(image)
        np.testing.assert_array_equal(kept.masks, fresh.masks)
        np.testing.assert_array_equal(kept.scores, fresh.scores)
        assert kept.masks.any()


def test_the_mask_model_is_loaded_once_for_all_sequences(monkeypatch, shared_lite, mask_model):
    from car_video.config import ProposalConfig, SamRefineConfig, SegmentConfig
    from car_video.models.sam import mobile_sam, registry
    from car_video.models.shared import SharedModels

    loaded = []
    monkeypatch.setattr(registry, "_models", SharedModels())  # other tests hold one
    monkeypatch.setattr(
        mobile_sam,
        "load",
        lambda *arguments: loaded.append(arguments) or copy.copy(mask_model),
    )
    config = SegmentConfig(proposal=ProposalConfig(size=128), sam=SamRefineConfig(side=256))
    model = segmenters.make_spec("lite", Config(segment=config), "online", "cpu").build()
    for text in ("a red square", "a green square", "a red square"):
        image = builders.scene(48, 64, 2, 2)[0]
        list(model.video([Frame(0, 0.0, image)], [text]))
        gc.collect()
    assert len(loaded) == 1


def test_masks_are_followed_through_the_public_api(api):
    model = made()
    frames = [Frame(i, i / 24, PICTURE) for i in range(3)]
    found = list(model.follow(iter(frames), {0: {1: np.ones((4, 6), bool)}}))
    assert [int(labels[0, 0]) for labels in found] == [7, 7, 7]
    assert api.calls[-1] == ("follow", (0,), "sam", "online")
    assert model.clock.segmentations == 3
