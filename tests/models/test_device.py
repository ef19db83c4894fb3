"""Devices and dtypes that are not there get one clear line."""

from __future__ import annotations

import pytest
import torch

from car_video.errors import ModelError
from car_video.models.device import pick_device, pick_dtype


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> object:
    """``machine(gpus, mps)`` pretends to have so many GPUs."""

    def pretend(gpus: int, mps: bool = False) -> None:
        monkeypatch.setattr(torch.cuda, "is_available", lambda: gpus > 0)
        monkeypatch.setattr(torch.cuda, "device_count", lambda: gpus)
        monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)

    return pretend


@pytest.mark.parametrize(
    ("gpus", "mps", "want"), [(0, False, "cpu"), (2, True, "cuda"), (0, True, "mps")]
)
def test_auto_takes_the_best(machine: object, gpus: int, mps: bool, want: str) -> None:
    machine(gpus, mps)  # type: ignore[operator]
    assert pick_device("auto").type == want


@pytest.mark.parametrize("name", ["cuda", "cuda:0", "mps", "tpu", "meta", "cuda:x", ""])
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
