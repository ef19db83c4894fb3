"""CaR on one picture, end to end, the slow way: from a picture and texts to masks.

Written from the description of the method and of its released code, not from the fast path:
one automatic gradient per query, one visual prompt at a time, plain loops around it all. What
no query and no template changes, the affinity of a picture and the embedding of a prompted
one, is computed once: a test has to end. Stages have their own naive parts beside this one;
here they are put together.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from car_video.config import SegmentConfig
from car_video.text.templates import template_set
from tests.naive import affinity, classifier, crf, gradcam, pooling, views
from tests.naive.networks import Tower

Floats = np.ndarray


@dataclass(frozen=True)
class Choices:
    """Where the reference and the correct method part."""

    reference: bool
    frame: str = "{}"  # around texts for the proposer
    steps: int = 4  # of the walk

    @classmethod
    def of(cls, config: SegmentConfig) -> Choices:
        if config.compat == "reference":
            return cls(True, "a clean origami {}.", 2)
        return cls(False, config.proposal.template, config.proposal.affinity_steps)


@dataclass
class Step:
    """One step of the recurrence: the queries alive, their maps and their scores."""

    alive: list[int]
    cams: Floats  # [N, h, w] before they are spread
    maps: Floats  # [N, h, w]
    scores: Floats  # [N]
    gaps: Floats  # [N]: how near any pixel of each came to the mask threshold


@dataclass
class Run:
    """Everything that happened to one picture."""

    steps: list[Step] = field(default_factory=list)
    margin: float = 1.0  # how near any pixel of any step came to the mask threshold
    unsure: Floats | None = None  # bool [N, H, W]: so near that rounding decides (no CRF)
    masks: Floats | None = None  # bool [N, H, W] of the last step's queries
    reported: Floats | None = None  # [N]


def segment(
    picture: Floats, f: Tower, g: Tower, texts: list[str], config: SegmentConfig
) -> Run:
    """Masks of ``texts``, all different, in uint8 [H, W, 3]. Sentences go in whole."""
    choices = Choices.of(config)
    run, alive = Run(), list(range(len(texts)))
    least = 2 if choices.reference else 1
    walk: Floats | None = None
    while True:
        names = [texts[i] for i in alive]
        first = not run.steps
        cams, maps, cells, walk = propose(picture, f, names, config, choices, first, walk)
        full = [enlarge(m, picture.shape[:2]) for m in maps]
        gaps = np.abs(np.stack(full) - config.proposal.mask_threshold).min((1, 2))
        run.margin = min(run.margin, float(gaps.min()))
        if config.mode == "refer" and not choices.reference:
            scores = np.ones(len(names))  # each alone
        elif config.classifier is None:
            scores = pooling.scores(f, maps, cells, names, config)
        else:
            scores = judge(picture, full, g, names, config, choices)
        run.steps.append(Step(alive, cams, maps, scores, gaps))
        theta = config.recurrence.confidence_threshold
        left = [i for i, s in zip(alive, scores, strict=True) if passes(s, theta, choices)]
        if not left:
            left = [alive[int(np.argmax(scores))]]
        if left == alive and len(run.steps) >= least:
            break
        alive = left
    run.masks = masks_of(picture, full, config, choices)
    near = np.abs(np.stack(full) - config.proposal.mask_threshold) < 1e-5
    run.unsure = near if config.refine == "none" else np.zeros_like(run.masks)
    if choices.reference:
        run.reported = scores
    else:
        run.reported = presence(picture, full, maps, cells, g, names, config)
    return run


def passes(score: float, theta: float, choices: Choices) -> bool:
    return score > theta if choices.reference else score >= theta


def seen_by(picture: Floats, f: Tower, config: SegmentConfig, choices: Choices) -> Floats:
    """[h, w, 3] in [0, 1]: the picture at the size that f sees it at."""
    height, width = picture.shape[:2]
    if choices.reference:
        unit = max(16, f.stride)
        size = -(-height // unit) * unit, -(-width // unit) * unit
        cut = size[0] // f.stride * f.stride, size[1] // f.stride * f.stride
        if size == (height, width):
            return picture[: cut[0], : cut[1]] / 255.0
        return np.clip(views.resize(picture / 255.0, size, True), 0, 1)[: cut[0], : cut[1]]
    scale = config.proposal.size / max(height, width)
    cells = (max(2, round(n * scale / f.stride)) for n in (height, width))
    rows, columns = (n * f.stride for n in cells)
    return views.resize(picture / 255.0, (rows, columns), False)


def propose(
    picture: Floats,
    f: Tower,
    names: list[str],
    config: SegmentConfig,
    choices: Choices,
    first: bool,
    walk: Floats | None,
) -> tuple[Floats, Floats, Floats, Floats | None]:
    """Maps before and after the affinity, the activations under them, and the affinity of the
    picture, which ``walk`` is if an earlier step has computed it."""
    seen = seen_by(picture, f, config, choices)
    frame = "{}" if choices.reference and first else choices.frame
    queries = np.stack([f.text(frame.replace("{}", name)) for name in names])
    words = np.stack([f.text(choices.frame.replace("{}", w)) for w in config.background])
    if config.proposal.source == "cells" and not choices.reference:
        return pooling.cell_proposals(f, seen, queries, words, config, walk)
    raw, cells = f.cams(seen, queries, words, config.mode)
    if choices.reference and config.mode == "semantic":
        for number, cam in enumerate(raw):
            if cam.max() <= 0 and len(names) > 1:
                raw[number] = f.cams(seen, queries, words[:0], config.mode)[0][number]
    if walk is None:
        attention = f.attention(seen)
        if attention is None:
            attention = affinity.likeness(cells, config.proposal.affinity_temperature)
        walk = affinity.walk(attention)
    cams, maps = [], []
    for cam in raw:
        epsilon = 1e-15 if choices.reference else 0.0
        cams.append(to_one(cam, epsilon))
        spread = affinity.spread(
            walk,
            cams[-1],
            config.proposal.box_threshold,
            choices.reference,
            choices.steps,
        )
        maps.append(to_one(spread, epsilon))
    return np.stack(cams), np.stack(maps), cells, walk


def to_one(cam: Floats, epsilon: float) -> Floats:
    """To [0, 1]. The division is in single precision like the reference's: the maximum is
    exactly 1 there, which in double precision it would miss by the epsilon, and fall into
    another of 256 steps. The difference is not: maps of random weights are nearly flat, and
    nearly equal numbers leave few digits."""
    cam = np.float32(cam - cam.min())
    return cam / (cam.max() + np.float32(epsilon)) if cam.max() > 0 else cam


def enlarge(cam: Floats, size: tuple[int, int]) -> Floats:
    down = gradcam.resize_axis(cam.shape[0], size[0])
    across = gradcam.resize_axis(cam.shape[1], size[1])
    return down @ cam @ across.T


def prompted(
    picture: Floats, full: Floats, g: Tower, config: SegmentConfig, choices: Choices
) -> Floats:
    """What g sees of one proposal, [S, S, 3] in [0, 1]."""
    mask = full > config.proposal.mask_threshold
    assert config.classifier is not None
    prompts = config.classifier.prompts
    if choices.reference:
        drawn = views.as_reference(picture, mask, prompts)
        return np.clip(views.centre_crop(drawn / 255.0, g.side), 0, 1)
    return views.letterboxed(picture, mask, prompts, g.side)


def judge(
    picture: Floats,
    full: list[Floats],
    g: Tower,
    names: list[str],
    config: SegmentConfig,
    choices: Choices,
) -> Floats:
    """Score of each query's proposal among the names, [N]."""
    if len(names) == 1:
        return np.ones(len(names))
    assert config.classifier is not None
    scores = []
    for number, proposal in enumerate(full):
        shown = prompted(picture, proposal, g, config, choices)
        templates = template_set(config.classifier.templates)
        if choices.reference or config.classifier.scoring == "double-softmax":
            embedding = g.look(shown, choices.reference)
            row = classifier.double_softmax(
                lambda embedding=embedding: embedding,
                g.text,
                names,
                templates,
                g.scale,
            )
        else:
            row = classifier.averaged_softmax(
                g.look(shown, False), g.text, names, templates, g.scale
            )
        empty = not (proposal > config.proposal.mask_threshold).any()
        scores.append(0.0 if empty and not choices.reference else row[number])
    return np.array(scores)


