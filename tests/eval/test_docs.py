"""The documentation keeps up with the program."""

from __future__ import annotations

from pathlib import Path

from car_video.eval.benchmarks import REGISTRY
from car_video.eval.benchmarks.ref_davis import TASKS
from car_video.eval.benchmarks.refcoco_tables import PROTOCOLS
from car_video.eval.cli_options import RUN, VIDEO
from car_video.eval.metrics.confusion import Background

DOCS = (Path(__file__).parents[2] / "docs" / "benchmarks.md").read_text("utf-8")


def test_every_benchmark_option_and_protocol_is_documented():
    words = [*(f"car-eval {name} " for name in REGISTRY if REGISTRY[name].kind == "video")]
    words += [f"`{name}`" for name in REGISTRY if name not in ("refcoco", "grefcoco")]
    words += [f"`--{name}" for name in (*RUN, *VIDEO)]
    words += [*TASKS, *PROTOCOLS, *Background.__args__, "OUR NUMBERS"]
    assert [word for word in words if word not in DOCS] == []
