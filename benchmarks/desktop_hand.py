"""A scripted person: plays the embedded game's window by real X events, and knows the game as a person who sees well.

    python benchmarks/desktop_hand.py SEED MINUTES [STYLE [FILE]]

The window is the ordinary one and hears nothing but SDL's events. The teacher sits beside it in the same process, looks
at what is true, and sends what it wants through the X server like anybody else's mouse and keyboard. Whoever records it
from outside has pixels and events only. With FILE it begins once that is there, so that whoever records can be ready
first, as a person's recorder is. Prints the score at the end.
"""

import os
import sys
from contextlib import ExitStack
from pathlib import Path

os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")

import numpy as np
from desktop import AreaGuard, x_server
from smallest import FLAG, flags

from understudy.contract.observation import TICK_RATE_HZ, TICK_S
from understudy.worlds.desktop.input.input_controller import InputController
from understudy.worlds.desktop.input.own_event_filter import OwnEventFilter
from understudy.worlds.desktop.platform import open_injector, open_windows
from understudy.worlds.desktop.windows.window_system import Area, find_window
from understudy.worlds.simulator.teacher.teacher import Teacher
from understudy.worlds.simulator.window.game_window import GameWindow

MOST_BEHIND = 10


class NullKeyObserver:
    """A HeldKeyObserver that does nothing: this process is the game too, so its window ends with it."""

    def watch(self, window: int, area: Area) -> None: ...

    def tell(self, kind: str, code: str, *, down: bool) -> None: ...

    def still(self) -> None: ...

    def close(self) -> None: ...


def main(seed: int, minutes: float, style: str, sign: Path | None = None) -> None:
    window = GameWindow(seed, most_behind=MOST_BEHIND)
    window.person_plays = True
    windows = open_windows()
    area = windows.area(find_window(windows, window.profile.window_title))
    windows.close()
    assert area is not None
    teacher, controller = (
        Teacher(style, window.profile),
        InputController(open_injector(), NullKeyObserver(), OwnEventFilter(), window.profile.keys),
    )
    controller.guard_with(AreaGuard(area))
    carry = teacher.start(np.array([seed], np.uint64))
    try:
        while sign is not None and not sign.exists() and not window.closed:
            window.act(window.hands.end_tick())
        waited = window.num_ticks
        while window.num_ticks - waited < minutes * 60 * TICK_RATE_HZ and not window.closed:
            decision = teacher.decide(window.observe(), carry)
            carry, wished = decision.carry, decision.action.records[0]
            place = area.pixel(float(wished["cursor_x"]), float(wished["cursor_y"]))
            controller.send(place, int(wished["button"]), int(wished["keys"]))
            window.pass_tick()
            window.act(window.hands.end_tick())
    finally:
        controller.close()
        window.close()
    totals, played = window.totals, (window.num_ticks - waited) * TICK_S / 60
    print(
        f"{totals['value']:g} points, {totals['kills']:g} kills, {totals['loot']:g} boxes, {totals['deaths']:g} deaths "
        f"in {played:.2f} minutes, {window.num_missed} ticks missed"
    )


if __name__ == "__main__":
    seed, minutes, *words = flags("1", "0.02")
    style, signs = (words[:1] or ["hunter"])[0], [Path(name) for name in words[1:2]]
    with ExitStack() as closing:
        if sys.argv[1:] == [FLAG]:
            os.environ |= {"DISPLAY": closing.enter_context(x_server()), "SDL_VIDEODRIVER": "x11"}
        main(int(seed), float(minutes), style, *signs)
