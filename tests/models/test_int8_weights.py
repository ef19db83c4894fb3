"""Weights at rest: rounding within its bound, damage found, nothing but tensors read."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from car_video.errors import ModelError
from car_video.models import int8_weights

SHAPES = st.lists(st.integers(1, 5), min_size=2, max_size=4).map(tuple)


def weight(shape: tuple[int, ...], seed: int, size: float) -> Tensor:
    """Rows of very different sizes, as channels have."""
    generator = torch.Generator().manual_seed(seed)
    rows = torch.randn(shape, generator=generator)
    gains = torch.logspace(-3, 1, shape[0]).view(-1, *[1] * (len(shape) - 1))
    return rows * gains * size


@settings(max_examples=60, deadline=None)
@given(SHAPES, st.integers(0, 1000), st.sampled_from([1e-6, 1.0, 1e4]))
def test_rounding_is_at_most_half_a_step(
    shape: tuple[int, ...], seed: int, size: float
) -> None:
    value = weight(shape, seed, size)
    rounded, scale = int8_weights.quantise(value)
    assert rounded.dtype == torch.int8
    assert rounded.shape == value.shape
    assert scale.shape == shape[:1]
    assert int(rounded.abs().max()) <= 127  # symmetric: -128 is not used
    back = int8_weights.dequantise(rounded, scale)
    error = (back - value).flatten(1).abs().amax(1)
    assert (error <= scale * 0.5 * (1 + 1e-4)).all()


@settings(max_examples=30, deadline=None)
@given(SHAPES, st.integers(0, 1000))
def test_rounding_twice_is_rounding_once(shape: tuple[int, ...], seed: int) -> None:
    first = int8_weights.quantise(weight(shape, seed, 1.0))
    second = int8_weights.quantise(int8_weights.dequantise(*first))
    assert torch.equal(first[0], second[0])
    torch.testing.assert_close(first[1], second[1])


def test_sign_zero_and_extremes_stay() -> None:
    value = torch.tensor([[0.0, 0.0, 0.0], [0.0, -2.0, 2.0], [1e-30, 0.0, 0.0]])
    back = int8_weights.dequantise(*int8_weights.quantise(value))
    assert back.isfinite().all()
    torch.testing.assert_close(back, value)
    assert (back[value == 0] == 0).all()


def state() -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(0)
    return {
        "kernel": torch.randn(64, 8, 3, 3, generator=generator),
        "matrix": torch.randn(64, 64, generator=generator),
        "small": torch.randn(4, 4, generator=generator),
        "bias": torch.randn(5000, generator=generator),
        "table": torch.arange(6).view(2, 3),
    }


@pytest.mark.parametrize("half", [True, False])
def test_what_is_packed_how(half: bool) -> None:
    packed = int8_weights.pack(state(), half=half)
    other = torch.float16 if half else torch.float32
    kinds = {name: value.dtype for name, value in packed.items()}
    assert kinds == {
        "kernel": torch.int8,
        "kernel" + int8_weights.SCALE: torch.float32,
        "matrix": torch.int8,
        "matrix" + int8_weights.SCALE: torch.float32,
        "small": other,
        "bias": other,
        "table": torch.int64,
    }


def test_round_trip_over_the_disk(tmp_path: Path) -> None:
    path = tmp_path / "w.safetensors"
    digest = int8_weights.save(int8_weights.pack(state()), path)
    assert digest == int8_weights.sha256(path)
    back = int8_weights.load(path, digest)
    assert back.keys() == state().keys()
    for name, value in state().items():
        if name == "table":
            assert torch.equal(back[name], value)
            continue
        assert back[name].dtype == torch.float32
        assert back[name].shape == value.shape
        step = value.abs().max() / (127 if name in ("kernel", "matrix") else 1024)
        assert (back[name] - value).abs().max() <= step, name


def test_a_file_that_is_not_ours_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "w.safetensors"
    digest = int8_weights.save(int8_weights.pack(state()), path)
    with pytest.raises(ModelError, match=r"missing: gone\.safetensors; reinstall"):
        int8_weights.load(tmp_path / "gone.safetensors", digest)
    with pytest.raises(ModelError, match=r"damaged: w\.safetensors; reinstall"):
        int8_weights.load(path, "0" * 64)


@settings(max_examples=25, deadline=None)
@given(place=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7), cut=st.booleans())
def test_damage_is_found(
    tmp_path_factory: pytest.TempPathFactory, place: float, bit: int, cut: bool
) -> None:
    path = tmp_path_factory.mktemp("damage") / "w.safetensors"
    digest = int8_weights.save({"a": torch.arange(50.0)}, path)
    data = bytearray(path.read_bytes())
    at = int(place * len(data))
    if cut:
        del data[at:]
    else:
        data[at] ^= 1 << bit
    path.write_bytes(data)
    with pytest.raises(ModelError, match="damaged"):
        int8_weights.load(path, digest)


@pytest.mark.parametrize("content", [b"", b"short", b"\xff" * 4096, b"PK\x03\x04" + bytes(99)])
def test_a_file_with_the_right_digest_but_no_tensors(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "w.safetensors"
    path.write_bytes(content)
    with pytest.raises(ModelError, match="not a readable safetensors file") as caught:
        int8_weights.load(path, int8_weights.sha256(path))
    assert "\n" not in str(caught.value)
