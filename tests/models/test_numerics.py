"""A function or a generator in standard torch leaves the program's own settings alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch

from car_video.models.lite.model import load_lite
from car_video.models.numerics import (
    WithoutRandomWeights,
    in_standard_torch,
    standard_torch,
    wide,
)
from car_video.models.sam.mobile_sam import load_mobile_sam
from tests.models.contract import default_dtype


def standard() -> bool:
    product = torch.ones(2, 2) @ torch.ones(2, 2)
    return product.dtype is torch.float32 and product.device.type == "cpu"


def test_inside_and_afterwards() -> None:
    with default_dtype(torch.bfloat16), torch.autocast("cpu", torch.bfloat16):
        assert not standard()
        with standard_torch():
            assert standard()
        assert torch.get_default_dtype() is torch.bfloat16
        assert torch.is_autocast_enabled("cpu")
    with torch.device("meta"), standard_torch():
        assert standard()


def test_the_program_s_settings_come_back_after_an_error() -> None:
    @in_standard_torch
    def fail() -> None:
        assert standard()
        raise KeyError("mine")

    with default_dtype(torch.float64):
        with pytest.raises(KeyError, match="mine"):
            fail()
        assert torch.get_default_dtype() is torch.float64


def test_a_generator_keeps_the_state_to_itself() -> None:
    closed = []

    @in_standard_torch
    def count(most: int) -> Iterator[int]:
        try:
            for number in range(most):
                assert standard()
                yield number
        finally:
            closed.append(most)

    with default_dtype(torch.float64):
        found = []
        for number in count(3):
            assert torch.get_default_dtype() is torch.float64
            found.append(number)
        assert found == [0, 1, 2]
        early = count(5)
        assert next(early) == 0
        early.close()  # type: ignore[attr-defined]
    assert closed == [3, 5]


def test_wide() -> None:
    for dtype, wanted in ((torch.float16, torch.float32), (torch.float64, torch.float64)):
        assert wide(torch.ones(1, dtype=dtype)).dtype is wanted


@pytest.fixture
def empty_is_nan() -> Iterator[None]:
    """Memory that nothing was written to holds NaN."""
    torch.use_deterministic_algorithms(True)
    yield
    torch.use_deterministic_algorithms(False)


@pytest.mark.usefixtures("empty_is_nan")
@pytest.mark.parametrize("load", [load_lite, load_mobile_sam])
def test_all_weights_of_bundled_networks_come_from_the_files(
    load: Callable[[torch.device], Any],
) -> None:
    assert torch.empty(3).isnan().all()
    with WithoutRandomWeights():
        assert torch.nn.Linear(3, 3).weight.isnan().all()
    for name, value in load(torch.device("cpu")).state_dict().items():
        assert value.isfinite().all(), name
