"""Folders of PNG files, one per frame."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

from PIL import Image

from car_video.io.writers.atomic_files import write_whole, writing
from car_video.io.writers.base import Earlier, OutputInfo
from car_video.types import Frame, FramePrediction


class PngFolderWriter:
    """``folder/00000.png``, named by the index of the frame in its source.

    Each file is whole as soon as it has its name, so an interrupted run leaves nothing to
    clean up. Subclasses say what the picture is.

    Args:
        folder: made where it is not there.
        done: frames that an earlier part of this run has finished; a file that is there for
            one of them is not written again, unless the user has changed the frame's masks.
    """

    def __init__(self, folder: str | Path, done: Earlier) -> None:
        self.folder = Path(folder)
        self.notices: list[str] = []
        self._done = done
        self._written = 0

    def picture(self, frame: Frame, prediction: FramePrediction) -> Image.Image:
        """What the file of this frame shows."""
        raise NotImplementedError

    def open(self, info: OutputInfo) -> None:
        """Nothing to prepare; the folder is made with its first file."""

    def write(self, frame: Frame, prediction: FramePrediction) -> None:
        path = self.folder / frame_name(frame.index)
        self._written += 1
        if self.keeps(path, frame.index):
            return
        with writing(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
        write_whole(path, png_bytes(self.picture(frame, prediction)))

    def keeps(self, path: Path, index: int) -> bool:
        """Whether the file of a frame is there and still right."""
        return index in self._done and not self._done.changed(index) and path.exists()

    def close(self, complete: bool = True) -> None:
        """Nothing to finish: every file is whole already."""

    def abort(self) -> None:
        """Nothing to remove: every file is whole already."""

    def paths(self) -> list[Path]:
        return [self.folder] if self._written else []


def frame_name(index: int) -> str:
    """``00042.png`` for frame 42."""
    return f"{index:05d}.png"


def png_bytes(image: Image.Image) -> bytes:
    """The image as a PNG file, packed quickly rather than tightly."""
    buffer = BytesIO()
    image.save(buffer, "PNG", compress_level=3)
    return buffer.getvalue()
