"""From a decision to the game: inside its window only, with the focus, and not on what lies over it."""

from collections.abc import Callable

import numpy as np

from understudy.worlds.desktop.input.input_controller import InputController
from understudy.worlds.desktop.input.input_state import InputState
from understudy.worlds.desktop.windows.target_window import TargetWindow


class ActionSender:
    """Sends through the reins. Belongs to the thread that plays; the reins are its owner's to close."""

    def __init__(
        self, controller: InputController, place: TargetWindow, input_state: InputState, clock: Callable[[], float]
    ) -> None:
        """Args:
        controller: to the real mouse and keyboard.
        place: where the game is.
        input_state: is told what was done.
        clock: monotonic seconds.
        """
        self._controller, self._place, self._input_state, self._clock = controller, place, input_state, clock
        self.num_covered = 0
        """Presses that were not made because another window lay over the place."""

    @property
    def holds(self) -> bool:
        """Whether something is down."""
        return bool(self._controller.down)

    def send(self, wished: np.void) -> None:
        """Makes mouse and keyboard so.

        Args:
            wished: a record of dtype ACTION.
        """
        controller, area = self._controller, self._place.area
        pixel = area.pixel(float(wished["cursor_x"]), float(wished["cursor_y"]))
        button, keys = int(wished["button"]), int(wished["keys"])
        before = controller.down
        fresh = set(controller.wanted(button, keys)) - before
        if fresh and not self._place.has_focus:
            self.release()  # what is held was meant for the game, too
            return
        if any(kind == "button" for kind, _ in fresh) and not self._place.is_free(pixel):
            self.num_covered += 1
            button = 0
        controller.send(pixel, button, keys)
        if not controller.is_stopped:
            self._input_state.moved(area.fractions(*pixel), self._clock())
        self._input_state.turned(before ^ controller.down, controller.down, self._clock())

    def release(self) -> None:
        """Lets go of everything."""
        before = self._controller.down
        self._controller.release()
        self._input_state.turned(before, frozenset(), self._clock())
