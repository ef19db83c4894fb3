"""Ours against the numbers that the official evaluations print for the same files.

``golden_expression_sets.json`` was written by the authors' scripts, run on the data sets of
``video_builders.py`` with the predictions of :func:`predict_badly` (docs/benchmarks.md,
"Parity").
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from car_video.eval.benchmarks import Benchmark, Options, make_benchmark
from car_video.eval.data.footage import video_size

from .. import builders, video_builders

SETS: Mapping[str, Callable[[Path], Path]] = {
    "mevis": builders.mevis,
    "mevis-v2": video_builders.mevis_v2,
    "long-rvos": video_builders.long_rvos,
    "reason-vos": video_builders.reason_vos,
    "revos": video_builders.revos,
    "ref-sav": video_builders.ref_sav,
}
GOLDEN = json.loads(Path(__file__).with_name("golden_expression_sets.json").read_text())


def predict_badly(benchmark: Benchmark, out: Path) -> None:
    """Predictions of every expression, the same on every machine."""
    for seed, item in enumerate(benchmark.items()):
        sentence = item.payload
        truth = sentence.truth.read(video_size(sentence.video))
        masks = video_builders.spoil(truth, seed)
        video_builders.write_masks(out / item.key, sentence.frames, masks)


def results(name: str, folder: Path) -> dict:
    benchmark = make_benchmark(name, SETS[name](folder / "data"), Options())
    predict_badly(benchmark, folder / "masks")
    items = benchmark.items()
    scores = {item.key: benchmark.score(item, folder / "masks") for item in items}
    return benchmark.summarise(scores, items).results


@pytest.mark.parametrize("name", SETS)
def test_same_numbers_as_the_official_code(tmp_path, name):
    ours = results(name, tmp_path)
    for kind, golden in GOLDEN[name].items():
        found = ours if kind == "overall" else ours["per_kind"][kind]
        tolerance = 5e-5 if name in ("revos", "ref-sav") else 1e-9  # those round to 0.01 %
        for measure, value in golden.items():
            assert found[measure] == pytest.approx(value, abs=tolerance), (kind, measure)
