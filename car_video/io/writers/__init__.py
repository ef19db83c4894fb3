"""Where masks go: videos, PNG files and JSON in one folder per run.

In the order in which a run meets them:

- ``base``: what a writer is, and what it knows of its run.
- ``folder_choice``, ``folder_lock``: which folder a run may write into; one run at a time.
- ``run_record``, ``source_identity``: whose folder it is; what a resumed run must share.
- ``folder``: the folder of a run. ``journal``: its finished frames. ``edited_masks``: what the
  user has changed in them since. ``frame_digests``: which frames of ``predictions.json``.
- ``outputs``: all writers of a run as one. ``registry``: what ``--save`` may name.
- ``predictions``, ``masks``, ``sheet``, ``overlay``, ``cutout``: the writers, on ``pngs`` (a
  folder of pictures) and ``video_file`` (a video: ``picture_shape`` fits pictures, ``video``
  encodes them, ``audio`` reads the sound, ``audio_encoding`` writes it).
- ``drawing``, ``legend``, ``fonts``: masks and sentences drawn over pictures.
- ``plain_video``: ``write_video``, pictures of one's own as a video file.
- ``pipe``: the overlay to standard output, in place of ``outputs``.
- ``atomic_files``: files that appear whole or not at all; disk errors in one line.

Example:
    >>> folder = OutputFolder.open("clip_car", info)          # doctest: +SKIP
    >>> with Outputs(folder, ("overlay", "json")) as outputs:  # doctest: +SKIP
    ...     for frame in frames:
    ...         done = frame.index in outputs.done
    ...         prediction = outputs.done[frame.index] if done else segmenter.step(frame)
    ...         outputs.write(frame, prediction)
"""

from car_video.io.writers.base import OutputInfo, Target, Writer
from car_video.io.writers.folder import OutputFolder
from car_video.io.writers.folder_choice import check_output, default_folder
from car_video.io.writers.folder_lock import FolderLock
from car_video.io.writers.outputs import Outputs
from car_video.io.writers.plain_video import write_video
from car_video.io.writers.registry import TARGETS, parse_save, parse_targets
from car_video.io.writers.run_record import earlier_extent

__all__ = [
    "TARGETS",
    "FolderLock",
    "OutputFolder",
    "OutputInfo",
    "Outputs",
    "Target",
    "Writer",
    "check_output",
    "default_folder",
    "earlier_extent",
    "parse_save",
    "parse_targets",
    "write_video",
]
