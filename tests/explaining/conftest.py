"""The segmenter of masks that sees colours."""

from tests.video.conftest import colour_sam

__all__ = ["colour_sam"]
