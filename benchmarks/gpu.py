"""Time on a GPU: frames of ``lite``, pictures of a CLIP pair, pictures of FC-CLIP.

Run from the repository's root, on a machine with CUDA:

    python -m benchmarks.gpu [--parts lite pair fcclip] [--frames FOLDER] [--expr TEXT ...]
        [--device cuda]

``lite`` has its own weights and looks for one expression and for all through the pictures of
FOLDER (a drawn moving picture without it), online, ``best`` and default. How many of them were
in the last frame is in the row: a target that is absent is not followed and costs less. The
CLIP pair (ViT-B/16 + ViT-L/14) and FC-CLIP (ConvNeXt-L) have random weights of the true sizes:
time does not depend on their values, except through how many queries survive. One table:
milliseconds per picture (the mean, keyframes and others), pictures a second, how often one
makes the processor wait for the GPU, and the most memory that torch held. ``benchmarks/gpu.sh``
runs the device tests too.
"""

from __future__ import annotations

import argparse
import statistics
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import open_clip
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from benchmarks.image import picture
from car_video import ImageSegmenter, VideoSegmenter, load_model, load_preset
from car_video.models.clip.factory import model_from_network
from car_video.models.fcclip.architecture import CONVNEXT_L
from car_video.models.fcclip.backbone import Backbone
from car_video.models.fcclip.network import FcClip, TrainedPart
from car_video.models.fcclip.text_rows import TextEncoder, TextRows
from car_video.models.pair import ModelPair
from car_video.text.vocabulary import load_vocabulary

WARM_UP = 4
NAMES = ("a person", "a dog", "a red car", "a tall tree")


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    name: str
    milliseconds: float
    pictures: int
    waits: float
    megabytes: float

    def __str__(self) -> str:
        rate = 1000 * self.pictures / self.milliseconds
        each = self.milliseconds / self.pictures
        return (
            f"| {self.name} | {each:.1f} | {rate:.1f} | {self.waits:.0f} | "
            f"{self.megabytes:.0f} |"
        )


def measure(
    name: str,
    device: torch.device,
    work: Callable[[int], object],
    times: int,
    pictures: int = 1,
) -> Row:
    """The mean of ``times`` calls after a warm-up; ``work`` gets the number of the call."""
    cuda = device.type == "cuda"
    wait = torch.cuda.synchronize if cuda else lambda: None
    for number in range(WARM_UP):
        work(number)
    waits = _waits(lambda: work(WARM_UP)) if cuda else 0
    if cuda:
        torch.cuda.reset_peak_memory_stats()
    seconds = []
    for number in range(WARM_UP + 1, WARM_UP + 1 + times):
        wait()
        began = time.perf_counter()
        work(number)
        wait()
        seconds.append(time.perf_counter() - began)
    peak = torch.cuda.max_memory_allocated() / 2**20 if cuda else 0.0
    # A mean: keyframes cost more than the frames between them, and both count.
    return Row(name, 1000 * statistics.mean(seconds), pictures, waits / pictures, peak)


def _waits(work: Callable[[], object]) -> int:
    """How often torch waits for the GPU in one call."""
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        torch.cuda.set_sync_debug_mode("warn")
        try:
            work()
        finally:
            torch.cuda.set_sync_debug_mode("default")
    return sum("synchronizing" in str(one.message) for one in found)


def frames_of(folder: Path | None, count: int) -> list[NDArray[np.uint8]]:
    """Pictures of a folder in order of name, again from the front where they are too few."""
    if folder is None:
        large = picture(480, 854 + 4 * count)
        return [np.ascontiguousarray(large[:, 4 * n : 4 * n + 854]) for n in range(count)]
    paths = sorted(path for path in folder.iterdir() if path.suffix in (".jpg", ".png"))
    loaded = []
    for path in paths[:count]:
        with Image.open(path) as opened:
            loaded.append(np.asarray(opened.convert("RGB")))
    return [loaded[n % len(loaded)] for n in range(count)]


