"""The work that CaR's released code does for one picture, stage by stage, for comparison.

Every stage uses quick primitives (batched networks, matrix products, OpenCV-like drawing), but
repeats what the reference repeats: the picture is encoded anew in every step, every query has
a backward pass and an affinity of its own, every prompted picture is encoded again for each
template, texts are encoded for every picture and step.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import interpolate, normalize

from benchmarks.cam import encode, slow_affinity, vit_gradient
from car_video.config import CrfConfig, SegmentConfig
from car_video.segment.classification.input_crops import to_classifier_input
from car_video.segment.classification.released_code import draw_as_reference
from car_video.segment.proposals.gradcam import min_max
from car_video.segment.reference.resizing import to_rounded_cells
from car_video.segment.refinement.crf.inference import DenseCrf
from car_video.segment.refinement.crf.labels import refine_semantic
from car_video.segment.resizing import to_pixels
from car_video.text.embeddings import TextBank
from car_video.text.templates import ORIGAMI, fill, template_set
from tests.naive.gradcam import positions_for


class Clock:
    """CPU and wall seconds by stage."""

    def __init__(self) -> None:
        self.cpu: dict[str, float] = {}
        self.wall: dict[str, float] = {}

    def __call__(self, stage: str, work: Any, *arguments: Any, times: float = 1.0) -> Any:
        """Do ``work``; ``times`` says how often the reference does what was done once."""
        cpu, wall = time.process_time(), time.perf_counter()
        result = work(*arguments)
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
        self.cpu[stage] = self.cpu.get(stage, 0.0) + cpu * times
        self.wall[stage] = self.wall.get(stage, 0.0) + wall * times
        return result


@torch.no_grad()
def texts_of(model: Any, texts: Sequence[str], batch: int) -> Tensor:
    """Unit-length [N, D] by the unmodified text tower."""
    parts = [
        model.network.encode_text(model._tokenizer(list(texts[start : start + batch])))
        for start in range(0, len(texts), batch)
    ]
    return normalize(torch.cat(parts).float(), dim=-1)


@torch.no_grad()
def look(model: Any, views: Tensor) -> Tensor:
    """Class token of the last but one block by the unmodified image tower, one batch."""
    visual = model.network.visual
    blocks = visual.transformer.resblocks
    visual.transformer.resblocks = blocks[:-1]
    try:
        with positions_for(
            visual, views.shape[-2] // model.stride, views.shape[-1] // model.stride
        ):
            return visual(model.prepare(views))
    finally:
        visual.transformer.resblocks = blocks


def segment(
    f: Any,
    g: Any,
    image: np.ndarray,
    names: list[str],
    config: SegmentConfig,
    measured: int,
    bank: TextBank,
) -> tuple[Clock, list[list[int]], Tensor]:
    """One picture the reference's way.

    Args:
        f, g: our models, of which only the networks are used.
        image: uint8 [H, W, 3].
        config: thresholds, prompts and templates.
        measured: templates whose encoding is really done; its time is multiplied by the
            number of templates over this number.
        bank: where the texts of the templates that are not measured come from, so that scores
            are those of all templates.

    Returns:
        Times, the queries alive in each step, masks bool [N, H, W].
    """
    clock, alive, history = Clock(), list(range(len(names))), []
    assert config.classifier is not None
    templates = template_set(config.classifier.templates)
    share = len(templates) / measured
    pixels = to_pixels(image, f.device)
    seen = f.prepare(to_rounded_cells(pixels, 0, f.stride))
    grid = (seen.shape[2] // f.stride, seen.shape[3] // f.stride)
    eta, size = config.proposal.mask_threshold, pixels.shape[-2:]
    words = clock(
        "texts",
        texts_of,
        f,
        [fill(ORIGAMI, w) for w in config.background],
        len(config.background),
    )
    while True:
        current = [names[i] for i in alive]
        history.append(alive)
        framed = current if len(history) == 1 else [fill(ORIGAMI, n) for n in current]
        texts = torch.cat([clock("texts", texts_of, f, framed, 1), words])
        x, attention = clock("backbone", encode, f.visual, seen, grid)
        maps = []
        for index in range(len(alive)):
            weight, values, own = clock("CAM", vit_gradient, f, x, texts, index)
            cam = min_max((values @ weight).relu().reshape(grid))
            small = clock("affinity", slow_affinity, [*attention, own], cam, True)
            maps.append(
                clock(
                    "affinity",
                    lambda s: interpolate(s[None, None], size, mode="bilinear"),
                    small,
                )
            )
        full = torch.cat(maps)[:, 0]
        views = []
        for proposal in full:
            views.append(
                clock("prompts and classifier", prompted, pixels[0], proposal > eta, config, g)
            )
        stack = torch.cat(views)
        total = torch.zeros(len(alive), len(alive))
        for template in templates[:measured]:
            vectors = clock(
                "texts",
                texts_of,
                g,
                [fill(template, n) for n in current],
                len(current),
                times=share,
            )
            # Encoded anew for each template: this is where the time goes.
            embedding = clock("prompts and classifier", look, g, stack, times=share)
            logits = g.logit_scale * normalize(embedding, dim=-1) @ vectors.T
            total += logits.softmax(-1)
        for template in templates[measured:]:
            vectors = bank.templated(current, [template])[0]
            total += (g.logit_scale * normalize(embedding, dim=-1) @ vectors.T).softmax(-1)
        scores = total.softmax(-1).diagonal()
        theta = config.recurrence.confidence_threshold
        left = [i for i, s in zip(alive, scores.tolist(), strict=True) if s > theta]
        left = left or [alive[int(scores.argmax())]]
        if left == alive and len(history) > 1:
            break
        alive = left
    return clock, history, clock("CRF", crf, image, full)


def prompted(pixels: Tensor, mask: Tensor, config: SegmentConfig, g: Any) -> Tensor:
    """One prompted picture, blurred anew, [1, 3, S, S]."""
    assert config.classifier is not None
    drawn = draw_as_reference(pixels, mask[None], config.classifier.prompts)
    return to_classifier_input(drawn, g.input_size, "center-crop")


def crf(image: np.ndarray, full: Tensor) -> Tensor:
    """pydensecrf where it is installed (as the reference), else our exact lattice."""
    try:
        import pydensecrf  # noqa: F401

        config = CrfConfig(backend="pydensecrf", image="uint8_wrap")
    except ImportError:
        config = CrfConfig(image="uint8_wrap")
    return refine_semantic(DenseCrf(image, config), full)[0]
