"""Settings of all tests.

Examples of properties are the same in every run, so that a run says something about a change.
``pytest --hypothesis-profile=search`` looks for new ones.

Ctrl-C works in tests however they were started: a shell's background job ignores SIGINT, and so
would every process that a test starts and interrupts.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import suppress
from copy import copy
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

TESTS = Path(__file__).parent

# One thread a process: pytest -n runs as many processes as there are cores. Subprocesses of
# tests inherit it. torch reads it when it is first imported.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# Bytecode is kept even where the environment says that none is written, as container images do:
# every worker would rewrite the assertions of all tests again, every process that a test starts
# compile the package again.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# Thousands of modules are imported, none of which is garbage: nothing is looked for until then.
gc.disable()

signal.signal(signal.SIGINT, signal.default_int_handler)

settings.register_profile("same", derandomize=True, deadline=None)  # machines may be busy
settings.register_profile("search", derandomize=False, deadline=None)
settings.load_profile("same")


@pytest.hookimpl(tryfirst=True)
def pytest_collection(session: pytest.Session) -> None:
    """Of a whole run's workers every second one reads the tests from the last to the first.

    What one worker has rewritten and compiled is ready for the other: each does half of it.
    """
    number = os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")
    if int(number) % 2 and session.config.args == session.config.getini("testpaths"):
        for path in sorted(TESTS.rglob("test_*.py"), reverse=True):
            name = ".".join(path.relative_to(TESTS.parent).with_suffix("").parts)
            # What cannot be imported is told when its turn comes.
            with suppress(Exception, pytest.skip.Exception):
                import_module(name)


def pytest_collection_finish() -> None:
    """What is imported by now stays: no full garbage collection walks through it again."""
    gc.collect()
    gc.freeze()
    gc.enable()


@pytest.fixture(params=["cpu", "cuda", "mps"])
def device(request: pytest.FixtureRequest) -> Any:
    """Every kind of device that torch knows and this machine has."""
    import torch

    kind = request.param
    if kind == "cuda" and not torch.cuda.is_available():
        pytest.skip("no CUDA device on this machine")
    if kind == "mps" and not torch.backends.mps.is_available():
        pytest.skip("no Apple GPU on this machine")
    return torch.device(kind)


@pytest.fixture(scope="session")
def mask_model() -> Any:
    """The default mask model on the CPU, loaded once: segmenters share one that is in use."""
    import torch

    from car_video.config import SamRefineConfig
    from car_video.models.sam.registry import load_mask_model

    return load_mask_model(SamRefineConfig().model, torch.device("cpu"))


@pytest.fixture(scope="session")
def mobile_sam() -> Any:
    """MobileSAM on the CPU in float32, loaded once."""
    import torch

    from car_video.models.sam.mobile_sam import load_mobile_sam

    return load_mobile_sam(torch.device("cpu"), torch.float32)


@pytest.fixture(scope="session")
def lite_float32(mask_model: Any) -> Any:
    """The bundled model on the CPU in float32, loaded once for all tests of a process."""
    from car_video import load_model

    return load_model("lite", "cpu", "float32")


@pytest.fixture(scope="session")
def lite(lite_float32: Any) -> Any:
    """The same; folders and modules have their own of this name."""
    return lite_float32


@pytest.fixture(scope="session")
def lite_default(lite_float32: Any) -> Any:
    """The bundled model on the CPU in the dtype that users get there, loaded once.

    The same texts in one call are encoded once; ``lite_float32`` is without that.
    """
    import torch

    from car_video import load_model
    from car_video.models.device import fastest_dtype
    from car_video.models.pair import ModelPair
    from tests.models.text_cache import encoding_texts_once

    single = fastest_dtype(torch.device("cpu")) is torch.float32
    pair = lite_float32 if single else load_model("lite", "cpu")
    model = encoding_texts_once(copy(pair.proposer))
    return ModelPair("lite", model, model)


@pytest.fixture(scope="session")
def ray_cluster() -> Iterator[None]:
    """A local Ray cluster of two workers, one thread each, in the environment of the tests."""
    ray = pytest.importorskip("ray", reason="the extra 'ray' is not installed")
    ray.init(
        num_cpus=2,
        include_dashboard=False,
        log_to_driver=False,
        runtime_env={"env_vars": {"PYTHONPATH": str(TESTS.parent)}},
    )
    yield
    ray.shutdown()
