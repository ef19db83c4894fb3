"""One picture of an image set, predicted and scored by the benchmarks of ``car-eval``."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from car_video.eval.benchmarks import Benchmark, Item

from benchmarks.generalisation.sharing import SharedFrames
from benchmarks.shared_encodings import SharingSegmenters
from car_video import Config


def run_picture(
    benchmark: Benchmark, item: Item, shared: SharedFrames, config: Config
) -> dict[str, Any]:
    """Predict one item and score it.

    Args:
        benchmark: of ``car_video.eval``.
        item: one of its items.
        shared: models of the process.
        config: preset.

    Returns:
        ``group``, the picture; ``score``, what the benchmark says; ``seconds`` of CPU.
    """
    segmenters = SharingSegmenters(shared.model, shared.encodings, config, {})
    with tempfile.TemporaryDirectory() as folder:
        benchmark.predict(item, segmenters, Path(folder))
        score = benchmark.score(item, Path(folder))
    shared.forget()
    return {"group": item.group, "score": score, "seconds": segmenters.clock.seconds}
