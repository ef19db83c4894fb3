import builtins
import os
import subprocess
import sys

import numpy as np
import pytest

from car_video.cli.preview_window import LiveWindow, inside
from car_video.errors import CarVideoError
from car_video.io.writers.drawing import draw_overlay
from tests.io.writers.media import frame, prediction


@pytest.fixture
def pygame(monkeypatch):
    """pygame without a screen, as SDL offers it for tests."""
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    monkeypatch.setenv("PYGAME_HIDE_SUPPORT_PROMPT", "1")
    module = pytest.importorskip("pygame")
    yield module
    module.display.quit()


def shown(pygame):
    return pygame.surfarray.array3d(pygame.display.get_surface()).swapaxes(0, 1)


def test_the_overlay_is_on_the_screen(pygame):
    with LiveWindow("title") as window:
        assert window.show(frame(1, 120, 160), prediction(1, 120, 160))
        wanted = draw_overlay(frame(1, 120, 160).image, prediction(1, 120, 160))
        np.testing.assert_array_equal(shown(pygame), wanted)
        assert pygame.display.get_caption()[0] == "title"
    assert window.closed
    assert not pygame.display.get_init()


@pytest.mark.parametrize("key", ["q", "escape", "close"])
def test_keys_and_the_close_button_end_it(pygame, key):
    window = LiveWindow()
    assert window.show(frame(0), prediction(0))
    pygame.event.post(pygame.event.Event(pygame.KEYDOWN, key=pygame.K_a))
    assert window.show(frame(1), prediction(1))
    event = {
        "q": pygame.event.Event(pygame.KEYDOWN, key=pygame.K_q),
        "escape": pygame.event.Event(pygame.KEYDOWN, key=pygame.K_ESCAPE),
        "close": pygame.event.Event(pygame.QUIT),
    }[key]
    pygame.event.post(event)
    assert not window.show(frame(2), prediction(2))
    assert window.closed
    assert not window.show(frame(3), prediction(3))
    window.close()


def test_large_pictures_fit_the_screen(pygame):
    with LiveWindow() as window:
        window.show(frame(0, 2160, 3840), prediction(0, 2160, 3840))
        width, height = pygame.display.get_window_size()
        room = pygame.display.get_desktop_sizes()[0]
        assert width <= room[0]
        assert height <= room[1]
        assert width / height == pytest.approx(16 / 9, rel=0.01)


def test_pictures_may_change_their_size(pygame):
    with LiveWindow() as window:
        window.show(frame(0, 100, 200), prediction(0, 100, 200))
        window.show(frame(1, 200, 100), prediction(1, 200, 100))
        picture = shown(pygame)
        assert picture.shape == (100, 200, 3)
        assert not picture[:, :70].any()  # upright in the middle
        assert not picture[:, -70:].any()
        assert picture[:, 80:120].any()


def test_without_pygame_one_line_says_what_to_install(monkeypatch):
    real = builtins.__import__

    def missing(name, *args, **kwargs):
        if name == "pygame":
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", missing)
    with pytest.raises(CarVideoError, match=r"pip install 'car-video\[show\]'"):
        LiveWindow()


@pytest.mark.skipif(sys.platform != "linux", reason="other systems always have a screen")
def test_without_a_screen_one_line_says_so():
    pytest.importorskip("pygame")
    hidden = ("DISPLAY", "WAYLAND_DISPLAY", "SDL_VIDEODRIVER")
    environment = {k: v for k, v in os.environ.items() if k not in hidden}
    script = (
        "from car_video.cli.preview_window import LiveWindow\n"
        "from car_video.errors import CarVideoError\n"
        "try: LiveWindow()\n"
        "except CarVideoError as error: print(error)\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", script],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    if not ended.stdout and os.path.exists("/dev/dri"):
        pytest.skip("SDL draws on this machine's console")
    assert ended.stdout.startswith("--show found no screen")
    assert ended.stdout.count("\n") == 1


@pytest.mark.parametrize(
    ("size", "room", "share", "enlarge", "wanted"),
    [
        ((100, 50), (1000, 1000), 0.9, False, (100, 50)),
        ((2000, 1000), (1000, 1000), 0.9, False, (900, 450)),
        ((100, 50), (1000, 1000), 1.0, True, (1000, 500)),
        ((7000, 1), (100, 100), 1.0, False, (100, 1)),
    ],
)
def test_inside(size, room, share, enlarge, wanted):
    assert inside(size, room, share, enlarge) == wanted
