"""Dense CRF: against loops, against pydensecrf, and at the borders of its domain."""

from __future__ import annotations

import json
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from torch.nn import functional

from car_video.config import FAST_CRF, CrfConfig
from car_video.errors import ConfigError
from car_video.segment.reference.crf_image import wrapped_bgr
from car_video.segment.refinement.crf.inference import DenseCrf
from car_video.segment.refinement.crf.labels import (
    refine_refer,
    refine_semantic,
    with_background,
)
from tests.naive import crf as naive
from tests.paths import SHARED

COCO = SHARED / "coco-dev"
PYDENSECRF = CrfConfig(backend="pydensecrf")


def dense_crf(
    image: np.ndarray | torch.Tensor, soft: torch.Tensor, config: CrfConfig | None = None
) -> tuple[torch.Tensor, torch.Tensor]:
    """Labels and marginals of soft label maps [L, H, W], or a batch of both."""
    marginals = DenseCrf(image, config, soft.device).marginals(soft)
    return marginals.max(-3).indices, marginals


def scene(height: int, width: int, seed: int = 0, noise: float = 6.0) -> np.ndarray:
    """A shaded background with a disc and a bar of other colours, and sensor noise."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width].astype(float)
    image = np.stack([60 + 80 * x / width, 90 + 60 * y / height, 0 * x + 120], -1)
    disc = (y - 0.45 * height) ** 2 + (x - 0.4 * width) ** 2 < (0.25 * min(height, width)) ** 2
    image[disc] = (200, 60, 40)
    image[int(0.7 * height) : int(0.85 * height), int(0.5 * width) :] = (40, 180, 70)
    return np.clip(image + rng.normal(0, noise, image.shape), 0, 255).astype(np.uint8)


def blobs(labels: int, height: int, width: int, seed: int = 0, cells: int = 6) -> torch.Tensor:
    """Smooth random probabilities, as upsampled low-resolution maps are."""
    generator = torch.Generator().manual_seed(seed)
    low = torch.rand(1, labels, cells, cells, generator=generator)
    return functional.interpolate(low, (height, width), mode="bilinear")[0]


def iou(a: torch.Tensor, b: torch.Tensor) -> float:
    union = int((a | b).sum())
    return 1.0 if union == 0 else int((a & b).sum()) / union


# ---- against the slow implementation


@settings(deadline=None, max_examples=6)
@given(
    seed=st.integers(0, 10**6),
    height=st.integers(1, 9),
    width=st.integers(1, 9),
    labels=st.integers(1, 4),
)
def test_marginals_equal_naive_mean_field(
    seed: int, height: int, width: int, labels: int
) -> None:
    image = scene(height, width, seed, noise=20.0)
    probabilities = blobs(labels, height, width, seed)
    expected = naive.marginals(image, probabilities.numpy(), 5)
    got_labels, got = dense_crf(image, probabilities, CrfConfig(iterations=5))
    np.testing.assert_allclose(got.numpy(), expected, atol=2e-4)
    sure = np.ptp(np.sort(expected, 0)[-2:], 0) > 1e-3 if labels > 1 else expected[0] > 0
    assert (got_labels.numpy() == expected.argmax(0))[sure].all()


def test_one_channel_carries_two_labels() -> None:
    image, front = scene(24, 31), blobs(3, 24, 31, seed=1)
    back = (1 - front) ** 2
    got = DenseCrf(image, CrfConfig(iterations=4)).binary_marginals(front, back)
    for query in range(3):
        pair = torch.stack([back[query], front[query]])
        padded = torch.cat([pair, torch.zeros(0, 24, 31)])
        expected = naive_general(image, padded, 4)[1]
        torch.testing.assert_close(got[query], expected, rtol=1e-3, atol=1e-4)


def naive_general(image: np.ndarray, probabilities: torch.Tensor, steps: int) -> torch.Tensor:
    """The same kernels by the general formula: softmax over explicit label channels."""
    kernels = DenseCrf(image)._kernels
    unary = -torch.log(probabilities.clamp(1e-5, 1)).flatten(1)
    beliefs = torch.softmax(-unary, 0)
    for _ in range(steps):
        beliefs = torch.softmax(-unary + sum(k.message(beliefs) for k in kernels), 0)
    return beliefs.reshape(probabilities.shape)


def test_wrapped_image_equals_loop() -> None:
    image = np.random.default_rng(0).integers(0, 256, (11, 13, 3)).astype(np.uint8)
    image[0, 0] = (0, 116, 123)
    got = wrapped_bgr(torch.from_numpy(image)).numpy()
    np.testing.assert_array_equal(got, naive.wrapped_bgr(image))


# ---- against pydensecrf


def assert_same_masks(
    picture: np.ndarray, probabilities: torch.Tensor, **options: object
) -> None:
    pytest.importorskip("pydensecrf.densecrf", reason="needs the extra 'densecrf'")
    ours, ours_soft = dense_crf(picture, probabilities, CrfConfig(**options))  # type: ignore[arg-type]
    theirs, theirs_soft = dense_crf(
        picture,
        probabilities,
        CrfConfig(backend="pydensecrf", **options),  # type: ignore[arg-type]
    )
    for label in range(len(probabilities)):
        assert iou(ours == label, theirs == label) >= 0.999
    assert float((ours_soft - theirs_soft).abs().max()) < 1e-2


@pytest.mark.parametrize("labels", [2, 3, 6])
@pytest.mark.parametrize("size", [(120, 160), (61, 87), (7, 5)])
def test_masks_are_those_of_pydensecrf(size: tuple[int, int], labels: int) -> None:
    assert_same_masks(scene(*size), blobs(labels, *size, seed=labels))


@pytest.mark.parametrize(
    "options",
    [
        {"image": "uint8_wrap"},
        {"spatial_sxy": 3.0, "bilateral_sxy": 20.0, "bilateral_srgb": 10.0},
        {"spatial_weight": 1.0, "bilateral_weight": 10.0, "iterations": 3},
        {"scale": 0.6},
    ],
)
def test_options_mean_the_same_in_both_backends(options: dict[str, object]) -> None:
    assert_same_masks(scene(90, 121), blobs(3, 90, 121), **options)


def recorded_cases() -> list[tuple[np.ndarray, torch.Tensor, str, str]]:
    """Image, probabilities, image option and key of each recorded result."""
    cases = []
    for height, width, labels in ((61, 87, 3), (48, 64, 2)):
        low = np.random.default_rng(labels).random((1, labels, 6, 6)).astype(np.float32)
        soft = functional.interpolate(torch.from_numpy(low), (height, width), mode="bilinear")
        for option in ("rgb", "uint8_wrap"):
            key = f"{height}x{width}x{labels} {option}"
            cases.append((scene(height, width), soft[0], option, key))
    return cases


@pytest.mark.parametrize(
    ("image", "soft", "option", "key"),
    recorded_cases(),
    ids=["3 rgb", "3 wrap", "2 rgb", "2 wrap"],
)
def test_masks_are_those_recorded_from_pydensecrf(
    image: np.ndarray, soft: torch.Tensor, option: str, key: str
) -> None:
    """Holds where the extra is not installed: run lengths of the labels, row by row."""
    recorded = json.loads((Path(__file__).parent / "crf_pydensecrf.json").read_text())[key]
    expected = np.repeat(recorded["labels"], recorded["lengths"]).reshape(image.shape[:2])
    got, _ = dense_crf(image, soft, CrfConfig(image=option))  # type: ignore[arg-type]
    for label in range(len(soft)):
        assert iou(got == label, torch.from_numpy(expected == label)) >= 0.995


def test_unary_noise_at_every_pixel() -> None:
    noise = torch.rand(3, 80, 100, generator=torch.Generator().manual_seed(0))
    assert_same_masks(scene(80, 100), noise)


def test_uniform_image() -> None:
    assert_same_masks(np.zeros((40, 50, 3), np.uint8), blobs(2, 40, 50))


def test_real_images() -> None:
    if not COCO.is_dir():
        pytest.skip("needs ../shared/data/coco-dev")
    entries = json.loads((COCO / "instances.json").read_text())["images"]
    for number, entry in enumerate(entries[:3]):
        with Image.open(COCO / "images" / entry["file_name"]) as opened:
            image = np.array(opened.convert("RGB"))[:300, :400]
        height, width = image.shape[:2]
        assert_same_masks(image, blobs(2 + number, height, width, seed=number, cells=16))


def test_separate_backend_equals_torch_for_binary_problems() -> None:
    pytest.importorskip("pydensecrf.densecrf", reason="needs the extra 'densecrf'")
    image, front = scene(50, 70), blobs(2, 50, 70)
    ours = DenseCrf(image).binary_marginals(front)
    theirs = DenseCrf(image, PYDENSECRF).binary_marginals(front)
    torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-3)


def test_missing_extra_is_one_clear_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pydensecrf", None)
    with pytest.raises(ConfigError, match=r"car-video\[densecrf\]"):
        DenseCrf(scene(4, 4), PYDENSECRF)


# ---- approximations


def test_convolution_agrees_with_the_lattice() -> None:
    image, front = scene(150, 200), blobs(3, 150, 200, cells=10)
    exact = DenseCrf(image).binary_marginals(front) > 0.5
    config = CrfConfig(spatial_kernel="convolution")
    fast = DenseCrf(image, config).binary_marginals(front) > 0.5
    for a, b in zip(exact, fast, strict=True):
        assert iou(a, b) >= 0.99


def test_fast_mode_finds_the_object_as_the_exact_mode_does() -> None:
    image = scene(180, 240, noise=3.0)
    truth = torch.from_numpy((image[..., 0] > 150) & (image[..., 1] < 120))
    low = functional.interpolate(truth[None, None].float(), (12, 16), mode="area")
    soft = functional.interpolate(low, (180, 240), mode="bilinear")[0]
    before = iou(soft[0] > 0.5, truth)
    exact = iou(DenseCrf(image).binary_marginals(soft)[0] > 0.5, truth)
    fast = iou(DenseCrf(image, FAST_CRF).binary_marginals(soft)[0] > 0.5, truth)
    assert before < 0.96
    assert exact > 0.98
    assert fast > 0.98


def test_large_images_are_worked_on_at_a_bounded_size() -> None:
    crf = DenseCrf(scene(60, 90), CrfConfig(max_pixels=600))
    assert crf._work_size == (20, 30)
    soft = blobs(3, 60, 90)
    assert crf.marginals(soft).shape == soft.shape
    torch.testing.assert_close(crf.marginals(soft).sum(0), torch.ones(60, 90))
    long = DenseCrf(np.zeros((2, 4000, 3), np.uint8), CrfConfig(max_pixels=100))
    assert long._work_size[0] >= 1


# ---- batches, reuse, gradients


def test_batch_equals_images_one_by_one() -> None:
    images = np.stack([scene(30, 40, seed) for seed in range(3)])
    soft = torch.stack([blobs(4, 30, 40, seed) for seed in range(3)])
    for config in (CrfConfig(), FAST_CRF):
        labels, marginals = dense_crf(images, soft, config)
        queries = DenseCrf(images, config).binary_marginals(soft)
        assert labels.shape == (3, 30, 40)
        for number in range(3):
            alone = DenseCrf(images[number], config)
            expected = alone.marginals(soft[number])
            torch.testing.assert_close(marginals[number], expected, rtol=0, atol=1e-3)
            expected = alone.binary_marginals(soft[number])
            torch.testing.assert_close(queries[number], expected, rtol=0, atol=1e-3)


def test_built_once_infers_many_times_with_the_same_result() -> None:
    image, soft = scene(33, 45), blobs(3, 33, 45)
    crf = DenseCrf(image)
    first = crf.marginals(soft)
    crf.marginals(blobs(5, 33, 45, seed=9))
    assert torch.equal(crf.marginals(soft), first)


def test_gradients_reach_the_probabilities() -> None:
    for config in (CrfConfig(iterations=2), CrfConfig(iterations=2, scale=0.5)):
        soft = blobs(3, 12, 14).requires_grad_()
        DenseCrf(scene(12, 14), config).marginals(soft)[1].sum().backward()
        assert soft.grad is not None
        assert float(soft.grad.abs().sum()) > 0


def test_read_only_image() -> None:
    image = scene(6, 7)
    image.flags.writeable = False
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert DenseCrf(image).marginals(blobs(2, 6, 7)).shape == (2, 6, 7)


def test_half_precision_input() -> None:
    soft = blobs(2, 20, 20)
    marginals = DenseCrf(scene(20, 20)).marginals(soft.half())
    assert marginals.dtype == torch.float32
    torch.testing.assert_close(
        marginals, DenseCrf(scene(20, 20)).marginals(soft), rtol=0, atol=0.05
    )


# ---- defined behaviour at the borders


@pytest.mark.parametrize("config", [CrfConfig(), FAST_CRF, PYDENSECRF])
def test_all_background_keeps_every_channel(config: CrfConfig) -> None:
    if config.backend == "pydensecrf":
        pytest.importorskip("pydensecrf.densecrf", reason="needs the extra 'densecrf'")
    crf = DenseCrf(scene(20, 26), config)
    masks, marginals = refine_semantic(crf, torch.zeros(3, 20, 26))
    assert masks.shape == marginals.shape == (3, 20, 26)
    assert not masks.any()
    masks, _ = refine_refer(crf, torch.zeros(3, 20, 26))
    assert masks.shape == (3, 20, 26)
    assert not masks.any()


def test_absent_classes_keep_their_channel() -> None:
    soft = torch.zeros(4, 20, 26)
    soft[2, 5:15, 5:20] = 1.0
    masks, _ = refine_semantic(DenseCrf(scene(20, 26)), soft)
    assert [bool(mask.any()) for mask in masks] == [False, False, True, False]


def test_disjoint_together_and_overlapping_apart() -> None:
    soft = torch.full((2, 16, 16), 0.9)
    crf = DenseCrf(scene(16, 16))
    together, _ = refine_semantic(crf, soft)
    apart, _ = refine_refer(crf, soft)
    assert not (together[0] & together[1]).any()
    assert apart.all()


def test_one_label_takes_everything() -> None:
    labels, marginals = dense_crf(scene(6, 7), torch.rand(1, 6, 7))
    assert not labels.any()
    torch.testing.assert_close(marginals, torch.ones(1, 6, 7))


@pytest.mark.parametrize("config", [CrfConfig(), FAST_CRF])
def test_one_pixel(config: CrfConfig) -> None:
    image = np.full((1, 1, 3), 77, np.uint8)
    labels, marginals = dense_crf(image, torch.tensor([0.2, 0.7, 0.1]).view(3, 1, 1), config)
    assert labels.tolist() == [[1]]
    assert float(marginals.sum()) == pytest.approx(1.0)


def test_no_queries() -> None:
    crf = DenseCrf(scene(8, 9))
    for refine in (refine_semantic, refine_refer):
        masks, marginals = refine(crf, torch.zeros(0, 8, 9))
        assert masks.shape == marginals.shape == (0, 8, 9)


def test_full_image_mask_stays_full() -> None:
    masks, _ = refine_semantic(DenseCrf(scene(10, 12)), torch.ones(1, 10, 12))
    assert masks.all()


def test_background_of_the_paper() -> None:
    soft = torch.tensor([0.2, 0.7]).view(2, 1, 1)
    assert float(with_background(soft)[0]) == pytest.approx(0.3)
    assert float(with_background(soft, 2.0)[0]) == pytest.approx(0.09)
    assert with_background(torch.zeros(0, 2, 3)).tolist() == [[[1.0] * 3] * 2]


def test_bad_input_is_refused_in_one_line() -> None:
    crf = DenseCrf(scene(8, 9))
    with pytest.raises(ValueError, match=r"want \[L, 8, 9\]"):
        crf.marginals(torch.zeros(2, 9, 8))
    with pytest.raises(ValueError, match="at least one label"):
        crf.marginals(torch.zeros(0, 8, 9))
    with pytest.raises(ValueError, match="not finite"):
        crf.marginals(torch.full((2, 8, 9), torch.nan))
    with pytest.raises(ValueError, match="want uint8"):
        DenseCrf(np.zeros((8, 9), np.uint8))
    with pytest.raises(ValueError, match="want uint8"):
        DenseCrf(np.zeros((8, 9, 3), np.float32))  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="too many lattice cells"):
        DenseCrf(scene(8, 9), CrfConfig(bilateral_srgb=1e-4, bilateral_sxy=1e-3))


@pytest.mark.parametrize(
    "wrong",
    [
        {"iterations": -1},
        {"scale": 0.0},
        {"scale": 1.5},
        {"probability_floor": 0.0},
        {"bilateral_srgb": 0.0},
        {"spatial_weight": -1.0},
        {"max_pixels": 0},
    ],
)
def test_bad_constants_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match=f"crf.{next(iter(wrong))} must be"):
        CrfConfig(**wrong)  # type: ignore[arg-type]
