"""car-video as a Label Studio ML back end (docs/exports.md, "Inside CVAT and Label Studio").

pip install car-video "git+https://github.com/HumanSignal/label-studio-ml-backend"
label-studio-ml start examples/label_studio
"""

from __future__ import annotations

import os
from functools import cache, partial
from typing import Any

from label_studio_ml.model import LabelStudioMLBase

from car_video import ImageSegmenter, load_model
from car_video.integrations.label_studio import BrushConfig, predict_tasks


@cache
def segmenter() -> ImageSegmenter:
    """One for all projects; it is told what to look for with each request."""
    return ImageSegmenter(load_model(os.environ.get("CAR_VIDEO_MODEL", "lite")), ["a thing"])


class CarVideo(LabelStudioMLBase):
    """Masks of what the labels of a project name."""

    def setup(self) -> None:
        self.set("model_version", f"car-video {segmenter().proposer.name}")

    def predict(
        self, tasks: list[dict[str, Any]], context: dict[str, Any] | None = None, **kwargs: Any
    ) -> list[dict[str, Any]]:
        config = BrushConfig.read(self.label_config)
        found = []
        for task in tasks:
            local_path = partial(self.get_local_path, task_id=task.get("id"))
            found += predict_tasks(segmenter(), config, [task], local_path)
        return found