def lite_rows(
    device: torch.device, folder: Path | None, times: int, names: Sequence[str]
) -> Iterator[Row]:
    frames = frames_of(folder, times + WARM_UP + 1)
    height, width = frames[0].shape[:2]
    model = load_model("lite", str(device))
    for preset in ("best", "default"):
        for count in sorted({1, len(names)}):
            segmenter = VideoSegmenter(model, names[:count], load_preset(preset), fps=24.0)
            row = measure("", device, lambda n, s=segmenter: s.step(frames[n]), times)
            there = int(segmenter.presence.present.sum())
            name = f"`lite` {preset}, {count} expressions, {there} present, {width}x{height}"
            yield replace(row, name=name)


def random_clip(name: str, device: torch.device, dtype: torch.dtype) -> object:
    torch.manual_seed(0)
    network = open_clip.create_model(name, pretrained=None, device=device)
    return model_from_network(name, network, open_clip.get_tokenizer(name), dtype=dtype)


def pair_rows(device: torch.device, times: int) -> Iterator[Row]:
    image = picture(500, 500)
    for dtype in (torch.float32, torch.bfloat16):
        pair = ModelPair(
            "pair",
            random_clip("ViT-B-16", device, dtype),  # type: ignore[arg-type]
            random_clip("ViT-L-14", device, dtype),  # type: ignore[arg-type]
        )
        for refine in ("none", "crf"):
            config = replace(load_preset("voc").segment, refine=refine)
            # Nothing is dropped at 0, so that every picture costs two steps with all queries.
            config = replace(
                config, recurrence=replace(config.recurrence, confidence_threshold=0.0)
            )
            segmenter = ImageSegmenter(pair, NAMES, config)
            name = f"CLIP pair, `voc`, 4 names, {refine}, 500x500, {str(dtype)[6:]}"
            yield measure(name, device, lambda n, s=segmenter: s.segment(image), times)


def fcclip_rows(device: torch.device, times: int, compiled: bool) -> Iterator[Row]:
    name = "convnext_large_d_320"
    for dtype in (torch.float32, torch.bfloat16):
        clip = random_clip(name, device, dtype)
        network = FcClip(name, Backbone(clip), TrainedPart(CONVNEXT_L))  # type: ignore[arg-type]
        coco = load_vocabulary("coco")
        texts = TextEncoder(clip).encode(coco, coco)  # type: ignore[arg-type]
        for kind in ("", ", compiled") if compiled and dtype == torch.bfloat16 else ("",):
            if kind:
                for stage in clip.visual.trunk.stages:  # type: ignore[attr-defined]
                    for block in stage.blocks:  # alike, so that few of them are compiled anew
                        block.compile()
            for batch in (1, 8):
                pixels = torch.randn(batch, 3, 800, 1344, device=device)

                work = _pass(network, pixels, texts)
                label = f"FC-CLIP ConvNeXt-L, 800x1344, batch {batch}, {str(dtype)[6:]}{kind}"
                yield measure(label, device, work, max(4, times // batch), batch)


def _pass(network: FcClip, pixels: Tensor, texts: TextRows) -> Callable[[int], Tensor]:
    return lambda _: network.classify(network.propose(pixels), texts)


def main() -> None:
    parser = argparse.ArgumentParser("python -m benchmarks.gpu")
    parser.add_argument("--parts", nargs="+", default=["lite", "pair", "fcclip"])
    parser.add_argument("--frames", type=Path)
    parser.add_argument("--expr", nargs="+", default=NAMES)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--times", type=int, default=24)
    parser.add_argument(
        "--compiled", action="store_true", help="FC-CLIP with torch.compile too"
    )
    options = parser.parse_args()
    device = torch.device(options.device)
    card = torch.cuda.get_device_name() if device.type == "cuda" else "CPU"
    print(f"{card}, torch {torch.__version__}\n")
    print("| what | ms a picture | pictures/s | waits | MB |")
    print("|---|---|---|---|---|")
    if "lite" in options.parts:
        for row in lite_rows(device, options.frames, options.times, options.expr):
            print(row, flush=True)
    if "pair" in options.parts:
        for row in pair_rows(device, options.times):
            print(row, flush=True)
    if "fcclip" in options.parts:
        for row in fcclip_rows(device, options.times, options.compiled):
            print(row, flush=True)


if __name__ == "__main__":
    main()
