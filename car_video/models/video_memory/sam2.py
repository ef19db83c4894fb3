"""SAM 2's memory for video, and EdgeTAM's, of transformers (arXiv 2408.00714, 2501.07256).

transformers keeps everything that was seen of a video in a *session*. Here a session is made
for each call, out of a memory that is bounded: what later frames can read is kept, no more. So
a stream may be endless, and every thing has a memory of its own that can be dropped.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
import transformers
from torch import Tensor

from car_video.models.device import fastest_dtype
from car_video.models.numerics import in_standard_torch, low_precision
from car_video.models.pretrained import Architecture, load_network
from car_video.models.sam.hub import IMAGENET
from car_video.models.video_memory.base import Entry, ObjectMemory

ARCHITECTURES = {
    "sam2_video": Architecture("Sam2VideoModel", "Sam2VideoConfig", "5.0"),
    "edgetam_video": Architecture("EdgeTamVideoModel", "EdgeTamVideoConfig", "5.0"),
}
SESSIONS = {
    "sam2_video": "Sam2VideoInferenceSession",
    "edgetam_video": "EdgeTamVideoInferenceSession",
}
MOST_SHOWN = 4
"""Frames on which a mask was given that a memory keeps: the newest. Each costs memory, and work
on every later frame (SAM 2 reads all of them), so there is a bound. It was not measured."""
POINTER = "object_pointer"
SPATIAL = ("maskmem_features", "maskmem_pos_enc")
THING = 1  # the one thing of a session, by transformers' numbers of things


@dataclass(frozen=True)
class EncodedFrame:
    """A frame as the network sees it.

    Attributes:
        pixels: [1, 3, S, S].
        features: what transformers keeps of an encoded frame.
    """

    pixels: Tensor
    features: dict[str, Any]


class Sam2Memory:
    """Implements :class:`~car_video.models.video_memory.base.VideoMemory`.

    Args:
        network: ``Sam2VideoModel`` or ``EdgeTamVideoModel`` on its device.
        dtype: what matrix products compute in.
    """

    def __init__(self, network: Any, dtype: torch.dtype = torch.float32) -> None:
        self.network, self.dtype = network, dtype
        config = network.config
        self.side = int(config.image_size)
        self.new_session = getattr(transformers, SESSIONS[config.model_type])
        self.spatial_frames = int(config.num_maskmem) - 1
        self.pointer_frames = int(config.max_object_pointers_in_encoder) - 1

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return next(self.network.parameters()).device

    @in_standard_torch
    @torch.inference_mode()
    def encode(self, pixels: Tensor) -> EncodedFrame:
        """See :class:`~car_video.models.video_memory.base.VideoMemory`."""
        square = (self.side, self.side)
        x = F.interpolate(pixels, square, mode="bilinear", align_corners=False, antialias=True)
        mean, deviation = (x.new_tensor(part).view(1, 3, 1, 1) for part in IMAGENET)
        x = (x - mean) / deviation
        with low_precision(self.device, self.dtype):
            seen = self.network.get_image_features(x, return_dict=True)
        features = {
            "vision_feats": [part.float() for part in seen.fpn_hidden_states],
            "vision_pos_embeds": [part.float() for part in seen.fpn_position_encoding],
        }
        return EncodedFrame(x, features)

    @in_standard_torch
    @torch.inference_mode()
    def show(
        self, memory: ObjectMemory | None, encoded: EncodedFrame, frame: int, logits: Tensor
    ) -> ObjectMemory:
        """See :class:`~car_video.models.video_memory.base.VideoMemory`."""
        square = (self.side, self.side)
        mask = F.interpolate(logits[None, None].float(), square, mode="bilinear")
        _, entry = self._run(memory, encoded, frame, (mask > 0).float())
        before = ObjectMemory({}, {}) if memory is None else memory
        shown = {**before.shown, frame: entry}
        followed = {n: kept for n, kept in before.followed.items() if n != frame}
        return self._bounded(ObjectMemory(shown, followed), frame)

    @in_standard_torch
    @torch.inference_mode()
    def follow(
        self, memory: ObjectMemory, encoded: EncodedFrame, frame: int
    ) -> tuple[Tensor, ObjectMemory]:
        """See :class:`~car_video.models.video_memory.base.VideoMemory`."""
        logits, entry = self._run(memory, encoded, frame)
        followed = {**memory.followed, frame: entry}
        return logits, self._bounded(ObjectMemory(memory.shown, followed), frame)

    def _run(
        self,
        memory: ObjectMemory | None,
        encoded: EncodedFrame,
        frame: int,
        mask: Tensor | None = None,
    ) -> tuple[Tensor, Entry]:
        """One frame of one thing: logits [c, d], and what is to be remembered of it."""
        places = ("inference_device", "inference_state_device", "video_storage_device")
        session = self.new_session(**dict.fromkeys(places, self.device), dtype=torch.float32)
        thing = session.obj_id_to_idx(THING)
        outputs = session.output_dict_per_obj[thing]
        if memory is not None:
            outputs["cond_frame_outputs"].update({n: dict(e) for n, e in memory.shown.items()})
            outputs["non_cond_frame_outputs"].update(
                {n: dict(e) for n, e in memory.followed.items()}
            )
        session.cache.cache_vision_features(frame, encoded.features)
        if mask is not None:
            # What was said of this frame before counts no more.
            for part in outputs.values():
                part.pop(frame, None)
            session.add_mask_inputs(thing, frame, mask)
            session.obj_with_new_inputs = [THING]
        with low_precision(self.device, self.dtype):
            answer = self.network(
                inference_session=session, frame=encoded.pixels, frame_idx=frame
            )
        part = "non_cond_frame_outputs" if mask is None else "cond_frame_outputs"
        kept = outputs[part][frame]
        entry = {name: kept[name] for name in (*SPATIAL, POINTER)}
        return answer.pred_masks[0, 0].float(), entry

    def _bounded(self, memory: ObjectMemory, frame: int) -> ObjectMemory:
        """What frames after this one can read: the spatial memory of the last few, pointers of
        some more, and the newest frames with a mask given."""
        followed = {}
        for number, entry in memory.followed.items():
            age = frame + 1 - number
            if age <= self.spatial_frames:
                followed[number] = entry
            elif age <= self.pointer_frames:
                followed[number] = {POINTER: entry[POINTER]}
        newest = sorted(memory.shown)[-MOST_SHOWN:]
        return ObjectMemory({number: memory.shown[number] for number in newest}, followed)


@in_standard_torch
def load(source: str, device: torch.device, dtype: torch.dtype | None = None) -> Sam2Memory:
    """The network with weights of the hub or of a folder.

    Args:
        source: a folder with ``config.json`` and ``model.safetensors``, or a repository.
        device: where to put it.
        dtype: what matrix products compute in; None takes the fastest.

    Raises:
        ModelError: see :func:`~car_video.models.video_memory.registry.load_video_memory`.
    """
    network = load_network(source, ARCHITECTURES, device, "--tracker", "leave --tracker out")
    return Sam2Memory(network, fastest_dtype(device) if dtype is None else dtype)
