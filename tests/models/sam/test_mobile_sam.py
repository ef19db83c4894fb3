"""The bundled MobileSAM: names, batches of prompts, and masks on drawn pictures."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from car_video.models.sam.base import crop_logits
from car_video.models.sam.mobile_sam import MobileSam, SamEmbedding
from car_video.models.sam.weight_names import map_mobile_sam

torch.set_num_threads(1)
SIDE = 512  # a quarter of the work of 1024


@pytest.fixture(scope="module")
def sam(mobile_sam: MobileSam) -> MobileSam:
    return mobile_sam


def disc(
    height: int, width: int, centre: tuple[float, float], radius: float
) -> tuple[Tensor, Tensor]:
    """An orange disc on noisy green, float32 [1, 3, H, W], and its mask; centre is x, y."""
    y, x = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    mask = (x - centre[0]) ** 2 + (y - centre[1]) ** 2 <= radius**2
    inside = torch.tensor([0.9, 0.5, 0.1]).view(3, 1, 1)
    outside = torch.tensor([0.2, 0.45, 0.25]).view(3, 1, 1)
    noise = 0.05 * torch.rand(3, height, width, generator=torch.Generator().manual_seed(0))
    return (torch.where(mask, inside, outside) + noise)[None].clamp(0, 1), mask


def iou(logits: Tensor, embedding: SamEmbedding, mask: Tensor) -> Tensor:
    """IoU of each mask at the picture's size, [P, M]."""
    whole = F.interpolate(crop_logits(logits, embedding), mask.shape, mode="bilinear") > 0
    return (whole & mask).sum((-2, -1)) / (whole | mask).sum((-2, -1)).clamp_min(1)


def around(centre: tuple[float, float], radius: float) -> Tensor:
    x, y = centre
    return torch.tensor([[x - radius, y - radius, x + radius, y + radius]])


@pytest.fixture(scope="module")
def wide(sam: MobileSam) -> tuple[SamEmbedding, Tensor]:
    """A picture that is not square."""
    pixels, mask = disc(240, 400, (280.0, 110.0), 60.0)
    return sam.encode(pixels, SIDE), mask


@pytest.fixture(scope="module")
def full(sam: MobileSam) -> tuple[SamEmbedding, Tensor]:
    """The same at the size that SAM was trained at."""
    pixels, mask = disc(240, 400, (280.0, 110.0), 60.0)
    return sam.encode(pixels), mask


@pytest.mark.parametrize(
    ("height", "width", "centre", "radius"),
    [
        (240, 400, (280.0, 110.0), 60.0),
        (400, 240, (100.0, 290.0), 70.0),
        (300, 300, (150.0, 150.0), 90.0),
        (90, 71, (35.0, 40.0), 22.0),  # smaller than the encoder's side: enlarged
    ],
)
def test_a_box_finds_the_disc(
    sam: MobileSam, height: int, width: int, centre: tuple[float, float], radius: float
) -> None:
    pixels, mask = disc(height, width, centre, radius)
    embedding = sam.encode(pixels, SIDE)
    logits, quality = sam.predict(embedding, boxes=around(centre, radius), multimask=False)
    assert logits.shape[:2] == quality.shape == (1, 1)
    assert iou(logits, embedding, mask).item() > 0.9


def test_full_side(sam: MobileSam, full: tuple[SamEmbedding, Tensor]) -> None:
    embedding, mask = full
    assert max(embedding.size) == 1024
    logits, _ = sam.predict(embedding, boxes=around((280, 110), 60), multimask=False)
    assert iou(logits, embedding, mask).item() > 0.95


