"""OpenVINO on the CPU, and NNCF, its quantiser."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Sequence
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path

import numpy as np
import openvino
import torch
from numpy.typing import NDArray
from torch import Tensor

from car_video.backends.runtime import MODEL

QUANTISED = "model.xml"


class OpenVinoEncoder:
    """A compiled network; see :class:`~car_video.models.encoder.ImageEncoder`."""

    def __init__(self, file: Path, threads: int) -> None:
        settings = {
            "INFERENCE_NUM_THREADS": threads,
            "PERFORMANCE_HINT": "LATENCY",
            # Where the processor has bfloat16, OpenVINO would round to it unasked.
            "INFERENCE_PRECISION_HINT": "f32",
        }
        self._request = openvino.compile_model(file, "CPU", settings).create_infer_request()
        self._lock = threading.Lock()

    def __call__(self, prepared: Tensor) -> tuple[Tensor, ...]:
        with self._lock:  # results are overwritten by the next call
            found = self._request.infer({0: prepared.float().contiguous().numpy()})
            return tuple(torch.from_numpy(np.array(one)) for one in found.to_tuple())


class OpenVino:
    """See :class:`~car_video.backends.runtime.Runtime`."""

    def version(self) -> str:
        return f"openvino {openvino.__version__}"

    def open(self, folder: Path, threads: int) -> OpenVinoEncoder:
        quantised = folder / QUANTISED
        return OpenVinoEncoder(quantised if quantised.exists() else folder / MODEL, threads)

    def quantise(self, folder: Path, samples: Sequence[NDArray[np.float32]], out: Path) -> None:
        os.environ.setdefault("NNCF_CI", "1")  # it would report its use to its makers
        logging.getLogger("torch.utils.cpp_extension").setLevel(logging.ERROR)
        import nncf

        nncf.set_log_level(logging.ERROR)
        with redirect_stdout(StringIO()), redirect_stderr(StringIO()):  # bars of progress
            model = openvino.Core().read_model(folder / MODEL)
            found = nncf.quantize(
                model,
                nncf.Dataset(list(samples)),
                subset_size=len(samples),
                # Knows attention, and leaves alone what computes sizes; convolutions as ever.
                model_type=nncf.ModelType.TRANSFORMER,
            )
        openvino.save_model(found, out / QUANTISED, compress_to_fp16=False)


RUNTIME = OpenVino()
