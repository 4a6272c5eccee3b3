import time
from collections.abc import Callable

import numpy as np
import pytest

from tests.support.desktop_fixtures import HEIGHT, TITLE, WIDTH, PaperGame
from tests.support.square_game import COLOUR, GROUND
from understudy.contract.errors import MissingExtraError, WorldError
from understudy.worlds.desktop.capture.frame_checks import FrameChecker
from understudy.worlds.desktop.capture.screen_capture import Frame, MssCamera
from understudy.worlds.desktop.platform import open_camera
from understudy.worlds.desktop.windows.window_system import Area, WindowSystem, find_window, monitor_area


def picture(brightness: int, at: tuple[int, int] = (0, 0), time_s: float = 1.0) -> Frame:
    pixels = np.full((72, 128, 3), 3, np.uint8)
    pixels[at] = brightness
    return Frame(pixels, time_s)


def test_black_and_doubled_pictures_are_noticed() -> None:
    watch = FrameChecker()
    assert watch.check(picture(5), 1.0), "nearly black is black"
    assert not watch.check(picture(200, time_s=2.0), 2.25)
    assert not watch.check(picture(200, time_s=3.0), 3.0)
    counts = watch.counts
    assert (counts.num_frames, counts.num_black, counts.num_doubled) == (3, 1, 1)
    assert counts.oldest_s == pytest.approx(0.25)
    assert watch.changed_s == 2.0


@pytest.mark.desktop
def test_a_windows_pixels_come_as_rgb_and_are_the_newest(
    open_game: Callable[..., PaperGame], windows: WindowSystem
) -> None:
    open_game()
    camera = open_camera()
    area = windows.area(find_window(windows, TITLE))
    assert area is not None
    frame = camera.grab(area)
    assert frame.pixels.shape == (HEIGHT, WIDTH, 3)
    assert 0 <= time.perf_counter() - frame.time_s < 2.0
    assert tuple(frame.pixels[HEIGHT // 2, WIDTH // 4]) == COLOUR
    assert tuple(frame.pixels[10, 10]) == GROUND
    camera.close()
    camera.close()


@pytest.mark.desktop
def test_monitors_are_counted_from_one(screen: dict[str, str]) -> None:
    camera = open_camera()
    assert monitor_area(camera.monitors(), 1) == Area(left=0, top=0, width=1280, height=720)
    for number in (0, 2):
        with pytest.raises(WorldError, match=f"no monitor {number}"):
            monitor_area(camera.monitors(), number)
    with pytest.raises(WorldError, match="cannot be captured"):
        camera.grab(Area(left=1200, top=0, width=200, height=100))
    camera.close()


def test_a_missing_library_is_one_sentence_with_the_extras_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "mss", None)
    with pytest.raises(MissingExtraError, match=r"mss.*understudy\[desktop\]"):
        MssCamera()