@pytest.mark.parametrize("shape", [(336, 448), (448, 336), (112, 560)])
def test_a_picture_is_fitted_into_a_shape(sam: MobileSam, shape: tuple[int, int]) -> None:
    picture = torch.rand(1, 3, 120, 200)
    embedding = sam.encode(picture, shape=shape)
    scale = min(shape[0] / 120, shape[1] / 200)
    assert embedding.scale == scale
    assert embedding.size == (round(120 * scale), round(200 * scale))
    assert embedding.tokens.shape[-2:] == (shape[0] // 16, shape[1] // 16)
    if shape == (336, 448):  # as wide as that side: only the padding is more
        assert embedding.size == sam.encode(picture, 448).size


@pytest.mark.parametrize("size", [(270, 480), (270, 481), (269, 480), (120, 213)])
def test_how_the_sides_were_rounded_changes_no_grid(
    sam: MobileSam, size: tuple[int, int]
) -> None:
    """All of them are 16 : 9, so none has a row of cells that is padding in part."""
    noise = torch.rand(1, 3, 9, 16, generator=torch.Generator().manual_seed(0))
    picture = F.interpolate(noise, size, mode="bilinear")
    whole = sam.encode(F.interpolate(noise, (270, 480), mode="bilinear"), 256)
    embedding = sam.encode(picture, 256)
    assert embedding.size == whole.size == (144, 256)
    apart = (embedding.tokens - whole.tokens)[0, :, -1].norm() / whole.tokens[0, :, -1].norm()
    assert apart < 0.1


def test_sides_between_cells_stay(sam: MobileSam) -> None:
    assert sam.encode(torch.rand(1, 3, 100, 178), 256).size == (144, 256)
    assert sam.encode(torch.rand(1, 3, 100, 175), 256).size == (146, 256)


@pytest.mark.parametrize(
    ("side", "shape"),
    [(256, None), pytest.param(512, None, marks=pytest.mark.slow), (1024, (128, 160))],
)
def test_pictures_in_a_batch_are_pictures_one_by_one(
    sam: MobileSam, side: int, shape: tuple[int, int] | None
) -> None:
    pictures = [disc(90, 150, (30.0 * n + 40, 50.0), 20.0 + n)[0] for n in range(2)]
    together = sam.encode_each(pictures, side, shape)
    assert len(together) == 2
    one, at = torch.ones(1, 1, dtype=torch.int64), torch.tensor([[[70.0, 50.0]]])
    for picture, own in zip(pictures, together, strict=True):
        alone = sam.encode(picture, side, shape)
        assert (own.size, own.scale, own.grid) == (alone.size, alone.scale, alone.grid)
        assert torch.equal(own.positions, alone.positions)
        close = {"rtol": 1e-4, "atol": 1e-4 * float(alone.tokens.abs().max())}
        torch.testing.assert_close(own.tokens, alone.tokens, **close)
        logits = sam.predict(alone, at, one)[0]
        close = {"rtol": 1e-4, "atol": 1e-4 * float(logits.abs().max())}
        torch.testing.assert_close(sam.predict(own, at, one)[0], logits, **close)


def test_a_point_finds_the_disc_among_three(
    sam: MobileSam, wide: tuple[SamEmbedding, Tensor]
) -> None:
    embedding, mask = wide
    one = torch.ones(1, 1, dtype=torch.int64)
    logits, quality = sam.predict(embedding, torch.tensor([[[280.0, 110.0]]]), one)
    assert logits.shape[:2] == quality.shape == (1, 3)
    found = iou(logits, embedding, mask)
    assert found.max() > 0.9
    away, _ = sam.predict(embedding, torch.tensor([[[40.0, 200.0]]]), one)
    assert iou(away, embedding, mask).max() < 0.3


def test_prompts_in_a_batch_are_prompts_one_by_one(
    sam: MobileSam, wide: tuple[SamEmbedding, Tensor]
) -> None:
    embedding, _ = wide
    points = torch.tensor([[[280.0, 110.0]], [[40.0, 200.0]], [[330.0, 90.0]]])
    labels = torch.tensor([[1], [1], [0]])
    together = sam.predict(embedding, points, labels)
    for i in range(3):
        alone = sam.predict(embedding, points[i : i + 1], labels[i : i + 1])
        torch.testing.assert_close(together[0][i], alone[0][0], atol=2e-3, rtol=1e-3)
        torch.testing.assert_close(together[1][i], alone[1][0], atol=1e-4, rtol=1e-3)


def test_boxes_in_a_batch_are_boxes_one_by_one(
    sam: MobileSam, wide: tuple[SamEmbedding, Tensor]
) -> None:
    embedding, _ = wide
    boxes = torch.cat([around((280, 110), 60), around((100, 100), 40)])
    together, _ = sam.predict(embedding, boxes=boxes, multimask=False)
    for i in range(2):
        alone, _ = sam.predict(embedding, boxes=boxes[i : i + 1], multimask=False)
        torch.testing.assert_close(together[i], alone[0], atol=2e-3, rtol=1e-3)


def test_a_mask_prompt_alone(sam: MobileSam, full: tuple[SamEmbedding, Tensor]) -> None:
    embedding, mask = full
    before, _ = sam.predict(embedding, boxes=around((280, 110), 60), multimask=False)
    logits, quality = sam.predict(embedding, mask_logits=before, multimask=False)
    assert logits.shape == before.shape
    assert quality.shape == (1, 1)
    assert iou(logits, embedding, mask).item() > 0.8
    nothing, _ = sam.predict(embedding, mask_logits=before.clamp(max=-10), multimask=False)
    assert iou(nothing, embedding, mask).item() < 0.5


def test_mask_prompts_with_points_in_a_batch_are_one_by_one(
    sam: MobileSam, wide: tuple[SamEmbedding, Tensor]
) -> None:
    embedding, mask = wide
    rows, columns = embedding.tokens.shape[-2:]
    shape = _cropped(embedding)
    coarse = torch.full((1, 1, 4 * rows, 4 * columns), -10.0)
    coarse[..., : shape[0], : shape[1]] = 20 * F.adaptive_avg_pool2d(mask.float()[None], shape)
    coarse[..., : shape[0], : shape[1]] -= 10
    prompts = torch.cat([coarse, coarse.clamp(max=-10)])
    points = torch.tensor([[[280.0, 110.0]], [[280.0, 130.0]]])
    labels = torch.ones(2, 1, dtype=torch.int64)
    together, _ = sam.predict(embedding, points, labels, mask_logits=prompts)
    assert together.shape == (2, 3, 4 * rows, 4 * columns)
    assert iou(together, embedding, mask)[0].max() > 0.9
    for i in range(2):
        part = slice(i, i + 1)
        alone, _ = sam.predict(embedding, points[part], labels[part], mask_logits=prompts[part])
        torch.testing.assert_close(together[i], alone[0], atol=2e-3, rtol=1e-3)


def _cropped(embedding: SamEmbedding) -> tuple[int, int]:
    height, width = embedding.size
    return -(-height // 4), -(-width // 4)


@pytest.mark.parametrize(("height", "width"), [(1, 1), (1, 300), (17, 3), (2000, 5)])
def test_tiny_and_thin_pictures(sam: MobileSam, height: int, width: int) -> None:
    embedding = sam.encode(torch.rand(1, 3, height, width), 256)
    assert max(embedding.size) == 256
    assert min(embedding.size) >= 1
    one = torch.ones(1, 1, dtype=torch.int64)
    logits, quality = sam.predict(embedding, torch.zeros(1, 1, 2), one)
    assert logits.isfinite().all()
    assert quality.isfinite().all()
    assert crop_logits(logits, embedding).shape[-2:] == _cropped(embedding)


def test_padding_points_change_nothing(
    sam: MobileSam, wide: tuple[SamEmbedding, Tensor]
) -> None:
    embedding, mask = wide
    points = torch.tensor([[[280.0, 110.0], [5.0, 5.0], [9.0, 9.0]]])
    padded, _ = sam.predict(embedding, points, torch.tensor([[1, -1, -1]]))
    moved = points.clone()
    moved[:, 1:] = 200.0
    again, _ = sam.predict(embedding, moved, torch.tensor([[1, -1, -1]]))
    torch.testing.assert_close(padded, again)
    assert iou(padded, embedding, mask).max() > 0.9


def original_name(name: str) -> str:
    """The inverse of the mapping, written down independently: ours to MobileSAM's."""
    if name.startswith("neck"):
        return "image_encoder." + name
    if name.startswith("trunk."):
        parts = name.removeprefix("trunk.").split(".")
        if parts[:2] in (["patch_embed", "conv1"], ["patch_embed", "conv2"]):
            parts[1:2] = ["seq", "0" if parts[1] == "conv1" else "2"]
            parts[-2:] = ["c", "weight"] if parts[-2:] == ["conv", "weight"] else parts[-2:]
            return "image_encoder." + ".".join(parts)
        if parts[0] == "stages":
            stage = int(parts[1]) - (parts[2] == "downsample")
            parts[:2] = ["layers", str(stage)]
        text = ".".join(parts)
        return "image_encoder." + text.replace(".conv.weight", ".c.weight")
    replacements = {
        "shared_embedding.positional_embedding": "pe_layer.positional_encoding_gaussian_matrix",
        "mask_embed.conv1": "mask_downscaling.0",
        "mask_embed.layer_norm1": "mask_downscaling.1",
        "mask_embed.conv2": "mask_downscaling.3",
        "mask_embed.layer_norm2": "mask_downscaling.4",
        "mask_embed.conv3": "mask_downscaling.6",
        "point_embed.": "point_embeddings.",
        "upscale_conv1": "output_upscaling.0",
        "upscale_layer_norm": "output_upscaling.1",
        "upscale_conv2": "output_upscaling.3",
        "layer_norm_final_attn": "norm_final_attn",
        ".layer_norm": ".norm",
        "proj_in": "layers.0",
        "proj_out": "layers.2",
    }
    if "iou_prediction_head.layers.0" in name or (
        "hypernetworks" in name and ".layers.0" in name
    ):
        name = name.replace(".layers.0.", ".layers.1.")
    for new, old in replacements.items():
        name = name.replace(new, old)
    return name


def test_every_tensor_has_its_place(sam: MobileSam) -> None:
    ours = {
        name: value
        for name, value in sam.state_dict().items()
        if not name.endswith(("bias_idxs", "num_batches_tracked"))
    }
    theirs = {original_name(name): value for name, value in ours.items()}
    assert len(theirs) == len(ours)
    theirs["image_encoder.norm_head.weight"] = torch.ones(1)  # of the ImageNet classifier
    theirs["image_encoder.head.weight"] = torch.ones(1)
    mapped = map_mobile_sam(theirs)
    assert mapped.keys() == ours.keys()
    assert all(mapped[name] is ours[name] for name in ours)
    assert "image_encoder.layers.0.downsample.conv1.c.weight" in theirs
    assert "mask_decoder.output_hypernetworks_mlps.0.layers.2.weight" in theirs
