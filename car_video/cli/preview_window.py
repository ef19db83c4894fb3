"""A window that shows the overlay while it is made (``--show``), through pygame."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
from numpy.typing import NDArray

from car_video.errors import CarVideoError
from car_video.io.writers.drawing import draw_overlay
from car_video.types import Frame, FramePrediction

_NO_SCREEN = {"dummy", "offscreen"}  # drivers that SDL falls back to where nothing is attached
_SCREEN_SHARE = 0.9


class LiveWindow:
    """Shows frames with their masks; ``q``, Escape or the close button end it.

    The window opens with the first frame, at its size or as large as the screen allows, can
    be resized, and keeps the proportions of the picture.

    Args:
        title: of the window.

    Attributes:
        closed: the user has ended it; frames are ignored from then on.

    Raises:
        CarVideoError: pygame is not installed, or there is no screen.
    """

    def __init__(self, title: str = "car-video") -> None:
        os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
        try:
            import pygame
        except ImportError:
            raise CarVideoError(
                "--show needs pygame; install it with: pip install 'car-video[show]'"
            ) from None
        self.closed = False
        self._pygame: Any = pygame
        self._title = title
        self._screen: Any = None
        try:
            pygame.display.init()
            driver = pygame.display.get_driver()
        except pygame.error as error:
            raise CarVideoError(f"--show found no screen ({error}); run without it") from None
        if driver in _NO_SCREEN and os.environ.get("SDL_VIDEODRIVER") != driver:
            pygame.display.quit()
            raise CarVideoError("--show found no screen; run without it, or set DISPLAY")

    def show(self, frame: Frame, prediction: FramePrediction) -> bool:
        """Draw one frame and read the keyboard.

        Returns:
            Whether the window is still open.
        """
        if not self.closed:
            self._poll()
        if not self.closed:
            self._draw(draw_overlay(frame.image, prediction))
        return not self.closed

    def close(self) -> None:
        """Close the window; more than once does no harm."""
        self.closed = True
        if self._screen is not None or self._pygame.display.get_init():
            self._screen = None
            self._pygame.display.quit()

    def __enter__(self) -> LiveWindow:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _poll(self) -> None:
        pygame = self._pygame
        for event in pygame.event.get():
            key = event.key if event.type == pygame.KEYDOWN else None
            if event.type == pygame.QUIT or key in (pygame.K_q, pygame.K_ESCAPE):
                self.close()
                return

    def _draw(self, image: NDArray[np.uint8]) -> None:
        pygame = self._pygame
        height, width = image.shape[:2]
        if self._screen is None:
            screens = pygame.display.get_desktop_sizes() or [(width, height)]
            size = inside((width, height), screens[0], _SCREEN_SHARE)
            self._screen = pygame.display.set_mode(size, pygame.RESIZABLE)
            pygame.display.set_caption(self._title)
        picture = pygame.image.frombuffer(np.ascontiguousarray(image), (width, height), "RGB")
        room = self._screen.get_size()
        size = inside((width, height), room, 1.0, enlarge=True)
        if size != (width, height):
            picture = pygame.transform.smoothscale(picture, size)
        self._screen.fill((0, 0, 0))
        self._screen.blit(picture, ((room[0] - size[0]) // 2, (room[1] - size[1]) // 2))
        pygame.display.flip()


def inside(
    size: tuple[int, int], room: tuple[int, int], share: float, enlarge: bool = False
) -> tuple[int, int]:
    """Width and height scaled into a share of the room, proportions kept, at least 1x1.

    Args:
        size: (width, height) of the picture.
        room: (width, height) to fit into.
        share: of the room that may be taken.
        enlarge: whether a small picture grows to fill the room.
    """
    scale = min(share * room[0] / size[0], share * room[1] / size[1])
    if not enlarge:
        scale = min(scale, 1.0)
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))
