"""ONNX Runtime on the CPU, and its quantiser."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import onnxruntime
import torch
from numpy.typing import NDArray
from torch import Tensor

from car_video.backends.runtime import MODEL

_QUIET = 3  # errors only
_QUANTISED = ["Conv", "MatMul", "Gemm"]
"""Operators in int8: nearly all of the work. Sums, norms and softmax stay float."""


class OnnxEncoder:
    """A session; see :class:`~car_video.models.encoder.ImageEncoder`."""

    def __init__(self, file: Path, threads: int) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = _QUIET
        # Threads that wait must not spin: beside other programs that costs most of the speed.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session = onnxruntime.InferenceSession(
            str(file), options, providers=["CPUExecutionProvider"]
        )

    def __call__(self, prepared: Tensor) -> tuple[Tensor, ...]:
        given = {"prepared": prepared.float().contiguous().numpy()}
        return tuple(torch.from_numpy(one) for one in self._session.run(None, given))


class OnnxRuntime:
    """See :class:`~car_video.backends.runtime.Runtime`."""

    def version(self) -> str:
        return f"onnxruntime {onnxruntime.__version__}"

    def open(self, folder: Path, threads: int) -> OnnxEncoder:
        return OnnxEncoder(folder / MODEL, threads)

    def quantise(self, folder: Path, samples: Sequence[NDArray[np.float32]], out: Path) -> None:
        from onnxruntime.quantization import (
            CalibrationDataReader,
            QuantFormat,
            QuantType,
            quantize_static,
        )
        from onnxruntime.quantization.shape_inference import quant_pre_process

        class Samples(CalibrationDataReader):
            def __init__(self) -> None:
                self._rest: Iterator[NDArray[np.float32]] = iter(samples)

            def get_next(self) -> dict[str, NDArray[np.float32]] | None:
                one = next(self._rest, None)
                return None if one is None else {"prepared": one}

        ready = out / "ready.onnx"
        with _without_warnings():
            quant_pre_process(str(folder / MODEL), str(ready), skip_symbolic_shape=True)
            quantize_static(
                str(ready),
                str(out / MODEL),
                Samples(),
                quant_format=QuantFormat.QDQ,
                op_types_to_quantize=_QUANTISED,
                per_channel=True,
                # 7 bits of weights: products of 8 overflow where there is no VNNI.
                reduce_range=True,
                activation_type=QuantType.QUInt8,
                weight_type=QuantType.QInt8,
            )
        os.remove(ready)


@contextmanager
def _without_warnings() -> Iterator[None]:
    """What the quantiser logs for developers is not shown."""
    import logging

    root = logging.getLogger()
    level = root.level
    root.setLevel(logging.ERROR)
    try:
        yield
    finally:
        root.setLevel(level)


RUNTIME = OnnxRuntime()
