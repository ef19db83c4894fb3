"""Random networks exported and computed by what is installed, compared with torch."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from car_video.backends import building, export
from car_video.backends.building import build
from car_video.backends.catalog import BACKENDS
from car_video.backends.export import largest_error
from car_video.backends.pictures import calibration_pictures, comparison_pictures, prepared
from car_video.backends.runtime import MODEL
from car_video.errors import ModelError
from car_video.models.sam.mobile_sam import MobileSam, fold_norms
from tests.backends.hosts import TinyHost
from tests.models.test_batching import small_convnext, small_resnet

FLOAT_BACKENDS = [one for one in BACKENDS if not one.int8]


def here(backend):
    """The back end, or a reason to skip."""
    if missing := backend.missing():
        pytest.skip(f"needs {', '.join(missing)}")
    return backend


def noise(*shape: int) -> torch.Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(3)) * 2 - 1


def folders(cache: Path, kind: str) -> list[Path]:
    return [one for one in (cache / "backends").glob(f"{kind}-*") if one.is_dir()]


@pytest.mark.parametrize("backend", FLOAT_BACKENDS, ids=lambda one: one.name)
def test_pictures_of_any_size_and_number_as_torch_has_them(backend, empty_cache):
    host = TinyHost()
    encoder = build(host, here(backend))
    for shape in ((1, 3, 32, 48), (2, 3, 64, 8), (1, 3, 4, 4)):
        example = noise(*shape).contiguous(memory_format=torch.channels_last)
        found, wanted = encoder(example), host.encode_by_torch(example)
        assert [one.shape for one in found] == [one.shape for one in wanted]
        for one, other in zip(found, wanted, strict=True):
            torch.testing.assert_close(one, other, rtol=1e-5, atol=1e-6)
    kept = encoder(noise(1, 3, 8, 8))[0].clone()
    first = encoder(noise(1, 3, 8, 8))[0]
    encoder(-noise(1, 3, 8, 8))
    assert torch.equal(first, kept), "an answer stays as it is when the next one comes"
    assert build(host, backend) is encoder
    assert len(folders(empty_cache, "exported")) == 1


@pytest.mark.parametrize("backend", FLOAT_BACKENDS, ids=lambda one: one.name)
def test_a_damaged_export_is_made_anew(backend, empty_cache):
    build(TinyHost(), here(backend))
    (folder,) = folders(empty_cache, "exported")
    (folder / MODEL).write_bytes((folder / MODEL).read_bytes()[:100])
    building._open.clear()
    found = build(TinyHost(), backend)
    assert largest_error(found, TinyHost().encoder_network(), noise(1, 3, 16, 16)) < 1e-5


@pytest.mark.parametrize("backend", FLOAT_BACKENDS, ids=lambda one: one.name)
def test_what_is_computed_otherwise_is_refused(backend, monkeypatch):
    """The export is of other weights than the model has."""

    def wrong(network, example, folder):
        export.export(TinyHost(9).encoder_network(), example, folder)

    monkeypatch.setattr(building, "export", wrong)
    with pytest.raises(ModelError, match=r"otherwise than torch .* use --backend torch$"):
        build(TinyHost(), here(backend))


def test_the_error_is_that_of_the_worst_cell():
    host, example = TinyHost(), noise(1, 3, 16, 16)
    network = host.encoder_network()
    assert largest_error(host.encode_by_torch, network, example) == 0

    def one_cell(prepared):
        middle, last = (one.clone() for one in host.encode_by_torch(prepared))
        last[0, :, 0, 0] += 1
        return middle, last

    assert largest_error(one_cell, network, example) > 0.5
    assert largest_error(lambda x: network(x)[:1], network, example) == float("inf")
    spoilt = largest_error(
        lambda x: tuple(m * float("nan") for m in network(x)), network, example
    )
    assert spoilt == float("inf")


@pytest.mark.slow
@pytest.mark.parametrize("backend", FLOAT_BACKENDS, ids=lambda one: one.name)
def test_mobile_sam_of_random_weights(backend):
    """Windows with and without padding: the trace of one size is good for others."""
    here(backend)
    torch.manual_seed(0)
    model = MobileSam().requires_grad_(False).eval()
    fold_norms(model.trunk)
    encoder = build(model, backend)
    for shape in ((1, 3, 112, 224), (2, 3, 96, 80)):
        assert largest_error(encoder, model.encoder_network(), noise(*shape)) < 1e-4
    pixels = torch.rand(1, 3, 60, 100)
    found, wanted = model.with_encoder(encoder).encode(pixels, 128), model.encode(pixels, 128)
    torch.testing.assert_close(found.tokens, wanted.tokens, rtol=1e-3, atol=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize(
    "backend", [one for one in BACKENDS if one.int8], ids=lambda one: one.name
)
def test_int8_is_near_torch(backend, empty_cache):
    encoder = build(TinyHost(), here(backend))
    (folder,) = folders(empty_cache, "int8")
    assert MODEL in {one.name for one in folder.iterdir()} or (folder / "model.xml").is_file()
    error = largest_error(encoder, TinyHost().encoder_network(), noise(1, 3, 32, 32))
    assert 1e-5 < error < 0.2


def test_pictures_ship():
    pictures = calibration_pictures() + comparison_pictures()
    assert len(pictures) == 6
    assert all(one.shape == (432, 768, 3) and one.dtype == np.uint8 for one in pictures)
    assert len({one.tobytes() for one in pictures}) == 6
    assert prepared(TinyHost(), pictures[0], 64).shape == (1, 3, 36, 64)


@pytest.mark.slow
@pytest.mark.parametrize("make", [small_resnet, small_convnext], ids=["resnet", "convnext"])
@pytest.mark.parametrize("backend", FLOAT_BACKENDS, ids=lambda one: one.name)
def test_convolutional_towers_of_open_clip(backend, make):
    model = make()
    other = model.with_encoder(build(model, here(backend)))
    pixels = torch.rand(2, 3, 96, 64, generator=torch.Generator().manual_seed(5))
    found, wanted = other.encode_image(pixels), model.encode_image(pixels)
    torch.testing.assert_close(found.cam_map, wanted.cam_map.float(), rtol=1e-3, atol=1e-4)
    torch.testing.assert_close(
        other.embed_image(pixels).double(), model.embed_image(pixels), rtol=1e-3, atol=1e-4
    )
    assert model.encoder is None
