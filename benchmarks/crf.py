"""Time and agreement of the dense CRF's modes, against pydensecrf, in one run.

    python -m benchmarks.crf [--data ../shared/data/ref-davis-dev] [--frames 12] [--threads 1]

Proposals are simulated from the ground truth: area-averaged to a coarse grid, blurred, mixed
with noise and upsampled, which is what a class activation map looks like. Without data a
synthetic image is used. Prints, for each mode: milliseconds for one frame and one query (what
a new frame costs, and what a further query on the same frame costs), the ratio to pydensecrf,
IoU with the exact masks and with the ground truth.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional

from car_video.config import FAST_CRF, CrfConfig
from car_video.errors import CarVideoError
from car_video.segment.refinement.crf.inference import DenseCrf

MODES: dict[str, CrfConfig] = {
    "pydensecrf": CrfConfig(backend="pydensecrf"),
    "torch, exact": CrfConfig(),
    "torch, convolution": CrfConfig(spatial_kernel="convolution"),
    "torch, scale 1/2": replace(FAST_CRF, iterations=10),
    "torch, FAST_CRF": FAST_CRF,
    "torch, scale 1/3": replace(FAST_CRF, scale=1 / 3),
}


def frames(folder: Path, count: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """(uint8 [H, W, 3], bool [H, W]): the middle frame of up to ``count`` sequences."""
    for sequence in sorted((folder / "JPEGImages" / "480p").iterdir())[:count]:
        files = sorted(sequence.glob("*.jpg"))
        file = files[len(files) // 2]
        mask = folder / "Annotations" / "480p" / sequence.name / f"{file.stem}.png"
        with Image.open(file) as image, Image.open(mask) as truth:
            yield np.array(image.convert("RGB")), np.array(truth) > 0


def synthetic() -> Iterator[tuple[np.ndarray, np.ndarray]]:
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:480, :854].astype(float)
    image = np.stack([60 + 80 * x / 854, 90 + 60 * y / 480, 0 * x + 120], -1)
    disc = (y - 240) ** 2 + (x - 400) ** 2 < 120**2
    image[disc] = (200, 60, 40)
    yield np.clip(image + rng.normal(0, 6, image.shape), 0, 255).astype(np.uint8), disc


def simulated_proposal(truth: np.ndarray, seed: int, cell: int = 24) -> Tensor:
    """float32 [1, H, W] in [0, 1]."""
    height, width = truth.shape
    grid = (max(1, height // cell), max(1, width // cell))
    low = functional.interpolate(torch.from_numpy(truth)[None, None].float(), grid, mode="area")
    low = functional.avg_pool2d(low, 3, 1, 1, count_include_pad=False)
    noise = torch.rand(low.shape, generator=torch.Generator().manual_seed(seed))
    map_ = functional.interpolate(0.8 * low + 0.2 * noise, (height, width), mode="bilinear")[0]
    return (map_ - map_.min()) / (map_.max() - map_.min()).clamp_min(1e-9)


def iou(a: Tensor, b: Tensor) -> float:
    union = int((a | b).sum())
    return 1.0 if union == 0 else int((a & b).sum()) / union


def timed(action: Callable[[], Tensor]) -> tuple[Tensor, float]:
    start = time.perf_counter()
    result = action()
    if result.device.type == "cuda":
        torch.cuda.synchronize()
    return result, (time.perf_counter() - start) * 1e3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    default = Path(__file__).resolve().parents[2] / "shared" / "data" / "ref-davis-dev"
    parser.add_argument("--data", type=Path, default=default)
    parser.add_argument("--frames", type=int, default=12)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--device", default="cpu")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)

    actions: dict[str, Callable[[Tensor, Tensor], tuple[Callable[[], Tensor], ...]]] = {}
    for name, config in MODES.items():

        def crf(
            image: Tensor, soft: Tensor, config: CrfConfig = config
        ) -> tuple[Callable[[], Tensor], ...]:
            built = DenseCrf(image, config)
            return (
                lambda: DenseCrf(image, config).binary_marginals(soft),
                lambda: built.binary_marginals(soft),
            )

        actions[name] = crf

    whole: dict[str, list[float]] = {}
    again: dict[str, list[float]] = {}
    exact: dict[str, list[float]] = {}
    truth_iou: dict[str, list[float]] = {"proposal": []}
    source = frames(options.data, options.frames) if options.data.is_dir() else synthetic()
    for number, (picture, mask) in enumerate(source):
        image = torch.from_numpy(picture).to(options.device)
        soft = simulated_proposal(mask, number).to(options.device)
        truth = torch.from_numpy(mask).to(options.device)
        truth_iou["proposal"].append(iou(soft[0] > 0.5, truth))
        results: dict[str, Tensor] = {}
        for name, make in actions.items():
            try:
                build_and_infer, infer = make(image, soft)
            except CarVideoError as error:
                print(f"{name}: left out ({error})")
                continue
            if number == 0:
                build_and_infer()  # warm up: threads, lattice of the positions
            results[name], milliseconds = timed(build_and_infer)
            whole.setdefault(name, []).append(milliseconds)
            again.setdefault(name, []).append(timed(infer)[1])
        for name, marginals in results.items():
            found = marginals[0] > 0.5
            reference = results["torch, exact"][0] > 0.5
            exact.setdefault(name, []).append(iou(found, reference))
            truth_iou.setdefault(name, []).append(iou(found, truth))

    print(
        f"{len(truth_iou['proposal'])} frames, last {mask.shape}, {options.threads} thread(s)"
    )
    print(f"{'mode':<20}{'ms/frame':>10}{'ms/query':>10}{'x faster':>10}", end="")
    print(f"{'IoU exact':>11}{'(min)':>8}{'IoU truth':>11}")
    first = whole.get("pydensecrf")
    for name, times in whole.items():
        ratio = statistics.median(first) / statistics.median(times) if first else float("nan")
        print(
            f"{name:<20}{statistics.median(times):>10.0f}{statistics.median(again[name]):>10.0f}"
            f"{ratio:>10.1f}{statistics.mean(exact[name]):>11.4f}{min(exact[name]):>8.3f}"
            f"{statistics.mean(truth_iou[name]):>11.4f}"
        )
    print(f"{'no refinement':<20}{'':>49}{statistics.mean(truth_iou['proposal']):>11.4f}")


if __name__ == "__main__":
    main()
