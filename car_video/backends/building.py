"""An encoder of a model by a back end: exported, checked and quantised where it is not yet."""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path

import torch

from car_video.backends.catalog import Backend
from car_video.backends.export import BOUND, FORM, export, largest_error
from car_video.backends.kept import kept, kept_json, key_of
from car_video.backends.pictures import calibration_pictures, comparison_pictures, prepared
from car_video.backends.processor import processor
from car_video.backends.runtime import Runtime, runtime_of
from car_video.errors import CarVideoError, ModelError
from car_video.models.encoder import EncoderHost, ImageEncoder
from car_video.models.numerics import in_standard_torch

_EXAMPLE_SIDE, _CHECKED_SIDE = 256, 352
"""Longest sides in pixels of the picture that is traced, and of one of another size that shows
whether the trace is good for it: small, so that the export takes seconds."""

_KEPT_OPEN = 8
"""Encoders that stay open for the next segmenter: two models by each of the back ends."""

_open: OrderedDict[tuple[str, str, int], ImageEncoder] = OrderedDict()


@in_standard_torch
def build(host: EncoderHost, backend: Backend) -> ImageEncoder:
    """An encoder that computes what the model's own does; one that is open is shared.

    Args:
        host: the model.
        backend: installed.

    Raises:
        ModelError: it cannot be exported, or what the back end computes is not what torch
            computes; one line with what to do.
    """
    threads = torch.get_num_threads()
    key = host.encoder_digest, backend.name, threads
    found = _open.get(key)
    if found is None:
        try:
            runtime = runtime_of(backend)
            folder = _exported(host)
            _check(host, runtime, folder)
            if backend.int8:
                folder = _quantised(host, backend, runtime, folder)
            found = runtime.open(folder, threads)
        except CarVideoError:
            raise
        except Exception as error:  # of torch's exporter, or of the back end's own kinds
            reason = " ".join(str(error).split())[:200] or type(error).__name__
            raise ModelError(
                f"--backend {backend.name} cannot compute {host.encoder_name} ({reason}); use "
                "--backend torch"
            ) from error
        _open[key] = found
        if len(_open) > _KEPT_OPEN:
            _open.popitem(last=False)
    return found


def _exported(host: EncoderHost) -> Path:
    def make(folder: Path) -> None:
        example = prepared(host, calibration_pictures()[0], _EXAMPLE_SIDE)
        export(host.encoder_network(), example, folder)

    return kept("exported", key_of(FORM, host.encoder_digest, torch.__version__), make)


def _check(host: EncoderHost, runtime: Runtime, folder: Path) -> None:
    """Raises ModelError where a back end computes something else than torch."""

    def find() -> float:
        example = prepared(host, comparison_pictures()[0], _CHECKED_SIDE)
        encoder = runtime.open(folder, torch.get_num_threads())
        error = largest_error(encoder, host.encoder_network(), example)
        if not error <= BOUND:
            raise ModelError(
                f"{runtime.version()} computes {host.encoder_name} otherwise than torch does "
                f"(error {error:.2g}, at most {BOUND:g}); use --backend torch"
            )
        return error

    parts = FORM, host.encoder_digest, torch.__version__, runtime.version(), processor()
    kept_json("checked", key_of(*parts), find)


def _quantised(host: EncoderHost, backend: Backend, runtime: Runtime, folder: Path) -> Path:
    def make(out: Path) -> None:
        pictures = calibration_pictures()
        samples = [prepared(host, one, host.usual_side).numpy() for one in pictures]
        runtime.quantise(folder, samples, out)

    parts = FORM, host.encoder_digest, torch.__version__, backend.name, runtime.version()
    return kept("int8", key_of(*parts), make)
