"""What ends a session that nobody attends: a game that cannot be used for too long, whatever the cause."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest

from tests.support.manual_clock import ManualClock
from understudy.contract.errors import WorldError
from understudy.worlds.desktop.capture.frame_source import FrameSource
from understudy.worlds.desktop.capture.screen_capture import Frame
from understudy.worlds.desktop.windows.target_window import TargetWindow
from understudy.worlds.desktop.windows.window_system import Area

DESKTOP = Area(left=0, top=0, width=800, height=600)


@dataclass
class OneWindow:
    """A window system with one window, the game's."""

    open: bool = True
    focused: bool = True
    covered: bool = False

    def titles(self) -> dict[int, str]:
        return {7: "Pond"} if self.open else {}

    def title(self, window: int) -> str:
        return "Pond"

    def program(self, window: int) -> str:
        return "pond"

    def input_obstacle(self, window: int) -> str:
        return ""

    def has_popup(self, window: int, area: Area) -> bool:
        return False

    def area(self, window: int) -> Area | None:
        return Area(left=50, top=50, width=320, height=240) if self.open else None

    def has_focus(self, window: int) -> bool:
        return self.focused

    def is_uppermost(self, window: int, x: int, y: int) -> bool:
        return not self.covered

    def desktop(self) -> Area:
        return DESKTOP

    def close(self) -> None:
        """Nothing to close."""


class NoiseCamera:
    """Every picture is another one."""

    def __init__(self, clock: ManualClock) -> None:
        self._clock, self._random = clock, np.random.default_rng(0)

    def monitors(self) -> list[Area]:
        return [DESKTOP]

    def grab(self, area: Area) -> Frame:
        pixels = self._random.integers(0, 255, (area.height, area.width, 3), np.uint8)
        return Frame(pixels, self._clock.now_s())

    def close(self) -> None:
        """Nothing to close."""


def watch(seconds: float, disturb: Callable[[OneWindow, float], None], unusable_after_s: float | None = 60.0) -> None:
    """Takes five pictures a second, while `disturb` changes the window."""
    windows, clock = OneWindow(), ManualClock()
    camera = NoiseCamera(clock)
    place = TargetWindow(windows, camera.monitors(), "Pond", 1)
    source = FrameSource(place, camera, lambda line: None, clock.now_s, unusable_after_s=unusable_after_s)
    for number in range(round(5 * seconds)):
        disturb(windows, number / 5)
        source.take()
        clock.work(0.2)


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [("open", False, "gone or minimised"), ("focused", False, "not in focus"), ("covered", True, "another window")],
)
def test_a_game_that_is_closed_left_or_covered_for_good_ends_it_with_one_sentence(
    name: str, value: bool, reason: str
) -> None:
    with pytest.raises(WorldError, match=rf"recorded for 60 s \(.*{reason}.*give the same command again$"):
        watch(80.0, lambda windows, time_s: setattr(windows, name, value if time_s > 10 else not value))


@pytest.mark.parametrize("name", ["open", "focused", "covered"])
def test_a_game_that_comes_back_in_time_goes_on_and_with_somebody_there_it_waits_for_ever(name: str) -> None:
    usual = name != "covered"
    watch(200.0, lambda windows, time_s: setattr(windows, name, usual != (time_s % 60 < 50)))
    watch(200.0, lambda windows, time_s: setattr(windows, name, not usual), unusable_after_s=None)
