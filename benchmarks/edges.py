"""Hard masks against soft edges, on drawn composites whose alpha is known.

Run from the repository's root:

    python -m benchmarks.edges            # the table of docs/exports.md
    python -m benchmarks.edges --choose   # other composites, and the constants tried on them

A body with strands as thin as hair, and a body that the camera has blurred while it moved, are
laid over other pictures, eight frames each; sensor noise is added. The mask that is given is
alpha above a half, as a perfect segmenter would give it. SAD: sum of differences in thousands;
MSE and Grad: mean square of them and of their gradients (deviation 1.4), times 1,000; dtSSD:
root mean square of differences of changes from frame to frame, times 100; means over frames.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, gaussian_gradient_magnitude, zoom

from car_video.io.mattes import edges
from car_video.io.mattes.edges import EdgeFilter, EdgeOptions

HEIGHT, WIDTH, FRAMES = 270, 480, 8
NOISE = 2.0  # grey levels
FINE = 4  # samples a side of a pixel


def texture(rng: np.random.Generator, cells: int, spread: float) -> NDArray[np.float32]:
    """Smooth colours with some detail, uint8 range, [H, W, 3]."""
    shape = (cells, cells * 2, 3)
    smooth = zoom(rng.random(shape), (HEIGHT / cells, WIDTH / cells / 2, 1), order=3)
    detail = gaussian_filter(rng.normal(0, 1, (HEIGHT, WIDTH, 3)), (1.5, 1.5, 0))
    mixed = rng.uniform(60, 200, 3) + spread * (smooth - 0.5) + 40 * detail
    return np.clip(mixed, 0, 255).astype(np.float32)


def hair(rng: np.random.Generator) -> Callable[[float], NDArray[np.float32]]:
    """A disc with strands; alpha float32 [H, W] at a time."""
    count = 150
    angle = rng.uniform(0, 2 * np.pi, count)
    length, bend = rng.uniform(8, 30, count), rng.uniform(-0.8, 0.8, count)

    def at(moment: float) -> NDArray[np.float32]:
        fine = np.zeros((HEIGHT * FINE, WIDTH * FINE), bool)
        y, x = np.ogrid[: HEIGHT * FINE, : WIDTH * FINE]
        middle = np.array([HEIGHT / 2, WIDTH / 3 + 6 * moment]) * FINE
        fine |= (y - middle[0]) ** 2 + (x - middle[1]) ** 2 < (60 * FINE) ** 2
        along = np.linspace(0, 1, 200)
        for a, reach, curve in zip(angle, length, bend, strict=True):
            direction = a + curve * along + 0.1 * np.sin(moment + a)
            radius = (58 + reach * along) * FINE
            rows = (middle[0] + radius * np.sin(direction)).astype(int)
            columns = (middle[1] + radius * np.cos(direction)).astype(int)
            for dy in range(FINE):
                for dx in range(FINE):
                    fine[
                        np.clip(rows + dy, 0, fine.shape[0] - 1),
                        np.clip(columns + dx, 0, fine.shape[1] - 1),
                    ] = True
        return _pixels(fine)

    return at


def motion(rng: np.random.Generator) -> Callable[[float], NDArray[np.float32]]:
    """An ellipse that is open to the camera for half of the time between frames."""
    speed = rng.uniform(12, 20)

    def at(moment: float) -> NDArray[np.float32]:
        total = np.zeros((HEIGHT, WIDTH), np.float32)
        y, x = np.ogrid[: HEIGHT * FINE, : WIDTH * FINE]
        for part in np.linspace(0, 0.5, 8):
            column = (100 + speed * (moment + part)) * FINE
            row = HEIGHT / 2 * FINE
            inside = ((y - row) / 70) ** 2 + ((x - column) / 50) ** 2 < FINE**2
            total += _pixels(inside) / 8
        return total

    return at


def _pixels(fine: NDArray[np.bool_]) -> NDArray[np.float32]:
    means = fine.reshape(HEIGHT, FINE, WIDTH, FINE).mean((1, 3))
    return np.asarray(means, np.float32)


Shot = tuple[NDArray[np.uint8], NDArray[np.float32]]


def shots(kind: str, seed: int) -> Iterator[Shot]:
    """Pictures and their alpha."""
    rng = np.random.default_rng(seed)
    front, back = texture(rng, 3, 60), texture(rng, 6, 160)
    alpha_at = {"hair": hair, "motion": motion}[kind](rng)
    for number in range(FRAMES):
        alpha = alpha_at(number)
        picture = alpha[..., None] * front + (1 - alpha[..., None]) * back
        noisy = picture + rng.normal(0, NOISE, picture.shape)
        yield np.clip(noisy, 0, 255).astype(np.uint8), alpha


def score(kind: str, seeds: range, options: EdgeOptions) -> tuple[NDArray[np.float64], float]:
    """SAD, MSE, Grad and dtSSD, and milliseconds a frame."""
    rows, spent = [], 0.0
    for seed in seeds:
        steps = EdgeFilter(options)
        before: tuple[NDArray[np.float32], NDArray[np.float32]] | None = None
        for image, alpha in shots(kind, seed):
            began = time.perf_counter()
            found = steps.step(alpha > 0.5, image)
            spent += time.perf_counter() - began
            wrong = np.abs(found - alpha)
            slopes = [gaussian_gradient_magnitude(one, 1.4) for one in (found, alpha)]
            change = np.nan
            if before is not None:
                steps_wrong = (found - before[0]) - (alpha - before[1])
                change = 100 * float(np.sqrt((steps_wrong**2).mean()))
            before = found, alpha
            grad = 1000 * float(((slopes[0] - slopes[1]) ** 2).mean())
            mse = 1000 * float((wrong**2).mean())
            rows.append((float(wrong.sum()) / 1000, mse, grad, change))
    return np.nanmean(np.array(rows), 0), 1000 * spent / len(rows)


def main() -> None:
    parser = argparse.ArgumentParser("python -m benchmarks.edges")
    parser.add_argument("--choose", action="store_true")
    choose = parser.parse_args().choose
    print("| composite | edges | SAD | MSE | Grad | dtSSD | ms a frame |")
    print("|---|---|---|---|---|---|---|")
    settings = [(0, 0.0)]
    if choose:
        settings += [(w, e) for w in (0.3, 0.6, 1.0) for e in (1e-5, 1e-4, 1e-3)]
    else:
        settings += [(edges.WINDOW, edges.EPSILON)]
    for kind in ("hair", "motion"):
        for window, epsilon in settings:
            if window:
                edges.WINDOW, edges.EPSILON = window, epsilon
            options = EdgeOptions(soft=bool(window))
            values, spent = score(kind, range(100, 104) if choose else range(8), options)
            name = f"soft {window} {epsilon:g}" if window else "hard"
            shown = " | ".join(f"{value:.2f}" for value in values)
            print(f"| {kind} | {name} | {shown} | {spent:.0f} |", flush=True)


if __name__ == "__main__":
    main()
