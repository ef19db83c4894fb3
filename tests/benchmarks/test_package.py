"""Benchmarks run under the settings of threads that the command has."""

from __future__ import annotations

import os
import subprocess
import sys

from car_video.cli.launcher import OPENMP_VARIABLES, SPIN_COUNT

CODE = """
import os, sys
import benchmarks
assert "torch" not in sys.modules, "too late for OpenMP's settings"
print(os.environ["GOMP_SPINCOUNT"])
"""


def test_threads_are_prepared_before_torch_loads() -> None:
    clean = {name: value for name, value in os.environ.items() if name not in OPENMP_VARIABLES}
    command = [sys.executable, "-c", CODE]
    done = subprocess.run(command, env=clean, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == SPIN_COUNT
