"""Visual prompts against OpenCV (or its recorded output) and against one-at-a-time numpy."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage
from torch.nn import functional

from car_video.config.segment import PROMPTS, check_prompts
from car_video.errors import ConfigError
from car_video.segment.classification.prompt_drawing import PromptStyle
from car_video.segment.classification.released_code import crops_as_reference, draw_as_reference
from car_video.segment.classification.visual_prompts import prompted_crops
from car_video.segment.reference import opencv
from tests.naive import visual_prompts as naive
from tests.segment.classification.full_size import apply_prompts, drawn_large

REFERENCE = ("blur", "gray", "black", "circle", "rectangle", "contour")
COMBINATIONS = [
    combination
    for length in (1, 2, 3)
    for combination in itertools.combinations(REFERENCE, length)
]


def picture(height: int, width: int, seed: int = 0) -> np.ndarray:
    """uint8 [H, W, 3] with structure at several scales."""
    rng = np.random.default_rng(seed)
    noise = rng.random((height, width, 3))
    smooth = ndimage.gaussian_filter(noise, (3, 3, 0), mode="wrap")
    smooth = (smooth - smooth.min()) / max(float(np.ptp(smooth)), 1e-9)
    return (255 * (0.7 * smooth + 0.3 * noise)).astype(np.uint8)


def blob(height: int, width: int, seed: int = 0, grain: float = 2.5) -> np.ndarray:
    """bool [H, W]: a few smooth pieces, perhaps with holes, perhaps at the border."""
    rng = np.random.default_rng(seed)
    field = ndimage.gaussian_filter(rng.standard_normal((height, width)), grain, mode="reflect")
    return field >= np.quantile(field, rng.uniform(0.3, 0.97))


def as_tensor(image: np.ndarray) -> torch.Tensor:
    scale = 255.0 if image.dtype == np.uint8 else 1.0
    return torch.from_numpy(image).permute(2, 0, 1).float() / scale


def as_bytes(pictures: torch.Tensor) -> np.ndarray:
    return (pictures * 255).round().byte().permute(0, 2, 3, 1).numpy()


# ---- the reference, byte for byte


@settings(deadline=None, max_examples=60)
@given(
    seed=st.integers(0, 10**6),
    height=st.integers(1, 60),
    width=st.integers(1, 60),
    prompts=st.sampled_from(COMBINATIONS),
)
def test_compat_equals_opencv(
    seed: int, height: int, width: int, prompts: tuple[str, ...]
) -> None:
    cv2 = pytest.importorskip("cv2")
    if "circle" in prompts and int(cv2.__version__.split(".")[0]) >= 5:
        prompts = tuple(p for p in prompts if p != "circle")  # OpenCV 5 draws other ellipses
    image = picture(height, width, seed)
    masks = np.stack([blob(height, width, seed + i) for i in range(2)])
    got = draw_as_reference(as_tensor(image), torch.from_numpy(masks), prompts)
    for number, mask in enumerate(masks):
        expected = naive.with_opencv(image, mask, prompts)
        np.testing.assert_array_equal(as_bytes(got)[number], expected)


def test_compat_ellipses_are_those_of_opencv_4() -> None:
    """Recorded from OpenCV 4.10.0: small, thin, clipped and ordinary ones."""
    recorded = json.loads((Path(__file__).parent / "ellipses_opencv4.json").read_text())
    assert len(recorded["cases"]) == 24
    for case in recorded["cases"]:
        drawn = np.zeros(case["size"], np.bool_)
        opencv._draw_ellipse(drawn, tuple(case["center"]), tuple(case["half"]))
        assert np.flatnonzero(drawn).tolist() == case["pixels"], case


def test_compat_circle_sits_on_the_centre_of_mass() -> None:
    mask = np.zeros((40, 60), np.bool_)
    mask[5:30, 10:14] = True  # an L: the centre of mass is not the centre of the box
    mask[26:30, 10:50] = True
    rows, columns = np.nonzero(mask)
    expected = np.zeros_like(mask)
    opencv._draw_ellipse(expected, (int(columns.mean()), int(rows.mean())), (20, 12))
    got = draw_as_reference(torch.zeros(3, 40, 60), torch.from_numpy(mask)[None], ("circle",))[
        0
    ]
    np.testing.assert_array_equal(got[0].numpy() > 0, expected)
    assert float(got[1:].max()) == 0.0


@pytest.mark.parametrize("size", [(1, 1), (2, 30), (9, 9), (25, 16)])
def test_compat_blur_and_grey_equal_integer_loops(size: tuple[int, int]) -> None:
    image = picture(*size)
    whole = as_tensor(image) * 255
    got = opencv.blur(whole).permute(1, 2, 0).numpy()
    np.testing.assert_array_equal(got, naive.fixed_blur(image))
    gray = opencv.swapped_gray(whole)[0].numpy()
    exact = image.astype(float) @ np.array([0.114, 0.587, 0.299])
    assert np.abs(gray - exact).max() <= 0.51


def test_compat_refuses_what_the_reference_has_not() -> None:
    with pytest.raises(ConfigError, match="'crop' is not among the reference's prompts"):
        check_prompts(("crop",), compat=True)


# ---- the default style


@settings(deadline=None, max_examples=25)
@given(
    seed=st.integers(0, 10**6),
    height=st.integers(12, 50),
    width=st.integers(12, 50),
    prompts=st.lists(
        st.sampled_from([p for p in naive.ORDER if p != "circle"]), max_size=4, unique=True
    ),
)
def test_default_style_equals_one_at_a_time(
    seed: int, height: int, width: int, prompts: list[str]
) -> None:
    image = picture(height, width, seed) / 255.0
    masks = np.stack([blob(height, width, seed + 1), np.zeros((height, width), np.bool_)])
    style = PromptStyle(blur=0.03, strong_blur=0.1, line=0.08)
    short = min(height, width)
    got = apply_prompts(as_tensor(image), torch.from_numpy(masks), prompts, style=style)
    for number, mask in enumerate(masks):
        expected = naive.styled(
            image, mask, prompts, 0.03 * short, 0.1 * short, max(1.0, 0.08 * short)
        )
        difference = np.abs(got[number].permute(1, 2, 0).numpy() - expected)
        # The ring's distance is first order: exact on the ellipse, close beside it.
        largest, mean = (0.3, 0.02) if "circle" in prompts else (0.03, 1e-3)
        assert difference.max() < largest
        assert difference.mean() < mean


@pytest.mark.parametrize(("rows", "columns"), [(30, 30), (20, 44), (46, 16)])
def test_default_circle_is_a_ring_around_the_box(rows: int, columns: int) -> None:
    mask = np.zeros((64, 72), np.bool_)
    mask[8 : 8 + rows, 12 : 12 + columns] = True
    mask[8:12, 12:14] = False  # the box counts, not the centre of mass
    style = PromptStyle(line=0.05)
    got = apply_prompts(
        torch.zeros(3, 64, 72), torch.from_numpy(mask)[None], ("circle",), style=style
    )
    cover = naive.line_cover(mask, "circle", 0.05 * 64)
    # The distance is first order: exact on the ellipse, close beside it.
    assert np.abs(got[0, 0].numpy() - cover).max() < 0.25
    assert np.abs(got[0, 0].numpy() - cover).sum() < 0.05 * cover.sum()


def test_order_of_request_does_not_matter() -> None:
    image = as_tensor(picture(40, 50))
    masks = torch.from_numpy(blob(40, 50))[None]
    for draw_prompts in (apply_prompts, draw_as_reference):
        one = draw_prompts(image, masks, ("contour", "gray", "blur"))
        two = draw_prompts(image, masks, ("blur", "gray", "contour"))
        assert torch.equal(one, two)


def test_inside_of_the_mask_is_untouched_by_surroundings() -> None:
    image = as_tensor(picture(40, 50))
    masks = torch.from_numpy(np.stack([blob(40, 50, i) for i in range(3)]))
    style = PromptStyle(blur=0.05, strong_blur=0.1)
    for prompt in ("blur", "reverse_blur", "gray", "black"):
        got = apply_prompts(image, masks, (prompt,), style=style)
        for drawn, mask in zip(got, masks, strict=True):
            torch.testing.assert_close(drawn[:, mask], image[:, mask])
            assert float((drawn - image)[:, ~mask].abs().max()) > 0.01


def test_line_width_scales_with_the_picture() -> None:
    areas = []
    for size in (100, 400):
        masks = torch.zeros(1, size, size, dtype=torch.bool)
        masks[:, size // 4 : 3 * size // 4, size // 4 : 3 * size // 4] = True
        style = PromptStyle(line=0.03)
        drawn = apply_prompts(torch.zeros(3, size, size), masks, ("rectangle",), style=style)
        areas.append(float(drawn[0, 0].sum()) / size**2)
    assert areas[1] == pytest.approx(areas[0], rel=0.02)


def test_crop_shows_the_object_and_little_else() -> None:
    image = torch.zeros(3, 60, 90)
    image[0, 20:30, 60:80] = 1.0
    masks = image[:1] > 0.5
    style = PromptStyle(crop_margin=0.0)
    got = apply_prompts(image, masks, ("crop",), style=style)
    assert got.shape == (1, 3, 60, 90)
    # The box of 20 x 10 is widened to the picture's 3 : 2, so 3/4 of the height is object.
    assert float(got[0, 0].mean()) == pytest.approx(0.75, abs=0.05)
    view = prompted_crops(image, masks, ("crop",), 32, style=style)
    assert float(view[0, 0].mean()) == pytest.approx(0.5, abs=0.05)  # 20 x 20 holds 20 x 10


def test_crop_then_the_other_prompts() -> None:
    image = as_tensor(picture(60, 90))
    masks = torch.zeros(1, 60, 90, dtype=torch.bool)
    masks[:, 20:30, 60:80] = True
    got = apply_prompts(image, masks, ("black", "crop"))
    black = (got[0].amax(0) == 0).float().mean()
    assert 0.3 < float(black) < 0.7


# ---- at the classifier's size


@pytest.mark.parametrize("mode", ["center-crop", "letterbox", "squash"])
@pytest.mark.parametrize(
    "prompts", [("blur",), ("gray", "circle"), ("black",), ("rectangle", "blur"), ()]
)
def test_drawing_small_is_close_to_drawing_large(mode: str, prompts: tuple[str, ...]) -> None:
    image = as_tensor(picture(240, 330))
    masks = torch.from_numpy(np.stack([blob(240, 330, i, 20.0) for i in range(2)]))
    masks = torch.cat([masks, torch.zeros(1, 240, 330, dtype=torch.bool)])
    fast = prompted_crops(image, masks, prompts, 96, mode)  # type: ignore[arg-type]
    slow = drawn_large(image, masks, prompts, 96, mode)
    assert fast.shape == slow.shape == (3, 3, 96, 96)
    assert float((fast - slow).abs().mean()) < 0.004


def test_drawing_small_is_exact_where_the_mask_follows_the_pixels() -> None:
    """Whole-number shrinking and masks made of whole output pixels: blending commutes."""
    image = as_tensor(picture(128, 128))
    coarse = torch.from_numpy(blob(16, 16))
    coarse[:4] = coarse[-4:] = True  # bicubic looks two pixels around: keep edges away
    masks = coarse.repeat_interleave(8, 0).repeat_interleave(8, 1)[None]
    fast = prompted_crops(image, masks, ("black",), 16)[0]
    slow = drawn_large(image, masks, ("black",), 16)[0]
    far = ndimage.binary_erosion(coarse.numpy(), np.ones((5, 5)), border_value=1)
    far |= ndimage.binary_erosion(~coarse.numpy(), np.ones((5, 5)), border_value=1)
    assert far.any()
    torch.testing.assert_close(fast[:, far], slow[:, far], rtol=0, atol=1e-4)


def test_blocks_do_not_change_results(monkeypatch: pytest.MonkeyPatch) -> None:
    image = as_tensor(picture(50, 70))
    masks = torch.from_numpy(np.stack([blob(50, 70, i) for i in range(5)]))
    for function in (prompted_crops, crops_as_reference):
        whole = function(image, masks, ("blur", "circle"), 32, "letterbox")
        with monkeypatch.context() as patch:
            patch.setattr(f"{function.__module__}.MAX_VALUES", 1)
            parts = function(image, masks, ("blur", "circle"), 32, "letterbox")
        torch.testing.assert_close(whole, parts)


def test_compat_views_resize_the_reference_pictures() -> None:
    image = as_tensor(picture(48, 64))
    masks = torch.from_numpy(blob(48, 64))[None]
    got = crops_as_reference(image, masks, ("blur", "circle"), 24, "center-crop")
    large = draw_as_reference(image, masks, ("blur", "circle"))
    resized = functional.interpolate(large, (24, 32), mode="bicubic", antialias=True)
    torch.testing.assert_close(got, resized.clamp(0, 1)[..., 4:28])


# ---- borders of the domain


@pytest.mark.parametrize("prompt", PROMPTS)
@pytest.mark.parametrize("size", [(1, 1), (1, 7), (16, 16)])
def test_empty_and_full_masks(prompt: str, size: tuple[int, int]) -> None:
    image = as_tensor(picture(*size))
    masks = torch.stack(
        [torch.zeros(size, dtype=torch.bool), torch.ones(size, dtype=torch.bool)]
    )
    got = apply_prompts(image, masks, (prompt,))
    torch.testing.assert_close(got[0], image)
    if prompt in ("blur", "reverse_blur", "gray", "black"):
        torch.testing.assert_close(got[1], image)
    assert torch.isfinite(got).all()
    views = prompted_crops(image, masks, (prompt,), 8)
    assert views.shape == (2, 3, 8, 8)
    assert float(views.min()) >= 0
    assert float(views.max()) <= 1
    if prompt not in ("crop", "reverse_blur"):
        compat = draw_as_reference(image, masks, (prompt,))
        torch.testing.assert_close(compat[0], image)
        assert torch.isfinite(compat).all()


def test_no_masks() -> None:
    image = as_tensor(picture(10, 12))
    none = torch.zeros(0, 10, 12, dtype=torch.bool)
    for prompts in ((), ("circle", "blur"), ("crop",)):
        assert apply_prompts(image, none, prompts).shape == (0, 3, 10, 12)
        assert prompted_crops(image, none, prompts, 8).shape == (0, 3, 8, 8)
    assert draw_as_reference(image, none, ("circle",)).shape == (0, 3, 10, 12)


def test_no_prompts_leave_the_picture() -> None:
    image = as_tensor(picture(10, 12))
    masks = torch.from_numpy(blob(10, 12))[None]
    assert torch.equal(apply_prompts(image, masks, ())[0], image)


def test_bad_input_is_refused_in_one_line() -> None:
    image = torch.rand(3, 8, 9)
    masks = torch.zeros(2, 8, 9, dtype=torch.bool)
    with pytest.raises(ConfigError, match="'glow' is not among the visual prompts"):
        prompted_crops(image, masks, ("glow",), 8)
    with pytest.raises(ConfigError, match="'crop' is not among the reference's prompts"):
        crops_as_reference(image, masks, ("crop",), 8, "squash")
    with pytest.raises(ValueError, match=r"want bool \[N, 8, 9\]"):
        prompted_crops(image, masks.float(), ("blur",), 8)
    with pytest.raises(ValueError, match=r"want bool \[N, 8, 9\]"):
        prompted_crops(image, masks[:, :7], ("blur",), 8)
    with pytest.raises(ValueError, match=r"want float \[3, H, W\]"):
        prompted_crops((image * 255).byte(), masks, ("blur",), 8)
    with pytest.raises(ValueError, match="center-crop, letterbox or squash"):
        prompted_crops(image, masks, (), 8, "stretch")  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match=r"prompts\.line must be from 0 to 1"):
        PromptStyle(line=2.0)