def presence(
    picture: Floats,
    full: list[Floats],
    maps: Floats,
    cells: Floats,
    g: Tower,
    names: list[str],
    config: SegmentConfig,
) -> Floats:
    """Each query alone against the background words, [N]."""
    if config.proposal.source == "cells":
        return pooling.presence(g, maps, cells, names, config)
    result = []
    assert config.classifier is not None
    templates = template_set(config.classifier.templates)
    words = [classifier.average(g.text, word, templates) for word in config.background]
    for name, proposal in zip(names, full, strict=True):
        look = g.look(prompted(picture, proposal, g, config, Choices(False)), False)
        wanted = classifier.average(g.text, name, templates)
        logits = [g.scale * classifier.cosine(look, text) for text in [wanted, *words]]
        there = (proposal > config.proposal.mask_threshold).any()
        result.append(classifier.softmax(logits)[0] if there else 0.0)
    return np.array(result)


def masks_of(
    picture: Floats, full: list[Floats], config: SegmentConfig, choices: Choices
) -> Floats:
    """bool [N, H, W]."""
    threshold = config.proposal.mask_threshold
    stack = np.stack(full)
    if config.refine == "none":
        best = stack == stack.max(0) if config.mode == "semantic" else np.ones_like(stack, bool)
        return (stack > threshold) & best
    assert config.refine == "crf"
    if not choices.reference:
        stack = stack ** (np.log(0.5) / np.log(threshold))
    image = crf.wrapped_bgr(picture) if choices.reference else picture
    power = config.crf.background_power
    if config.mode == "semantic":
        background = (1 - stack.max(0, keepdims=True)) ** power
        labels = crf.marginals(image, np.concatenate([background, stack])).argmax(0)
        return np.stack([labels == number + 1 for number in range(len(stack))])
    pairs = [np.stack([(1 - one) ** power, one]) for one in stack]
    return np.stack([crf.marginals(image, pair).argmax(0) == 1 for pair in pairs])
