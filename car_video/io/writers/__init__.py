"""Where masks go: videos, PNG files and JSON in one folder per run.

Example:
    >>> folder = OutputFolder.open("clip_car", info)          # doctest: +SKIP
    >>> with Outputs(folder, ("overlay", "json")) as outputs:  # doctest: +SKIP
    ...     for frame in frames:
    ...         done = frame.index in outputs.done
    ...         prediction = outputs.done[frame.index] if done else segmenter.step(frame)
    ...         outputs.write(frame, prediction)
"""

from car_video.io.writers.base import OutputInfo, Writer
from car_video.io.writers.folder import OutputFolder, check_output, default_folder
from car_video.io.writers.outputs import TARGETS, Outputs, parse_targets

__all__ = [
    "TARGETS",
    "OutputFolder",
    "OutputInfo",
    "Outputs",
    "Writer",
    "check_output",
    "default_folder",
    "parse_targets",
]
