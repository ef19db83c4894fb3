"""Back ends by name, as data: another one is a module and a line. Needs no torch."""

from __future__ import annotations

from dataclasses import dataclass, replace
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, cast

from car_video.errors import ConfigError

if TYPE_CHECKING:
    from car_video.config import Config

TORCH, AUTO = "torch", "auto"


@dataclass(frozen=True)
class Backend:
    """One back end.

    Attributes:
        name: for ``--backend`` and ``segment.backend``.
        module: its attribute ``RUNTIME`` is a :class:`~car_video.backends.runtime.Runtime`.
        extra: of this package that installs what it needs.
        packages: what it imports.
        int8: networks are quantised.
    """

    name: str
    module: str
    extra: str
    packages: tuple[str, ...]
    int8: bool = False

    def missing(self) -> list[str]:
        """What is not installed of its packages."""
        return [name for name in self.packages if find_spec(name) is None]


_ONNX, _OPENVINO = "car_video.backends.onnx_runtime", "car_video.backends.openvino_runtime"
BACKENDS = (
    Backend("onnx", _ONNX, "onnx", ("onnx", "onnxruntime")),
    Backend("openvino", _OPENVINO, "openvino", ("onnx", "openvino")),
    Backend("onnx-int8", _ONNX, "onnx", ("onnx", "onnxruntime"), int8=True),
    Backend("openvino-int8", _OPENVINO, "openvino", ("onnx", "openvino", "nncf"), int8=True),
)
"""All but torch, which needs nothing."""


def backend_named(name: str) -> Backend:
    """The back end of a name.

    Raises:
        ConfigError: there is none, or what it needs is not installed; one line.
    """
    for backend in BACKENDS:
        if backend.name == name:
            if missing := backend.missing():
                raise ConfigError(
                    f"--backend {name} needs {' and '.join(missing)}: "
                    f"pip install 'car-video[{backend.extra}]'"
                )
            return backend
    known = ", ".join([TORCH, *(one.name for one in BACKENDS), AUTO])
    raise ConfigError(f"unknown --backend '{name}'; choose from {known}")


def check_backend(name: str) -> None:
    """Raises ConfigError for a name that none has, or a back end that is not installed."""
    if name not in (TORCH, AUTO):
        backend_named(name)


def with_backend(config: Config, name: str | None) -> Config:
    """Settings with another back end; None leaves the preset's.

    Raises:
        ConfigError: none has this name, or it is not installed.
    """
    check_backend(config.segment.backend if name is None else name)
    if name is not None:
        segment = replace(config.segment, backend=cast("Any", name))
        config = replace(config, segment=segment)
    return config


def installed() -> list[Backend]:
    """Those whose packages are there."""
    return [backend for backend in BACKENDS if not backend.missing()]
