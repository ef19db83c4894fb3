"""Devices and dtypes that are not there get one clear line."""

from __future__ import annotations

import pytest
import torch

from car_video.errors import ModelError
from car_video.models.device import fastest_dtype, pick_device, pick_dtype


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> object:
    """``machine(gpus, mps)`` pretends to have so many GPUs."""

    def pretend(gpus: int, mps: bool = False) -> None:
        monkeypatch.setattr(torch.cuda, "is_available", lambda: gpus > 0)
        monkeypatch.setattr(torch.cuda, "device_count", lambda: gpus)
        monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)

    return pretend


@pytest.mark.parametrize(
    ("gpus", "mps", "want"), [(0, False, "cpu"), (2, True, "cuda"), (0, True, "cpu")]
)
def test_auto_takes_the_best(machine: object, gpus: int, mps: bool, want: str) -> None:
    machine(gpus, mps)  # type: ignore[operator]
    assert pick_device("auto").type == want


@pytest.mark.parametrize(
    "name", ["cuda", "cuda:0", "mps", "tpu", "meta", "cuda:x", "cpu:5", "mps:1", ""]
)
def test_absent_devices_are_one_line(machine: object, name: str) -> None:
    machine(0)  # type: ignore[operator]
    with pytest.raises(ModelError) as caught:
        pick_device(name)
    assert "\n" not in str(caught.value)
    assert name in str(caught.value)
    assert "auto" in str(caught.value)


def test_gpu_numbers(machine: object) -> None:
    machine(2)  # type: ignore[operator]
    assert pick_device("cuda:1") == torch.device("cuda:1")
    assert pick_device(torch.device("cpu")).type == "cpu"
    with pytest.raises(ModelError, match="cuda:0 to cuda:1"):
        pick_device("cuda:2")


def test_dtypes_by_name_or_as_they_are() -> None:
    assert pick_dtype("bfloat16") == pick_dtype(torch.bfloat16) == torch.bfloat16
    with pytest.raises(ModelError, match="float32"):
        pick_dtype("int8")


@pytest.mark.parametrize(
    ("capability", "dtype"),
    [((7, 0), torch.float16), ((7, 5), torch.float16), ((8, 0), torch.bfloat16),
     ((8, 9), torch.bfloat16), ((9, 0), torch.bfloat16), ((12, 0), torch.bfloat16)],
)  # fmt: skip
def test_bfloat16_is_for_gpus_that_multiply_it(
    monkeypatch: pytest.MonkeyPatch, capability: tuple[int, int], dtype: torch.dtype
) -> None:
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: capability)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda *a, **k: True)  # emulated too
    assert fastest_dtype(torch.device("cuda:0")) == dtype


def test_other_devices_compute_in_what_they_have(monkeypatch: pytest.MonkeyPatch) -> None:
    for native, dtype in ((True, torch.bfloat16), (False, torch.float32)):
        monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda n=native: n)
        assert fastest_dtype(torch.device("cpu")) == dtype
    assert fastest_dtype(torch.device("mps")) == torch.float32
