"""Video memories, held to one session of transformers that forgets nothing."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers
from PIL import Image
from torch import Tensor

from car_video.errors import ModelError
from car_video.models.video_memory.base import ObjectMemory, VideoMemory
from car_video.models.video_memory.catalog import VIDEO_MEMORIES, resolve_video_memory
from car_video.models.video_memory.registry import load_video_memory
from car_video.models.video_memory.sam2 import MOST_SHOWN, Sam2Memory
from tests.models import hub_networks
from tests.models.hub_networks import SIDE

torch.set_num_threads(1)
CPU = torch.device("cpu")
NETWORKS = {"sam2": hub_networks.sam2_video, "edgetam": hub_networks.edgetam_video}
KINDS = ("sam2", pytest.param("edgetam", marks=pytest.mark.slow))  # RepViT cannot be shrunk
SESSIONS = {
    "sam2": transformers.Sam2VideoInferenceSession,
    "edgetam": transformers.EdgeTamVideoInferenceSession,
}
PICTURE = Path(__file__).resolve().parents[3] / "docs" / "pictures" / "person.png"
WHOLE = np.array(Image.open(PICTURE).convert("RGB"))


def pixels_of(frame: int) -> Tensor:
    """A window that moves over a photograph."""
    part = WHOLE[4 * frame : 4 * frame + 90, 3 * frame : 3 * frame + 120]
    return torch.from_numpy(part.copy()).permute(2, 0, 1)[None].float() / 255


def mask_of(left: int) -> Tensor:
    """Logits on 30 x 40 cells."""
    logits = torch.full((30, 40), -6.0)
    logits[8:20, left : left + 12] = 6.0
    return logits


@cache
def network_of(kind: str) -> Any:
    return NETWORKS[kind]()


@pytest.fixture(scope="module")
def memory_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], VideoMemory]:
    """Loaded as users load them."""

    @cache
    def load(kind: str) -> VideoMemory:
        folder = tmp_path_factory.mktemp(kind)
        network_of(kind).save_pretrained(folder)
        return load_video_memory(f"{kind}:{folder}", CPU, torch.float32)

    return load


def square(logits: Tensor) -> Tensor:
    full = torch.nn.functional.interpolate(logits[None, None], (SIDE, SIDE), mode="bilinear")
    return (full > 0).float()


@torch.no_grad()
def theirs(
    kind: str, network: Any, frames: int, shown: dict[int, Tensor], encode: Any
) -> list[Tensor]:
    """Masks of every frame by one session, which is handed frames as they come."""
    session = SESSIONS[kind](dtype=torch.float32)
    session.obj_id_to_idx(1)
    masks = []
    for frame in range(frames):
        if frame in shown:
            session.add_mask_inputs(0, frame, square(shown[frame]))
            session.obj_with_new_inputs = [1]
        answer = network(inference_session=session, frame=encode(pixels_of(frame)).pixels)
        masks.append(answer.pred_masks[0, 0])
    return masks


@pytest.mark.parametrize("kind", KINDS)
def test_masks_are_those_of_a_session_that_forgets_nothing(
    memory_of: Callable[[str], VideoMemory], kind: str
) -> None:
    network, memory = network_of(kind), memory_of(kind)
    frames, shown = 16, {0: mask_of(4), 9: mask_of(20)}
    expected = theirs(kind, network, frames, shown, memory.encode)
    held: ObjectMemory | None = None
    differing = 0
    for frame in range(frames):
        encoded = memory.encode(pixels_of(frame))
        if frame in shown:
            held = memory.show(held, encoded, frame, shown[frame])
            continue
        assert held is not None
        logits, held = memory.follow(held, encoded, frame)
        torch.testing.assert_close(logits, expected[frame], atol=1e-3, rtol=1e-3)
        differing += not torch.allclose(logits, expected[1], atol=1e-2)
    assert differing > frames // 2, "masks move with the frames"


@pytest.mark.parametrize("kind", KINDS)
def test_the_picture_is_prepared_as_transformers_does_it(
    memory_of: Callable[[str], VideoMemory], kind: str
) -> None:
    pixels = pixels_of(3)
    process = transformers.Sam2VideoVideoProcessor(size={"height": SIDE, "width": SIDE})
    ready = process(
        videos=[pixels], do_rescale=False, input_data_format="channels_first",
        return_tensors="pt",
    )["pixel_values_videos"][0]  # fmt: skip
    torch.testing.assert_close(memory_of(kind).encode(pixels).pixels, ready, atol=1e-3, rtol=0)


@pytest.mark.parametrize("kind", KINDS)
def test_memory_does_not_grow(memory_of: Callable[[str], VideoMemory], kind: str) -> None:
    memory = memory_of(kind)
    held: ObjectMemory | None = None
    sizes = []
    seen = [memory.encode(pixels_of(frame)) for frame in range(3)]
    for frame in range(40):
        encoded = seen[frame % 3]
        if frame % 3 == 0:
            held = memory.show(held, encoded, frame, mask_of(frame % 20))
        else:
            assert held is not None
            _, held = memory.follow(held, encoded, frame)
        sizes.append(sum(t.numel() for t in held.tensors().values()))
        assert len(held.shown) <= MOST_SHOWN
    assert max(sizes[20:]) == max(sizes[12:20])
    assert min(held.shown) >= 28  # type: ignore[union-attr]


@pytest.mark.parametrize("kind", KINDS)
def test_a_memory_goes_on_from_its_tensors(
    memory_of: Callable[[str], VideoMemory], kind: str
) -> None:
    memory = memory_of(kind)
    held = memory.show(None, memory.encode(pixels_of(0)), 0, mask_of(4))
    for frame in (1, 2):
        _, held = memory.follow(held, memory.encode(pixels_of(frame)), frame)
    again = ObjectMemory.of(held.tensors(), CPU)
    before = {name: value.clone() for name, value in held.tensors().items()}
    encoded = memory.encode(pixels_of(3))
    for one in (held, again):
        torch.testing.assert_close(
            memory.follow(one, encoded, 3)[0], memory.follow(held, encoded, 3)[0]
        )
    for name, value in held.tensors().items():
        assert torch.equal(value, before[name]), "nothing is changed in place"


def test_a_frame_that_was_followed_may_be_shown_after_all(
    memory_of: Callable[[str], VideoMemory],
) -> None:
    memory = memory_of("sam2")
    held = memory.show(None, memory.encode(pixels_of(0)), 0, mask_of(4))
    encoded = memory.encode(pixels_of(1))
    _, held = memory.follow(held, encoded, 1)
    held = memory.show(held, encoded, 1, mask_of(20))
    assert (sorted(held.shown), sorted(held.followed)) == ([0, 1], [])


def test_low_precision_gives_float32() -> None:
    for dtype in (torch.float32, torch.bfloat16):
        memory = Sam2Memory(network_of("sam2"), dtype)
        held = memory.show(None, memory.encode(pixels_of(0)), 0, mask_of(4))
        logits, _ = memory.follow(held, memory.encode(pixels_of(1)), 1)
        assert logits.dtype == torch.float32
        assert logits.isfinite().all()


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("sam2:tinny", "did you mean 'sam2:tiny'"),
        ("edgetan", "did you mean 'edgetam'"),
        ("", "there are flow, sam2:tiny"),
        ("edgetam:no/such", "no tracker 'edgetam:no/such'"),
    ],
)
def test_unknown_names(name: str, message: str) -> None:
    with pytest.raises(ModelError, match=message) as caught:
        resolve_video_memory(name)
    assert "\n" not in str(caught.value)


def test_folders_that_hold_something_else(tmp_path: Path) -> None:
    hub_networks.owlv2().save_pretrained(tmp_path)
    with pytest.raises(ModelError, match=r"is of a 'owlv2'; --tracker takes sam2_video"):
        load_video_memory(f"sam2:{tmp_path}", CPU)
    (tmp_path / "model.safetensors").unlink()
    with pytest.raises(ModelError, match=r"has no model\.safetensors; save a edgetam"):
        load_video_memory(f"edgetam:{tmp_path}", CPU)


@pytest.mark.parametrize("info", VIDEO_MEMORIES, ids=lambda info: info.name)
def test_offline_is_one_line_with_a_way_out(
    info: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import huggingface_hub

    monkeypatch.setenv("CAR_VIDEO_CACHE", str(tmp_path / "ours"))
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "theirs"))
    monkeypatch.setattr("car_video.models.hub.hub_reachable", lambda: False)
    with pytest.raises(ModelError) as caught:
        load_video_memory(info.name, CPU)
    assert info.source in str(caught.value)
    assert "leave --tracker out" in str(caught.value)
    assert "\n" not in str(caught.value)
