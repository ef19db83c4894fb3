"""What ``torch.compile`` would gain: each encoder as it runs and compiled, in one process.

Run from the repository's root; needs a C++ compiler:

    python -m benchmarks.compiled [--threads 1] [--parts lite MobileSAM ViT-B-16 convnext_base]

``lite`` and MobileSAM with their weights and the precision they have on this machine, CLIP
architectures with random weights in float32. Prints CPU milliseconds of one picture (the best
of five), seconds until the first compiled picture is there, how many pictures that takes to
pay, and the largest difference relative to the largest value.
"""

from __future__ import annotations

import argparse
import logging
import os
import tempfile
import time
from collections.abc import Callable

import open_clip
import torch
from torch import Tensor

from car_video.models.lite.model import load_lite
from car_video.models.sam.mobile_sam import load_mobile_sam

Encoder = Callable[[Tensor], Tensor]
Part = tuple[Encoder, Tensor, torch.dtype]


def lite() -> Part:
    model = load_lite(torch.device("cpu"))
    dtype = next(model.image.trunk.parameters()).dtype
    return model.image.features, torch.rand(1, 3, 288, 512), dtype


def mobile_sam() -> Part:
    sam = load_mobile_sam(torch.device("cpu"))
    dtype = next(sam.neck.parameters()).dtype
    pixels = torch.rand(1, 3, 576, 1024).to(dtype)
    pixels = pixels.contiguous(memory_format=torch.channels_last)
    return sam.trunk.forward_features, pixels, dtype


def clip(name: str) -> Part:
    logging.disable(logging.WARNING)
    network = open_clip.create_model(name, pretrained=None).eval()
    return network.visual, torch.rand(1, 3, 224, 224), torch.float32


PARTS: dict[str, Callable[[], Part]] = {
    "lite": lite,
    "MobileSAM": mobile_sam,
    "ViT-B-16": lambda: clip("ViT-B-16"),
    "convnext_base": lambda: clip("convnext_base"),
}


def milliseconds(encode: Encoder, pixels: Tensor, times: int = 5) -> float:
    """CPU time of the best run, all threads together."""
    encode(pixels)
    found = []
    for _ in range(times):
        start = time.process_time()
        encode(pixels)
        found.append(time.process_time() - start)
    return 1000 * min(found)


@torch.inference_mode()
def row(name: str) -> str:
    """One line of the table."""
    encode, pixels, dtype = PARTS[name]()
    expected, before = encode(pixels), milliseconds(encode, pixels)
    compiled: Encoder = torch.compile(encode, dynamic=False)
    start = time.perf_counter()
    found = compiled(pixels)
    wait, after = time.perf_counter() - start, milliseconds(compiled, pixels)
    differ = float((found - expected).abs().max() / expected.abs().max())
    pays = f"{1000 * wait / (before - after):.0f}" if after < before else "never"
    size = "x".join(str(side) for side in pixels.shape[-2:])
    precision = str(dtype).split(".")[1]
    cells = (name, size, precision, f"{before:.0f}", f"{after:.0f}", f"{wait:.0f}", pays)
    return f"| {' | '.join(cells)} | {differ:.0e} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--parts", nargs="+", default=list(PARTS), choices=list(PARTS))
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    titles = "encoder", "picture", "precision", "ms", "compiled", "to compile, s", "pays after"
    print(f"| {' | '.join(titles)} | differ |")
    print("|---" * (len(titles) + 1) + "|")
    with tempfile.TemporaryDirectory() as empty:
        os.environ["TORCHINDUCTOR_CACHE_DIR"] = empty  # nothing is compiled already
        for name in arguments.parts:
            print(row(name), flush=True)


if __name__ == "__main__":
    main()
