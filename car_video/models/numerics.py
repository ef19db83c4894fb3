"""Precision and threads: what every model computes in, whatever the program has set up."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager
from typing import Any, ParamSpec, TypeVar

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from car_video.models.free_cores import FREE_CORES

P = ParamSpec("P")
R = TypeVar("R")


def wide(x: Tensor) -> Tensor:
    """``x`` in at least float32."""
    return x.to(torch.promote_types(x.dtype, torch.float32))


@contextmanager
def standard_torch() -> Iterator[None]:
    """Torch as this package is written for it: float32 by default, on the CPU, no autocast.

    A program may have called ``torch.set_default_dtype`` or ``torch.set_default_device``, or be
    inside a ``torch.autocast``: all of these would change what comes out, or fail deep inside a
    library. What is as it should be is not touched, so that threads do not disturb each other.
    While other programs are busy, fewer threads compute (:mod:`car_video.models.free_cores`).
    """
    before, most = torch.get_default_dtype(), torch.get_num_threads()
    with ExitStack() as stack:
        if (threads := FREE_CORES.step(most)) != most:
            torch.set_num_threads(threads)
            stack.callback(torch.set_num_threads, most)
        for device in ("cpu", "cuda"):
            if torch.is_autocast_enabled(device):
                stack.enter_context(torch.autocast(device, enabled=False))
        if _default_device().type != "cpu":
            stack.enter_context(torch.device("cpu"))
        if before is not torch.float32:
            torch.set_default_dtype(torch.float32)
            stack.callback(torch.set_default_dtype, before)
        yield


def low_precision(device: torch.device, dtype: torch.dtype) -> torch.autocast:
    """Matrix products in ``dtype`` where that is below float32, everything else as it is."""
    low = dtype != torch.float32
    return torch.autocast(device.type, dtype if low else torch.bfloat16, enabled=low)


def in_standard_torch(function: Callable[P, R]) -> Callable[P, R]:
    """A function that runs in :func:`standard_torch`.

    A generator runs in it from one value to the next; in between, the program that asks for the
    values has its own settings back.
    """
    if not inspect.isgeneratorfunction(function):
        return standard_torch()(function)

    @functools.wraps(function)
    def generate(*args: P.args, **kwargs: P.kwargs) -> Any:
        with closing(function(*args, **kwargs)) as values:
            while True:
                with standard_torch():
                    try:
                        value = next(values)
                    except StopIteration:
                        return
                yield value

    return generate


_DRAWS = {"normal_", "uniform_", "kaiming_uniform_"}
"""Names of what draws: of tensors, and of ``torch.nn.init`` (which libraries may have replaced
by their own, and which hides from a mode what it calls)."""


class WithoutRandomWeights(TorchFunctionMode):
    """Networks made in it keep whatever is in memory in place of random weights.

    For a network all of whose weights come from a file at once. Drawing them took 0.7 of the
    1.7 seconds that ``lite`` needs to load (measured on one core).
    """

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Iterable[Any],
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        given = kwargs or {}
        if getattr(func, "__name__", "") in _DRAWS:
            return args[0] if args else given["tensor"]
        return func(*args, **given)


def _default_device() -> torch.device:
    """Where tensors are made that name no device."""
    return torch.empty(0).device
